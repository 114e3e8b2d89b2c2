/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/verdict.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "engine/compare.h"
#include "model/limits.h"
#include "sandbox/sandbox.h"

static void __attribute__((format(printf, 3, 4)))
decide(struct stage_result *ret, enum verdict verdict, const char *fmt, ...)
{
    ret->verdict = verdict;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ret->reason, sizeof(ret->reason), fmt, ap);
    va_end(ap);
}

static void stopped(struct stage_result *ret)
{
    ret->exit_code = -1;
    ret->signal = SIGKILL;
}

static void decide_memory(const struct limits *l, struct stage_result *ret)
{
    uint64_t mib = l->memory_bytes >> 20;
    if (mib << 20 == l->memory_bytes) {
        decide(ret, VERDICT_MEMORY_LIMIT, "stopped at %llu MiB of memory, the limit",
               (unsigned long long)mib);
    } else {
        decide(ret, VERDICT_MEMORY_LIMIT, "stopped at %llu bytes of memory, the limit",
               (unsigned long long)l->memory_bytes);
    }
    stopped(ret);
}

static void decide_output(const struct limits *l, struct stage_result *ret)
{
    decide(ret, VERDICT_OUTPUT_LIMIT, "stopped after %llu bytes on %s, the limit",
           (unsigned long long)l->output_bytes, ret->out_truncated ? "stdout" : "stderr");
    stopped(ret);
}

static void decide_cpu(const struct limits *l, struct stage_result *ret)
{
    if (l->cpu_stop_ms > l->cpu_ms) {
        decide(ret, VERDICT_TIME_LIMIT, "used %llu ms of CPU time, the limit is %llu ms",
               (unsigned long long)(ret->cpu_ns / NS_PER_MS), (unsigned long long)l->cpu_ms);
    } else {
        decide(ret, VERDICT_TIME_LIMIT, "stopped after %llu ms of CPU time, the limit",
               (unsigned long long)l->cpu_ms);
    }
    stopped(ret);
}

static void decide_wall(const struct limits *l, struct stage_result *ret)
{
    decide(ret, VERDICT_WALL_TIME_LIMIT, "stopped after %llu ms of wall time, the limit",
           (unsigned long long)l->wall_ms);
    stopped(ret);
}

static bool over(uint64_t used_ns, uint64_t limit_ms)
{
    return limit_ms > 0 && used_ns > limit_ms * NS_PER_MS;
}

