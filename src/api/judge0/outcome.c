/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/outcome.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "base/buf.h"
#include "base/clock.h"
#include "config/config.h"
#include "model/execution.h"
#include "model/result.h"

/* How it ended, in Judge0's words. */
struct ending {
    int32_t status;
    int exit_code; /* 0 also when it was stopped, as Judge0 has it */
    int signal;    /* 0: null */
    char message[300];
};

static void __attribute__((format(printf, 3, 4)))
say(struct ending *ret, int32_t status, const char *fmt, ...)
{
    ret->status = status;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ret->message, sizeof(ret->message), fmt, ap);
    va_end(ap);
}

static void say_exit(struct ending *ret, int code)
{
    ret->exit_code = code;
    say(ret, STATUS_NZEC, "Exited with error status %d", code);
}

static int32_t status_of_signal(int signo)
{
    switch (signo) {
    case SIGSEGV:
        return STATUS_SIGSEGV;
    case SIGXFSZ:
        return STATUS_SIGXFSZ;
    case SIGFPE:
        return STATUS_SIGFPE;
    case SIGABRT:
        return STATUS_SIGABRT;
    default:
        return STATUS_OTHER;
    }
}

static void say_signal(struct ending *ret, int signo, const struct config *config)
{
    if (config->shell_status) {
        say_exit(ret, 128 + signo);
        return;
    }
    ret->signal = signo;
    say(ret, status_of_signal(signo), "Caught fatal signal %d", signo);
}

/* A status of its own that somebody chose is given in either form. */
static void say_memory(struct ending *ret, const struct config *config)
{
    int32_t status = (int32_t)config->judge0_memory_status;
    if (config->shell_status && status == STATUS_OTHER) {
        say_exit(ret, 128 + SIGKILL);
        return;
    }
    ret->signal = SIGKILL;
    say(ret, status, "Memory limit exceeded");
}

