/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which job runs next: CPU slots, room for boxes, two queues.
 */
#include "engine/engine.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "sandbox/sandbox.h"

/* --- queue and slots --------------------------------------------------------------------- */

bool engine_has_room(const struct engine *e)
{
    return e->sandbox && !sandbox_full(e->sandbox);
}

/* A box ahead of need must not be the one that a waiting job could start in. */
bool engine_has_spare(const struct engine *e)
{
    const struct sandbox *s = e->sandbox;
    return engine_has_room(e) && sandbox_hello(s)->boxes - sandbox_live(s) > e->config.slots;
}

static struct engine_job *list_first_job(const struct list *l)
{
    return list_empty(l) ? NULL : LIST_ITEM(l->next, struct engine_job, link);
}

static struct engine_job *queue_first(const struct engine *e)
{
    struct engine_job *j = list_first_job(&e->queues[JOB_INTERACTIVE]);
    return j ? j : list_first_job(&e->queues[JOB_BATCH]);
}

/* The jobs between two stages first: they hold a slot already. */
static void engine_pump(void *ctx)
{
    struct engine *e = ctx;
    struct engine_job *j;

    while (engine_has_room(e) && (j = list_first_job(&e->between)) != NULL) {
        list_remove(&j->link);
        runner_continue(j);
    }
    while (engine_has_room(e) && e->running < e->config.slots && (j = queue_first(e)) != NULL) {
        list_remove(&j->link);
        e->queued--;
        e->running++;
        j->has_slot = true;
        runner_start(j);
    }
}

static void engine_pump_later(struct engine *e)
{
    loop_defer(e->loop, &e->pump, engine_pump, e);
}

void engine_job_wait(struct engine_job *j)
{
    j->state = JOB_BETWEEN;
    list_append(&j->engine->between, &j->link);
}

void engine_job_leave(struct engine_job *j)
{
    struct engine *e = j->engine;
    list_remove(&j->link);
    if (j->has_slot) {
        j->has_slot = false;
        e->running--;
        engine_pump_later(e);
    } else if (j->state == JOB_QUEUED) {
        e->queued--;
    }
}

void engine_job_requeue(struct engine_job *j)
{
    struct engine *e = j->engine;
    engine_job_leave(j);
    j->state = JOB_QUEUED;
    e->queued++;
    list_prepend(&e->queues[j->job->priority], &j->link);
}

/* --- drain ------------------------------------------------------------------------------- */

static void engine_on_drained(void *ctx)
{
    struct engine *e = ctx;
    if (e->drained) {
        e->drained(e->drained_ctx); /* may free the engine */
    }
}

static void engine_check_drained(struct engine *e)
{
    if (e->draining && list_empty(&e->jobs)) {
        loop_defer(e->loop, &e->drain, engine_on_drained, e);
    }
}

void engine_drain(struct engine *e, void (*drained)(void *ctx), void *ctx)
{
    e->draining = true;
    e->drained = drained;
    e->drained_ctx = ctx;
    engine_check_drained(e);
}

void engine_on_finished(struct engine *e)
{
    e->finished++;
    engine_check_drained(e);
}

/* --- life -------------------------------------------------------------------------------- */

static void engine_on_room(void *ctx)
{
    engine_pump(ctx);
}

struct engine *engine_new(struct loop *loop, struct sandbox *sandbox,
                          const struct engine_config *config, const struct log *log)
{
    struct engine *e = xcalloc(1, sizeof(*e));
    e->loop = loop;
    e->config = *config;
    e->log = log;
    for (size_t i = 0; i < PRIORITIES; i++) {
        list_init(&e->queues[i]);
    }
    list_init(&e->between);
    list_init(&e->jobs);
    engine_set_sandbox(e, sandbox);
    return e;
}

void engine_free(struct engine *e)
{
    if (!e) {
        return;
    }
    LIST_FOR_EACH (node, &e->jobs) {
        runner_free(LIST_ITEM(node, struct engine_job, all));
    }
    if (e->sandbox) {
        sandbox_forget(e->sandbox, e);
    }
    loop_defer_cancel(&e->pump);
    loop_defer_cancel(&e->drain);
    free(e);
}

