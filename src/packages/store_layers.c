/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/toml.h"
#include "packages/layer_stream.h"
#include "packages/store_impl.h"

/* The records in digests/ and the counter of ids. */

#define RECORD_MAX ((size_t)4096)

static bool is_digest(const char *name)
{
    return strlen(name) == STORE_DIGEST_CHARS &&
           strspn(name, "0123456789abcdef") == STORE_DIGEST_CHARS;
}

static bool is_id(int64_t n)
{
    return n >= STORE_LAYER_FIRST && n < UINT32_MAX;
}

static int record_parse(const char *path, const struct buf *text, struct layer *ret, struct err *e)
{
    AUTO(toml_done) struct toml t = {0};
    int r = toml_parse(path, text->data ? text->data : "", text->len, &t, e);
    if (r < 0) {
        return r;
    }
    int64_t id = 0, bytes = -1, inodes = -1, shared = 0;
    const struct {
        const char *key;
        int64_t *value;
    } numbers[] = {{"id", &id}, {"bytes", &bytes}, {"inodes", &inodes}, {"shared", &shared}};
    for (size_t i = 0; i < t.entry_count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
            if (strcmp(t.entries[i].key, numbers[k].key) == 0 &&
                t.entries[i].value.type == TOML_INTEGER) {
                *numbers[k].value = t.entries[i].value.number;
            }
        }
    }
    if (!is_id(id) || bytes < 0 || inodes < 0 || shared < 0 || shared > bytes) {
        return err_set(e, ERR_INVALID,
                       "'%s' of the store of packages does not say what its layer is", path);
    }
    ret->id = (uint32_t)id;
    ret->bytes = (uint64_t)bytes;
    ret->shared = (uint64_t)shared;
    ret->inodes = (uint64_t)inodes;
    return 0;
}

int store_layer_of_digest(const struct package_store *s, const char *digest, struct layer *ret,
                          struct err *e)
{
    if (!is_digest(digest)) {
        return err_set(e, ERR_INVALID, "'%s/%s' is no digest", STORE_DIGESTS, digest);
    }
    AUTO(buf_done) struct buf text = {0};
    struct store_path path = store_name_path(STORE_DIGESTS, digest);
    struct layer layer = {0};
    int r = store_read_text(s, path.text, RECORD_MAX, &text, e);
    if (r == 0) {
        r = record_parse(path.text, &text, &layer, e);
    }
    if (r < 0) {
        return r;
    }
    struct stat st;
    if (fstatat(s->fd, store_layer_path(layer.id).text, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "layer %" PRIu32, layer.id);
    }
    memcpy(layer.digest, digest, sizeof(layer.digest));
    *ret = layer;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct layer *l = a, *r = b;
    return (l->id > r->id) - (l->id < r->id);
}

int store_layers(const struct package_store *s, struct layer **ret, size_t *ret_count,
                 struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    AUTO(mem_freep) struct layer *all = NULL;
    size_t count = 0;
    int r = dir_open(s->fd, STORE_DIGESTS, &dir, e);
    if (r == -ERR_NOT_FOUND) {
        r = 0; /* nothing was ever installed */
    }
    const struct dirent *entry;
    while (r == 0 && dir && (entry = dir_next(dir))) {
        struct layer layer;
        r = store_layer_of_digest(s, entry->d_name, &layer, e);
        if (r == -ERR_NOT_FOUND) {
            r = 0; /* being removed */
            continue;
        }
        all = xreallocarray(all, count + 1, sizeof(*all));
        if (r == 0) {
            all[count++] = layer;
        }
    }
    if (r < 0) {
        return r;
    }
    if (count > 0) {
        qsort(all, count, sizeof(*all), by_id);
    }
    *ret = TAKE(&all, NULL);
    *ret_count = count;
    return 0;
}

int store_layer(const struct package_store *s, uint32_t id, struct layer *ret, struct err *e)
{
    AUTO(mem_freep) struct layer *all = NULL;
    size_t count = 0;
    int r = store_layers(s, &all, &count, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (all[i].id == id) {
            *ret = all[i];
            return 0;
        }
    }
    return r < 0 ? r : err_set(e, ERR_NOT_FOUND, "there is no layer %" PRIu32, id);
}

int store_layer_write(const struct package_store *s, const struct stage *st,
                      const struct layer *layer, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text, "id = %" PRIu32 "\nbytes = %" PRIu64 "\ninodes = %" PRIu64 "\n", layer->id,
                layer->bytes, layer->inodes);
    if (layer->shared > 0) {
        buf_add_fmt(&text, "shared = %" PRIu64 "\n", layer->shared);
    }
    return store_put_text(s, st, STORE_DIGESTS, layer->digest, text.data, text.len, e);
}

/* One more than any that can be seen, should the counter be lost. */
static int id_guess(const struct package_store *s, uint32_t *ret, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_LAYERS, &dir, e);
    uint32_t next = STORE_LAYER_FIRST;
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        unsigned long id = strtoul(entry->d_name, NULL, 10);
        next = is_id((int64_t)id) && id >= next ? (uint32_t)id + 1 : next;
    }
    AUTO(store_users_done) struct store_users users = {0};
    struct err ignored;
    if (r == 0 && store_users_read(s, NULL, &users, &ignored) == 0) {
        for (size_t i = 0; i < users.count; i++) {
            for (size_t k = 0; k < users.all[i].layer_count; k++) {
                uint32_t id = users.all[i].layers[k];
                next = id >= next ? id + 1 : next;
            }
        }
    }
    *ret = next;
    return r;
}

int store_next_id(const struct package_store *s, const struct stage *st, uint32_t *ret,
                  struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    uint32_t id = 0;
    int r = store_read_text(s, STORE_NEXT, RECORD_MAX, &text, e);
    if (r < 0 && r != -ERR_NOT_FOUND) {
        return r;
    }
    int64_t said = text.data ? strtoll(text.data, NULL, 10) : 0;
    r = id_guess(s, &id, e);
    if (r < 0) {
        return r;
    }
    id = is_id(said) && said > id ? (uint32_t)said : id;
    char next[16];
    int len = snprintf(next, sizeof(next), "%" PRIu32 "\n", id + 1);
    r = store_put_text(s, st, ".", STORE_NEXT, next, (size_t)len, e);
    if (r == 0) {
        *ret = id;
    }
    return r;
}

int store_verify(const struct package_store *s, uint32_t id, struct err *e)
{
    struct layer said, is;
    int r = store_layer(s, id, &said, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int fd = store_layer_open(s->fd, id);
    if (fd < 0) {
        return err_sys(e, "open layer %" PRIu32, id);
    }
    r = layer_stream(fd, NULL, &is, e);
    if (r < 0) {
        return err_wrap(e, "layer %" PRIu32, id);
    }
    return strcmp(said.digest, is.digest) == 0
               ? 0
               : err_set(e, ERR_INVALID,
                         "layer %" PRIu32 " is not what was installed (its digest is %.12s..., it "
                         "should be %.12s...): remove what stands on it and install it again",
                         id, is.digest, said.digest);
}
