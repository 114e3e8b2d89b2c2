/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/system_info.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/judge0.h"
#include "api/judge0/system_read.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"

/* --- what the CPU says ----------------------------------------------------------------------- */

/* The value of a line "name : value" of the first CPU; the caller frees. */
static char *cpuinfo_value(const char *cpuinfo, const char *name)
{
    for (const char *line = cpuinfo; line != NULL && *line != '\0';) {
        const char *end = line + strcspn(line, "\n");
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (str_starts(line, name) && colon != NULL &&
            line + strlen(name) + strspn(line + strlen(name), " \t") == colon) {
            const char *value = colon + 1 + strspn(colon + 1, " \t");
            return value < end ? xstrndup(value, (size_t)(end - value)) : NULL;
        }
        line = *end != '\0' ? end + 1 : NULL;
    }
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    AUTO(strv_freep) char **list = strv_split(words != NULL ? words : "", " ");
    return strv_has(list, word);
}

static void show_cpuinfo(json_t *o, const char *cpuinfo, const char *label, const char *name)
{
    AUTO(mem_freep) char *value = cpuinfo_value(cpuinfo, name);
    system_show(o, label, value);
}

static void architecture_add(json_t *o, const char *cpuinfo)
{
    struct utsname host;
    AUTO(mem_freep) char *flags = cpuinfo_value(cpuinfo, "flags");
    system_show(o, "Architecture", uname(&host) == 0 ? host.machine : NULL);
    system_show(o, "CPU op-mode(s)", has_word(flags, "lm") ? "32-bit, 64-bit" : NULL);
    show_cpuinfo(o, cpuinfo, "Address sizes", "address sizes");
    system_show(o, "Byte Order",
                __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "Little Endian" : "Big Endian");
}

static void counts_add(json_t *o)
{
    AUTO(mem_freep) char *present = system_file_text(CPU_DIR "/present");
    long count = sysconf(_SC_NPROCESSORS_CONF); /* where there is no /sys (a chroot) */
    system_show_number(o, "CPU(s)",
                       present != NULL ? cpu_ranges_count(present) : (unsigned long)count);
    system_show_cpus(o, "On-line CPU(s) list", CPU_DIR "/online");
}

static void model_add(json_t *o, const char *cpuinfo)
{
    show_cpuinfo(o, cpuinfo, "Vendor ID", "vendor_id");
    show_cpuinfo(o, cpuinfo, "Model name", "model name");
    show_cpuinfo(o, cpuinfo, "CPU family", "cpu family");
    show_cpuinfo(o, cpuinfo, "Model", "model");
}

static void features_add(json_t *o, const char *cpuinfo)
{
    AUTO(mem_freep) char *flags = cpuinfo_value(cpuinfo, "flags");
    show_cpuinfo(o, cpuinfo, "Stepping", "stepping");
    show_cpuinfo(o, cpuinfo, "BogoMIPS", "bogomips");
    show_cpuinfo(o, cpuinfo, "BogoMIPS", "BogoMIPS"); /* ARM */
    system_show(o, "Flags", flags);
    show_cpuinfo(o, cpuinfo, "Flags", "Features"); /* ARM */
    system_show(o, "Virtualization",
                has_word(flags, "svm")   ? "AMD-V"
                : has_word(flags, "vmx") ? "VT-x"
                                         : NULL);
}

/* --- vulnerabilities ------------------------------------------------------------------------- */

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* "Mitigation: a; b: c" is "Mitigation; a; b c": lscpu's lines have one colon each. */
static void mitigation_rewrite(char *value)
{
    char *to = value + strlen("Mitigation:");
    value[strlen("Mitigation")] = ';';
    for (const char *from = to; *from != '\0'; from++) {
        *to = *from;
        to += *from != ':';
    }
    *to = '\0';
}

/* "spec_store_bypass" is "Vulnerability Spec store bypass". */
static void vulnerability_add(json_t *o, const char *name)
{
    AUTO(mem_freep) char *path = xasprintf(CPU_DIR "/vulnerabilities/%s", name);
    AUTO(mem_freep) char *value = system_file_text(path);
    if (value != NULL && str_starts(value, "Mitigation:")) {
        mitigation_rewrite(value);
    }
    AUTO(mem_freep) char *label = xasprintf("Vulnerability %s", name);
    char *word = label + strlen("Vulnerability ");
    *word = (char)toupper((unsigned char)*word);
    for (; *word != '\0'; word++) {
        if (*word == '_') {
            *word = ' ';
        }
    }
    system_show(o, label, value);
}

