/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `piston execute -t`: Piston's WebSocket.  Its programs have no terminal, so ours stays as it is:
 * lines are edited here, and a signal of the keyboard is passed on as a message.
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
#include "base/utf8.h"
#include "cli/inlet.h"
#include "cli/outlet.h"
#include "cli/piston.h"
#include "cli/style.h"
#include "cli/ws_client.h"
#include "model/result.h"

#define CONNECT_PATH "/api/v2/connect"

struct piston_session {
    const struct piston_args *args;
    struct loop *loop;
    struct ws_client *ws;
    struct inlet in;
    struct outlet out, err;
    struct utf8_stream typed; /* a character may be cut by the end of a read */
    bool status, colour;
    bool started; /* the server knows the runtime */
    bool closed;
    int unanswered; /* the signal after which nothing has come; 0: none */
    struct err *failure;
    int result;
};

static void session_end_if_written(struct piston_session *s)
{
    if (s->closed && outlet_empty(&s->out) && outlet_empty(&s->err)) {
        loop_stop(s->loop);
    }
}

static void session_send(struct piston_session *s, json_t *message)
{
    AUTO(mem_freep) char *text = json_dumps(message, JSON_COMPACT);
    if (s->ws) {
        ws_client_send(s->ws, false, text, strlen(text));
    }
    json_decref(message);
}

/* Pairs of a bold word and a yellow one, ended by NULL. */
static void status_print(const struct piston_session *s, const char *const *words)
{
    if (!s->status) {
        return;
    }
    for (size_t i = 0; words[i]; i++) {
        fputs(i ? " " : "", stderr);
        style_put(stderr, s->colour, i % 2 ? STYLE_YELLOW : STYLE_BOLD, words[i]);
    }
    fputc('\n', stderr);
}

/* --- what the server says --------------------------------------------------------------------- */

static const char *word_of(const json_t *message, const char *key)
{
    const char *word = json_string_value(json_object_get(message, key));
    return word ? word : "";
}

static void on_runtime(struct piston_session *s, const json_t *message)
{
    AUTO(mem_freep)
    char *name = xasprintf("%s %s", word_of(message, "language"), word_of(message, "version"));
    const char *const words[] = {"Runtime:", name, NULL};
    s->started = true;
    status_print(s, words);
}

/* Not before: Piston loses what comes earlier. */
static void on_stage(struct piston_session *s, const json_t *message)
{
    const char *const words[] = {"Stage:", word_of(message, "stage"), NULL};
    status_print(s, words);
    if (strcmp(words[1], "run") == 0) {
        inlet_start(&s->in);
    }
}

static void on_data(struct piston_session *s, const json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    bool to_stderr = strcmp(word_of(message, "stream"), "stderr") == 0;
    if (json_is_string(data) && !outlet_write(to_stderr ? &s->err : &s->out,
                                              json_string_value(data), json_string_length(data))) {
        ws_client_pause(s->ws);
    }
}

static void on_exit_of(struct piston_session *s, const json_t *message)
{
    const json_t *code = json_object_get(message, "code");
    AUTO(mem_freep)
    char *number = json_is_integer(code)
                       ? xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(code))
                       : xstrdup("null");
    const char *signal = word_of(message, "signal");
    const char *const words[] = {"Stage", word_of(message, "stage"),
                                 *signal ? "exited with signal" : "exited with code",
                                 *signal ? signal : number, NULL};
    status_print(s, words);
}

static void on_error(struct piston_session *s, const json_t *message)
{
    s->result = err_set(s->failure, ERR_INVALID, "%s", word_of(message, "message"));
}

static const struct {
    const char *type;
    void (*fn)(struct piston_session *s, const json_t *message);
} messages[] = {
    {"runtime", on_runtime}, {"stage", on_stage}, {"data", on_data},
    {"exit", on_exit_of},    {"error", on_error},
};

static void session_on_message(void *ctx, bool binary, const char *data, size_t len)
{
    struct piston_session *s = ctx;
    AUTO(remote_json_freep) json_t *message = json_loadb(data, len, JSON_ALLOW_NUL, NULL);
    const char *type = word_of(message, "type");
    (void)binary;
    s->unanswered = 0;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (strcmp(messages[i].type, type) == 0) {
            messages[i].fn(s, message);
        }
    }
}

static void session_on_room(void *ctx)
{
    struct piston_session *s = ctx;
    inlet_room(&s->in);
}

