/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job from its slot to its result: its stages one after the other (plan.c), each in a new box.
 *
 * An observer may cancel the job from any of its callbacks: after each of them the state is looked
 * at again.  The job itself is only freed by the deferred call `finish`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/artifacts.h"
#include "engine/command.h"
#include "engine/engine_impl.h"
#include "engine/verdict.h"
#include "metrics/metrics.h"
#include "model/runtime.h"
#include "sandbox/sandbox.h"

struct engine_job *runner_new(struct engine *e, const char *id,
                              const struct engine_observer *observer)
{
    struct engine_job *j = xcalloc(1, sizeof(*j));
    j->engine = e;
    snprintf(j->id, sizeof(j->id), "%s", id);
    j->observer = *observer;
    j->product_fd = -1;
    list_init(&j->all);
    list_init(&j->link);
    for (size_t i = 0; i < ENGINE_STAGES; i++) {
        stage_init(&j->stages[i]);
    }
    result_init(&j->result);
    j->result.queued_ns = clock_wall_ns(&clock_system);
    j->queued_mono_ns = clock_mono_ns(&clock_system);
    return j;
}

void runner_hold(struct engine_job *j, struct job *job)
{
    j->job = job;
    j->bytes = job_bytes(job);
    j->engine->held_bytes += j->bytes;
    j->is_interactive = job->stdin_open;
    j->engine->sessions_accepted += job->stdin_open;
}

/* What belongs to one try. */
static void runner_reset(struct engine_job *j)
{
    share_leave(j);
    for (size_t i = 0; i < ENGINE_STAGES; i++) {
        stage_end(&j->stages[i]);
    }
    layout_done(&j->layout);
    strv_freep(&j->env);
    strv_freep(&j->compile_env);
    fd_closep(&j->product_fd);
}

/* The memory is another job's, also while this one's box is still there. */
static void runner_release(struct engine_job *j)
{
    j->engine->held_bytes -= j->bytes;
    j->bytes = 0;
}

void runner_free(struct engine_job *j)
{
    loop_defer_cancel(&j->start);
    loop_defer_cancel(&j->finish);
    list_remove(&j->link);
    list_remove(&j->all);
    table_remove(&j->engine->by_id, &j->by_id);
    runner_release(j);
    runner_reset(j);
    box_free(j->last_box);
    buf_done(&j->stdin_wait);
    result_done(&j->result);
    job_free(j->job);
    free(j);
}

/* --- the end ----------------------------------------------------------------------------- */

static int64_t in_ms(uint64_t ns)
{
    return (int64_t)(ns / NS_PER_MS);
}

static void runner_log(const struct engine_job *j)
{
    const struct job *job = j->job;
    const struct result *r = &j->result;
    const struct stage_result *last = r->run.ran          ? &r->run
                                      : r->test_count > 0 ? &r->tests[r->test_count - 1]
                                      : r->compile.ran    ? &r->compile
                                                          : &r->unpack;
    if (!job) {
        return; /* cancelled before anything was known of it */
    }
    LOG_INFO(
        j->engine->log, "job finished", log_s("id", j->id), log_s("dialect", job->dialect),
        log_s("language", job->runtime->language), log_s("version", job->runtime->version),
        log_s("verdict", verdict_name(r->verdict)),
        log_i("queue_ms", in_ms((r->started_ns ? r->started_ns : r->finished_ns) - r->queued_ns)),
        log_i("wall_ms", in_ms(last->wall_ns)), log_i("cpu_ms", in_ms(last->cpu_ns)),
        log_i("memory", (int64_t)last->memory_bytes));
    if (r->verdict == VERDICT_INTERNAL_ERROR) {
        LOG_ERROR(j->engine->log, "job failed", log_s("id", j->id), log_s("error", last->reason));
    }
}

static void runner_count(const struct engine_job *j)
{
    const struct job *job = j->job;
    if (!job) {
        return;
    }
    struct metrics *m = j->engine->config.metrics;
    const char *verdict = verdict_name(j->result.verdict);
    metrics_add(m, METRIC_JOBS, METRIC_LABELS(job->runtime->language, job->dialect, verdict), 1);
    metrics_observe_ns(m, METRIC_JOB_SECONDS, METRIC_LABELS(job->dialect),
                       clock_mono_ns(&clock_system) - j->queued_mono_ns);
}

static void runner_on_answered(void *ctx)
{
    struct engine_job *j = ctx;
    struct engine *e = j->engine;

    runner_log(j);
    runner_free(j);
    engine_on_freed(e);
}