static void vulnerabilities_add(json_t *o)
{
    struct err e = {0};
    AUTO(dir_closep) DIR *dir = NULL;
    AUTO(strv_freep) char **names = NULL;
    if (dir_open(-1, CPU_DIR "/vulnerabilities", &dir, &e) < 0) {
        return;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        strv_add(&names, entry->d_name);
    }
    if (names != NULL) {
        qsort(names, strv_len(names), sizeof(*names), name_compare);
    }
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        vulnerability_add(o, names[i]);
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

static const char units[] = "BKMGTPE";

/* The smallest unit that leaves few enough characters: five with the "i", four of plain bytes. */
void system_info_memory(uint64_t bytes, char ret[SYSTEM_TEXT_MAX])
{
    if (snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 "B", bytes) <= 4) {
        return;
    }
    double value = (double)bytes;
    for (const char *unit = units + 1; *unit != '\0'; unit++) {
        value /= 1024;
        if (snprintf(ret, SYSTEM_TEXT_MAX, "%.1f%ci", value, *unit) <= 5 ||
            snprintf(ret, SYSTEM_TEXT_MAX, "%ld%ci", (long)value, *unit) <= 5) {
            return;
        }
    }
}

/* The largest unit of which there is one at least, with one decimal where it is not zero. */
void system_info_cache(uint64_t bytes, char ret[SYSTEM_TEXT_MAX])
{
    unsigned exponent = 0;
    while (exponent + 2 < sizeof(units) && bytes >> (10 * (exponent + 1)) > 0) {
        exponent++;
    }
    if (exponent == 0) {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 " B", bytes);
        return;
    }
    uint64_t unit = UINT64_C(1) << (10 * exponent);
    uint64_t tenths = (bytes / unit) * 10 + ((bytes % unit) * 10 + unit / 2) / unit;
    if (tenths % 10 != 0) {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 ".%u %ciB", tenths / 10, (unsigned)(tenths % 10),
                 units[exponent]);
    } else {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 " %ciB", tenths / 10, units[exponent]);
    }
}

static void show_memory(json_t *o, const char *label, const char *meminfo, const char *name)
{
    AUTO(mem_freep) char *kilobytes = cpuinfo_value(meminfo, name);
    char text[SYSTEM_TEXT_MAX];
    if (kilobytes != NULL) {
        system_info_memory(strtoull(kilobytes, NULL, 10) * 1024, text);
        system_show(o, label, text);
    }
}

static void memory_add(json_t *o)
{
    AUTO(buf_done) struct buf meminfo = {0};
    struct err e = {0};
    if (fd_read_path("/proc/meminfo", SYSTEM_FILE_MAX, &meminfo, &e) == 0 && meminfo.len > 0) {
        show_memory(o, "Mem", meminfo.data, "MemTotal");
        show_memory(o, "Swap", meminfo.data, "SwapTotal");
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

json_t *system_info_json(void)
{
    json_t *o = json_object();
    AUTO(buf_done) struct buf file = {0};
    AUTO(mem_freep) char *online = system_file_text(CPU_DIR "/online");
    struct err e = {0};
    bool has_cpuinfo =
        fd_read_path("/proc/cpuinfo", SYSTEM_FILE_MAX, &file, &e) == 0 && file.len > 0;
    const char *cpuinfo = has_cpuinfo ? file.data : "";
    const char *cpus = online != NULL ? online : "";
    architecture_add(o, cpuinfo);
    counts_add(o);
    model_add(o, cpuinfo);
    system_topology_add(o, cpus);
    features_add(o, cpuinfo);
    system_caches_add(o, cpus);
    system_nodes_add(o);
    vulnerabilities_add(o);
    memory_add(o);
    return o;
}

/* Once: a host does not change while a server runs. */
void system_info_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    if (j->system_info == NULL) {
        j->system_info = system_info_json();
    }
    judge0_respond(r, 200, json_incref(j->system_info));
}
