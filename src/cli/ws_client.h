#pragma once
/*
 * ws_client - the client's side of a WebSocket (RFC 6455): libcurl makes the connection (TLS,
 * proxies), the handshake is ours, wslay does the frames, the loop watches the socket.
 *
 * Opening blocks; from then on nothing does.  Callbacks come from the loop only.  Pings are
 * answered; while the caller has paused, the server is told now and then that we are there.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;
struct remote;
struct ws_client;

struct ws_client_events {
    /* A whole message; a text is valid UTF-8; only during the call. */
    void (*message)(void *ctx, bool binary, const char *data, size_t len);
    /* What was sent has left, after ws_client_send returned false. */
    void (*room)(void *ctx);
    /* Once, last: the server's code (1005: it gave none) and reason, or 1006: the connection is
     * gone.  The client may be freed here, and the reason goes with it. */
    void (*closed)(void *ctx, unsigned code, const char *reason);
    void *ctx;
};

enum { WS_CLIENT_NO_CODE = 1005, WS_CLIENT_GONE = 1006 };

/* ERR_NOT_FOUND: an HTTP server answers there, but has no such WebSocket. */
int ws_client_open(struct loop *loop, const struct remote *remote, const char *path,
                   const struct ws_client_events *events, struct ws_client **ret, struct err *e);
/* False: much is kept; wait for `room` (what is sent all the same is kept too). */
bool ws_client_send(struct ws_client *w, bool binary, const void *data, size_t len);
/* Reads no more messages, but for a few that are here already, until ws_client_resume. */
void ws_client_pause(struct ws_client *w);
void ws_client_resume(struct ws_client *w);
/* At once; not from `message` or `room`.  NULL is fine. */
void ws_client_free(struct ws_client *w);
void ws_client_freep(struct ws_client **w); /* for AUTO */
