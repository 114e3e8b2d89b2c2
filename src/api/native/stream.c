/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is run on a WebSocket: start, then stdin, eof, signal, resize and cancel in, what
 * it does out.  It ends when its client leaves, and nothing of it is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "api/native/socket.h"
#include "api/session.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"
#include "model/job.h"
#include "model/runtime.h"

#define TERMINAL_MAX 10000 /* rows, columns */

struct stream {
    struct session session;
    struct native *native;
    struct native_admission *admission;
    struct runtime *runtime;
    char id[ULID_LEN + 1];
    struct loop_timer start_timer;
    bool begun; /* start has come */
    bool tty, ended_stdin, cancelled;
};

static void end(struct stream *s, unsigned code)
{
    loop_timer_cancel(&s->start_timer);
    native_admission_cancel(TAKE(&s->admission, NULL));
    session_close(&s->session, code, "");
}

static void end_with_error(struct stream *s, unsigned status, const char *message, json_t *errors)
{
    session_send_json(&s->session, socket_error(status, message, errors));
    end(s, socket_code(status));
}

/* --- out --------------------------------------------------------------------------------- */

static json_t *stage_json(enum engine_stage stage)
{
    return json_pack("{s:s}", "stage", stage == STAGE_COMPILE ? "compile" : "run");
}

static void on_stage(void *ctx, enum engine_stage stage)
{
    struct stream *s = ctx;
    session_send_json(&s->session, socket_message("stage", stage_json(stage)));
}

static void on_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    struct stream *s = ctx;
    json_t *m = stage_json(stage);
    AUTO(json_freep) json_t *how = native_stage(result, false);
    json_object_update(m, how);
    session_send_json(&s->session, socket_message("stage_finished", m));
}

static json_t *execution_json(const struct stream *s, const struct result *result)
{
    bool cancelled = result->verdict == VERDICT_CANCELLED;
    json_t *o = json_pack("{s:s,s:s}", "id", s->id, "status", cancelled ? "cancelled" : "finished");
    AUTO(json_freep) json_t *outcome = native_outcome(NULL, s->runtime, result, false);
    json_object_update(o, outcome);
    json_object_del(o, "tests");
    json_object_set_new(o, "queued_at", native_time(result->queued_ns));
    json_object_set_new(o, "started_at", native_time(result->started_ns));
    json_object_set_new(o, "finished_at", native_time(result->finished_ns));
    return o;
}

static void on_finished(void *ctx, struct result *result)
{
    struct stream *s = ctx;
    bool stopped = result->verdict == VERDICT_CANCELLED && !s->cancelled &&
                   engine_stats(s->native->api->engine).draining;
    session_send_json(&s->session, socket_message("finished", execution_json(s, result)));
    end(s, stopped ? WEBSOCKET_GOING_AWAY : WEBSOCKET_NORMAL);
}

/* --- start ------------------------------------------------------------------------------- */

/* Nothing is gathered, so there is no limit on output but one that was asked for, or the key's. */
static void set_output_limits(const struct stream *s, const struct native_request *q,
                              struct job *job)
{
    const json_t *asked = json_object_get(json_object_get(q->body, "limits"), "output_bytes");
    uint64_t ceiling = s->session.caller.limits.run.output_bytes;
    job->compile.output_bytes = UINT64_MAX;
    if (asked == NULL) {
        job->run.output_bytes = ceiling > 0 ? ceiling : UINT64_MAX;
    }
}

static int job_make(struct stream *s, const struct native_request *q, struct runtime *runtime,
                    struct job **ret, struct err *e)
{
    int r = native_job(s->native->api->config, q, runtime, ret, e);
    if (r < 0) {
        return r;
    }
    struct job *job = *ret;
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, job->id);
    memcpy(s->id, job->id, sizeof(s->id));
    free(job->caller);
    job->caller = xstrdup(s->session.caller.name);
    set_output_limits(s, q, job);
    s->tty = job->stdio == JOB_STDIO_PTY;
    s->session.binary = json_is_true(json_object_get(q->body, "binary"));
    s->runtime = runtime_ref(runtime);
    return 0;
}

