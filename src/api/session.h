#pragma once
/*
 * session - one interactive job on a WebSocket, in whatever dialect: its life, and back-pressure
 * both ways.
 *
 *   program -> client   what the socket does not take at once makes the program wait; of what was
 *                       read already, at most one read of each stream is kept
 *   client -> program   what comes before the program is there is kept for it; when more than
 *                       SESSION_STDIN_MAX bytes wait, no more messages are read
 *
 * The job ends with its session, whoever ends it.  Embedded in its owner.  Loop thread only.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/gate.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "engine/engine.h"
#include "http/websocket.h"

struct api;
struct err;
struct http_request;
struct session;

#define SESSION_STDIN_MAX ((size_t)64 << 10)
/* The largest message from then on: stdin of that size waits in memory. */
#define SESSION_MESSAGE_MAX ((size_t)1 << 20)

struct session_events {
    /* As a websocket's; none after session_close. */
    void (*message)(void *ctx, enum websocket_kind kind, const char *data, size_t len);
    void (*stage)(void *ctx, enum engine_stage stage);
    void (*stage_done)(void *ctx, enum engine_stage stage, const struct stage_result *result);
    /* The job is over: say so, and session_close. */
    void (*finished)(void *ctx, struct result *result);
    /* Once, last: the owner may free itself. */
    void (*closed)(void *ctx);
    void *ctx;
};

struct session_stream {
    struct utf8_stream repair;
    char *kept; /* read, not sent: from kept_from on */
    size_t kept_from, kept_len;
    bool paused;
};

struct session {
    struct api *api;
    struct caller caller; /* a copy: it outlives the request */
    struct session_events events;
    struct websocket *socket;
    struct engine_job *job;  /* NULL: not yet, or over */
    const char *output_type; /* "type" of a message with output */
    bool binary;             /* output as binary frames: 1 or 2, and the bytes */
    bool closing;
    bool held; /* the client: too much stdin waits */
    struct session_stream streams[2];
    struct buf early; /* stdin from before the job */
    bool early_end;
    bool in_stage; /* a program is there that hears signals */
    uint64_t early_signals;
    uint16_t early_rows, early_columns; /* 0: none */
};

/* The request has a caller (gate.h).  False: the handshake was bad, it is answered, and there is no
 * session. */
bool session_open(struct session *s, struct api *api, struct http_request *r,
                  const struct websocket_config *config, const struct session_events *events);
/* What is to run has come: what comes now is small. */
void session_begin(struct session *s);
/* Takes the job, and makes it an interactive one. */
int session_run(struct session *s, struct job *job, struct err *e);
/* These before there is a job, too. */
void session_stdin(struct session *s, const void *data, size_t len);
void session_stdin_end(struct session *s);
void session_signal(struct session *s, int signo);
void session_resize(struct session *s, uint16_t rows, uint16_t columns);
void session_cancel(struct session *s); /* `finished` comes soon */

void session_send(struct session *s, const char *text, size_t len);
void session_send_json(struct session *s, json_t *message); /* takes it */
/* Ends the job, without a word, and the socket when all is sent.  Twice is fine. */
void session_close(struct session *s, unsigned code, const char *reason);
