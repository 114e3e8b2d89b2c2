/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session.h"

#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/json.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/job.h"

/* What a piece of output may become as JSON: with the socket's queue and what was read of both
 * streams, a client that does not read costs less than 256 KiB. */
#define PIECE_MAX ((size_t)32 << 10)

/* --- output ------------------------------------------------------------------------------ */

static struct session_stream *stream_of(struct session *s, enum engine_stream stream)
{
    return &s->streams[stream == STREAM_STDERR];
}

/* How many of the bytes make one piece; as JSON most are one byte, some two, \u001b six. */
static size_t piece_length(const char *data, size_t len)
{
    size_t cost = 0, n = 0;
    while (n < len && cost < PIECE_MAX) {
        unsigned char c = (unsigned char)data[n++];
        cost += c < 0x20 ? 6 : c >= 0x80 ? 3 : c == '"' || c == '\\' ? 2 : 1;
    }
    return n;
}

static bool text_send(struct session *s, enum engine_stream stream, const struct buf *text)
{
    if (text->len == 0) {
        return true; /* the beginning of a character */
    }
    AUTO(buf_done) struct buf m = {0};
    buf_add_fmt(&m, "{\"type\":\"%s\",\"stream\":\"%s\",\"data\":", s->output_type,
                stream == STREAM_STDERR ? "stderr" : "stdout");
    json_write_string(&m, text->data, text->len);
    buf_add_char(&m, '}');
    return websocket_send(s->socket, WEBSOCKET_TEXT, NULL, 0, m.data, m.len);
}

/* Sends pieces while there is room; gives how many of the bytes are sent. */
static size_t pieces_send(struct session *s, enum engine_stream stream, const char *data,
                          size_t len, bool *ret_room)
{
    size_t sent = 0;
    while (sent < len && *ret_room) {
        AUTO(buf_done) struct buf text = {0};
        size_t n = piece_length(data + sent, len - sent);
        utf8_stream_feed(&stream_of(s, stream)->repair, data + sent, n, &text);
        sent += n;
        *ret_room = text_send(s, stream, &text);
    }
    return sent;
}

static bool binary_send(struct session *s, enum engine_stream stream, const char *data, size_t len)
{
    const unsigned char head = (unsigned char)stream;
    return websocket_send(s->socket, WEBSOCKET_BINARY, &head, 1, data, len);
}

/* All of it: while a stream is paused nothing more is read. */
static void stream_keep(struct session_stream *t, const char *data, size_t len)
{
    if (len > 0) {
        t->kept = xrealloc(t->kept, t->kept_len + len);
        memcpy(t->kept + t->kept_len, data, len);
        t->kept_len += len;
    }
}

static void stream_forget(struct session_stream *t)
{
    free(t->kept);
    t->kept = NULL;
    t->kept_from = t->kept_len = 0;
}

static bool on_output(void *ctx, enum engine_stage stage, enum engine_stream stream,
                      const char *data, size_t len)
{
    struct session *s = ctx;
    struct session_stream *t = stream_of(s, stream);
    (void)stage;
    if (s->closing) {
        return true;
    }
    bool room = true;
    if (s->binary) {
        room = binary_send(s, stream, data, len);
    } else {
        size_t sent = pieces_send(s, stream, data, len, &room);
        stream_keep(t, data + sent, len - sent);
    }
    t->paused = !room;
    return room;
}

/* What is kept of a stream goes out; true: all of it, and there is room. */
static bool kept_send(struct session *s, enum engine_stream stream)
{
    struct session_stream *t = stream_of(s, stream);
    bool room = true;
    if (t->kept_len > 0) {
        t->kept_from +=
            pieces_send(s, stream, t->kept + t->kept_from, t->kept_len - t->kept_from, &room);
    }
    if (t->kept_from == t->kept_len) {
        stream_forget(t);
    }
    return room;
}

static void on_room(void *ctx)
{
    struct session *s = ctx;
    for (enum engine_stream stream = STREAM_STDOUT; stream <= STREAM_STDERR; stream++) {
        struct session_stream *t = stream_of(s, stream);
        if (!t->paused) {
            continue;
        }
        if (s->closing || !kept_send(s, stream)) {
            return; /* `room` comes again */
        }
        t->paused = false;
        if (s->job != NULL) {
            engine_job_resume(s->job, stream);
        }
    }
}

/* The end of a stage: whatever is left goes out, half a character too. */
static void stream_end(struct session *s, enum engine_stream stream)
{
    struct session_stream *t = stream_of(s, stream);
    while (t->kept_len > 0) {
        kept_send(s, stream);
    }
    AUTO(buf_done) struct buf rest = {0};
    utf8_stream_end(&t->repair, &rest);
    text_send(s, stream, &rest);
    t->paused = false;
}

/* --- input ------------------------------------------------------------------------------- */

static size_t stdin_waits(const struct session *s)
{
    return s->job != NULL ? engine_job_stdin_pending(s->job) : s->early.len;
}

static void hold_client(struct session *s)
{
    if (!s->held && stdin_waits(s) > SESSION_STDIN_MAX) {
        s->held = true;
        websocket_pause(s->socket);
    }
}

