/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run ended: as an exit status, as a line for people, and as JSON.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "cli/run.h"
#include "model/result.h"

static const struct stage_result *deciding_stage(const struct result *result)
{
    return result->verdict == VERDICT_COMPILE_ERROR || !result->run.ran ? &result->compile
                                                                        : &result->run;
}

static int own_status(const struct stage_result *stage)
{
    return stage->signal           ? RUN_SIGNAL_BASE + stage->signal
           : stage->exit_code >= 0 ? stage->exit_code
                                   : RUN_FAILED;
}

static int limit_status(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_TIME_LIMIT:
    case VERDICT_WALL_TIME_LIMIT:
        return RUN_TIME_LIMIT;
    case VERDICT_MEMORY_LIMIT:
        return RUN_MEMORY_LIMIT;
    case VERDICT_OUTPUT_LIMIT:
        return RUN_OUTPUT_LIMIT;
    case VERDICT_OK:
    case VERDICT_NONZERO_EXIT:
    case VERDICT_SIGNALED:
    case VERDICT_PROCESS_LIMIT:
    case VERDICT_COMPILE_ERROR:
    case VERDICT_WRONG_ANSWER:
    case VERDICT_EXEC_FORMAT:
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL_ERROR:
        break;
    }
    return 0;
}

int run_exit_status(const struct result *result)
{
    const struct stage_result *stage = deciding_stage(result);
    if (result->verdict == VERDICT_CANCELLED) {
        return RUN_SIGNAL_BASE + SIGINT;
    }
    if (result->verdict == VERDICT_INTERNAL_ERROR) {
        return RUN_FAILED;
    }
    int limit = limit_status(stage->verdict);
    if (limit) {
        return limit;
    }
    return result->verdict == VERDICT_COMPILE_ERROR ? RUN_NOT_COMPILED : own_status(stage);
}

/* The flag that raises the limit which ended the stage; NULL: it was none. */
static const char *limit_flag(enum verdict verdict, bool compile)
{
    switch (verdict) {
    case VERDICT_TIME_LIMIT:
        return compile ? "--compile-cpu-time" : "--cpu-time";
    case VERDICT_WALL_TIME_LIMIT:
        return compile ? "--compile-time" : "--time";
    case VERDICT_MEMORY_LIMIT:
        return compile ? "--compile-memory" : "--memory";
    case VERDICT_OUTPUT_LIMIT:
        return "--output";
    case VERDICT_PROCESS_LIMIT:
        return "--processes";
    case VERDICT_OK:
    case VERDICT_NONZERO_EXIT:
    case VERDICT_SIGNALED:
    case VERDICT_COMPILE_ERROR:
    case VERDICT_WRONG_ANSWER:
    case VERDICT_EXEC_FORMAT:
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL_ERROR:
        break;
    }
    return NULL;
}

void run_explain(const char *command, const struct result *result, struct buf *ret)
{
    const struct stage_result *stage = deciding_stage(result);
    const char *what = stage == &result->compile ? "the compiler" : "the program";
    const char *flag = limit_flag(stage->verdict, stage == &result->compile);
    const char *name = signal_name(stage->signal);

    if (result->verdict == VERDICT_INTERNAL_ERROR) {
        buf_add_fmt(ret, "belljar %s: %s\n", command,
                    stage->reason[0] ? stage->reason : "the program could not be run");
    } else if (result->verdict == VERDICT_CANCELLED) {
        buf_add_fmt(ret, "belljar %s: cancelled\n", command);
    } else if (flag) {
        buf_add_fmt(ret, "belljar %s: %s: %s: %s (%s raises it)\n", command, what,
                    verdict_name(stage->verdict), stage->reason, flag);
    } else if (stage->signal) {
        buf_add_fmt(ret, "belljar %s: %s was ended by signal %d (%s)\n", command, what,
                    stage->signal, name ? name : "?");
    } else if (result->verdict == VERDICT_COMPILE_ERROR) {
        buf_add_fmt(ret, "belljar %s: the program did not compile\n", command);
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *text_json(const struct buf *bytes, bool base64)
{
    AUTO(buf_done) struct buf text = {0};
    if (!base64) {
        return json_stringn(bytes->data ? bytes->data : "", bytes->len);
    }
    base64_encode(bytes->data, bytes->len, &text);
    return json_stringn(text.data ? text.data : "", text.len);
}

static json_t *ms_json(uint64_t ns)
{
    return json_real(round((double)ns / 1e3) / 1e3);
}

static json_t *stage_json(const struct stage_result *s)
{
    const char *signal = signal_name(s->signal);
    bool base64 = !utf8_valid(s->out.data, s->out.len) || !utf8_valid(s->err.data, s->err.len);
    json_t *json = json_object();
    json_object_set_new(json, "verdict", json_string(verdict_name(s->verdict)));
    json_object_set_new(json, "exit_code",
                        s->exit_code >= 0 ? json_integer(s->exit_code) : json_null());
    json_object_set_new(json, "signal", signal ? json_string(signal) : json_null());
    json_object_set_new(json, "stdout", text_json(&s->out, base64));
    json_object_set_new(json, "stderr", text_json(&s->err, base64));
    json_object_set_new(json, "output", text_json(&s->both, base64));
    json_object_set_new(json, "stdout_truncated", json_boolean(s->out_truncated));
    json_object_set_new(json, "stderr_truncated", json_boolean(s->err_truncated));
    json_object_set_new(json, "encoding", json_string(base64 ? "base64" : "utf8"));
    json_object_set_new(json, "cpu_ms", ms_json(s->cpu_ns));
    json_object_set_new(json, "wall_ms", ms_json(s->wall_ns));
    json_object_set_new(json, "memory_bytes", json_integer((json_int_t)s->memory_bytes));
    json_object_set_new(json, "reason", json_string(s->reason));
    return json;
}

static void time_add(json_t *json, const char *key, uint64_t wall_ns)
{
    char text[64];
    struct tm utc;
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    if (wall_ns == 0 || !gmtime_r(&seconds, &utc)) {
        return;
    }
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(wall_ns % NS_PER_S / NS_PER_MS));
    json_object_set_new(json, key, json_string(text));
}

void run_print_json(const struct result *result, const char *language, const char *version)
{
    json_t *json = json_object();
    json_object_set_new(json, "verdict", json_string(verdict_name(result->verdict)));
    json_object_set_new(json, "language", json_string(language));
    json_object_set_new(json, "version", json_string(version));
    if (result->compile.ran) {
        json_object_set_new(json, "compile", stage_json(&result->compile));
    }
    if (result->run.ran) {
        json_object_set_new(json, "run", stage_json(&result->run));
    }
    time_add(json, "queued_at", result->queued_ns);
    time_add(json, "started_at", result->started_ns);
    time_add(json, "finished_at", result->finished_ns);
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(json);
}
