/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_record.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

/* What the records of a type may be. */
static const struct rule {
    enum layer_record_type type;
    uint16_t modes[2];
    uint64_t size_min, size_max;
} rules[] = {
    {LAYER_RECORD_DIR, {0755, 0755}, 0, 0}, {LAYER_RECORD_OPAQUE, {0755, 0755}, 0, 0},
    {LAYER_RECORD_WHITEOUT, {0, 0}, 0, 0},  {LAYER_RECORD_FILE, {0644, 0755}, 0, INT64_MAX},
    {LAYER_RECORD_LINK, {0, 0}, 1, 4095},   {LAYER_RECORD_HARD, {0, 0}, 1, LAYER_PATH_MAX},
    {LAYER_RECORD_END, {0, 0}, 0, 0},
};

static void put(unsigned char **at, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        *(*at)++ = (unsigned char)(n >> (8 * i));
    }
}

static uint64_t get(const unsigned char **at, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < bytes; i++) {
        n |= (uint64_t) * (*at)++ << (8 * i);
    }
    return n;
}

size_t layer_record_write(enum layer_record_type type, unsigned mode, const char *path,
                          uint64_t size, void *ret)
{
    size_t len = strlen(path);
    unsigned char *at = ret;
    put(&at, (unsigned)type, 1);
    put(&at, mode, 2);
    put(&at, len, 2);
    put(&at, size, 8);
    memcpy(at, path, len); /* NOLINT(bugprone-not-null-terminated-result): len says its end */
    return LAYER_RECORD_BYTES + len;
}

int layer_path_check(const char *path, struct err *e)
{
    for (const char *name = path; *path && name;) {
        const char *slash = strchr(name, '/');
        size_t len = slash ? (size_t)(slash - name) : strlen(name);
        if (len == 0 || (len <= 2 && strncmp(name, "..", len) == 0)) {
            return err_set(e, ERR_INVALID, "'%s' is no path of a layer", layer_shown(path).text);
        }
        name = slash ? slash + 1 : NULL;
    }
    return 0;
}

static int check(const struct layer_record *r, size_t path_len, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct rule *rule = &rules[i];
        if (rule->type != r->type) {
            continue;
        }
        bool top = r->type == LAYER_RECORD_DIR, end = r->type == LAYER_RECORD_END;
        if ((r->mode != rule->modes[0] && r->mode != rule->modes[1]) || r->size < rule->size_min ||
            r->size > rule->size_max || (end ? path_len > 0 : path_len == 0 && !top) ||
            strlen(r->path) != path_len) {
            return err_set(e, ERR_INVALID, "'%s' is in a form that no layer has",
                           layer_shown(r->path).text);
        }
        return layer_path_check(r->path, e);
    }
    return err_set(e, ERR_INVALID, "a record of unknown type %u", (unsigned)r->type);
}

int layer_record_parse(const void *data, size_t len, struct layer_record *ret, size_t *ret_used,
                       struct err *e)
{
    if (len < LAYER_RECORD_BYTES) {
        return 0;
    }
    const unsigned char *at = data;
    ret->type = (enum layer_record_type)get(&at, 1);
    ret->mode = (uint16_t)get(&at, 2);
    size_t path_len = (size_t)get(&at, 2);
    ret->size = get(&at, 8);
    if (path_len > LAYER_PATH_MAX) {
        return err_set(e, ERR_INVALID, "a path of %zu bytes (%d are possible)", path_len,
                       LAYER_PATH_MAX);
    }
    if (len < LAYER_RECORD_BYTES + path_len) {
        return 0;
    }
    memcpy(ret->path, at, path_len);
    ret->path[path_len] = '\0';
    int r = check(ret, path_len, e);
    if (r < 0) {
        return r;
    }
    *ret_used = LAYER_RECORD_BYTES + path_len;
    return 1;
}
