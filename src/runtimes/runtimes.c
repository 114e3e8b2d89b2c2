/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks for a runtime waits until the version of each tool that could be meant is known: only
 * then the highest one is.  Tools are asked when somebody needs them, once; the answers are kept in
 * memory and on disk.
 */
#include "runtimes/runtimes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipe.h"
#include "runtimes/asker.h"
#include "runtimes/builtin.h"
#include "runtimes/host_view.h"
#include "runtimes/installed.h"
#include "runtimes/nearest.h"
#include "runtimes/offers.h"
#include "runtimes/package_watch.h"
#include "runtimes/runtimes_at.h"
#include "runtimes/unknown.h"
#include "runtimes/version_cache.h"

/* A tool that could not say its version may have had a bad moment: it is asked again after this. */
#define RETRY_NS (60 * NS_PER_S)

struct runtimes {
    struct loop *loop;
    const struct log *log;
    const struct host_view *view;
    char *cache_path; /* NULL: none */
    bool cache_is_stale;
    struct offer_set set;
    uint64_t generation; /* of what `set` offers */
    struct asker *asker;
    int prepared_fd; /* -1: none */
    int packages_fd; /* likewise: with recipes of the operator's own */
    struct installed *installed;
    struct package_watch watch, prepared_watch;
    struct list waits;
    struct loop_defer answer, change;
    void (*changed)(void *ctx); /* NULL: nobody listens */
    void *changed_ctx;
    struct unknown unknown;
    struct runtime *builtins[BUILTIN_COUNT]; /* made when first asked for */
    struct list kept;
};

struct kept {
    struct list link;
    const void *key;
    void *value;
    runtimes_kept_free_fn *fn;
};

struct runtimes_wait {
    struct list link;
    struct runtimes *owner;
    char *name; /* NULL: all */
    char *range;
    runtimes_found_fn *found;
    runtimes_listed_fn *listed;
    void *ctx;
};

static void answer_waits(void *ctx);

static void answer_soon(struct runtimes *r)
{
    loop_defer(r->loop, &r->answer, answer_waits, r);
}

/* --- what must be known ------------------------------------------------------------------ */

static bool is_meant(const struct offer *o, const char *name)
{
    return name == NULL || offer_may_be(o, name);
}

static bool is_open(const struct tool *t)
{
    return t->state == TOOL_UNKNOWN || t->state == TOOL_QUEUED;
}

static bool is_settled(const struct runtimes *r, const char *name)
{
    for (size_t i = 0; i < r->set.offer_count; i++) {
        const struct offer *o = &r->set.offers[i];
        if (is_open(o->tool) && is_meant(o, name)) {
            return false;
        }
    }
    return true;
}

static bool wants_asking(struct runtimes *r, const struct tool *t)
{
    if (t->state == TOOL_FAILED) {
        uint64_t now = loop_now_ns(r->loop);
        return t->failed_ns <= now && now - t->failed_ns >= RETRY_NS;
    }
    return t->state == TOOL_UNKNOWN;
}

static void ask_for(struct runtimes *r, const char *name)
{
    for (size_t i = 0; i < r->set.offer_count; i++) {
        const struct offer *o = &r->set.offers[i];
        if (is_meant(o, name) && wants_asking(r, o->tool)) {
            asker_ask(r->asker, o->tool);
        }
    }
}

/* --- what is made of what is known ------------------------------------------------------ */

void *runtimes_kept(struct runtimes *r, const void *key)
{
    LIST_FOR_EACH (node, &r->kept) {
        const struct kept *k = LIST_ITEM(node, struct kept, link);
        if (k->key == key) {
            ask_for(r, NULL); /* a tool that could not say its version may be able to by now */
            return k->value;
        }
    }
    return NULL;
}

void runtimes_keep(struct runtimes *r, const void *key, void *value, runtimes_kept_free_fn *fn)
{
    struct kept *k = xcalloc(1, sizeof(*k));
    *k = (struct kept){.key = key, .value = value, .fn = fn};
    list_append(&r->kept, &k->link);
}

static void drop_kept(struct runtimes *r)
{
    LIST_FOR_EACH (node, &r->kept) {
        struct kept *k = LIST_ITEM(node, struct kept, link);
        list_remove(&k->link);
        k->fn(k->value);
        free(k);
    }
}