static void run(struct stream *s, const struct native_request *q, struct runtime *runtime)
{
    AUTO(job_freep) struct job *job = NULL;
    struct err e = {0};
    if (gate_check_share(s->native->api->gate, &s->session.caller, 1, &e) < 0) {
        end_with_error(s, 429, e.text, NULL);
        return;
    }
    int r = job_make(s, q, runtime, &job, &e);
    if (r == 0) {
        r = session_run(&s->session, TAKE(&job, NULL), &e);
    }
    if (r < 0) {
        end_with_error(s, socket_status(&e), e.text, NULL);
        return;
    }
    session_send_json(&s->session,
                      json_pack("{s:s,s:s,s:s,s:s}", "type", "started", "id", s->id, "language",
                                runtime->language, "version", runtime->version));
}

/* "limits.wall_mss: unknown key (and 2 more problems)" */
static void refuse(struct stream *s, json_t *errors)
{
    const json_t *first = json_array_get(errors, 0);
    const char *path = json_string_value(json_object_get(first, "path"));
    const char *message = json_string_value(json_object_get(first, "message"));
    size_t more = json_array_size(errors) - 1;
    AUTO(buf_done) struct buf text = {0};
    if (path != NULL && path[0] != '\0' && !str_starts(message, path)) {
        buf_add_fmt(&text, "%s: ", path);
    }
    buf_add_str(&text, message);
    if (more > 0) {
        buf_add_fmt(&text, " (and %zu more problem%s)", more, more > 1 ? "s" : "");
    }
    end_with_error(s, 422, text.data, json_incref(errors));
}

static void on_admitted(void *ctx, struct native_request *q, struct runtime *runtime,
                        json_t *errors)
{
    struct stream *s = ctx;
    s->admission = NULL;
    if (errors != NULL) {
        refuse(s, errors);
    } else {
        run(s, q, runtime);
    }
}

static void on_start(struct stream *s, json_t *message)
{
    if (s->begun) {
        end_with_error(s, 409, "start: there is one already", NULL);
        return;
    }
    s->begun = true;
    session_begin(&s->session);
    loop_timer_cancel(&s->start_timer);
    s->admission = native_admit(s->native, &s->session.caller, NATIVE_STREAM, json_incref(message),
                                on_admitted, s);
}

/* --- the other messages ------------------------------------------------------------------ */

static void stdin_take(struct stream *s, const char *data, size_t len)
{
    if (s->ended_stdin) {
        end_with_error(s, 400, "stdin: it has ended with eof", NULL);
    } else {
        session_stdin(&s->session, data, len);
    }
}

static void on_stdin(struct stream *s, json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    if (!json_is_string(data)) {
        end_with_error(s, 400, "stdin: data must be a string", NULL);
    } else {
        stdin_take(s, json_string_value(data), json_string_length(data));
    }
}

/* At a terminal it is a key, behind which more may come. */
static void on_eof(struct stream *s, json_t *message)
{
    (void)message;
    s->ended_stdin = !s->tty && s->runtime != NULL;
    session_stdin_end(&s->session);
}

static void on_signal(struct stream *s, json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "signal"));
    int signo = name != NULL ? signal_number(name) : 0;
    if (signo == 0) {
        end_with_error(s, 400, "signal: must be the name of a signal, such as \"SIGINT\"", NULL);
    } else {
        session_signal(&s->session, signo);
    }
}

static bool is_size(const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 1 &&
           json_integer_value(v) <= TERMINAL_MAX;
}

static void on_resize(struct stream *s, json_t *message)
{
    const json_t *rows = json_object_get(message, "rows");
    const json_t *columns = json_object_get(message, "columns");
    if (!is_size(rows) || !is_size(columns)) {
        end_with_error(s, 400, "resize: rows and columns must be integers from 1 to 10000", NULL);
    } else {
        session_resize(&s->session, (uint16_t)json_integer_value(rows),
                       (uint16_t)json_integer_value(columns));
    }
}

/* When it has not even been admitted there is nothing more to tell. */
static void on_cancel(struct stream *s, json_t *message)
{
    (void)message;
    s->cancelled = true;
    if (s->admission == NULL) {
        session_cancel(&s->session);
        return;
    }
    session_send_json(&s->session, json_pack("{s:s,s:n,s:s,s:s}", "type", "finished", "id",
                                             "status", "cancelled", "verdict", "cancelled"));
    end(s, WEBSOCKET_NORMAL);
}

