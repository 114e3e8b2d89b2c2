/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/store_usage.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "packages/store_files.h"
#include "packages/store_impl.h"
#include "packages/tree_size.h"

void store_usage_done(struct store_usage *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->runtimes[i].id);
    }
    free(u->runtimes);
    *u = (struct store_usage){0};
}

static uint64_t tree_bytes(const struct package_store *s, const char *name)
{
    struct tree_size size = {0};
    tree_size_add(s->fd, name, &size);
    return size.bytes;
}

static unsigned users_of(const struct store_users *users, uint32_t layer)
{
    unsigned count = 0;
    for (size_t i = 0; i < users->count; i++) {
        for (size_t k = 0; k < users->all[i].layer_count; k++) {
            count += users->all[i].layers[k] == layer;
        }
    }
    return count;
}

static bool names(const struct store_user *u, uint32_t layer)
{
    for (size_t i = 0; i < u->layer_count; i++) {
        if (u->layers[i] == layer) {
            return true;
        }
    }
    return false;
}

static void layer_count(struct store_usage *u, const struct store_users *users,
                        const struct layer *layer)
{
    unsigned count = users_of(users, layer->id);
    u->layer_bytes += layer->bytes;
    u->unused_bytes += count == 0 ? layer->bytes : 0;
    for (size_t i = 0; i < users->count; i++) {
        if (names(&users->all[i], layer->id)) {
            struct store_use *use = &u->runtimes[i];
            *(count == 1 ? &use->own_bytes : &use->shared_bytes) += layer->bytes - layer->shared;
            use->shared_bytes += layer->shared;
        }
    }
}

int store_usage(const struct package_store *s, struct store_usage *ret, struct err *e)
{
    AUTO(store_users_done) struct store_users users = {0};
    AUTO(mem_freep) struct layer *layers = NULL;
    size_t count = 0;
    int r = store_users_read(s, NULL, &users, e);
    r = r == 0 ? store_layers(s, &layers, &count, e) : r;
    if (r < 0) {
        return r;
    }
    struct store_usage u = {.count = users.count};
    u.runtimes = xcalloc(users.count + 1, sizeof(*u.runtimes));
    for (size_t i = 0; i < users.count; i++) {
        u.runtimes[i].id = xstrdup(users.all[i].id);
    }
    for (size_t i = 0; i < count; i++) {
        layer_count(&u, &users, &layers[i]);
    }
    uint64_t saved = store_files_saved(s);
    u.layer_bytes -= saved < u.layer_bytes ? saved : u.layer_bytes;
    u.cache_bytes = tree_bytes(s, "cache") + tree_bytes(s, "apt");
    u.stage_bytes = tree_bytes(s, STORE_STAGE);
    *ret = u;
    return 0;
}
