/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/package_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "model/runtime.h"
#include "model/semver.h"

/* Of packages/fetch_file.c. */
#define WRONG_DIGEST "wrong sha256, want: "

struct row {
    const char *name, *version;
    bool installed;
};

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static const char *name_of(const json_t *row)
{
    const char *package = text_of(row, "package");
    return package ? package : text_of(row, "language");
}

static const char *name_of_runtime(const struct runtime *rt)
{
    return rt->package ? rt->package : rt->language;
}

/* --- the list --------------------------------------------------------------------------------- */

static int version_compare(const char *a, const char *b)
{
    struct semver x, y;
    int order = semver_parse(a, &x) && semver_parse(b, &y) ? semver_compare(&x, &y) : 0;
    return order ? order : strcmp(a, b);
}

static int row_compare(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : version_compare(a->version, b->version);
}

static size_t rows_gather(const json_t *available, struct runtime *const *all, size_t count,
                          struct row *ret)
{
    size_t i, filled = 0;
    const json_t *one;
    json_array_foreach(available, i, one)
    {
        struct row row = {name_of(one), text_of(one, "language_version"),
                          json_is_true(json_object_get(one, "installed"))};
        if (row.name && row.version) {
            ret[filled++] = row;
        }
    }
    for (i = 0; i < count; i++) {
        ret[filled++] = (struct row){name_of_runtime(all[i]), all[i]->version, true};
    }
    return filled;
}

json_t *package_rows(const json_t *available, struct runtime *const *all, size_t count)
{
    AUTO(mem_freep)
    struct row *rows = xcalloc(json_array_size(available) + count + 1, sizeof(*rows));
    size_t filled = rows_gather(available, all, count, rows);
    json_t *list = json_array();
    qsort(rows, filled, sizeof(*rows), row_compare);
    for (size_t i = 0, end; i < filled; i = end) {
        bool installed = false;
        for (end = i; end < filled && row_compare(&rows[i], &rows[end]) == 0; end++) {
            installed = installed || rows[end].installed;
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "language", rows[i].name,
                                              "language_version", rows[i].version, "installed",
                                              (int)installed));
    }
    return list;
}

/* --- what is there ---------------------------------------------------------------------------- */

static bool is_within(const struct runtime *rt, const char *range)
{
    struct semver version;
    return semver_parse(rt->version, &version) && semver_satisfies(&version, range);
}

static bool is_there(const json_t *row, struct runtime *const *all, size_t count, const char *range)
{
    const char *language = text_of(row, "language"), *version = text_of(row, "language_version");
    if (json_is_true(json_object_get(row, "installed"))) {
        return true;
    }
    for (size_t i = 0; language && version && i < count; i++) {
        bool same =
            strcmp(all[i]->language, language) == 0 || runtime_is_of_package(all[i], language);
        if (same && is_within(all[i], range) && version_compare(all[i]->version, version) >= 0) {
            return true;
        }
    }
    return false;
}

bool packages_are_there(const json_t *chosen, struct runtime *const *all, size_t count,
                        const char *range)
{
    size_t i;
    const json_t *row;
    json_array_foreach(chosen, i, row)
    {
        if (!is_there(row, all, count, range)) {
            return false;
        }
    }
    return true;
}

const struct runtime *package_of_host(struct runtime *const *all, size_t count, const char *name,
                                      const char *range)
{
    for (size_t i = 0; i < count; i++) {
        bool named =
            strcmp(name_of_runtime(all[i]), name) == 0 || strcmp(all[i]->language, name) == 0;
        if (named && is_within(all[i], range) && all[i]->source &&
            strcmp(all[i]->source, RUNTIME_OF_HOST) == 0) {
            return all[i];
        }
    }
    return NULL;
}

/* --- failures --------------------------------------------------------------------------------- */

void package_failure(const char *message, const json_t *chosen, struct buf *ret)
{
    const char *digest = strstr(message, WRONG_DIGEST);
    const char *url = text_of(json_array_get(chosen, 0), "url");
    /* A long URL is told by its end. */
    const char *file = url ? strrchr(url, '/') : NULL;
    if (digest) {
        buf_add_fmt(ret, "Checksum miss-match want: %s", digest + strlen(WRONG_DIGEST));
    } else if (file && strstr(message, file)) {
        buf_add_fmt(ret, "request to %s failed, reason: %s", url, message);
    } else {
        buf_add_str(ret, message);
    }
}