/* Who is told sends its answer from the loop.  What is left to do here, and what boxd does when the
 * box is given back, comes after that, unless somebody waits for the place of the box. */
static void runner_on_finish(void *ctx)
{
    struct engine_job *j = ctx;
    struct engine *e = j->engine;

    if (!j->silent) {
        j->observer.finished(j->observer.ctx, &j->result);
    }
    runner_count(j);
    runner_release(j);
    e->finished++;
    if (engine_has_room(e)) {
        loop_defer_late(e->loop, &j->finish, runner_on_answered, j);
    } else {
        runner_on_answered(j);
    }
}

void runner_finish(struct engine_job *j, enum verdict verdict)
{
    share_leave(j);
    engine_job_leave(j);
    loop_defer_cancel(&j->start);
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
    share_leave(j); /* who waits for what it compiles need not wait for the end of its box */
    if (j->state == JOB_RUNNING) {
        stage_cancel(job_stage(j));
        if (!silent) {
            return; /* the box's last word has the numbers */
        }
    }
    runner_finish(j, VERDICT_CANCELLED);
}

/* --- what a stage says ------------------------------------------------------------------- */

bool runner_tell_output(struct engine_job *j, enum engine_stream stream, const char *data,
                        size_t len)
{
    if (j->observer.more && !j->silent) {
        j->observer.more(j->observer.ctx);
    }
    if (!j->observer.output || j->stage_kind == STAGE_UNPACK) {
        return true;
    }
    j->output_told = true;
    return j->observer.output(j->observer.ctx, j->stage_kind, stream, data, len);
}

static bool runner_on_output(void *ctx, enum engine_stream stream, const char *data, size_t len)
{
    return runner_tell_output(ctx, stream, data, len);
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
    return j->losses < TRIES_MAX && !j->output_told && !j->job->stdin_open && !j->cancelled;
}

static void verdict_of_loss(const struct engine_job *j, struct stage_result *ret)
{
    char times[32] = "";
    if (j->losses > 1) {
        snprintf(times, sizeof(times), " %u times", j->losses);
    }
    AUTO(mem_freep)
    char *why = xasprintf("the sandbox daemon was lost%s while the program ran", times);
    verdict_internal(why, ret);
}

/* boxd is gone.  What had been compiled goes too: it is simpler than it is dear. */
static void runner_on_lost(struct engine_job *j)
{
    j->losses++;
    if (!can_run_again(j)) {
        verdict_of_loss(j, job_result(j));
        runner_finish(j, j->cancelled ? VERDICT_CANCELLED : VERDICT_INTERNAL_ERROR);
        return;
    }
    LOG_WARN(j->engine->log, "job runs again", log_s("id", j->id),
             log_i("losses", (int64_t)j->losses));
    runner_reset(j);
    uint64_t queued_ns = j->result.queued_ns;
    result_done(&j->result);
    result_init(&j->result);
    j->result.queued_ns = queued_ns;
    engine_job_requeue(j);
}

/*
 * Whether the job goes on after this stage; else *ret is its verdict.  A zip that cannot be
 * unpacked, or not within its limits, is as good as an empty one.
 */
static bool goes_on(const struct engine_job *j, enum verdict stage, enum verdict *ret)
{
    bool failed = stage == VERDICT_CANCELLED || stage == VERDICT_INTERNAL_ERROR;
    *ret = stage;
    if (j->cancelled) {
        *ret = VERDICT_CANCELLED;
        return false;
    }
    switch (j->stage_kind) {
    case STAGE_UNPACK:
        return !failed;
    case STAGE_COMPILE:
        *ret = failed ? stage : VERDICT_COMPILE_ERROR;
        return stage == VERDICT_OK;
    case STAGE_RUN:
        break;
    }
    if (j->job->test_count > 0) {
        *ret = tests_verdict(&j->result);
        return tests_go_on(j, stage);
    }
    return stage == VERDICT_OK && j->result.runs < plan_runs(j->job);
}

void runner_stage_done(struct engine_job *j)
{
    j->no_spare = false;
    const struct stage_result *result = j->stage_kind == STAGE_RUN ? tests_take(j) : job_result(j);
    if (j->observer.stage_done && !j->silent) {
        j->observer.stage_done(j->observer.ctx, j->stage_kind, result);
    }
    enum verdict verdict;
    if (j->state == JOB_FINISHED) {
        return;
    }
    if (goes_on(j, result->verdict, &verdict)) {
        j->stage_kind = plan_next(j);
        runner_continue(j);
    } else {
        runner_finish(j, verdict);
    }
}

