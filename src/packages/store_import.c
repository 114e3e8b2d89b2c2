/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "packages/layer_unpack.h"
#include "packages/manifest.h"
#include "packages/store_export.h"
#include "packages/store_export_form.h"
#include "packages/store_impl.h"
#include "packages/stream_in.h"

#define RUNTIMES_MAX 4096
#define LAYERS_MAX   8192

struct import {
    struct package_store *store;
    struct stream_in *in;
    uint64_t bytes; /* may still be written */
    struct manifest **manifests;
    size_t manifest_count;
    struct layer_name {
        uint32_t there, here; /* ids */
    } * layers;
    size_t layer_count;
};

static void import_done(struct import *m)
{
    for (size_t i = 0; i < m->manifest_count; i++) {
        manifest_free(m->manifests[i]);
    }
    free(m->manifests);
    free(m->layers);
    stream_in_free(m->in);
}

static int head_read(struct import *m, struct err *e)
{
    const void *data;
    size_t len, want = sizeof(EXPORT_HEAD) - 1;
    int r = stream_in_need(m->in, want, &data, &len, e);
    if (r < 0 || memcmp(data, EXPORT_HEAD, want) != 0) {
        return r == -ERR_IO ? r
                            : err_set(e, ERR_INVALID,
                                      "this is no export of packages, or one of a later belljar");
    }
    stream_in_take(m->in, want);
    return 0;
}

static int block_read(struct import *m, char *ret_type, uint32_t *ret_number, struct err *e)
{
    const void *data;
    size_t len;
    int r = stream_in_need(m->in, EXPORT_BLOCK_BYTES, &data, &len, e);
    if (r < 0) {
        return r;
    }
    const unsigned char *head = data;
    *ret_type = (char)head[0];
    *ret_number = (uint32_t)head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 |
                  (uint32_t)head[4] << 24;
    return 0;
}

static int manifest_read(struct import *m, uint32_t bytes, struct err *e)
{
    const void *data;
    size_t len;
    AUTO(buf_done) struct buf text = {0};
    if (bytes > TOML_BYTES_MAX || m->manifest_count >= RUNTIMES_MAX) {
        return err_set(e, ERR_LIMIT, "a manifest of %" PRIu32 " bytes, or too many of them", bytes);
    }
    while (text.len < bytes) {
        int r = stream_in_need(m->in, 1, &data, &len, e);
        if (r < 0) {
            return r;
        }
        len = len < bytes - text.len ? len : bytes - text.len;
        buf_add(&text, data, len);
        stream_in_take(m->in, len);
    }
    m->manifests = xreallocarray(m->manifests, m->manifest_count + 1, sizeof(struct manifest *));
    int r = manifest_parse("a manifest", text.data ? text.data : "", text.len,
                           &m->manifests[m->manifest_count], e);
    m->manifest_count += r == 0;
    return r;
}

static int layer_make(struct import *m, const char *digest, uint32_t *ret, struct err *e)
{
    struct layer layer;
    AUTO(stage_done) struct stage st = {.fd = -1, .tree_fd = -1};
    int r = store_stage(m->store, &st, e);
    r = r == 0 ? layer_unpack(m->in, st.tree_fd, &m->bytes, e) : r;
    r = r == 0 ? store_commit(&st, &layer, e) : r;
    if (r == 0 && strcmp(layer.digest, digest) != 0) {
        r = err_set(e, ERR_INVALID, "its digest is %.12s..., it should be %.12s...", layer.digest,
                    digest);
    }
    if (r == 0) {
        *ret = layer.id;
    }
    return r;
}

/* One that is there, held like one that was made. */
static int layer_find(struct import *m, const char *digest, uint32_t *ret, struct err *e)
{
    struct layer there;
    int fd = -1;
    int r = store_layer_of_digest(m->store, digest, &there, e);
    r = r == 0 ? store_hold(m->store->fd, &there.id, 1, &fd, e) : r;
    if (r == 0) {
        store_hold_add(m->store, there.id, fd);
        *ret = there.id;
    }
    return r;
}

