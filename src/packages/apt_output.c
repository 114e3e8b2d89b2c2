/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

#define SAID_WORDS_MAX 150
#define NUMBER_MAX     1e9 /* of a unit; more fits no 64 bits */

/* "After this operation, 29.7 MB of additional disk space will be used." */
static uint64_t disk_of(const char *text)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    static const char before[] = "After this operation, ", after[] = " of additional disk space";
    const char *p = strstr(text, before);
    char *end = NULL;
    double number = p ? strtod(p + strlen(before), &end) : 0;
    if (!p || *end != ' ' || !(number >= 0 && number < NUMBER_MAX)) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        const char *unit = end + 1;
        size_t len = strlen(units[i].name);
        if (strncmp(unit, units[i].name, len) == 0 &&
            strncmp(unit + len, after, strlen(after)) == 0) {
            return (uint64_t)(number * units[i].factor);
        }
    }
    return 0;
}

/* "1%3a2.3-1" */
static char *unquoted(const char *text, size_t len)
{
    AUTO(buf_done) struct buf out = {0};
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (text[i] == '%' && i + 2 < len && sscanf(text + i + 1, "%2x", &byte) == 1) {
            buf_add_char(&out, (char)byte);
            i += 2;
        } else {
            buf_add_char(&out, text[i]);
        }
    }
    return buf_take(&out);
}

/* PACKAGE_VERSION_ARCHITECTURE.deb */
static bool name_split(struct apt_deb *deb)
{
    const char *first = strchr(deb->file, '_'), *last = strrchr(deb->file, '_');
    if (!first || first == last || !str_ends(deb->file, ".deb") || strchr(deb->file, '/') ||
        deb->file[0] == '.' || deb->file[0] == '-') {
        return false;
    }
    deb->package = xstrndup(deb->file, (size_t)(first - deb->file));
    deb->version = unquoted(first + 1, (size_t)(last - first - 1));
    return true;
}

/* 'URI' FILE SIZE SHA256:DIGEST */
static int line_read(const char *line, struct apt_plan *ret, struct err *e)
{
    static const char digest[] = "SHA256:";
    AUTO(strv_freep) char **words = strv_split(line, " ");
    struct apt_deb deb = {0};
    if (strv_len(words) == 4 && str_starts(words[3], digest) &&
        strlen(words[3] + strlen(digest)) == 64) {
        deb = (struct apt_deb){.file = xstrdup(words[1]),
                               .sha256 = xstrdup(words[3] + strlen(digest)),
                               .bytes = strtoull(words[2], NULL, 10)};
    }
    ret->debs = xreallocarray(ret->debs, ret->count + 1, sizeof(deb));
    ret->debs[ret->count++] = deb;
    if (!deb.file || !name_split(&ret->debs[ret->count - 1])) {
        return err_set(e, ERR_INVALID, "apt-get printed a line that is not understood: %.100s",
                       line);
    }
    return 0;
}

int apt_output_plan(const char *text, struct apt_plan *ret, struct err *e)
{
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    AUTO(apt_plan_done) struct apt_plan plan = {.disk_bytes = disk_of(text)};
    int r = 0;
    for (char **line = lines; r == 0 && line && *line; line++) {
        if (str_starts(*line, "The following packages will be REMOVED:")) {
            return err_set(e, ERR_INVALID,
                           "a package conflicts with what it would stand on: apt would remove%s; "
                           "give the recipe another base, or fewer parts in install.on",
                           line[1] ? line[1] : "");
        }
        if ((*line)[0] == '\'') {
            r = line_read(*line, &plan, e);
        }
    }
    if (r == 0) {
        *ret = TAKE(&plan, (struct apt_plan){0});
    }
    return r;
}

void apt_output_error(const char *said, struct buf *ret)
{
    AUTO(strv_freep) char **lines = strv_split(said, "\n");
    const char *last = "it said nothing";
    for (char **line = lines; line && *line; line++) {
        if (str_starts(*line, "E: ") && ret->len < SAID_WORDS_MAX) {
            buf_add_fmt(ret, "%s%s", ret->len ? "; " : "", *line + strlen("E: "));
        }
        last = *line;
    }
    if (ret->len == 0) {
        buf_add_str(ret, last);
    }
    if (ret->len > SAID_WORDS_MAX) {
        ret->len = SAID_WORDS_MAX;
        ret->data[ret->len] = '\0';
    }
}

/* Descriptions are of no use to who resolves, and long. */
void apt_output_status(const char *text, struct buf *ret)
{
    bool in_stanza = false;
    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, "\n");
        bool empty = len == 0, kept = !empty && p[0] != ' ' && !str_starts(p, "Description");
        if (empty && in_stanza) {
            buf_add_str(ret, "\n");
        } else if (kept) {
            buf_add_fmt(ret, "%.*s\n", (int)len, p);
        }
        if (str_starts(p, "Package: ")) {
            buf_add_str(ret, "Status: install ok installed\n");
        }
        in_stanza = !empty;
        p += len + (p[len] == '\n');
    }
    if (in_stanza) {
        buf_add_str(ret, "\n");
    }
}

void apt_plan_done(struct apt_plan *plan)
{
    strv_free(plan->asked);
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->debs[i].file);
        free(plan->debs[i].package);
        free(plan->debs[i].version);
        free(plan->debs[i].sha256);
    }
    free(plan->debs);
    *plan = (struct apt_plan){0};
}