static void session_on_closed(void *ctx, unsigned code, const char *reason)
{
    struct piston_session *s = ctx;
    AUTO(ws_client_freep) struct ws_client *ws = TAKE(&s->ws, NULL); /* it owns the reason */
    AUTO(mem_freep) char *quoted_code = xasprintf("\"%u\"", code);
    AUTO(mem_freep) char *quoted_reason = xasprintf("\"%s\"", reason);
    const char *const words[] = {"Disconnected:  Reason:", quoted_reason, "Code:", quoted_code,
                                 NULL};
    inlet_stop(&s->in);
    status_print(s, words);
    if (s->result == 0 && (code == WS_CLIENT_GONE || !s->started)) {
        s->result = err_set(s->failure, ERR_IO, "%.100s ended the connection%s%s",
                            s->args->remote.url, *reason ? ": " : "", reason);
    }
    s->closed = true;
    session_end_if_written(s);
}

/* --- what comes from our side ----------------------------------------------------------------- */

static bool session_on_input(void *ctx, const char *data, size_t len)
{
    struct piston_session *s = ctx;
    AUTO(buf_done) struct buf text = {0};
    utf8_stream_feed(&s->typed, data, len, &text);
    if (!s->ws || text.len == 0) {
        return true;
    }
    AUTO(remote_json_freep)
    json_t *message =
        json_pack("{s:s,s:s,s:s%}", "type", "data", "stream", "stdin", "data", text.data, text.len);
    AUTO(mem_freep) char *line = json_dumps(message, JSON_COMPACT);
    return ws_client_send(s->ws, false, line, strlen(line));
}

/* Piston has no word for the end of stdin: the program goes on until it ends, or its time does. */
static void session_on_input_end(void *ctx)
{
    (void)ctx;
}

/* A server that does nothing about it (Piston's does not) would else hold us. */
static void session_on_signal(void *ctx, int signo)
{
    struct piston_session *s = ctx;
    if (!s->ws || s->unanswered == signo) {
        s->result = err_set(s->failure, ERR_GONE, "stopped by %s", signal_name(signo));
        loop_stop(s->loop);
        return;
    }
    s->unanswered = signo;
    session_send(s, json_pack("{s:s,s:s}", "type", "signal", "signal", signal_name(signo)));
}

static void session_on_drained(void *ctx)
{
    struct piston_session *s = ctx;
    if (s->ws && outlet_empty(&s->out) && outlet_empty(&s->err)) {
        ws_client_resume(s->ws);
    }
    session_end_if_written(s);
}

static void session_on_broke(void *ctx)
{
    struct piston_session *s = ctx;
    loop_stop(s->loop);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void session_done(struct piston_session *s)
{
    inlet_stop(&s->in);
    outlet_done(&s->out);
    outlet_done(&s->err);
    ws_client_free(s->ws);
    loop_free(s->loop);
}

static void session_wire(struct piston_session *s)
{
    s->in = (struct inlet){.loop = s->loop, .fd = STDIN_FILENO};
    s->in.take = session_on_input;
    s->in.end = session_on_input_end;
    s->in.ctx = s;
    s->out = (struct outlet){.loop = s->loop, .fd = STDOUT_FILENO};
    s->err = (struct outlet){.loop = s->loop, .fd = STDERR_FILENO};
    s->out.drained = s->err.drained = session_on_drained;
    s->out.broke = s->err.broke = session_on_broke;
    s->out.ctx = s->err.ctx = s;
    s->status = s->args->status && isatty(STDERR_FILENO);
    s->colour = style_wanted(STDERR_FILENO);
}

static int signals_watch(struct piston_session *s, struct err *e)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGALRM, SIGCONT};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(signals); i++) {
        r = loop_signal_add(s->loop, signals[i], session_on_signal, s, e);
    }
    return r;
}

static int session_start(struct piston_session *s, json_t *init, struct err *e)
{
    static const char *const connected[] = {"Connected", NULL};
    const struct ws_client_events events = {
        .message = session_on_message,
        .room = session_on_room,
        .closed = session_on_closed,
        .ctx = s,
    };
    int r = ws_client_open(s->loop, &s->args->remote, CONNECT_PATH, &events, &s->ws, e);
    if (r < 0) {
        return r;
    }
    status_print(s, connected);
    json_object_set_new(init, "type", json_string("init"));
    json_object_del(init, "stdin");
    session_send(s, json_incref(init));
    return signals_watch(s, e);
}

int piston_session(const struct piston_args *args, json_t *init, struct err *e)
{
    AUTO(session_done) struct piston_session s = {.args = args, .failure = e};
    (void)signal(SIGPIPE, SIG_IGN);
    int r = loop_new(&s.loop, e);
    if (r == 0) {
        session_wire(&s);
        r = session_start(&s, init, e);
    }
    if (r == 0) {
        r = loop_run(s.loop, e);
    }
    return r < 0 ? r : s.result;
}
