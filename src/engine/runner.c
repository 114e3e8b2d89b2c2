/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job from its slot to its result: a compile stage where the runtime has one, then the run
 * stage in a new box that unpacks what the compile stage left.
 *
 * An observer may cancel the job from any of its callbacks: after each of them the state is looked
 * at again.  The job itself is only freed by the deferred call `finish`.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/command.h"
#include "engine/engine_impl.h"
#include "engine/verdict.h"
#include "model/runtime.h"
#include "sandbox/sandbox.h"

struct engine_job *runner_new(struct engine *e, struct job *job,
                              const struct engine_observer *observer)
{
    struct engine_job *j = xcalloc(1, sizeof(*j));
    j->engine = e;
    j->job = job;
    j->observer = *observer;
    j->product_fd = -1;
    list_init(&j->all);
    list_init(&j->link);
    for (size_t i = 0; i < ENGINE_STAGES; i++) {
        stage_init(&j->stages[i]);
    }
    result_init(&j->result);
    j->result.queued_ns = clock_wall_ns(&clock_system);
    return j;
}

/* What belongs to one try. */
static void runner_reset(struct engine_job *j)
{
    for (size_t i = 0; i < ENGINE_STAGES; i++) {
        stage_end(&j->stages[i]);
    }
    layout_done(&j->layout);
    strv_freep(&j->env);
    fd_closep(&j->product_fd);
}

void runner_free(struct engine_job *j)
{
    loop_defer_cancel(&j->finish);
    list_remove(&j->link);
    list_remove(&j->all);
    j->engine->held_bytes -= j->bytes;
    runner_reset(j);
    buf_done(&j->stdin_wait);
    result_done(&j->result);
    job_free(j->job);
    free(j);
}

/* --- the end ----------------------------------------------------------------------------- */

static void runner_log(const struct engine_job *j)
{
    const struct result *r = &j->result;
    const struct stage_result *last = r->run.ran ? &r->run : &r->compile;
    LOG_INFO(j->engine->log, "job finished", log_s("id", j->job->id),
             log_s("dialect", j->job->dialect), log_s("language", j->job->runtime->language),
             log_s("version", j->job->runtime->version), log_s("verdict", verdict_name(r->verdict)),
             log_i("queue_ms",
                   (int64_t)((r->started_ns ? r->started_ns : r->finished_ns) - r->queued_ns) /
                       (int64_t)NS_PER_MS),
             log_i("wall_ms", (int64_t)(last->wall_ns / NS_PER_MS)),
             log_i("cpu_ms", (int64_t)(last->cpu_ns / NS_PER_MS)),
             log_i("memory", (int64_t)last->memory_bytes));
    if (r->verdict == VERDICT_INTERNAL_ERROR) {
        LOG_ERROR(j->engine->log, "job failed", log_s("id", j->job->id),
                  log_s("error", last->reason));
    }
}

static void runner_on_finish(void *ctx)
{
    struct engine_job *j = ctx;
    struct engine *e = j->engine;

    runner_log(j);
    if (!j->silent) {
        j->observer.finished(j->observer.ctx, &j->result);
    }
    runner_free(j);
    engine_on_finished(e);
}

void runner_finish(struct engine_job *j, enum verdict verdict)
{
    engine_job_leave(j);
    j->state = JOB_FINISHED;
    j->result.verdict = verdict;
    j->result.finished_ns = clock_wall_ns(&clock_system);
    loop_defer(j->engine->loop, &j->finish, runner_on_finish, j);
}

void runner_cancel(struct engine_job *j, bool silent)
{
    j->silent |= silent;
    j->cancelled = true;
    if (j->state == JOB_FINISHED) {
        return;
    }
    if (j->state == JOB_RUNNING) {
        stage_cancel(job_stage(j));
        if (!silent) {
            return; /* the box's last word has the numbers */
        }
    }
    runner_finish(j, VERDICT_CANCELLED);
}