static int layer_read(struct import *m, uint32_t id, struct err *e)
{
    char digest[STORE_DIGEST_CHARS + 1] = {0};
    const void *data;
    size_t len;
    struct err ignored;
    uint32_t here = 0;
    int r = stream_in_need(m->in, STORE_DIGEST_CHARS, &data, &len, e);
    if (r < 0) {
        return r;
    }
    memcpy(digest, data, STORE_DIGEST_CHARS);
    stream_in_take(m->in, STORE_DIGEST_CHARS);
    if (m->layer_count >= LAYERS_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d layers", LAYERS_MAX);
    }
    r = layer_find(m, digest, &here, &ignored) == 0 ? layer_unpack(m->in, -1, &m->bytes, e)
                                                    : layer_make(m, digest, &here, e);
    if (r < 0) {
        return err_wrap(e, "layer %" PRIu32, id);
    }
    m->layers = xreallocarray(m->layers, m->layer_count + 1, sizeof(*m->layers));
    m->layers[m->layer_count++] = (struct layer_name){id, here};
    return 0;
}

static int end_read(struct import *m, struct err *e)
{
    char is[SHA256_CHARS + 1];
    const void *data;
    size_t len;
    stream_in_digest(m->in, is);
    stream_in_take(m->in, EXPORT_BLOCK_BYTES);
    int r = stream_in_need(m->in, SHA256_CHARS, &data, &len, e);
    if (r == 0 && memcmp(data, is, SHA256_CHARS) != 0) {
        r = err_set(e, ERR_INVALID, "it was changed on its way: its digest is another");
    }
    return r;
}

static int all_read(struct import *m, struct err *e)
{
    int r = head_read(m, e);
    while (r == 0) {
        char type;
        uint32_t number;
        r = block_read(m, &type, &number, e);
        if (r < 0) {
            return r;
        }
        if (type == EXPORT_END && number == 0) {
            return end_read(m, e);
        }
        stream_in_take(m->in, EXPORT_BLOCK_BYTES);
        r = type == EXPORT_MANIFEST ? manifest_read(m, number, e)
            : type == EXPORT_LAYER  ? layer_read(m, number, e)
                                    : err_set(e, ERR_INVALID, "a block of unknown type %d", type);
    }
    return r;
}

static int layers_rename(const struct import *m, struct manifest *one, struct err *e)
{
    for (size_t i = 0; i < one->layer_count; i++) {
        size_t k = 0;
        while (k < m->layer_count && m->layers[k].there != one->layers[i]) {
            k++;
        }
        if (k == m->layer_count) {
            return err_set(e, ERR_INVALID, "'%s' needs layer %" PRIu32 ", which is not in it",
                           one->id, one->layers[i]);
        }
        one->layers[i] = m->layers[k].here;
    }
    return 0;
}

/* What is left then, because something in the store cannot be read, a later collection takes. */
static void layers_drop(struct package_store *s)
{
    uint64_t bytes;
    unsigned left;
    struct err ignored;
    (void)store_collect(s, false, &bytes, &left, &ignored);
}

int store_import(struct package_store *s, int in_fd, uint64_t max_bytes, char ***ret_ids,
                 struct err *e)
{
    AUTO(import_done)
    struct import m = {.store = s, .in = stream_in_new(in_fd), .bytes = max_bytes};
    AUTO(strv_freep) char **ids = NULL;
    int r = all_read(&m, e);
    for (size_t i = 0; r == 0 && i < m.manifest_count; i++) {
        r = layers_rename(&m, m.manifests[i], e);
    }
    for (size_t i = 0; r == 0 && i < m.manifest_count; i++) {
        r = store_put_keeping(s, m.manifests[i], e);
        strv_add(&ids, m.manifests[i]->id);
    }
    if (r < 0) {
        layers_drop(s);
        return err_wrap(e, "importing packages");
    }
    store_hold_drop(s, NULL, 0);
    *ret_ids = TAKE(&ids, NULL);
    return 0;
}