/* RLIMIT_CPU, the backstop, ends a program by one of these. */
static bool cpu_signal(int status, uint64_t used_ns, uint64_t limit_ms)
{
    return limit_ms > 0 && used_ns >= limit_ms * NS_PER_MS && WIFSIGNALED(status) &&
           (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

static void decide_status(const struct box_ended *ended, const struct limits *l,
                          struct stage_result *ret)
{
    int status = ended->wait_status;
    char hint[64] = "";
    if (ended->process_limit_hits > 0) {
        snprintf(hint, sizeof(hint), " (it reached the limit of %u processes)", l->processes);
    }
    if (WIFSIGNALED(status)) {
        const char *name = signal_name(WTERMSIG(status));
        ret->signal = WTERMSIG(status);
        decide(ret, VERDICT_SIGNALED, "ended by signal %d%s%s%s%s", ret->signal, name ? " (" : "",
               name ? name : "", name ? ")" : "", hint);
        return;
    }
    ret->exit_code = WEXITSTATUS(status);
    if (ret->exit_code != 0) {
        decide(ret, VERDICT_NONZERO_EXIT, "exited with status %d%s", ret->exit_code, hint);
    } else {
        decide(ret, VERDICT_OK, "%s", "");
    }
}

/*
 * An exit is looked at for limits too: without a group kill the kernel may take a child for its
 * memory and let the parent exit 0, and a program may end in the moment in which it is stopped.
 */
static void decide_exit(const struct box_ended *ended, const struct limits *l,
                        enum job_output_policy policy, struct stage_result *ret)
{
    if (ended->oom_kills > 0) {
        decide_memory(l, ret);
    } else if (policy == JOB_OUTPUT_STOP && (ret->out_truncated || ret->err_truncated)) {
        decide_output(l, ret);
    } else if (over(ended->cpu_ns, l->cpu_ms) ||
               cpu_signal(ended->wait_status, ended->cpu_ns, l->cpu_ms)) {
        decide_cpu(l, ret);
    } else if (over(ended->wall_ns, l->wall_ms)) {
        decide_wall(l, ret);
    } else {
        decide_status(ended, l, ret);
    }
}

static void decide_lost(const struct box_ended *ended, const struct limits *l,
                        struct stage_result *ret)
{
    if (ended->oom_kills > 0) {
        decide_memory(l, ret);
    } else {
        verdict_internal("the box ended and nobody knows why; the server's log has more", ret);
    }
}

static void decide_end(const struct box_ended *ended, const struct limits *l,
                       enum job_output_policy policy, struct stage_result *ret)
{
    switch ((enum box_end)ended->end) {
    case BOX_END_EXIT:
        decide_exit(ended, l, policy, ret);
        return;
    case BOX_END_WALL:
        decide_wall(l, ret);
        return;
    case BOX_END_CPU:
        decide_cpu(l, ret);
        return;
    case BOX_END_MEMORY:
        decide_memory(l, ret);
        return;
    case BOX_END_OUTPUT:
        decide_output(l, ret);
        return;
    case BOX_END_CANCEL:
        decide(ret, VERDICT_CANCELLED, "cancelled");
        stopped(ret);
        return;
    case BOX_END_LOST:
        decide_lost(ended, l, ret);
        return;
    }
    verdict_internal("the box ended in a way that this server does not know", ret);
}

/* Init says this of files that do not fit; no room on the host is another matter. */
static bool is_limit(const struct err *e)
{
    return e->kind == ERR_LIMIT;
}

/* The program never ran: its files did not fit, it is none, or this host fails. */
static void decide_failure(const struct err *failure, struct stage_result *ret)
{
    if (is_limit(failure)) {
        decide(ret, VERDICT_MEMORY_LIMIT, "the limits of this box are too small to start: %s",
               failure->text);
        stopped(ret);
    } else if (failure->kind == ERR_UNSUPPORTED) { /* init's word for this, and for nothing else */
        decide(ret, VERDICT_EXEC_FORMAT, "%s", failure->text);
    } else {
        verdict_internal(failure->text, ret);
    }
}

/* The program ran, but what it made could not be had: that counts when it was fine otherwise. */
static void decide_collect(const struct err *failure, struct stage_result *ret)
{
    if (ret->verdict != VERDICT_OK) {
        return;
    }
    decide(ret, is_limit(failure) ? VERDICT_OUTPUT_LIMIT : VERDICT_INTERNAL_ERROR, "%s",
           failure->text);
}

void verdict_decide(const struct box_report *report, const struct limits *limits,
                    enum job_output_policy policy, struct stage_result *ret)
{
    const struct box_ended *ended = &report->ended;
    ret->exit_code = -1;
    ret->signal = 0;
    ret->cpu_ns = ended->cpu_ns;
    ret->wall_ns = ended->wall_ns;
    ret->memory_bytes = ended->memory_peak;
    ret->process_limit_hits = ended->process_limit_hits;
    /* Cancelled, and not by us: a box whose init talks nonsense is ended. */
    bool failed = ended->end == BOX_END_LOST || ended->end == BOX_END_CANCEL;
    if (report->failure.kind && failed) {
        decide_failure(&report->failure, ret);
        return;
    }
    decide_end(ended, limits, policy, ret);
    if (report->failure.kind) {
        decide_collect(&report->failure, ret);
    }
}

void verdict_compare(const struct expected *expected, struct stage_result *ret)
{
    if (ret->verdict != VERDICT_OK || !expected->data) {
        return;
    }
    if (ret->out_truncated) {
        decide(ret, VERDICT_WRONG_ANSWER, "the output is longer than the %zu bytes that are kept",
               ret->out.len);
    } else if (expected->needs_output && ret->out.len == 0) {
        decide(ret, VERDICT_WRONG_ANSWER, "there was no output");
    } else if (!compare_lines(expected->data, expected->size, ret->out.data, ret->out.len)) {
        decide(ret, VERDICT_WRONG_ANSWER, "the output is not the expected one");
    }
}

void verdict_internal(const char *why, struct stage_result *ret)
{
    ret->exit_code = -1;
    decide(ret, VERDICT_INTERNAL_ERROR, "%s", why);
}