/* --- what a stage says ------------------------------------------------------------------- */

static bool runner_on_output(void *ctx, enum engine_stream stream, const char *data, size_t len)
{
    struct engine_job *j = ctx;
    if (!j->observer.output) {
        return true;
    }
    j->output_told = true;
    return j->observer.output(j->observer.ctx, j->stage_kind, stream, data, len);
}

static void runner_on_stdin_room(void *ctx)
{
    struct engine_job *j = ctx;
    bool asked = j->job->stdin_open && j->stage_kind == STAGE_RUN && !j->silent;
    if (asked && j->observer.stdin_room) {
        j->observer.stdin_room(j->observer.ctx);
    }
}

static bool can_run_again(const struct engine_job *j)
{
    return j->reruns < RERUNS_MAX && !j->output_told && !j->job->stdin_open && !j->cancelled;
}

/* boxd is gone.  What had been compiled goes too: it is simpler than it is dear. */
static void runner_on_lost(struct engine_job *j, struct stage_result *result)
{
    if (!can_run_again(j)) {
        verdict_internal("boxd was lost while the program ran", result);
        runner_finish(j, j->cancelled ? VERDICT_CANCELLED : VERDICT_INTERNAL_ERROR);
        return;
    }
    j->reruns++;
    LOG_WARN(j->engine->log, "job runs again", log_s("id", j->job->id),
             log_i("rerun", (int64_t)j->reruns));
    runner_reset(j);
    uint64_t queued_ns = j->result.queued_ns;
    result_done(&j->result);
    result_init(&j->result);
    j->result.queued_ns = queued_ns;
    engine_job_requeue(j);
}

static enum verdict verdict_after_compile(enum verdict verdict)
{
    return verdict == VERDICT_CANCELLED || verdict == VERDICT_INTERNAL_ERROR
               ? verdict
               : VERDICT_COMPILE_ERROR;
}

static void runner_next(struct engine_job *j, const struct stage_result *result)
{
    if (j->cancelled) {
        runner_finish(j, VERDICT_CANCELLED);
    } else if (j->stage_kind == STAGE_RUN) {
        runner_finish(j, result->verdict);
    } else if (result->verdict != VERDICT_OK) {
        runner_finish(j, verdict_after_compile(result->verdict));
    } else {
        j->stage_kind = STAGE_RUN;
        runner_continue(j);
    }
}

static void runner_stage_done(struct engine_job *j, const struct stage_result *result)
{
    if (j->observer.stage_done && !j->silent) {
        j->observer.stage_done(j->observer.ctx, j->stage_kind, result);
    }
    if (j->state != JOB_FINISHED) {
        runner_next(j, result);
    }
}

static struct stage_result *runner_result(struct engine_job *j)
{
    return j->stage_kind == STAGE_COMPILE ? &j->result.compile : &j->result.run;
}

static void runner_on_done(void *ctx, struct box_report *report)
{
    struct engine_job *j = ctx;
    if (report->product_fd >= 0) {
        j->product_fd = report->product_fd;
        j->product_size = report->product_size;
    }
    struct stage *stage = job_stage(j);
    if (j->state == JOB_FINISHED) {
        return; /* cancelled, and nobody wants to hear more */
    }
    if (report->ended.end == BOX_END_LOST && report->failure.kind == ERR_GONE) {
        runner_on_lost(j, runner_result(j));
    } else {
        runner_stage_done(j, runner_result(j));
    }
    /* After the next stage has begun: nobody need wait while a box is taken down. */
    stage_end(stage);
}

/* --- starting a stage -------------------------------------------------------------------- */

static struct stage_plan plan_of(const struct engine_job *j, enum engine_stage kind,
                                 const struct buf *files)
{
    const struct job *job = j->job;
    bool compile = kind == STAGE_COMPILE;
    return (struct stage_plan){
        .job = job,
        .limits = compile ? &job->compile : &job->run,
        .env = j->env,
        .files = j->product_fd < 0 ? files : NULL,
        .product_fd = j->product_fd,
        .product_size = j->product_size,
        .collect = compile,
        .collect_max = j->engine->config.product_max,
        .cpu_milli = j->engine->config.cpu_milli,
        .stdio = compile ? JOB_STDIO_PIPE : job->stdio,
    };
}

