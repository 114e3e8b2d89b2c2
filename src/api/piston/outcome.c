/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/outcome.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "base/clock.h"
#include "model/result.h"
#include "model/runtime.h"

/* How a stage ended, in Piston's words. */
struct ending {
    int code;   /* -1: null */
    int signal; /* 0: null */
    const char *status;
    char message[300];
};

static void say(struct ending *ret, const char *status, const char *message)
{
    ret->status = status;
    snprintf(ret->message, sizeof(ret->message), "%s", message);
}

static void say_exit(struct ending *ret, int code)
{
    ret->code = code;
    ret->signal = 0;
    ret->status = "RE";
    snprintf(ret->message, sizeof(ret->message), "Exited with error status %d", code);
}

static void say_signal(struct ending *ret, int signo, bool shell_status)
{
    if (shell_status) {
        say_exit(ret, 128 + signo);
        return;
    }
    ret->status = "SG";
    snprintf(ret->message, sizeof(ret->message), "Caught fatal signal %d", signo);
}

static void say_memory(struct ending *ret, bool shell_status)
{
    say_signal(ret, SIGKILL, shell_status);
    say(ret, ret->status, "Memory limit exceeded");
}

static void say_output(struct ending *ret, const struct stage_result *s)
{
    if (s->out_truncated) {
        say(ret, "OL", "stdout length exceeded");
    } else if (s->err_truncated) {
        say(ret, "EL", "stderr length exceeded");
    } else { /* what a compiler made was too large */
        say(ret, "XX", s->reason);
    }
}

static struct ending ending_of(const struct stage_result *s, bool shell_status)
{
    struct ending end = {.code = s->exit_code, .signal = s->signal};
    switch (s->verdict) {
    case VERDICT_OK:
        break;
    case VERDICT_NONZERO_EXIT:
        say_exit(&end, s->exit_code);
        break;
    case VERDICT_SIGNALED:
        say_signal(&end, s->signal, shell_status);
        break;
    case VERDICT_TIME_LIMIT:
        say(&end, "TO", "Time limit exceeded");
        break;
    case VERDICT_WALL_TIME_LIMIT:
        say(&end, "TO", "Time limit exceeded (wall clock)");
        break;
    case VERDICT_MEMORY_LIMIT:
        say_memory(&end, shell_status);
        break;
    case VERDICT_OUTPUT_LIMIT:
        say_output(&end, s);
        break;
    case VERDICT_WRONG_ANSWER:
    case VERDICT_EXEC_FORMAT:
    case VERDICT_PROCESS_LIMIT:
    case VERDICT_COMPILE_ERROR:
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL_ERROR:
        say(&end, "XX", s->reason);
        break;
    }
    return end;
}

static json_t *text_of(const struct buf *b)
{
    return json_repaired(b->data, b->len);
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static void set_code(json_t *object, const struct ending *end)
{
    set(object, "code", end->code >= 0 ? json_integer(end->code) : json_null());
}

static void set_signal(json_t *object, const struct ending *end)
{
    set(object, "signal", json_string_or_null(signal_name(end->signal)));
}

void outcome_set_exit(json_t *message, const struct stage_result *s, bool shell_status)
{
    struct ending end = ending_of(s, shell_status);
    set_code(message, &end);
    set_signal(message, &end);
}

/* Whole milliseconds: clients with typed fields take them, and Piston's own floats say no more. */
static json_t *milliseconds(uint64_t ns)
{
    return json_integer((json_int_t)((ns + NS_PER_MS / 2) / NS_PER_MS));
}

json_t *outcome_stage(const struct stage_result *s, bool shell_status)
{
    struct ending end = ending_of(s, shell_status);
    json_t *o = json_object();
    set_signal(o, &end);
    set(o, "stdout", text_of(&s->out));
    set(o, "stderr", text_of(&s->err));
    set_code(o, &end);
    set(o, "output", text_of(&s->both));
    set(o, "memory", s->memory_bytes > 0 ? json_integer((json_int_t)s->memory_bytes) : json_null());
    set(o, "message",
        end.message[0] != '\0' ? json_repaired(end.message, strlen(end.message)) : json_null());
    set(o, "status", json_string_or_null(end.status));
    set(o, "cpu_time", milliseconds(s->cpu_ns));
    set(o, "wall_time", milliseconds(s->wall_ns));
    return o;
}

static json_t *stage_v1(const struct stage_result *s, bool shell_status)
{
    struct ending end = ending_of(s, shell_status);
    json_t *o = json_object();
    set(o, "stdout", text_of(&s->out));
    set(o, "stderr", text_of(&s->err));
    set_code(o, &end);
    set_signal(o, &end);
    set(o, "output", text_of(&s->both));
    return o;
}

static json_t *outcome_gateway(const struct stage_result *run, const struct runtime *runtime)
{
    json_t *o = json_pack("{s:b,s:s,s:s}", "ran", 1, "language", runtime->language, "version",
                          runtime->version);
    set(o, "output", text_of(&run->both));
    set(o, "stdout", text_of(&run->out));
    set(o, "stderr", text_of(&run->err));
    return o;
}

typedef json_t *stage_fn(const struct stage_result *s, bool shell_status);

/* What both stages were, told as one: the compiler's words come first. */
static void join(const struct stage_result *compile, const struct stage_result *run,
                 struct stage_result *ret)
{
    *ret = *run;
    ret->out = ret->err = ret->both = (struct buf){0};
    buf_add(&ret->out, compile->out.data, compile->out.len);
    buf_add(&ret->out, run->out.data, run->out.len);
    buf_add(&ret->err, compile->err.data, compile->err.len);
    buf_add(&ret->err, run->err.data, run->err.len);
    buf_add(&ret->both, compile->both.data, compile->both.len);
    buf_add(&ret->both, run->both.data, run->both.len);
    ret->cpu_ns += compile->cpu_ns;
    ret->wall_ns += compile->wall_ns;
    ret->memory_bytes =
        compile->memory_bytes > run->memory_bytes ? compile->memory_bytes : run->memory_bytes;
}

static json_t *joined(const struct result *result, bool shell_status, stage_fn *stage)
{
    struct stage_result both;
    join(&result->compile, &result->run, &both);
    json_t *o = stage(&both, shell_status);
    buf_done(&both.out);
    buf_done(&both.err);
    buf_done(&both.both);
    /* cppcheck-suppress returnDanglingLifetime ; what JSON holds is its own */
    return o;
}

/*
 * After a failed compile there is no run: `run` is then a copy of `compile`, as in Piston.  In 2021
 * it ran all the same; a client of that time finds the compiler's message where it looks for
 * output.
 */
json_t *outcome(const struct result *result, const struct runtime *runtime, enum piston_style style,
                bool shell_status)
{
    const struct stage_result *run = result->run.ran ? &result->run : &result->compile;
    if (style == PISTON_GATEWAY) {
        return outcome_gateway(run, runtime);
    }
    stage_fn *stage = style == PISTON_V1 ? stage_v1 : outcome_stage;
    bool both = result->compile.ran && result->run.ran;
    json_t *o = json_object();
    if (result->compile.ran && !runtime->one_stage) {
        set(o, "compile", stage(&result->compile, shell_status));
    }
    set(o, "run",
        both && runtime->one_stage ? joined(result, shell_status, stage)
                                   : stage(run, shell_status));
    set(o, "language", json_string(runtime->language));
    set(o, "version", json_string(runtime->version));
    return o;
}