static const struct rule {
    const char *type;
    void (*fn)(struct stream *s, json_t *message);
    const char *keys[3]; /* beside "type"; of start the schema knows them */
    bool first;          /* it may come before start */
} rules[] = {
    {"start", on_start, {NULL}, true},    {"stdin", on_stdin, {"data"}, false},
    {"eof", on_eof, {NULL}, false},       {"signal", on_signal, {"signal"}, false},
    {"cancel", on_cancel, {NULL}, false}, {"resize", on_resize, {"rows", "columns"}, false},
};

static const struct rule *rule_of(const char *type)
{
    for (size_t i = 0; type != NULL && i < ARRAY_LEN(rules); i++) {
        if (strcmp(rules[i].type, type) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

static bool has_key(const struct rule *rule, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rule->keys) && rule->keys[i] != NULL; i++) {
        if (strcmp(rule->keys[i], key) == 0) {
            return true;
        }
    }
    return strcmp(key, "type") == 0;
}

/* NULL: there is none. */
static const char *unknown_key(const struct rule *rule, json_t *message)
{
    const char *key;
    json_t *value;
    json_object_foreach(message, key, value)
    {
        if (!has_key(rule, key)) {
            return key;
        }
    }
    return NULL;
}

static void dispatch(struct stream *s, json_t *message)
{
    const struct rule *rule = rule_of(json_string_value(json_object_get(message, "type")));
    if (rule == NULL) {
        end_with_error(s, 400, "type: must be one of start, stdin, eof, signal, resize and cancel",
                       NULL);
        return;
    }
    const char *key = rule->fn == on_start ? NULL : unknown_key(rule, message);
    AUTO(buf_done) struct buf text = {0};
    if (key != NULL) {
        buf_add_fmt(&text, "%s.%s: unknown key", rule->type, key);
        end_with_error(s, 400, text.data, NULL);
    } else if (!rule->first && !s->begun) {
        buf_add_fmt(&text, "%s: comes before start", rule->type);
        end_with_error(s, 400, text.data, NULL);
    } else {
        rule->fn(s, message);
    }
}

static void on_binary(struct stream *s, const char *data, size_t len)
{
    if (!s->begun) {
        end_with_error(s, 400, "a binary message is stdin: it comes before start", NULL);
    } else {
        stdin_take(s, data, len);
    }
}

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct stream *s = ctx;
    struct err e = {0};
    AUTO(json_freep) json_t *message = NULL;
    if (kind == WEBSOCKET_BINARY) {
        on_binary(s, data, len);
    } else if (native_parse(data, len, &message, &e) < 0) {
        end_with_error(s, 400, e.text, NULL);
    } else if (!json_is_object(message)) {
        end_with_error(s, 400, "a message must be an object", NULL);
    } else {
        dispatch(s, message);
    }
}

/* --- its life ---------------------------------------------------------------------------- */

static void stream_free(struct stream *s)
{
    loop_timer_cancel(&s->start_timer);
    native_admission_cancel(s->admission);
    runtime_unref(s->runtime);
    free(s);
}

static void on_closed(void *ctx)
{
    stream_free(ctx);
}

/* As a request that does not come. */
static void on_no_start(void *ctx)
{
    end_with_error(ctx, 408, "start: it did not come in time (server.header_timeout_s)", NULL);
}

static void expect_start(struct stream *s)
{
    struct loop *loop = s->native->api->loop;
    uint64_t end = loop_now_ns(loop) + s->native->api->config->header_timeout_s * NS_PER_S;
    loop_timer_set(loop, &s->start_timer, end, on_no_start, s);
}

void stream_run(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    if (!http_wants_websocket(r)) {
        http_add_header(r, "Upgrade", "websocket");
        native_problem(r, 426, "this is a WebSocket; POST /api/v1/executions runs without one",
                       NULL);
        return;
    }
    struct stream *s = xcalloc(1, sizeof(*s));
    const struct session_events events = {
        .message = on_message,
        .stage = on_stage,
        .stage_done = on_stage_done,
        .finished = on_finished,
        .closed = on_closed,
        .ctx = s,
    };
    const struct websocket_config config = {n->api->config->body_max, SOCKET_PROTOCOL};
    s->native = n;
    s->session.output_type = "output";
    if (session_open(&s->session, n->api, r, &config, &events)) {
        expect_start(s);
    } else {
        stream_free(s);
    }
}