/* The box of the run stage is built while the compiler works. */
static void runner_on_built(void *ctx)
{
    struct engine_job *j = ctx;
    if (j->stage_kind == STAGE_RUN || j->cancelled || !engine_has_spare(j->engine)) {
        return;
    }
    struct stage_plan plan = plan_of(j, STAGE_RUN, NULL);
    struct err ignored; /* the run stage tries again, and tells */
    stage_prepare(&j->stages[STAGE_RUN], j->engine->sandbox, &plan, &ignored);
}

static const struct stage_events stage_events = {
    .output = runner_on_output,
    .stdin_room = runner_on_stdin_room,
    .built = runner_on_built,
    .done = runner_on_done,
};

static int runner_start_stage(struct engine_job *j, struct err *e)
{
    AUTO(buf_done) struct buf files = {0};
    int r = j->product_fd < 0 ? layout_archive(j->job, &j->layout, &files, e) : 0;
    if (r < 0) {
        return r;
    }
    struct stage_plan plan = plan_of(j, j->stage_kind, &files);
    const struct runtime *runtime = j->job->runtime;
    bool compile = j->stage_kind == STAGE_COMPILE;
    char *const *command =
        compile ? command_for_compile(runtime, &j->layout) : command_for_run(runtime, &j->layout);
    if (!command) {
        return err_set(e, ERR_BUG, "%s %s has no command to run a program with", runtime->language,
                       runtime->version);
    }
    AUTO(strv_freep) char **argv = command_expand(command, &j->layout, j->job->args);
    plan.argv = argv;
    struct stage_events events = stage_events;
    events.ctx = j;
    return stage_start(job_stage(j), j->engine->sandbox, &plan, runner_result(j), &events, e);
}

static void runner_feed_stdin(struct engine_job *j)
{
    struct box *box = job_stage(j)->box;
    if (j->stage_kind == STAGE_RUN) {
        box_stdin(box, j->job->stdin_data, j->job->stdin_size);
        box_stdin(box, j->stdin_wait.data, j->stdin_wait.len);
        buf_done(&j->stdin_wait);
    }
    if (j->stage_kind == STAGE_COMPILE || !j->job->stdin_open || j->stdin_ended) {
        box_stdin_end(box);
    }
}

/* No box could be had.  Had boxd gone in this moment, the job waits for the next one. */
static void runner_on_not_started(struct engine_job *j, const struct err *why)
{
    struct stage_result *result = runner_result(j);
    if (why->kind == ERR_GONE) {
        runner_on_lost(j, result);
        return;
    }
    verdict_internal(why->text, result);
    runner_stage_done(j, result);
}

void runner_continue(struct engine_job *j)
{
    bool has_box = job_stage(j)->box && j->engine->sandbox;
    if (!has_box && !engine_has_room(j->engine)) {
        engine_job_wait(j);
        return;
    }
    j->state = JOB_RUNNING;
    runner_result(j)->ran = true;
    struct err e;
    if (runner_start_stage(j, &e) < 0) {
        runner_on_not_started(j, &e);
        return;
    }
    runner_feed_stdin(j);
    if (j->observer.stage && !j->silent) {
        j->observer.stage(j->observer.ctx, j->stage_kind);
    }
}

void runner_start(struct engine_job *j)
{
    const struct job *job = j->job;
    j->result.started_ns = clock_wall_ns(&clock_system);
    layout_make(job, &j->layout);
    j->env = command_environment(job);
    j->stage_kind = command_for_compile(job->runtime, &j->layout) ? STAGE_COMPILE : STAGE_RUN;
    runner_continue(j);
}