static void cache_save(struct runtimes *r)
{
    if (r->cache_path == NULL || !r->cache_is_stale || !asker_is_idle(r->asker)) {
        return;
    }
    r->cache_is_stale = false;
    struct err e;
    if (version_cache_save(r->cache_path, &r->set, &e) < 0) {
        LOG_WARN(r->log, "versions not cached", log_s("error", e.text));
    }
}

static void on_version(void *ctx, struct tool *tool, const struct semver *version)
{
    struct runtimes *r = ctx;
    if (version != NULL) {
        offers_learn(&r->set, tool, version);
        r->cache_is_stale = true;
        drop_kept(r);
    }
    cache_save(r);
    answer_soon(r);
}

/* --- waits ------------------------------------------------------------------------------- */

static struct runtimes_wait *wait_new(struct runtimes *r, const char *name, const char *range)
{
    struct runtimes_wait *w = xcalloc(1, sizeof(*w));
    w->owner = r;
    w->name = xstrdup(name);
    w->range = xstrdup(range != NULL ? range : "");
    list_append(&r->waits, &w->link);
    ask_for(r, name);
    answer_soon(r);
    return w;
}

void runtimes_cancel(struct runtimes_wait *w)
{
    if (w == NULL) {
        return;
    }
    list_remove(&w->link);
    free(w->name);
    free(w->range);
    free(w);
}

/* What was installed goes before the host's of the same version. */
static struct runtime *best_known(const struct runtimes *r, enum runtime_known known,
                                  const char *name, const char *range)
{
    const struct installed_one *ours = installed_best(r->installed, known, name, range);
    const struct offer *host = offers_best(&r->set, known, name, range);
    bool higher =
        ours != NULL && host != NULL && semver_compare(&host->tool->version, &ours->version) > 0;
    if (host != NULL && (ours == NULL || higher)) {
        return host->runtime;
    }
    return ours != NULL ? ours->runtime : NULL;
}

/* Who knows a language by its package of Piston's only ("nasm", "dotnet") means that. */
static struct runtime *best_of(const struct runtimes *r, const char *name, const char *range)
{
    struct runtime *best = best_known(r, RUNTIME_KNOWN_BY_NAME, name, range);
    return best != NULL ? best : best_known(r, RUNTIME_KNOWN_BY_PACKAGE, name, range);
}

static void wait_answer(struct runtimes_wait *w)
{
    struct runtimes *r = w->owner;
    struct runtimes_wait told = *w;
    if (told.found != NULL) {
        struct runtime *best = best_of(r, w->name, w->range);
        if (best == NULL) {
            unknown_tell(&r->unknown, r->log, w->name, w->range);
        }
        /* The callback may change what is offered. */
        struct runtime *kept = best != NULL ? runtime_ref(best) : NULL;
        runtimes_cancel(w);
        told.found(told.ctx, kept);
        runtime_unref(kept);
        return;
    }
    struct runtime **all;
    size_t count = offers_all(&r->set, r->installed, &all);
    runtimes_cancel(w);
    told.listed(told.ctx, all, count);
    free(all);
}

/* The first that can be answered: any callback may end any other wait, so each search is a new one.
 */
static struct runtimes_wait *next_settled(struct runtimes *r)
{
    LIST_FOR_EACH (node, &r->waits) {
        struct runtimes_wait *w = LIST_ITEM(node, struct runtimes_wait, link);
        if (is_settled(r, w->name)) {
            return w;
        }
    }
    return NULL;
}

static void answer_waits(void *ctx)
{
    struct runtimes *r = ctx;
    struct runtimes_wait *w = next_settled(r);
    if (w != NULL) {
        answer_soon(r); /* for the next one; runtimes_free in the callback takes it back */
        wait_answer(w);
    }
}

struct runtimes_wait *runtimes_find(struct runtimes *r, const char *name, const char *range,
                                    runtimes_found_fn *fn, void *ctx)
{
    struct runtimes_wait *w = wait_new(r, name, range);
    w->found = fn;
    w->ctx = ctx;
    return w;
}

struct runtimes_wait *runtimes_list(struct runtimes *r, runtimes_listed_fn *fn, void *ctx)
{
    struct runtimes_wait *w = wait_new(r, NULL, NULL);
    w->listed = fn;
    w->ctx = ctx;
    return w;
}