/* What the box does not know of how its program ended. */
static void runner_judge(struct engine_job *j)
{
    struct stage_result *result = job_result(j);
    if (j->stage_kind != STAGE_RUN) {
        if (result->verdict == VERDICT_EXEC_FORMAT) {
            result->verdict = VERDICT_INTERNAL_ERROR; /* it is our program, or the runtime's */
        }
        return;
    }
    struct expected expected = tests_expected(j);
    verdict_compare(&expected, result);
    if (result->verdict != VERDICT_INTERNAL_ERROR && result->verdict != VERDICT_CANCELLED) {
        ready_note(j->engine);
    }
    j->result.runs++;
    j->result.runs_cpu_ns += result->cpu_ns;
    j->result.runs_memory_bytes += result->memory_bytes;
}

static void runner_take_product(struct engine_job *j, struct box_report *report)
{
    if (j->stage_kind == STAGE_RUN && j->job->artifacts) {
        struct stage_result *result = job_result(j);
        result->files_missed = report->product_missed;
        if (report->product_fd >= 0) {
            artifacts_read(report->product_fd, report->product_size, &j->artifacts_left, result);
        }
        fd_closep(&report->product_fd);
    } else if (report->product_fd >= 0) {
        fd_close(j->product_fd);
        j->product_fd = TAKE(&report->product_fd, -1);
        j->product_size = report->product_size;
    }
}

static void stage_count(struct engine_job *j, const struct box_report *report)
{
    static const char *const names[] = {"unpack", "compile", "run"};
    struct metrics *m = j->engine->config.metrics;
    const struct stage_result *r = job_result(j);
    const char *const *labels = METRIC_LABELS(names[j->stage_kind]);
    metrics_add(m, METRIC_SPARES_CLAIMED, METRIC_LABELS(stage_spare_name(job_stage(j))), 1);
    if (report->ended.start_ns > 0) {
        metrics_observe_ns(m, METRIC_BOX_START_SECONDS, METRIC_NO_LABELS, report->ended.start_ns);
        metrics_observe_ns(m, METRIC_STAGE_SECONDS, labels, r->wall_ns);
        metrics_add(m, METRIC_STAGE_CPU_SECONDS, labels, (double)r->cpu_ns / NS_PER_S);
    }
}

/* What a new box cannot do either (files that are too large for it) is not the spare's fault, nor
 * what ends at a limit there: callers could have it so. */
static void runner_judge_spare(struct engine_job *j, const struct box_report *report)
{
    uint64_t kind = TAKE(&j->spoiled, 0);
    if (kind != 0 && report->may_have_run && report->ended.end == BOX_END_EXIT) {
        pool_spoiled(j->engine->pool, kind);
    }
    if (job_stage(j)->spare != 0) {
        pool_used(j->engine->pool, job_stage(j)->spare, report->ended.memory_peak);
    }
}

static void runner_on_done(void *ctx, struct box_report *report)
{
    struct engine_job *j = ctx;
    runner_judge_spare(j, report);
    stage_count(j, report);
    runner_take_product(j, report);
    if (j->state == JOB_FINISHED) {
        return; /* cancelled, and nobody wants to hear more */
    }
    struct box *box = stage_end_without_box(job_stage(j));
    if (report->ended.end == BOX_END_LOST && report->failure.kind == ERR_GONE) {
        runner_on_lost(j);
    } else {
        runner_judge(j);
        share_offer(j);
        runner_stage_done(j);
    }
    /* After the next stage has begun, or the result was told: nobody need wait while a box is taken
     * down. */
    if (j->state == JOB_FINISHED) {
        j->last_box = box;
    } else {
        box_free(box);
    }
}

/* --- starting a stage -------------------------------------------------------------------- */

/* The box of the next stage is built while this one works. */
static void runner_on_built(void *ctx)
{
    struct engine_job *j = ctx;
    if (!j->cancelled) {
        plan_prepare_next(j);
    }
}

/* No program has run in it, so nobody need know. */
static void runner_on_spoiled(void *ctx)
{
    struct engine_job *j = ctx;
    j->spoiled = job_stage(j)->spare;
    struct box *box = stage_end_without_box(job_stage(j));
    j->no_spare = true;
    runner_continue(j);
    box_free(box);
}

static const struct stage_events stage_events = {
    .output = runner_on_output,
    .stdin_room = runner_on_stdin_room,
    .built = runner_on_built,
    .spoiled = runner_on_spoiled,
    .done = runner_on_done,
};

