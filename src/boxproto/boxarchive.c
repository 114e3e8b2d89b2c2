/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/boxarchive.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

/* Error texts show this much of a path: the rest of the sentence must fit too. */
#define SHOWN_PATH 160

/* A link's target is a path, and whatever else has a size counts it with an off_t. */
static uint64_t size_max(uint32_t type)
{
    switch (type) {
    case BOXARCHIVE_FILE:
        return INT64_MAX;
    case BOXARCHIVE_LINK:
    case BOXARCHIVE_HARD_LINK:
        return BOXARCHIVE_PATH_MAX;
    default:
        return 0;
    }
}

static int check_entry(const struct boxarchive_entry *entry, struct err *e)
{
    if (entry->type < BOXARCHIVE_FILE || entry->type > BOXARCHIVE_HARD_LINK || entry->reserved) {
        return err_set(e, ERR_INVALID, "archive: an entry of unknown type %u", entry->type);
    }
    if (entry->mode & ~UINT32_C(0777)) {
        return err_set(e, ERR_INVALID, "archive: mode %o is more than permission bits",
                       entry->mode);
    }
    if (entry->path_len == 0 || entry->path_len > BOXARCHIVE_PATH_MAX) {
        return err_set(e, ERR_INVALID, "archive: a path of %u bytes (1 to %d are possible)",
                       entry->path_len, BOXARCHIVE_PATH_MAX);
    }
    if (entry->size > size_max(entry->type) ||
        (entry->type >= BOXARCHIVE_LINK && entry->size == 0)) {
        return err_set(e, ERR_INVALID, "archive: %llu bytes of data in an entry of type %u",
                       (unsigned long long)entry->size, entry->type);
    }
    return 0;
}

static bool is_dots(const char *name, size_t len)
{
    return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

int boxarchive_check_path(const char *path, struct err *e)
{
    size_t len = strnlen(path, BOXARCHIVE_PATH_MAX + 1);
    if (len == 0 || len > BOXARCHIVE_PATH_MAX) {
        return err_set(e, ERR_INVALID, "path '%.*s' must have 1 to %d bytes", SHOWN_PATH, path,
                       BOXARCHIVE_PATH_MAX);
    }
    for (const char *name = path; name;) {
        const char *slash = strchr(name, '/');
        size_t name_len = slash ? (size_t)(slash - name) : strlen(name);
        if (name_len == 0 || is_dots(name, name_len)) {
            return err_set(e, ERR_INVALID,
                           "path '%.*s' must be relative, without empty, '.' or '..' parts",
                           SHOWN_PATH, path);
        }
        name = slash ? slash + 1 : NULL;
    }
    return 0;
}

int boxarchive_add_head(struct buf *b, enum boxarchive_type type, uint32_t mode, const char *path,
                        uint64_t size, struct err *e)
{
    int r = boxarchive_check_path(path, e);
    if (r < 0) {
        return r;
    }
    struct boxarchive_entry entry = {
        .type = type, .mode = mode, .path_len = (uint32_t)strlen(path), .size = size};
    r = check_entry(&entry, e);
    if (r < 0) {
        return r;
    }
    buf_add(b, &entry, sizeof entry);
    buf_add(b, path, entry.path_len);
    return 0;
}

int boxarchive_add(struct buf *b, enum boxarchive_type type, uint32_t mode, const char *path,
                   const void *data, size_t size, struct err *e)
{
    int r = boxarchive_add_head(b, type, mode, path, size, e);
    if (r == 0 && size > 0) {
        buf_add(b, data, size);
    }
    return r;
}

int boxarchive_parse(const void *data, size_t len, struct boxarchive_item *ret, size_t *ret_used,
                     struct err *e)
{
    struct boxarchive_entry entry;
    if (len < sizeof entry) {
        return 0;
    }
    memcpy(&entry, data, sizeof entry);
    int r = check_entry(&entry, e);
    if (r < 0) {
        return r;
    }
    if (len - sizeof entry < entry.path_len) {
        return 0;
    }

    char path[BOXARCHIVE_PATH_MAX + 1];
    memcpy(path, (const char *)data + sizeof entry, entry.path_len);
    path[entry.path_len] = 0;
    if (strlen(path) != entry.path_len) {
        return err_set(e, ERR_INVALID, "archive: a NUL byte in path '%.*s'", SHOWN_PATH, path);
    }
    r = boxarchive_check_path(path, e);
    if (r < 0) {
        return r;
    }
    ret->type = entry.type;
    ret->mode = entry.mode;
    ret->size = entry.size;
    memcpy(ret->path, path, entry.path_len + 1);
    *ret_used = sizeof entry + entry.path_len;
    return 1;
}
