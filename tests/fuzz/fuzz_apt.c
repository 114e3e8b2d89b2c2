/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apt and dpkg say and what the host's sources are: no name of a package's file leads
 * anywhere, no source skips a signature, and versions have an order.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "fuzz.h"
#include "packages/apt_output.h"
#include "packages/apt_sources.h"
#include "packages/apt_versions.h"
#include "packages/dpkg_status.h"

static void plan_check(const char *text)
{
    AUTO(apt_plan_done) struct apt_plan plan = {0};
    AUTO(buf_done) struct buf said = {0};
    struct err e = {0};
    if (apt_output_plan(text, &plan, &e) == 0) {
        for (size_t i = 0; i < plan.count; i++) {
            const struct apt_deb *deb = &plan.debs[i];
            REQUIRE(!strchr(deb->file, '/') && deb->file[0] != '.' && deb->file[0] != '-');
            REQUIRE(deb->package && deb->version && strlen(deb->sha256) == 64);
        }
    } else {
        REQUIRE(e.text[0] != '\0');
    }
    apt_output_error(text, &said);
    REQUIRE(said.len > 0);
}

static void status_check(const char *text)
{
    AUTO(buf_done) struct buf status = {0};
    AUTO(buf_done) struct buf merged = {0};
    apt_output_status(text, &status);
    dpkg_status_merge(text, &merged);
    dpkg_status_merge(status.data ? status.data : "", &merged);
    REQUIRE(merged.len == 0 || merged.data[merged.len - 1] == '\n');
    AUTO(mem_freep) char *version = dpkg_status_version(merged.data ? merged.data : "", "libc6");
    REQUIRE(!version || !strchr(version, '\n'));
}

static void sources_check(const char *text)
{
    struct apt_wanted w = {.suite = "bookworm", .wanted = {true, true, true, false}};
    AUTO(buf_done) struct buf out = {0};
    apt_sources_list(&w, text, &out);
    REQUIRE(!out.data || !strstr(out.data, "[trusted=yes]"));
    apt_sources_deb822(&w, text, &out);
    apt_sources_mirror(&w, "http://m/debian", "http://m/security", "/k", &out);
    for (unsigned part = 0; part < APT_PARTS; part++) {
        REQUIRE(w.found[part] == w.wanted[part]);
    }
    apt_sources_copied(&out);
}

static void versions_check(const char *text)
{
    struct apt_versions all = {0};
    bool security;
    apt_versions_parse(text, &all);
    for (size_t i = 0; i + 1 < all.count; i++) {
        const char *a = all.all[i].version, *b = all.all[i + 1].version;
        int forth = debian_version_compare(a, b), back = debian_version_compare(b, a);
        REQUIRE((forth < 0) == (back > 0) && (forth == 0) == (back == 0));
        REQUIRE(debian_version_compare(a, a) == 0);
        const struct apt_version *newer =
            apt_versions_newer(&all, all.all[i].package, a, &security);
        REQUIRE(!newer || debian_version_compare(newer->version, a) > 0);
    }
    apt_versions_done(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(mem_freep) char *text = xmemdup(data, size);
    plan_check(text);
    status_check(text);
    sources_check(text);
    versions_check(text);
    return 0;
}