static struct ending ending_of(const struct result *r, const struct config *config)
{
    const struct stage_result *s = &r->run;
    struct ending end = {.status = STATUS_ACCEPTED};
    switch (r->verdict) {
    case VERDICT_OK:
        break;
    case VERDICT_WRONG_ANSWER:
        end.status = STATUS_WRONG_ANSWER;
        break;
    case VERDICT_NONZERO_EXIT:
        say_exit(&end, s->exit_code);
        break;
    case VERDICT_SIGNALED:
        say_signal(&end, s->signal, config);
        break;
    case VERDICT_TIME_LIMIT:
        say(&end, STATUS_TIME_LIMIT, "Time limit exceeded");
        break;
    case VERDICT_WALL_TIME_LIMIT:
        say(&end, STATUS_TIME_LIMIT, "Time limit exceeded (wall clock)");
        break;
    case VERDICT_MEMORY_LIMIT:
        say_memory(&end, config);
        break;
    case VERDICT_EXEC_FORMAT:
        say(&end, STATUS_EXEC_FORMAT, "%s", s->reason);
        break;
    case VERDICT_OUTPUT_LIMIT:
    case VERDICT_PROCESS_LIMIT:
        end.signal = s->signal;
        say(&end, STATUS_OTHER, "%s", s->reason);
        break;
    case VERDICT_COMPILE_ERROR:
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL_ERROR:
        say(&end, STATUS_INTERNAL_ERROR, "%s", s->reason);
        break;
    }
    return end;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Milliseconds are what Judge0's sandbox counts in; a mean keeps what it has beyond them. */
static json_t *seconds(uint64_t ns, unsigned runs)
{
    double step = runs > 1 ? 1e3 : 1e6; /* ns */
    return json_real(round((double)ns / runs / step) * step / 1e9);
}

static json_t *kilobytes(uint64_t bytes)
{
    return bytes > 0 ? json_integer((json_int_t)(bytes / 1024)) : json_null();
}

static json_t *message_json(const char *text)
{
    return text[0] != '\0' ? json_repaired(text, strlen(text)) : json_null();
}

static void result_set(struct execution *x, json_t *o)
{
    free(x->result);
    x->result = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(o);
}

static void result_set_run(struct execution *x, const struct result *r, const struct ending *end)
{
    unsigned runs = r->runs > 0 ? r->runs : 1;
    uint64_t cpu_ns = r->runs > 0 ? r->runs_cpu_ns : r->run.cpu_ns;
    uint64_t memory = r->runs > 0 ? r->runs_memory_bytes : r->run.memory_bytes;
    result_set(x, json_pack("{s:o,s:o,s:o,s:i,s:o,s:o}", "time", seconds(cpu_ns, runs), "wall_time",
                            seconds(r->run.wall_ns, 1), "memory", kilobytes(memory / runs),
                            "exit_code", end->exit_code, "exit_signal",
                            end->signal != 0 ? json_integer(end->signal) : json_null(), "message",
                            message_json(end->message)));
}

static void result_set_nothing(struct execution *x, const char *message)
{
    result_set(x, json_pack("{s:n,s:n,s:n,s:n,s:n,s:o}", "time", "wall_time", "memory", "exit_code",
                            "exit_signal", "message", message_json(message)));
}

/* --- outputs --------------------------------------------------------------------------------- */

static void part_take(struct execution *x, enum execution_part part, struct buf *b)
{
    size_t len = b->len;
    execution_take_part(x, part, len > 0 ? buf_take(b) : NULL, len);
}

/*
 * Judge0's compilers have one limit with a sentence of its own.  What else stopped one is said
 * below its output, which alone may end in the middle of a word.
 */
static void compile_output_complete(struct stage_result *s)
{
    bool timed_out = s->verdict == VERDICT_TIME_LIMIT || s->verdict == VERDICT_WALL_TIME_LIMIT;
    if (timed_out) {
        buf_clear(&s->out);
        buf_add_str(&s->out, "Compilation time limit exceeded.");
        return;
    }
    bool own_words = s->verdict == VERDICT_OK || s->verdict == VERDICT_NONZERO_EXIT;
    if (own_words) {
        return;
    }
    if (s->out.len > 0 && s->out.data[s->out.len - 1] != '\n') {
        buf_add_char(&s->out, '\n');
    }
    if (s->verdict == VERDICT_MEMORY_LIMIT) {
        buf_add_str(&s->out, "Compilation memory limit exceeded.");
    } else {
        buf_add_fmt(&s->out, "Compilation failed: %s.", s->reason);
    }
}

/* The sentence of the stage that went wrong: the last one that has any. */
static const char *reason_of(const struct result *r)
{
    const struct stage_result *const stages[] = {&r->run, &r->compile, &r->unpack};
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (stages[i]->reason[0] != '\0') {
            return stages[i]->reason;
        }
    }
    return r->verdict == VERDICT_CANCELLED ? "cancelled" : "it could not be run";
}

static void conclude_compile(struct execution *x, struct result *r)
{
    x->status = STATUS_COMPILATION_ERROR;
    compile_output_complete(&r->compile);
    part_take(x, PART_COMPILE_OUTPUT, &r->compile.out);
    result_set_nothing(x, "");
}

static void conclude_run(const struct config *config, struct execution *x, struct result *r)
{
    struct ending end = ending_of(r, config);
    x->status = end.status;
    part_take(x, PART_COMPILE_OUTPUT, &r->compile.out);
    part_take(x, PART_STDOUT, &r->run.out);
    part_take(x, PART_STDERR, &r->run.err);
    result_set_run(x, r, &end);
}

void outcome_conclude(const struct config *config, struct execution *x, struct result *result)
{
    if (result->verdict == VERDICT_COMPILE_ERROR) {
        conclude_compile(x, result);
    } else if (!result->run.ran || result->verdict == VERDICT_INTERNAL_ERROR ||
               result->verdict == VERDICT_CANCELLED) {
        outcome_fail(x, reason_of(result));
    } else {
        conclude_run(config, x, result);
    }
}

void outcome_fail(struct execution *x, const char *why)
{
    x->status = STATUS_INTERNAL_ERROR;
    for (enum execution_part part = PART_STDOUT; part < EXECUTION_PARTS; part++) {
        execution_take_part(x, part, NULL, 0);
    }
    result_set_nothing(x, why);
}
