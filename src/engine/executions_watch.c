/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who watches one while it runs.  Nothing is kept for them: they look at the engine's result when
 * there is more in it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/executions_impl.h"

struct executions_watch {
    struct executions *all;
    struct executions_watcher watcher;
    struct list every;     /* of executions.watches */
    struct list link;      /* of active.watches, or of executions.early_watches */
    struct active *active; /* NULL: none, or not known yet */
    struct executions_read *read;
    bool looked; /* into memory and store, which did not agree */
    char id[EXECUTION_ID_MAX + 1];
};

static void watch_free(struct executions_watch *w)
{
    executions_forget(w->read);
    list_remove(&w->link);
    list_remove(&w->every);
    free(w);
}

static void watch_end(struct executions_watch *w, struct execution *x, const struct err *why)
{
    struct executions_watcher watcher = w->watcher;
    watch_free(w);
    watcher.over(watcher.ctx, x, why);
}

static void watch_refuse(struct executions_watch *w, enum err_kind kind, const char *text)
{
    struct err why;
    err_set(&why, kind, "%s", text);
    watch_end(w, NULL, &why);
}

/* --- looked for -------------------------------------------------------------------------- */

static void watch_look(struct executions_watch *w);

/* Neither over nor active: it was finished while it was read, or is not recovered yet. */
static void watch_wait(struct executions_watch *w)
{
    if (w->all->recovering) {
        list_append(&w->all->early_watches, &w->link);
    } else if (!TAKE(&w->looked, true)) {
        watch_look(w);
    } else {
        watch_refuse(w, ERR_BUSY, "this server does not run it");
    }
}

static bool watch_attach(struct executions_watch *w)
{
    struct active *a = active_find(w->all, w->id);
    if (!a || (a->state == ACTIVE_SAVING && a->whole)) {
        return false;
    }
    w->active = a;
    list_append(&a->watches, &w->link);
    return true;
}

static void on_got(void *ctx, struct execution *x, const struct err *why)
{
    struct executions_watch *w = ctx;
    w->read = NULL;
    if (why) {
        watch_end(w, NULL, why);
    } else if (!x) {
        watch_refuse(w, ERR_NOT_FOUND, "there is no such execution");
    } else if (execution_is_over(x)) {
        watch_end(w, x, NULL);
    } else if (!watch_attach(w)) {
        watch_wait(w);
    }
}

static void watch_look(struct executions_watch *w)
{
    w->active = NULL;
    if (!watch_attach(w)) {
        w->read = executions_get(w->all, w->id, PARTS_ALL, on_got, w);
    }
}

struct executions_watch *executions_watch(struct executions *e, const char *id,
                                          const struct executions_watcher *watcher)
{
    struct executions_watch *w = xcalloc(1, sizeof(*w));
    w->all = e;
    w->watcher = *watcher;
    snprintf(w->id, sizeof(w->id), "%s", id);
    list_init(&w->link);
    list_append(&e->watches, &w->every);
    watch_look(w);
    return w;
}

void executions_unwatch(struct executions_watch *w)
{
    if (w) {
        watch_free(w);
    }
}

const struct result *executions_watch_result(const struct executions_watch *w,
                                             enum engine_stage *ret_stage)
{
    const struct active *a = w->active;
    if (!a || a->state != ACTIVE_RUNNING || !a->job) {
        return NULL;
    }
    if (ret_stage) {
        *ret_stage = a->stage;
    }
    return engine_job_result(a->job);
}

/* --- what becomes of it ------------------------------------------------------------------ */

static void watches_move(struct list *from, struct list *to)
{
    LIST_FOR_EACH (node, from) {
        list_remove(node);
        list_append(to, node);
    }
}

/* Any of them may leave, and others come, while one is told. */
void watches_progress(struct active *a)
{
    if (list_empty(&a->watches)) {
        return;
    }
    struct list telling;
    list_init(&telling);
    watches_move(&a->watches, &telling);
    while (!list_empty(&telling)) {
        struct executions_watch *w = LIST_ITEM(telling.next, struct executions_watch, link);
        list_remove(&w->link);
        list_append(&a->watches, &w->link);
        w->watcher.progress(w->watcher.ctx);
    }
}

/* Any of them may unwatch another. */
static void watches_end(struct list *watches, struct execution *x, const struct err *why)
{
    for (struct list *node = watches->next; node != watches; node = watches->next) {
        list_remove(node); /* NOLINT(clang-analyzer-unix.Malloc) */
        watch_end(LIST_ITEM(node, struct executions_watch, link), x, why);
    }
}

void watches_over(struct active *a)
{
    if (a->whole) {
        watches_end(&a->watches, a->x, NULL);
    }
}

/* It leaves memory after this. */
void watches_gone(struct active *a)
{
    LIST_FOR_EACH (node, &a->watches) {
        struct executions_watch *w = LIST_ITEM(node, struct executions_watch, link);
        list_remove(node);
        w->active = NULL;
        w->read = executions_get(w->all, w->id, PARTS_ALL, on_got, w);
    }
}

void watches_refuse(struct active *a, const struct err *why)
{
    watches_end(&a->watches, NULL, why);
}

void watches_let_go(struct active *a)
{
    struct err stopping;
    err_set(&stopping, ERR_BUSY, "the server is stopping");
    watches_refuse(a, &stopping);
}

void watches_look_again(struct executions *e)
{
    LIST_FOR_EACH (node, &e->early_watches) {
        list_remove(node);
        watch_look(LIST_ITEM(node, struct executions_watch, link));
    }
}

void watches_done(struct executions *e)
{
    LIST_FOR_EACH (node, &e->watches) {
        watch_free(LIST_ITEM(node, struct executions_watch, every));
    }
}
