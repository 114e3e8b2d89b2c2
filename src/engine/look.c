/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs now, for those who look: what is known here, and what boxd measures.  One measurement
 * serves all who asked before it began; who asks meanwhile waits for the next one.
 */
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "model/runtime.h"
#include "sandbox/sandbox.h"

struct engine_look {
    struct list link;
    bool asked; /* the measurement that is under way is its */
    engine_live_fn *fn;
    void *ctx;
};

static bool is_live(const struct engine_job *j)
{
    return j->job && (j->has_slot || j->has_session) && j->state != JOB_LOADING;
}

static struct engine_live live_of(struct engine_job *j)
{
    static const char *const stages[] = {"unpack", "compile", "run"};
    const struct box *box = j->state == JOB_RUNNING ? job_stage(j)->box : NULL;
    struct box_measure used = box ? box_measured(box) : (struct box_measure){0};
    return (struct engine_live){
        .id = j->id,
        .dialect = j->job->dialect,
        .caller = j->job->caller ? j->job->caller : "",
        .language = j->job->runtime->language,
        .version = j->job->runtime->version,
        .stage = j->state == JOB_RUNNING ? stages[j->stage_kind] : "wait",
        .session = j->has_session,
        .started_ns = j->result.started_ns,
        .memory_bytes = used.memory_bytes,
        .cpu_ns = used.cpu_ns,
    };
}

static int by_start(const void *left, const void *right)
{
    const struct engine_live *a = left, *b = right;
    return (a->started_ns > b->started_ns) - (a->started_ns < b->started_ns);
}

/* *ret is freed by the caller. */
static size_t live_list(struct engine *e, struct engine_live **ret)
{
    size_t count = 0;
    *ret = xcalloc((size_t)e->running + e->sessions + 1, sizeof(**ret));
    LIST_FOR_EACH (node, &e->jobs) {
        struct engine_job *j = LIST_ITEM(node, struct engine_job, all);
        if (is_live(j)) {
            (*ret)[count++] = live_of(j);
        }
    }
    qsort(*ret, count, sizeof(**ret), by_start);
    return count;
}

static struct engine_look *first_asked(struct engine *e)
{
    /* One that was told was taken out of the list before it was freed. */
    LIST_FOR_EACH (node, &e->looks) { /* NOLINT(clang-analyzer-unix.Malloc) */
        struct engine_look *l = LIST_ITEM(node, struct engine_look, link);
        if (l->asked) {
            return l;
        }
    }
    return NULL;
}

static void looks_begin(void *ctx);

static void looks_tell(void *ctx)
{
    struct engine *e = ctx;
    struct engine_live *all;
    size_t count = live_list(e, &all);
    e->measuring = false;
    for (struct engine_look *l; (l = first_asked(e)) != NULL;) {
        engine_live_fn *fn = l->fn;
        void *fn_ctx = l->ctx;
        engine_look_cancel(l);
        fn(fn_ctx, all, count);
    }
    free(all);
    looks_begin(e);
}

static void looks_begin(void *ctx)
{
    struct engine *e = ctx;
    if (e->measuring || list_empty(&e->looks)) {
        return;
    }
    LIST_FOR_EACH (node, &e->looks) {
        LIST_ITEM(node, struct engine_look, link)->asked = true;
    }
    e->measuring = true;
    if (e->sandbox) {
        sandbox_measure(e->sandbox, looks_tell, e);
    } else {
        loop_defer(e->loop, &e->look, looks_tell, e);
    }
}

void looks_begin_again(struct engine *e)
{
    loop_defer_cancel(&e->look);
    e->measuring = false;
    looks_begin(e);
}

struct engine_look *engine_look(struct engine *e, engine_live_fn *fn, void *ctx)
{
    struct engine_look *l = xcalloc(1, sizeof(*l));
    l->fn = fn;
    l->ctx = ctx;
    list_append(&e->looks, &l->link);
    looks_begin(e);
    return l;
}

void engine_look_cancel(struct engine_look *l)
{
    if (l) {
        list_remove(&l->link);
        free(l);
    }
}

void looks_free(struct engine *e)
{
    loop_defer_cancel(&e->look);
    LIST_FOR_EACH (node, &e->looks) {
        engine_look_cancel(LIST_ITEM(node, struct engine_look, link));
    }
}
