/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/store_export.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/layer_stream.h"
#include "packages/manifest.h"
#include "packages/sha256.h"
#include "packages/store_export_form.h"
#include "packages/store_impl.h"

struct export
{
    const struct package_store *store;
    struct store_users users; /* all that is installed */
    bool *chosen;             /* of them */
    uint32_t *layers;
    int *holds;
    size_t layer_count;
    int out_fd;
    struct sha256 *sha;
};

static void export_done(struct export *x)
{
    for (size_t i = 0; x->holds && i < x->layer_count; i++) {
        fd_close(x->holds[i]);
    }
    free(x->holds);
    free(x->layers);
    free(x->chosen);
    sha256_free(x->sha);
    store_users_done(&x->users);
}

static int put(void *ctx, const void *data, size_t len, struct err *e)
{
    struct export *x = ctx;
    sha256_add(x->sha, data, len);
    return fd_write_all(x->out_fd, data, len, e);
}

static int put_block(struct export *x, char type, uint32_t number, const void *data, size_t len,
                     struct err *e)
{
    const unsigned char head[] = {(unsigned char)type, number & 0xff, (number >> 8) & 0xff,
                                  (number >> 16) & 0xff, number >> 24};
    int r = put(x, head, sizeof(head), e);
    return r == 0 ? put(x, data, len, e) : r;
}

/* --- what goes along -------------------------------------------------------------------------- */

static int choose(struct export *x, const char *id, struct err *e)
{
    for (size_t i = 0; i < x->users.count; i++) {
        if (strcmp(x->users.all[i].id, id) == 0) {
            x->chosen[i] = true;
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND, "'%s' is not installed", id);
}

static bool stands_on(const struct store_user *u, const struct store_user *part)
{
    for (size_t i = u->own_layer_count; i < u->layer_count; i++) {
        for (size_t k = 0; k < part->own_layer_count; k++) {
            if (u->layers[i] == part->layers[k]) {
                return true;
            }
        }
    }
    return false;
}

/* Layers of a part's own parts are among its user's: one look is enough. */
static void choose_parts(struct export *x)
{
    AUTO(mem_freep) bool *asked = xmemdup(x->chosen, x->users.count * sizeof(*x->chosen));
    for (size_t i = 0; i < x->users.count; i++) {
        for (size_t k = 0; asked[i] && k < x->users.count; k++) {
            x->chosen[k] |= k != i && stands_on(&x->users.all[i], &x->users.all[k]);
        }
    }
}

static bool has_layer(const struct export *x, uint32_t id)
{
    for (size_t i = 0; i < x->layer_count; i++) {
        if (x->layers[i] == id) {
            return true;
        }
    }
    return false;
}

static int layers_hold(struct export *x, struct err *e)
{
    for (size_t i = 0; i < x->users.count; i++) {
        const struct store_user *u = &x->users.all[i];
        for (size_t k = 0; x->chosen[i] && k < u->layer_count; k++) {
            if (!has_layer(x, u->layers[k])) {
                x->layers = xreallocarray(x->layers, x->layer_count + 1, sizeof(*x->layers));
                x->layers[x->layer_count++] = u->layers[k];
            }
        }
    }
    AUTO(mem_freep) int *holds = xcalloc(x->layer_count + 1, sizeof(*holds));
    int r = store_hold(x->store->fd, x->layers, x->layer_count, holds, e);
    if (r == 0) {
        x->holds = TAKE(&holds, NULL);
    } else {
        x->layer_count = 0;
    }
    return r;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void manifest_freep(struct manifest **m)
{
    manifest_free(*m);
    *m = NULL;
}

static int put_manifest(struct export *x, const char *id, struct err *e)
{
    AUTO(manifest_freep) struct manifest *m = NULL;
    AUTO(buf_done) struct buf text = {0};
    int r = package_store_get(x->store, id, &m, e);
    if (r < 0) {
        return r;
    }
    manifest_write(m, &text);
    for (size_t i = 0; i < m->layer_count; i++) {
        if (!has_layer(x, m->layers[i])) {
            return err_set(e, ERR_BUSY, "'%s' was installed anew just now: try again", id);
        }
    }
    return put_block(x, EXPORT_MANIFEST, (uint32_t)text.len, text.data, text.len, e);
}

/* Parts have fewer layers than what stands on them. */
static int put_manifests(struct export *x, struct err *e)
{
    int r = 0;
    for (size_t layers = 0; layers <= MANIFEST_LAYERS_MAX; layers++) {
        for (size_t i = 0; r == 0 && i < x->users.count; i++) {
            if (x->chosen[i] && x->users.all[i].layer_count == layers) {
                r = put_manifest(x, x->users.all[i].id, e);
            }
        }
    }
    return r;
}

static int put_layer(struct export *x, size_t i, struct err *e)
{
    struct layer said, is;
    const struct layer_sink sink = {put, x};
    int r = store_layer(x->store, x->layers[i], &said, e);
    r = r == 0 ? put_block(x, EXPORT_LAYER, said.id, said.digest, STORE_DIGEST_CHARS, e) : r;
    r = r == 0 ? layer_stream(x->holds[i], &sink, &is, e) : r;
    if (r == 0 && strcmp(said.digest, is.digest) != 0) {
        r = err_set(e, ERR_INVALID,
                    "it is not what was installed: remove what stands on it and install it again");
    }
    return r < 0 ? err_wrap(e, "layer %" PRIu32, x->layers[i]) : 0;
}

static int put_all(struct export *x, struct err *e)
{
    char digest[SHA256_CHARS + 1];
    int r = put(x, EXPORT_HEAD, sizeof(EXPORT_HEAD) - 1, e);
    r = r == 0 ? put_manifests(x, e) : r;
    for (size_t i = 0; r == 0 && i < x->layer_count; i++) {
        r = put_layer(x, i, e);
    }
    if (r == 0) {
        sha256_end(x->sha, digest);
        r = put_block(x, EXPORT_END, 0, digest, SHA256_CHARS, e);
    }
    return r;
}

int store_export(const struct package_store *s, char *const *ids, int out_fd, struct err *e)
{
    AUTO(export_done) struct export x = {.store = s, .out_fd = out_fd, .sha = sha256_new()};
    int r = store_users_read(s, NULL, &x.users, e);
    x.chosen = xcalloc(x.users.count + 1, sizeof(*x.chosen));
    for (; r == 0 && ids && *ids; ids++) {
        r = choose(&x, *ids, e);
    }
    if (r == 0) {
        choose_parts(&x);
        r = layers_hold(&x, e);
    }
    return r == 0 ? put_all(&x, e) : r;
}
