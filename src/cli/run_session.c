/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar run -t --url`: a program on a server, through a WebSocket; what is typed goes there as
 * it comes, and what it prints comes back so.  Whoever leaves stops it: the server sees to that.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/inlet.h"
#include "cli/native.h"
#include "cli/outlet.h"
#include "cli/remote.h"
#include "cli/run.h"
#include "cli/tty.h"
#include "cli/ws_client.h"
#include "model/result.h"

enum output_stream { OUTPUT_STDOUT = 1, OUTPUT_STDERR = 2 }; /* first byte of a binary frame */

struct session {
    const struct run_options *options;
    struct loop *loop;
    struct ws_client *ws;
    struct inlet in;
    struct outlet out, err;
    struct tty tty;
    bool compiling;
    bool started; /* the server has accepted it */
    bool over;    /* nothing more comes: end when the outlets are empty */
    int signo;    /* that asked for the end */
    int status;
};

static void session_end_if_written(struct session *s)
{
    if (s->over && outlet_empty(&s->out) && outlet_empty(&s->err)) {
        loop_stop(s->loop);
    }
}

/* The terminal first: what is said from now on is for people. */
static void session_over(struct session *s, int status)
{
    tty_restore(&s->tty);
    inlet_stop(&s->in);
    s->over = true;
    s->status = status;
    session_end_if_written(s);
}

static void session_fail(struct session *s, const char *text)
{
    AUTO(buf_done) struct buf line = {0};
    tty_restore(&s->tty);
    buf_add_fmt(&line, "belljar run: %s\n", text);
    outlet_write(&s->err, line.data, line.len);
    session_over(s, RUN_FAILED);
}

static void session_send(struct session *s, json_t *message)
{
    AUTO(mem_freep) char *text = json_dumps(message, JSON_COMPACT);
    ws_client_send(s->ws, false, text, strlen(text));
    json_decref(message);
}

/* --- what the server says --------------------------------------------------------------------- */

static void on_started(struct session *s, const json_t *message)
{
    (void)message;
    s->started = true;
    if (!s->options->terminal) {
        inlet_start(&s->in);
    }
}

/* The terminal is raw for the program alone: a compiler's messages want it as it is. */
static void on_stage(struct session *s, const json_t *message)
{
    const char *stage = json_string_value(json_object_get(message, "stage"));
    struct err e;
    s->compiling = stage && strcmp(stage, "compile") == 0;
    if (s->compiling || !s->options->terminal) {
        return;
    }
    if (tty_raw(&s->tty, &e) < 0) {
        session_fail(s, e.text);
        return;
    }
    inlet_start(&s->in);
}

static void on_finished(struct session *s, const json_t *message)
{
    AUTO(result_done) struct result result;
    AUTO(buf_done) struct buf line = {0};
    result_init(&result);
    native_result(message, &result);
    bool by_signal = result.verdict == VERDICT_CANCELLED && s->signo;
    tty_restore(&s->tty);
    run_explain("run", &result, &line);
    outlet_write(&s->err, line.data, line.len);
    session_over(s, by_signal ? RUN_SIGNAL_BASE + s->signo : run_exit_status(&result));
}

static void on_error(struct session *s, const json_t *message)
{
    struct err e;
    remote_refusal(&s->options->remote,
                   (long)json_integer_value(json_object_get(message, "status")), message, &e);
    session_fail(s, e.text);
}

static const struct {
    const char *type;
    void (*fn)(struct session *s, const json_t *message);
} messages[] = {
    {"started", on_started},
    {"stage", on_stage},
    {"finished", on_finished},
    {"error", on_error},
}; /* others are for those who want them */

static void session_on_text(struct session *s, const char *data, size_t len)
{
    AUTO(remote_json_freep) json_t *message = json_loadb(data, len, JSON_ALLOW_NUL, NULL);
    const char *type = json_string_value(json_object_get(message, "type"));
    for (size_t i = 0; type && i < ARRAY_LEN(messages); i++) {
        if (strcmp(messages[i].type, type) == 0) {
            messages[i].fn(s, message);
            return;
        }
    }
}

static void session_on_message(void *ctx, bool binary, const char *data, size_t len)
{
    struct session *s = ctx;
    if (s->over) {
        return;
    }
    if (!binary) {
        session_on_text(s, data, len);
    } else if (len > 0) {
        bool to_stdout = data[0] == OUTPUT_STDOUT && !s->compiling;
        if (!outlet_write(to_stdout ? &s->out : &s->err, data + 1, len - 1)) {
            ws_client_pause(s->ws);
        }
    }
}

static void session_on_room(void *ctx)
{
    struct session *s = ctx;
    inlet_room(&s->in);
}

static void session_on_closed(void *ctx, unsigned code, const char *reason)
{
    struct session *s = ctx;
    AUTO(ws_client_freep) struct ws_client *ws = TAKE(&s->ws, NULL); /* it owns the reason */
    AUTO(mem_freep) char *text = NULL;
    if (s->over) {
        session_end_if_written(s);
        return;
    }
    if (s->started) {
        text = xasprintf("the connection to %s has ended, and with it the program%s%s",
                         s->options->remote.url, *reason ? ": " : "", reason);
    } else if (*reason) {
        text = xasprintf("%s refused it: %s", s->options->remote.url, reason);
    } else {
        text = xasprintf("%s closed the connection without a word (code %u); is it a Piston? "
                         "'belljar piston run -t' talks to one",
                         s->options->remote.url, code);
    }
    session_fail(s, text);
}

/* --- what comes from our side ----------------------------------------------------------------- */

static bool session_on_input(void *ctx, const char *data, size_t len)
{
    struct session *s = ctx;
    return !s->ws || ws_client_send(s->ws, true, data, len);
}

static void session_cancel(struct session *s, int signo)
{
    bool again = s->signo != 0;
    s->signo = signo;
    if (!s->ws || !s->started || again || s->over) {
        s->status = RUN_SIGNAL_BASE + signo; /* leaving stops the program too */
        loop_stop(s->loop);
        return;
    }
    session_send(s, json_pack("{s:s}", "type", "cancel"));
}

/* A raw terminal has no EOF: it has hung up. */
static void session_on_input_end(void *ctx)
{
    struct session *s = ctx;
    if (s->options->terminal) {
        session_cancel(s, SIGHUP);
    } else if (s->ws) {
        session_send(s, json_pack("{s:s}", "type", "eof"));
    }
}

static void session_on_signal(void *ctx, int signo)
{
    session_cancel(ctx, signo);
}

static void session_on_resized(void *ctx, uint16_t rows, uint16_t columns)
{
    struct session *s = ctx;
    if (s->ws && !s->over) {
        session_send(s, json_pack("{s:s,s:i,s:i}", "type", "resize", "rows", (int)rows, "columns",
                                  (int)columns));
    }
}

static void session_on_drained(void *ctx)
{
    struct session *s = ctx;
    if (s->ws && outlet_empty(&s->out) && outlet_empty(&s->err)) {
        ws_client_resume(s->ws);
    }
    session_end_if_written(s);
}

/* Nobody reads what the program prints (`belljar run -t --url ... | head`). */
static void session_on_broke(void *ctx)
{
    struct session *s = ctx;
    s->status = RUN_SIGNAL_BASE + SIGPIPE;
    loop_stop(s->loop);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void session_done(struct session *s)
{
    tty_restore(&s->tty);
    inlet_stop(&s->in);
    outlet_done(&s->out);
    outlet_done(&s->err);
    ws_client_free(s->ws);
    loop_free(s->loop);
}

static int signals_watch(struct session *s, struct err *e)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(signals); i++) {
        r = loop_signal_add(s->loop, signals[i], session_on_signal, s, e);
    }
    return r < 0 || !s->options->terminal ? r : tty_watch(&s->tty, e);
}

static void session_wire(struct session *s)
{
    struct loop *loop = s->loop;
    s->in = (struct inlet){.loop = loop, .fd = STDIN_FILENO};
    s->in.take = session_on_input;
    s->in.end = session_on_input_end;
    s->in.ctx = s;
    s->out = (struct outlet){.loop = loop, .fd = STDOUT_FILENO};
    s->err = (struct outlet){.loop = loop, .fd = STDERR_FILENO};
    s->out.drained = s->err.drained = session_on_drained;
    s->out.broke = s->err.broke = session_on_broke;
    s->out.ctx = s->err.ctx = s;
    s->tty =
        (struct tty){.loop = loop, .fd = STDIN_FILENO, .resized = session_on_resized, .ctx = s};
}

/* The program's terminal is like ours: its size, and what it understands. */
static void terminal_set(json_t *start)
{
    uint16_t rows, columns;
    const char *term = secure_getenv("TERM");
    json_t *env = json_object_get(start, "env");
    tty_size(STDIN_FILENO, &rows, &columns);
    json_object_set_new(start, "tty", json_true());
    json_object_set_new(start, "rows", json_integer(rows));
    json_object_set_new(start, "columns", json_integer(columns));
    if (!term || !*term || json_object_get(env, "TERM")) {
        return;
    }
    if (!env) {
        env = json_object();
        json_object_set_new(start, "env", env);
    }
    json_object_set_new(env, "TERM", json_string(term));
}

static int session_start(struct session *s, struct err *e)
{
    const struct ws_client_events events = {
        .message = session_on_message,
        .room = session_on_room,
        .closed = session_on_closed,
        .ctx = s,
    };
    AUTO(remote_json_freep) json_t *start = NULL;
    int r = native_body(s->options, &start, e);
    if (r == 0) {
        r = ws_client_open(s->loop, &s->options->remote, NATIVE_STREAM, &events, &s->ws, e);
    }
    if (r < 0) {
        return r;
    }
    json_object_set_new(start, "type", json_string("start"));
    json_object_set_new(start, "binary", json_true());
    if (s->options->terminal) {
        terminal_set(start);
    }
    session_send(s, TAKE(&start, NULL));
    return 0;
}

int run_session(const struct run_options *o)
{
    AUTO(session_done) struct session s = {.options = o, .status = RUN_FAILED};
    struct err e;
    (void)signal(SIGPIPE, SIG_IGN);
    int r = loop_new(&s.loop, &e);
    if (r == 0) {
        session_wire(&s);
        r = session_start(&s, &e);
    }
    if (r == 0) {
        r = signals_watch(&s, &e); /* not before: until it is connected, a signal just ends us */
    }
    if (r == 0) {
        r = loop_run(s.loop, &e);
    }
    if (r < 0) {
        tty_restore(&s.tty);
        cli_error("run", &e);
        return RUN_FAILED;
    }
    return s.status;
}
