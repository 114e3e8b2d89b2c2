/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program here: find its runtime, submit one job, pass the streams through, and end when the
 * job has finished and all that it printed is written.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/inlet.h"
#include "cli/local.h"
#include "cli/outlet.h"
#include "cli/run.h"
#include "cli/tty.h"
#include "engine/engine.h"
#include "recipes/advice.h"
#include "runtimes/runtimes.h"

/* Compile and run are two boxes, and a tool may be asked for its version in a third. */
#define BOXES 4

struct run {
    const struct run_options *options;
    struct local *local;
    struct runtimes_wait *wait;
    struct runtime *runtime;
    struct engine_job *job; /* NULL: not yet, or finished */
    struct inlet in;
    struct outlet out, err;
    struct tty tty;
    bool over; /* nothing more comes: end when the outlets are empty */
    int status;
};

static void run_end_if_written(struct run *run)
{
    if (run->over && outlet_empty(&run->out) && outlet_empty(&run->err)) {
        loop_stop(run->local->loop);
    }
}

static void run_over(struct run *run, int status)
{
    run->over = true;
    run->status = status;
    run_end_if_written(run);
}

/* --- what the engine says --------------------------------------------------------------------- */

static bool run_on_output(void *ctx, enum engine_stage stage, enum engine_stream stream,
                          const char *data, size_t len)
{
    struct run *run = ctx;
    if (run->options->json) {
        return true;
    }
    bool to_stdout = stage == STAGE_RUN && stream == STREAM_STDOUT;
    return outlet_write(to_stdout ? &run->out : &run->err, data, len);
}

/* The terminal is raw for the program alone: a compiler's messages want it as it is. */
static void run_on_stage(void *ctx, enum engine_stage stage)
{
    struct run *run = ctx;
    struct err e;
    if (!run->options->terminal || stage != STAGE_RUN) {
        return;
    }
    if (tty_raw(&run->tty, &e) < 0) {
        cli_error("run", &e);
        engine_job_cancel(run->job, false);
        return;
    }
    inlet_start(&run->in);
}

static void run_on_stdin_room(void *ctx)
{
    struct run *run = ctx;
    inlet_room(&run->in);
}

static int run_status(const struct run *run, const struct result *result)
{
    if (run->out.broken || run->err.broken) {
        return RUN_SIGNAL_BASE + SIGPIPE;
    }
    bool by_signal = result->verdict == VERDICT_CANCELLED && run->local->signo;
    return by_signal ? RUN_SIGNAL_BASE + run->local->signo : run_exit_status(result);
}

static void run_on_finished(void *ctx, struct result *result)
{
    struct run *run = ctx;
    AUTO(buf_done) struct buf line = {0};
    run->job = NULL;
    inlet_stop(&run->in);
    tty_restore(&run->tty);
    if (run->options->json) {
        run_print_json(result, run->runtime->language, run->runtime->version);
    } else if (!run->out.broken) {
        run_explain("run", result, &line);
        outlet_write(&run->err, line.data, line.len);
    }
    run_over(run, run_status(run, result));
}

static int run_submit(struct run *run, struct err *e)
{
    const struct engine_observer observer = {
        .output = run_on_output,
        .finished = run_on_finished,
        .stage = run_on_stage,
        .stdin_room = run_on_stdin_room,
        .ctx = run,
    };
    struct job *job = NULL;
    int r = run_job_make(run->options, run->runtime, &job, e);
    if (r == 0) {
        r = engine_submit(run->local->engine, job, &observer, &run->job, e);
    }
    if (r < 0) {
        return r;
    }
    if (run->options->source_is_stdin) {
        engine_job_stdin_end(run->job);
    } else if (!run->options->terminal) {
        inlet_start(&run->in);
    }
    return 0;
}

static void unknown_tell(const struct run *run)
{
    const struct run_options *o = run->options;
    bool any = strcmp(o->range, "*") == 0;
    AUTO(buf_done) struct buf remedy = {0};
    advice_remedy(runtimes_recipes(run->local->runtimes), o->language, o->range, &remedy);
    cli_note("run", "this machine has no '%s'%s%s; %s", o->language, any ? "" : " of version ",
             any ? "" : o->range,
             remedy.len > 0 ? remedy.data : "'belljar runtimes' lists what it has");
}

