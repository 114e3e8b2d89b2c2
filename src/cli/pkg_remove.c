/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg remove, gc, pin, unpin and verify: what is done with what is installed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "cli/pkg_remove.h"
#include "cli/text.h"
#include "packages/downloads.h"
#include "packages/manifest.h"
#include "packages/store.h"

#define ID_WIDTH 24

/* --- removing --------------------------------------------------------------------------------- */

static int remove_one(struct pkg *p, const struct manifest *m, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    int r = store_lock_recipe(p->store, m->id, true, &lock, e);
    return r < 0 ? r : store_remove(p->store, m->id, e);
}

/* True when one went: then another one, on which it stood, may be free. */
static bool parts_remove_once(struct pkg *p)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    bool any = false;
    pkg_runtimes_read(p, &r);
    for (size_t i = 0; i < r.count; i++) {
        AUTO(fd_closep) int lock = -1;
        struct err ignored; /* it is being installed, or something stands on it */
        if (r.all[i]->hidden &&
            store_lock_recipe(p->store, r.all[i]->id, false, &lock, &ignored) == 0 &&
            store_remove(p->store, r.all[i]->id, &ignored) == 0) {
            pkg_say(p, "%-*s removed: nothing stands on it any more", ID_WIDTH, r.all[i]->id);
            any = true;
        }
    }
    return any;
}

static int collect(struct pkg *p, bool all)
{
    AUTO(buf_done) struct buf text = {0};
    uint64_t bytes = 0;
    unsigned left = 0;
    struct err e;
    while (parts_remove_once(p)) {
    }
    int r = store_collect(p->store, false, &bytes, &left, &e);
    if (r == 0 && all) {
        r = downloads_remove(store_fd(p->store), &clock_system, &bytes, &e);
        r = r < 0 ? r : store_share(p->store, &bytes, &e);
    }
    if (r < 0) {
        return pkg_fail(p, &e);
    }
    text_add_bytes(&text, bytes);
    pkg_say(p, "%s are free again", text.data);
    if (left > 0) {
        cli_note("pkg",
                 "%u layers are in use by a server or an installation; 'belljar pkg gc' removes "
                 "them when they are not",
                 left);
    }
    json_object_set_new(p->result, "freed_bytes", json_integer((json_int_t)bytes));
    json_object_set_new(p->result, "in_use", json_integer((json_int_t)left));
    return CLI_OK;
}

int pkg_collect(struct pkg *p)
{
    return collect(p, false);
}

int pkg_remove_some(struct pkg *p, const struct manifest *const *some, size_t count)
{
    int status = CLI_OK;
    for (size_t i = 0; i < count; i++) {
        struct err e;
        if (remove_one(p, some[i], &e) < 0) {
            status = pkg_fail(p, &e);
            continue;
        }
        pkg_result(p, "removed", pkg_manifest_json(some[i]));
        pkg_say(p, "%-*s %s removed", ID_WIDTH, some[i]->id,
                some[i]->version ? some[i]->version : "");
    }
    return status;
}

int pkg_remove(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    size_t count = 0;
    struct err e;
    pkg_runtimes_read(p, &r);
    if (pkg_match_all(p, &r, words, PKG_SEVERAL_REFUSED, &found, &count, &e) < 0) {
        return pkg_fail(p, &e);
    }
    int status = pkg_remove_some(p, found, count);
    int collected = pkg_collect(p);
    return status > collected ? status : collected;
}

int pkg_gc(struct pkg *p, char *const *words)
{
    (void)words;
    return collect(p, true);
}

/* --- pins ------------------------------------------------------------------------------------- */

/* Read under its lock: an installation may put another one in its place. */
static int pin_one(struct pkg *p, const char *id, bool pinned, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    struct manifest *m = NULL;
    int r = store_lock_recipe(p->store, id, true, &lock, e);
    r = r < 0 ? r : package_store_get(p->store, id, &m, e);
    if (r == 0 && m->pinned != pinned) {
        m->pinned = pinned;
        r = store_put(p->store, m, e);
    }
    if (r == 0) {
        pkg_result(p, pinned ? "pinned" : "unpinned", pkg_manifest_json(m));
        pkg_say(p, "%-*s %s %s", ID_WIDTH, id, m->version ? m->version : "",
                pinned ? "is pinned: upgrades leave it" : "is not pinned");
    }
    manifest_free(m);
    return r;
}

static int pin_all(struct pkg *p, char *const *words, bool pinned)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    size_t count = 0;
    struct err e;
    pkg_runtimes_read(p, &r);
    int rc = pkg_match_all(p, &r, words, PKG_SEVERAL_ALL, &found, &count, &e);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = pin_one(p, found[i]->id, pinned, &e);
    }
    return rc < 0 ? pkg_fail(p, &e) : CLI_OK;
}

int pkg_pin(struct pkg *p, char *const *words)
{
    return pin_all(p, words, true);
}

int pkg_unpin(struct pkg *p, char *const *words)
{
    return pin_all(p, words, false);
}

/* --- verify ----------------------------------------------------------------------------------- */

struct verified {
    uint32_t *layers;
    size_t count, bad;
};

static bool is_new(struct verified *v, uint32_t id)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->layers[i] == id) {
            return false;
        }
    }
    v->layers = xreallocarray(v->layers, v->count + 1, sizeof(*v->layers));
    v->layers[v->count++] = id;
    return true;
}

static void verify_one(struct pkg *p, struct verified *v, const struct manifest *m)
{
    for (size_t i = 0; i < m->layer_count; i++) {
        struct err e;
        if (!is_new(v, m->layers[i])) {
            continue;
        }
        p->progress.progress.step(p->progress.progress.ctx, m->id, PROGRESS_CHECK, v->count, 0);
        if (store_verify(p->store, m->layers[i], &e) < 0) {
            err_wrap(&e, "%s: layer %" PRIu32, m->id, m->layers[i]);
            (void)pkg_fail(p, &e);
            v->bad++;
        }
    }
}

int pkg_verify(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    struct verified v = {0};
    size_t count = 0;
    struct err e;
    pkg_runtimes_read(p, &r);
    if (pkg_match_all(p, &r, words, PKG_SEVERAL_ALL, &found, &count, &e) < 0) {
        return pkg_fail(p, &e);
    }
    for (size_t i = 0; i < (words[0] ? count : r.count); i++) {
        verify_one(p, &v, words[0] ? found[i] : r.all[i]);
    }
    free(v.layers);
    json_object_set_new(p->result, "layers", json_integer((json_int_t)v.count));
    pkg_say(p, "%zu layers read, %zu of them not what was installed", v.count, v.bad);
    if (v.bad > 0) {
        cli_note("pkg", "'belljar pkg install --again NAME' makes them anew");
    }
    return v.bad > 0 ? CLI_FAILED : CLI_OK;
}