struct runtime *runtimes_peek(struct runtimes *r, const char *name, const char *range,
                              bool *ret_known)
{
    *ret_known = is_settled(r, name);
    if (!*ret_known) {
        return NULL;
    }
    struct runtime *best = best_of(r, name, range != NULL ? range : "");
    if (best == NULL) {
        unknown_tell(&r->unknown, r->log, name, range);
    }
    return best != NULL ? runtime_ref(best) : NULL;
}

struct runtime *runtimes_peek_judge0(struct runtimes *r, bool extra, unsigned id,
                                     const struct semver *wanted, const char **ret_unknown)
{
    struct nearest nearest = {.wanted = *wanted};
    size_t count;
    const struct installed_one *ours = installed_all(r->installed, &count);
    *ret_unknown = NULL;
    for (size_t i = 0; i < count; i++) {
        if (recipe_is_judge0(ours[i].recipe, extra, id)) {
            nearest_see(&nearest, ours[i].runtime, &ours[i].version);
        }
    }
    for (size_t i = 0; i < r->set.offer_count; i++) {
        const struct offer *o = &r->set.offers[i];
        if (!recipe_is_judge0(o->recipe, extra, id)) {
            continue;
        }
        if (is_open(o->tool)) {
            *ret_unknown = o->recipe->language;
        } else if (o->usable) {
            nearest_see(&nearest, o->runtime, &o->tool->version);
        }
    }
    bool found = *ret_unknown == NULL && nearest.runtime != NULL;
    return found ? runtime_ref(nearest.runtime) : NULL;
}

/* --- what needs no language --------------------------------------------------------------- */

struct runtime *runtimes_builtin(struct runtimes *r, const char *name)
{
    size_t i = builtin_find(name);
    if (i == BUILTIN_COUNT) {
        return NULL;
    }
    if (r->builtins[i] == NULL) {
        r->builtins[i] = builtin_new(r->view, i);
    }
    return r->builtins[i] != NULL ? runtime_ref(r->builtins[i]) : NULL;
}

static void drop_builtins(struct runtimes *r)
{
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        runtime_unref(r->builtins[i]);
        r->builtins[i] = NULL;
    }
}

/* --- the whole --------------------------------------------------------------------------- */

/* What a look finds is not what the one before it found, though its versions are the same. */
static void count_look(struct runtimes *r)
{
    r->generation++;
    for (size_t i = 0; i < r->set.offer_count; i++) {
        r->set.offers[i].runtime->generation = r->generation;
    }
}

static void scan(struct runtimes *r)
{
    offers_scan(r->view, r->prepared_fd, r->packages_fd, &r->set);
    count_look(r);
    if (r->cache_path != NULL) {
        version_cache_load(r->cache_path, &r->set);
    }
}

static void forget_all(struct runtimes *r)
{
    for (size_t i = 0; i < r->set.tool_count; i++) {
        asker_forget(r->asker, r->set.tools[i]);
    }
    offers_done(&r->set);
}

/* What the last look knew of tools that are still the same file. */
static void keep_versions(struct runtimes *r, const struct offer_set *old)
{
    for (size_t i = 0; i < old->tool_count; i++) {
        const struct tool *was = old->tools[i];
        for (size_t j = 0; was->state == TOOL_KNOWN && j < r->set.tool_count; j++) {
            struct tool *t = r->set.tools[j];
            if (t->state == TOOL_UNKNOWN && strcmp(t->recipe->id, was->recipe->id) == 0 &&
                host_tool_same(&t->file, &was->file)) {
                offers_learn(&r->set, t, &was->version);
            }
        }
    }
}

static void tell_change(void *ctx)
{
    struct runtimes *r = ctx;
    if (r->changed) {
        r->changed(r->changed_ctx);
    }
    installed_forget(r->installed); /* nobody has spare boxes of it any more */
}