static void run_on_found(void *ctx, struct runtime *found)
{
    struct run *run = ctx;
    struct err e;
    run->wait = NULL;
    if (!found) {
        unknown_tell(run);
        run_over(run, RUN_FAILED);
        return;
    }
    run->runtime = runtime_ref(found);
    if (run_submit(run, &e) < 0) {
        cli_error("run", &e);
        run_over(run, RUN_FAILED);
    }
}

/* --- what comes from our side ----------------------------------------------------------------- */

static bool run_on_input(void *ctx, const char *data, size_t len)
{
    struct run *run = ctx;
    engine_job_stdin(run->job, data, len);
    return engine_job_stdin_pending(run->job) == 0;
}

/* A raw terminal has no EOF: it has hung up. */
static void run_on_input_end(void *ctx)
{
    struct run *run = ctx;
    if (run->options->terminal) {
        run->local->signo = SIGHUP;
        engine_job_cancel(run->job, false);
    } else {
        engine_job_stdin_end(run->job);
    }
}

static void run_on_resized(void *ctx, uint16_t rows, uint16_t columns)
{
    struct run *run = ctx;
    if (run->job) {
        engine_job_resize(run->job, rows, columns);
    }
}

/* --- what ends it early ----------------------------------------------------------------------- */

static void run_on_stopped(void *ctx, int signo)
{
    struct run *run = ctx;
    if (signo == 0) {
        cli_note("run", "belljar-boxd has ended; 'belljar doctor' may know why");
        run->status = RUN_FAILED;
        loop_stop(run->local->loop);
    } else if (run->job) {
        engine_job_cancel(run->job, false);
    } else {
        run->status = RUN_SIGNAL_BASE + signo;
        loop_stop(run->local->loop);
    }
}

static void run_on_drained(void *ctx)
{
    struct run *run = ctx;
    if (run->job) {
        engine_job_resume(run->job, STREAM_STDOUT);
        engine_job_resume(run->job, STREAM_STDERR);
    }
    run_end_if_written(run);
}

/* Nobody reads what the program prints (`belljar run yes.py | head`): as a shell would, end it. */
static void run_on_broke(void *ctx)
{
    struct run *run = ctx;
    if (run->job) {
        engine_job_cancel(run->job, false);
    }
    run_end_if_written(run);
}

static void run_stop(struct run *run)
{
    tty_restore(&run->tty);
    if (run->job) {
        engine_job_cancel(run->job, true);
    }
    inlet_stop(&run->in);
    outlet_done(&run->out);
    outlet_done(&run->err);
    runtimes_cancel(run->wait);
    runtime_unref(run->runtime);
    local_stop(run->local);
}

static int run_wire(struct run *run, struct err *e)
{
    struct loop *loop = run->local->loop;
    run->in = (struct inlet){.loop = loop, .fd = STDIN_FILENO};
    run->in.take = run_on_input;
    run->in.end = run_on_input_end;
    run->in.ctx = run;
    run->out = (struct outlet){.loop = loop, .fd = STDOUT_FILENO};
    run->err = (struct outlet){.loop = loop, .fd = STDERR_FILENO};
    run->out.drained = run->err.drained = run_on_drained;
    run->out.broke = run->err.broke = run_on_broke;
    run->out.ctx = run->err.ctx = run;
    run->local->stopped = run_on_stopped;
    run->local->stopped_ctx = run;
    run->tty =
        (struct tty){.loop = loop, .fd = STDIN_FILENO, .resized = run_on_resized, .ctx = run};
    return run->options->terminal ? tty_watch(&run->tty, e) : 0;
}

int run_local(const struct run_options *o)
{
    AUTO(run_stop) struct run run = {.options = o, .status = RUN_FAILED};
    struct err e;
    int r = local_start(o->config, BOXES, &run.local, &e);
    if (r == 0) {
        run_note_limits(o->config, run.local->features);
        r = run_wire(&run, &e);
    }
    if (r == 0) {
        run.wait = runtimes_find(run.local->runtimes, o->language, o->range, run_on_found, &run);
        r = loop_run(run.local->loop, &e);
    }
    if (r < 0) {
        tty_restore(&run.tty);
        cli_error("run", &e);
        return RUN_FAILED;
    }
    return run.status;
}