void engine_set_sandbox(struct engine *e, struct sandbox *sandbox)
{
    if (e->sandbox) {
        sandbox_forget(e->sandbox, e);
    }
    e->sandbox = sandbox;
    if (sandbox) {
        sandbox_on_lost(sandbox, NULL, engine_on_room, e);
        engine_pump_later(e);
    }
}

struct engine_stats engine_stats(const struct engine *e)
{
    return (struct engine_stats){
        .slots = e->config.slots,
        .running = e->running,
        .queued = e->queued,
        .boxes = e->sandbox ? sandbox_live(e->sandbox) : 0,
        .finished = e->finished,
    };
}

/* --- jobs -------------------------------------------------------------------------------- */

static int engine_check_open(const struct engine *e, size_t bytes, struct err *err)
{
    if (e->draining) {
        return err_set(err, ERR_BUSY, "the server is stopping and takes no more jobs");
    }
    if (e->queued >= e->config.queue_max) {
        return err_set(err, ERR_BUSY, "%u jobs wait already, the limit", e->queued);
    }
    /* One job alone is always taken: its size is the dialect's to limit. */
    if (e->held_bytes > 0 && e->held_bytes + bytes > e->config.queue_bytes) {
        return err_set(err, ERR_BUSY, "the jobs that wait hold %" PRIu64 " bytes already",
                       e->held_bytes);
    }
    return 0;
}

int engine_submit(struct engine *e, struct job *job, const struct engine_observer *observer,
                  struct engine_job **ret, struct err *err)
{
    size_t bytes = job_bytes(job);
    int r = engine_check_open(e, bytes, err);
    if (r < 0) {
        job_free(job);
        return r;
    }
    struct engine_job *j = runner_new(e, job, observer);
    j->bytes = bytes;
    e->held_bytes += bytes;
    list_append(&e->jobs, &j->all);
    list_append(&e->queues[job->priority], &j->link);
    e->queued++;
    engine_pump_later(e);
    *ret = j;
    return 0;
}

const struct job *engine_job(const struct engine_job *j)
{
    return j->job;
}

void engine_job_cancel(struct engine_job *j, bool silent)
{
    runner_cancel(j, silent);
}

/* The box of a program that can be given input; NULL: not yet, or no more. */
static struct box *run_box(const struct engine_job *j)
{
    bool running = j->state == JOB_RUNNING && j->stage_kind == STAGE_RUN;
    return running ? j->stages[STAGE_RUN].box : NULL;
}

static bool takes_stdin(const struct engine_job *j)
{
    return j->job->stdin_open && !j->stdin_ended && j->state != JOB_FINISHED;
}

void engine_job_stdin(struct engine_job *j, const void *data, size_t len)
{
    if (!takes_stdin(j)) {
        return;
    }
    if (run_box(j)) {
        box_stdin(run_box(j), data, len);
    } else {
        buf_add(&j->stdin_wait, data, len);
    }
}

void engine_job_stdin_end(struct engine_job *j)
{
    if (!takes_stdin(j)) {
        return;
    }
    /* On a terminal this is a character; more may come after it. */
    j->stdin_ended = j->job->stdio != JOB_STDIO_PTY || !run_box(j);
    if (run_box(j)) {
        box_stdin_end(run_box(j));
    }
}

size_t engine_job_stdin_pending(const struct engine_job *j)
{
    return j->stdin_wait.len + (run_box(j) ? box_stdin_pending(run_box(j)) : 0);
}

void engine_job_signal(struct engine_job *j, int signo)
{
    if (j->state == JOB_RUNNING && job_stage(j)->box) {
        box_signal(job_stage(j)->box, signo);
    }
}

/* Before the run stage the new size becomes the one that it starts with. */
void engine_job_resize(struct engine_job *j, uint16_t rows, uint16_t columns)
{
    j->job->rows = rows;
    j->job->columns = columns;
    if (run_box(j)) {
        box_resize(run_box(j), rows, columns);
    }
}

void engine_job_resume(struct engine_job *j, enum engine_stream stream)
{
    stage_resume(job_stage(j), stream);
}
