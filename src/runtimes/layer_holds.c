/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/layer_holds.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"
#include "model/runtime.h"
#include "packages/store.h"

struct hold {
    uint32_t id;
    unsigned refs;
    int fd;
};

struct layer_holds {
    int packages_fd;
    unsigned refs; /* whoever made it, and runtimes */
    struct hold *holds;
    size_t count;
};

struct layer_holds *layer_holds_new(int packages_fd)
{
    struct layer_holds *h = xcalloc(1, sizeof(*h));
    *h = (struct layer_holds){.packages_fd = packages_fd, .refs = 1};
    return h;
}

void layer_holds_free(struct layer_holds *h)
{
    if (h == NULL || --h->refs > 0) {
        return;
    }
    free(h->holds);
    free(h);
}

static struct hold *hold_find(struct layer_holds *h, uint32_t id)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->holds[i].id == id) {
            return &h->holds[i];
        }
    }
    return NULL;
}

static int hold_take(struct layer_holds *h, uint32_t id, struct err *e)
{
    struct hold *there = hold_find(h, id);
    if (there != NULL) {
        there->refs++;
        return 0;
    }
    int fd = -1;
    int r = store_hold(h->packages_fd, &id, 1, &fd, e);
    if (r < 0) {
        return r;
    }
    h->holds = xreallocarray(h->holds, h->count + 1, sizeof(h->holds[0]));
    h->holds[h->count++] = (struct hold){.id = id, .refs = 1, .fd = fd};
    return 0;
}

static void hold_give(struct layer_holds *h, uint32_t id)
{
    struct hold *there = hold_find(h, id);
    if (there != NULL && --there->refs == 0) {
        fd_close(there->fd);
        *there = h->holds[--h->count];
    }
}

static void give_first(struct layer_holds *h, const struct runtime *r, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (r->layers[i] >= STORE_LAYER_FIRST) {
            hold_give(h, r->layers[i]);
        }
    }
}

static void on_runtime_end(struct runtime *r, void *ctx)
{
    struct layer_holds *h = ctx;
    give_first(h, r, r->layer_count);
    layer_holds_free(h);
}

int layer_holds_take(struct layer_holds *h, struct runtime *r, struct err *e)
{
    for (size_t i = 0; i < r->layer_count; i++) {
        int result = r->layers[i] >= STORE_LAYER_FIRST ? hold_take(h, r->layers[i], e) : 0;
        if (result < 0) {
            give_first(h, r, i);
            return result;
        }
    }
    h->refs++;
    r->on_end = on_runtime_end;
    r->on_end_ctx = h;
    return 0;
}
