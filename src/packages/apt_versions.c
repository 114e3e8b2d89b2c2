/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_versions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

/* --- versions --------------------------------------------------------------------------------- */

/* Before all: '~'; then the end (or a digit); then letters; then the rest. */
static int order_of(char c)
{
    if (c == '~') {
        return -1;
    }
    if (c == '\0' || isdigit((unsigned char)c)) {
        return 0;
    }
    return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int words_compare(const char **a, const char *a_end, const char **b, const char *b_end)
{
    for (;;) {
        int x = *a < a_end ? order_of(**a) : 0, y = *b < b_end ? order_of(**b) : 0;
        if (x != y) {
            return x - y;
        }
        if (x == 0) {
            return 0;
        }
        (*a)++;
        (*b)++;
    }
}

static int numbers_compare(const char **a, const char *a_end, const char **b, const char *b_end)
{
    int first = 0;
    for (; *a < a_end && **a == '0'; (*a)++) {
    }
    for (; *b < b_end && **b == '0'; (*b)++) {
    }
    for (;;) {
        bool x = *a < a_end && isdigit((unsigned char)**a);
        bool y = *b < b_end && isdigit((unsigned char)**b);
        if (!x || !y) {
            return x != y ? (int)x - (int)y : first; /* more digits: more */
        }
        first = first ? first : **a - **b;
        (*a)++;
        (*b)++;
    }
}

static int part_compare(const char *a, const char *a_end, const char *b, const char *b_end)
{
    while (a < a_end || b < b_end) {
        int r = words_compare(&a, a_end, &b, b_end);
        r = r ? r : numbers_compare(&a, a_end, &b, b_end);
        if (r) {
            return r;
        }
    }
    return 0;
}

/* Behind the epoch. */
static const char *epoch_skip(const char *version, long *ret_epoch)
{
    const char *colon = strchr(version, ':');
    *ret_epoch = colon ? strtol(version, NULL, 10) : 0;
    return colon ? colon + 1 : version;
}

int debian_version_compare(const char *a, const char *b)
{
    long a_epoch, b_epoch;
    a = epoch_skip(a, &a_epoch);
    b = epoch_skip(b, &b_epoch);
    if (a_epoch != b_epoch) {
        return a_epoch < b_epoch ? -1 : 1;
    }
    const char *a_end = strrchr(a, '-'), *b_end = strrchr(b, '-');
    const char *a_revision = a_end ? a_end + 1 : "", *b_revision = b_end ? b_end + 1 : "";
    a_end = a_end ? a_end : a + strlen(a);
    b_end = b_end ? b_end : b + strlen(b);
    int r = part_compare(a, a_end, b, b_end);
    return r ? r
             : part_compare(a_revision, a_revision + strlen(a_revision), b_revision,
                            b_revision + strlen(b_revision));
}

/* --- what there is ---------------------------------------------------------------------------- */

/* " libc6 | 2.36-9+deb12u10 | http://... bookworm-security/main amd64 Packages" */
static void line_parse(const char *line, struct apt_versions *ret)
{
    AUTO(strv_freep) char **columns = strv_split(line, "|");
    if (strv_len(columns) != 3 || !strstr(columns[2], " Packages") ||
        strstr(columns[2], "-backports/")) {
        return;
    }
    AUTO(strv_freep) char **package = strv_split(columns[0], " ");
    AUTO(strv_freep) char **version = strv_split(columns[1], " ");
    if (strv_len(package) != 1 || strv_len(version) != 1) {
        return;
    }
    ret->all = xreallocarray(ret->all, ret->count + 1, sizeof(*ret->all));
    ret->all[ret->count++] = (struct apt_version){
        .package = xstrdup(package[0]),
        .version = xstrdup(version[0]),
        .security = strstr(columns[2], "-security/") != NULL,
    };
}

void apt_versions_parse(const char *text, struct apt_versions *ret)
{
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    for (char **line = lines; line && *line; line++) {
        line_parse(*line, ret);
    }
}

void apt_versions_done(struct apt_versions *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->all[i].package);
        free(v->all[i].version);
    }
    free(v->all);
    *v = (struct apt_versions){0};
}

const struct apt_version *apt_versions_newer(const struct apt_versions *v, const char *package,
                                             const char *installed, bool *ret_security)
{
    const struct apt_version *best = NULL;
    *ret_security = false;
    for (size_t i = 0; i < v->count; i++) {
        const struct apt_version *one = &v->all[i];
        if (strcmp(one->package, package) != 0 ||
            debian_version_compare(one->version, installed) <= 0) {
            continue;
        }
        *ret_security = *ret_security || one->security;
        if (!best || debian_version_compare(one->version, best->version) > 0) {
            best = one;
        }
    }
    return best;
}
