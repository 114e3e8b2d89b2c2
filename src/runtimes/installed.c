/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/installed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/runtime.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "runtimes/installed_runtime.h"
#include "runtimes/layer_holds.h"
#include "runtimes/name_index.h"
#include "runtimes/package_watch.h"

/* What changes is one rename; who installs a set makes several. */
#define SETTLE_NS (50 * NS_PER_MS)

struct one_list {
    struct installed_one *ones;
    size_t count;
    struct name_index index[RUNTIME_KNOWN_BY_PACKAGE + 1]; /* by enum runtime_known */
};

struct installed {
    int packages_fd;
    const struct log *log;
    struct layer_holds *holds; /* NULL: there is no store */
    struct package_watch watch;
    struct one_list now, before;
};

static void list_index_done(struct one_list *l)
{
    for (size_t i = 0; i < ARRAY_LEN(l->index); i++) {
        name_index_done(&l->index[i]);
    }
}

static void list_index(struct one_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct runtime *r = l->ones[i].runtime;
        name_index_add(&l->index[RUNTIME_KNOWN_BY_NAME], r->language, i);
        for (char *const *alias = r->aliases; alias != NULL && *alias != NULL; alias++) {
            name_index_add(&l->index[RUNTIME_KNOWN_BY_NAME], *alias, i);
        }
        if (r->package != NULL) {
            name_index_add(&l->index[RUNTIME_KNOWN_BY_PACKAGE], r->package, i);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(l->index); i++) {
        name_index_sort(&l->index[i]);
    }
}

static void list_done(struct one_list *l)
{
    list_index_done(l);
    for (size_t i = 0; i < l->count; i++) {
        runtime_unref(l->ones[i].runtime);
        recipe_unref(l->ones[i].recipe);
    }
    free(l->ones);
    *l = (struct one_list){0};
}

static void list_move(struct one_list *from, struct one_list *to)
{
    size_t count = to->count + from->count;
    to->ones = xreallocarray(to->ones, count + 1, sizeof(to->ones[0]));
    for (size_t i = 0; i < from->count; i++) {
        to->ones[to->count++] = from->ones[i];
    }
    list_index_done(from); /* by name nobody asks for those that are moved */
    free(from->ones);
    *from = (struct one_list){0};
}

static void say(void *ctx, const struct err *e)
{
    const struct installed *s = ctx;
    LOG_WARN(s->log, "an installed runtime is left out", log_s("why", e->text));
}

static int one_new(const struct installed *s, const struct manifest *m, struct installed_one *ret,
                   struct err *e)
{
    struct runtime *r = NULL;
    int result = installed_runtime_new(s->packages_fd, m, &r, e);
    result = result < 0 ? result : layer_holds_take(s->holds, r, e);
    if (result < 0) {
        runtime_unref(r);
        return result;
    }
    *ret = (struct installed_one){.runtime = r, .recipe = recipe_ref(m->recipe)};
    semver_parse(r->version, &ret->version);
    return 0;
}

static void store_read(const struct installed *s, const struct package_store *store,
                       struct one_list *ret)
{
    struct manifest **all = NULL;
    size_t count = package_store_list(store, &all, say, (void *)(uintptr_t)s);
    ret->ones = xcalloc(count + 1, sizeof(ret->ones[0]));
    for (size_t i = 0; i < count; i++) {
        struct err e;
        bool runs = !all[i]->hidden && !recipe_is_part(all[i]->recipe);
        if (runs && one_new(s, all[i], &ret->ones[ret->count], &e) < 0) {
            say((void *)(uintptr_t)s, &e);
        } else {
            ret->count += runs;
        }
        manifest_free(all[i]);
    }
    list_index(ret);
    free(all);
}

/* By a descriptor: a path could lead through directories that are not ours to walk. */
static int store_of(const struct installed *s, struct package_store **ret, struct err *e)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d/.", s->packages_fd); /* it is no link itself */
    return package_store_open(path, false, ret, e);
}

void installed_read(struct installed *s)
{
    AUTO(package_store_closep) struct package_store *store = NULL;
    struct err e;
    if (s->packages_fd < 0) {
        return;
    }
    if (store_of(s, &store, &e) < 0) {
        LOG_WARN(s->log, "what is installed cannot be read", log_s("why", e.text));
        return;
    }
    struct one_list now = {0};
    store_read(s, store, &now); /* before the old ones go: their locks are not let go between */
    list_move(&s->now, &s->before);
    s->now = now;
}

void installed_forget(struct installed *s)
{
    list_done(&s->before);
}

struct installed *installed_new(struct loop *loop, int packages_fd, const struct log *log,
                                loop_fn *fn, void *ctx)
{
    struct installed *s = xcalloc(1, sizeof(*s));
    *s = (struct installed){.packages_fd = packages_fd, .log = log};
    if (packages_fd < 0) {
        return s;
    }
    char path[48];
    struct err e;
    s->holds = layer_holds_new(packages_fd);
    snprintf(path, sizeof(path), "/proc/self/fd/%d/runtimes", packages_fd);
    /* First the watch: what comes while we read is read again. */
    if (package_watch_start(&s->watch, loop, path, NULL, fn, ctx, &e) < 0) {
        LOG_WARN(log, "what is installed later will be used after a restart",
                 log_s("error", e.text));
    }
    s->watch.settle_ns = SETTLE_NS;
    installed_read(s);
    return s;
}

void installed_free(struct installed *s)
{
    if (s == NULL) {
        return;
    }
    package_watch_stop(&s->watch);
    list_done(&s->now);
    list_done(&s->before);
    layer_holds_free(s->holds);
    free(s);
}

const struct installed_one *installed_all(const struct installed *s, size_t *ret_count)
{
    *ret_count = s->now.count;
    return s->now.ones;
}

const struct installed_one *installed_best(const struct installed *s, enum runtime_known known,
                                           const char *name, const char *range)
{
    const struct installed_one *best = NULL;
    size_t count;
    const struct name_entry *named = name_index_find(&s->now.index[known], name, &count);
    for (size_t i = 0; i < count; i++) {
        const struct installed_one *o = &s->now.ones[named[i].position];
        if (semver_satisfies(&o->version, range) &&
            (best == NULL || semver_compare(&o->version, &best->version) > 0)) {
            best = o;
        }
    }
    return best;
}