static void let_client(struct session *s)
{
    if (s->held && stdin_waits(s) <= SESSION_STDIN_MAX) {
        s->held = false;
        websocket_resume(s->socket);
    }
}

static void on_stdin_room(void *ctx)
{
    let_client(ctx);
}

void session_stdin(struct session *s, const void *data, size_t len)
{
    if (s->job != NULL) {
        engine_job_stdin(s->job, data, len);
    } else if (!s->early_end) {
        buf_add(&s->early, data, len);
    }
    hold_client(s);
}

void session_stdin_end(struct session *s)
{
    if (s->job != NULL) {
        engine_job_stdin_end(s->job);
    } else {
        s->early_end = true;
    }
}

void session_signal(struct session *s, int signo)
{
    if (s->job != NULL && s->in_stage) {
        engine_job_signal(s->job, signo);
    } else {
        s->early_signals |= UINT64_C(1) << (signo - 1);
    }
}

void session_resize(struct session *s, uint16_t rows, uint16_t columns)
{
    if (s->job != NULL) {
        engine_job_resize(s->job, rows, columns);
        return;
    }
    s->early_rows = rows;
    s->early_columns = columns;
}

void session_cancel(struct session *s)
{
    if (s->job != NULL) {
        engine_job_cancel(s->job, false);
    }
}

/* --- the job ----------------------------------------------------------------------------- */

static void signals_give(struct session *s)
{
    for (int signo = 1; s->early_signals != 0; signo++, s->early_signals >>= 1) {
        if (s->early_signals & 1) {
            engine_job_signal(s->job, signo);
        }
    }
}

static void on_stage(void *ctx, enum engine_stage stage)
{
    struct session *s = ctx;
    s->in_stage = true;
    signals_give(s);
    s->events.stage(s->events.ctx, stage);
    if (!s->closing) {
        let_client(s); /* its pipe may have taken all at once */
    }
}

static void on_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    struct session *s = ctx;
    s->in_stage = false;
    if (s->closing) {
        return;
    }
    stream_end(s, STREAM_STDOUT);
    stream_end(s, STREAM_STDERR);
    s->events.stage_done(s->events.ctx, stage, result);
}

static void on_finished(void *ctx, struct result *result)
{
    struct session *s = ctx;
    s->job = NULL;
    if (!s->closing) {
        s->events.finished(s->events.ctx, result);
    }
}

static void early_give(struct session *s)
{
    if (s->early.len > 0) {
        engine_job_stdin(s->job, s->early.data, s->early.len);
    }
    if (s->early_end) {
        engine_job_stdin_end(s->job);
    }
    if (s->early_rows != 0) {
        engine_job_resize(s->job, s->early_rows, s->early_columns);
    }
    buf_done(&s->early);
}

void session_begin(struct session *s)
{
    websocket_set_message_max(s->socket, SESSION_MESSAGE_MAX);
}

int session_run(struct session *s, struct job *job, struct err *e)
{
    const struct engine_observer observer = {
        .stage = on_stage,
        .output = on_output,
        .stage_done = on_stage_done,
        .stdin_room = on_stdin_room,
        .finished = on_finished,
        .ctx = s,
    };
    job->priority = JOB_INTERACTIVE;
    job->stdin_open = true;
    job->keep_output = false;
    int r = engine_submit(s->api->engine, job, &observer, &s->job, e);
    if (r < 0) {
        return r;
    }
    early_give(s);
    return 0;
}

static void job_drop(struct session *s)
{
    if (s->job != NULL) {
        engine_job_cancel(TAKE(&s->job, NULL), true);
    }
    buf_done(&s->early);
    for (size_t i = 0; i < ARRAY_LEN(s->streams); i++) {
        stream_forget(&s->streams[i]);
    }
}

/* --- the socket -------------------------------------------------------------------------- */

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct session *s = ctx;
    if (!s->closing) {
        s->events.message(s->events.ctx, kind, data, len);
    }
}

static void on_closed(void *ctx, unsigned code)
{
    struct session *s = ctx;
    (void)code;
    s->closing = true;
    job_drop(s);
    s->events.closed(s->events.ctx);
}

bool session_open(struct session *s, struct api *api, struct http_request *r,
                  const struct websocket_config *config, const struct session_events *events)
{
    const struct websocket_events socket_events = {
        .message = on_message,
        .room = on_room,
        .closed = on_closed,
        .ctx = s,
    };
    s->api = api;
    s->events = *events;
    s->caller = *gate_caller(r);
    s->socket = http_accept_websocket(r, config, &socket_events);
    return s->socket != NULL;
}

void session_send(struct session *s, const char *text, size_t len)
{
    if (!s->closing) {
        websocket_send(s->socket, WEBSOCKET_TEXT, NULL, 0, text, len);
    }
}

void session_send_json(struct session *s, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(message);
    if (text != NULL) {
        session_send(s, text, strlen(text));
    }
    free(text);
}

void session_close(struct session *s, unsigned code, const char *reason)
{
    if (s->closing) {
        return;
    }
    s->closing = true;
    job_drop(s);
    if (s->held) {
        websocket_resume(s->socket);
    }
    websocket_close(s->socket, code, reason);
}