void runtimes_refresh(struct runtimes *r)
{
    for (size_t i = 0; i < r->set.tool_count; i++) {
        asker_forget(r->asker, r->set.tools[i]);
    }
    struct offer_set old = r->set;
    offers_scan(r->view, r->prepared_fd, r->packages_fd, &r->set);
    count_look(r);
    keep_versions(r, &old);
    offers_done(&old);
    drop_builtins(r);
    drop_kept(r);

    LIST_FOR_EACH (node, &r->waits) {
        ask_for(r, LIST_ITEM(node, struct runtimes_wait, link)->name);
    }
    answer_soon(r);
    loop_defer(r->loop, &r->change, tell_change, r);
}

const struct recipes *runtimes_recipes(struct runtimes *r)
{
    return unknown_recipes(&r->unknown);
}

void runtimes_on_change(struct runtimes *r, void (*fn)(void *ctx), void *ctx)
{
    r->changed = fn;
    r->changed_ctx = ctx;
}

static void on_packages_changed(void *ctx)
{
    struct runtimes *r = ctx;
    LOG_INFO(r->log, "packages changed, looking for languages again");
    runtimes_refresh(r);
}

static void on_prepared_changed(void *ctx)
{
    struct runtimes *r = ctx;
    LOG_INFO(r->log, "what is prepared has changed");
    runtimes_refresh(r);
}

void runtimes_read_installed(struct runtimes *r)
{
    installed_read(r->installed);
    drop_kept(r);
    answer_soon(r);
    loop_defer(r->loop, &r->change, tell_change, r);
}

static void on_installed_changed(void *ctx)
{
    struct runtimes *r = ctx;
    LOG_INFO(r->log, "what is installed has changed");
    runtimes_read_installed(r);
}

/* By a descriptor: a path could lead through directories that are not ours to walk. */
static void prepared_watch(struct runtimes *r)
{
    char path[32];
    struct err e;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", r->prepared_fd);
    if (r->prepared_fd >= 0 && package_watch_start(&r->prepared_watch, r->loop, path, NULL,
                                                   on_prepared_changed, r, &e) < 0) {
        LOG_WARN(r->log, "what is prepared later will be used after a restart",
                 log_s("error", e.text));
    }
}

struct runtimes *runtimes_new_at(const struct host_view *view, struct loop *loop,
                                 struct sandbox *sandbox, const char *cache_path, int prepared_fd,
                                 int packages_fd, const struct log *log)
{
    struct runtimes *r = xcalloc(1, sizeof(*r));
    r->loop = loop;
    r->log = log;
    r->view = view;
    r->cache_path = xstrdup(cache_path);
    r->prepared_fd = prepared_fd;
    r->packages_fd = r->unknown.packages_fd = packages_fd;
    list_init(&r->waits);
    list_init(&r->kept);
    r->asker = asker_new(loop, log, on_version, r);
    asker_set_sandbox(r->asker, sandbox);
    scan(r);

    struct err e;
    if (package_watch_start(&r->watch, loop, view->package_dir, PACKAGE_WATCH_DPKG,
                            on_packages_changed, r, &e) < 0) {
        /* New languages are then seen by a restart; without dpkg nothing else is to be expected. */
        LOG_DEBUG(log, "package changes not watched", log_s("error", e.text));
    }
    prepared_watch(r);
    r->installed = installed_new(loop, packages_fd, log, on_installed_changed, r);
    return r;
}

struct runtimes *runtimes_new(struct loop *loop, struct sandbox *sandbox, const char *cache_path,
                              int prepared_fd, int packages_fd, const struct log *log)
{
    return runtimes_new_at(&host_view_system, loop, sandbox, cache_path, prepared_fd, packages_fd,
                           log);
}

void runtimes_set_sandbox(struct runtimes *r, struct sandbox *sandbox)
{
    asker_set_sandbox(r->asker, sandbox);
}

void runtimes_free(struct runtimes *r)
{
    if (r == NULL) {
        return;
    }
    package_watch_stop(&r->watch);
    package_watch_stop(&r->prepared_watch);
    loop_defer_cancel(&r->answer);
    loop_defer_cancel(&r->change);
    LIST_FOR_EACH (node, &r->waits) {
        runtimes_cancel(LIST_ITEM(node, struct runtimes_wait, link));
    }
    drop_kept(r);
    drop_builtins(r);
    forget_all(r);
    asker_free(r->asker);
    installed_free(r->installed);
    unknown_done(&r->unknown);
    free(r->cache_path);
    free(r);
}