/* On a terminal ^D ends what is there of a line; only at its start it is the end of all. */
static bool ends_within_a_line(struct run_input input)
{
    const char *data = input.data;
    return input.size > 0 && data[input.size - 1] != '\n';
}

static void runner_feed_stdin(struct engine_job *j)
{
    struct box *box = job_stage(j)->box;
    if (j->stage_kind != STAGE_RUN) {
        box_stdin_end(box);
        return;
    }
    struct run_input input = tests_input(j);
    box_stdin(box, input.data, input.size);
    box_stdin(box, j->stdin_wait.data, j->stdin_wait.len);
    buf_done(&j->stdin_wait);
    if (!j->job->stdin_open && j->job->stdio == JOB_STDIO_PTY && ends_within_a_line(input)) {
        box_stdin_end(box);
    }
    if (!j->job->stdin_open || j->stdin_ended) {
        box_stdin_end(box);
    }
}

/* What waited for the run stage may have gone at once: who waits to send more must hear of it. */
static void runner_tell_room(struct engine_job *j, bool waited)
{
    if (waited && engine_job_stdin_pending(j) == 0) {
        runner_on_stdin_room(j);
    }
}

/* No box could be had.  Had boxd gone in this moment, the job waits for the next one. */
static void runner_on_not_started(struct engine_job *j, const struct err *why)
{
    if (why->kind == ERR_GONE) {
        runner_on_lost(j);
        return;
    }
    verdict_internal(why->text, job_result(j));
    runner_stage_done(j);
}

void runner_tell_stage(struct engine_job *j)
{
    if (j->observer.stage && !j->silent) {
        j->observer.stage(j->observer.ctx, j->stage_kind);
    }
}

void runner_continue(struct engine_job *j)
{
    struct engine *engine = j->engine;
    bool interactive = j->stage_kind == STAGE_RUN && j->job->stdin_open;
    if (interactive && !engine_job_become_session(j)) {
        stage_end(job_stage(j)); /* a box that was made ahead is others' now */
        return;
    }
    if (j->stage_kind == STAGE_COMPILE && share_begin(j)) {
        return;
    }
    bool has_box = job_stage(j)->box && engine->sandbox;
    if (!has_box && !engine_has_room(engine)) {
        engine_job_wait(j);
        return;
    }
    j->state = JOB_RUNNING;
    queue_extend(engine->queue, j->id, plan_lease_ns(j));
    stage_result_done(job_result(j)); /* of the run before this one */
    job_result(j)->ran = true;
    struct stage_events events = stage_events;
    events.ctx = j;
    struct err e;
    if (plan_start(j, &events, &e) < 0) {
        runner_on_not_started(j, &e);
        return;
    }
    bool stdin_waited = j->stdin_wait.len > 0;
    runner_feed_stdin(j);
    if (has_box || stage_is_built(job_stage(j))) {
        runner_on_built(j); /* most likely it had been built before anybody listened */
    }
    if (!j->no_spare) {
        runner_tell_stage(j);
    }
    if (j->stage_kind == STAGE_RUN && j->state == JOB_RUNNING) {
        runner_tell_room(j, stdin_waited);
    }
}

void runner_lay_out(struct engine_job *j)
{
    layout_make(j->job, &j->layout);
    j->env = command_environment(j->job, false);
    j->compile_env = j->job->runtime->compile_env ? command_environment(j->job, true) : NULL;
}

static void runner_start(void *ctx)
{
    struct engine_job *j = ctx;

    j->result.started_ns = clock_wall_ns(&clock_system);
    runner_lay_out(j);
    j->stage_kind = plan_first(j);
    tests_begin(j);
    metrics_observe_ns(j->engine->config.metrics, METRIC_JOB_QUEUE_SECONDS,
                       METRIC_LABELS(j->job->dialect),
                       clock_mono_ns(&clock_system) - j->queued_mono_ns);
    runner_continue(j);
}

void runner_begin(struct engine_job *j)
{
    if (j->env) {
        share_go_on(j);
        return;
    }
    if (j->job) {
        runner_start(j);
        return;
    }
    j->state = JOB_LOADING;
    j->observer.load(j->observer.ctx);
}

void runner_load(struct engine_job *j, struct job *job)
{
    if (j->state != JOB_LOADING || j->job) {
        job_free(job); /* it was cancelled before */
        return;
    }
    runner_hold(j, job);
    loop_defer(j->engine->loop, &j->start, runner_start, j);
}
