#pragma once
/*
 * websocket - RFC 6455 on a connection taken over from http.
 *
 * The framing of what comes is wslay's: masks, fragments, control frames, UTF-8, reserved bits and
 * close codes are checked, and what is wrong closes with its code.  Each has a ping every 15 s of
 * silence; one that does not answer is closed within 30 s.  Loop thread only; no callback comes
 * from inside a call, but for `closed` from http_server_free.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http_request;
struct websocket;

enum websocket_kind { WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2 };

enum websocket_code { /* RFC 6455, 7.4.1; a dialect has its own from 4000 on */
                      WEBSOCKET_NORMAL = 1000,
                      WEBSOCKET_GOING_AWAY = 1001,
                      WEBSOCKET_PROTOCOL_ERROR = 1002,
                      WEBSOCKET_NO_CODE = 1005,  /* never sent: close without one */
                      WEBSOCKET_ABNORMAL = 1006, /* never sent: the connection ended */
                      WEBSOCKET_POLICY = 1008,
                      WEBSOCKET_TOO_BIG = 1009,
                      WEBSOCKET_INTERNAL = 1011,
                      WEBSOCKET_TRY_AGAIN = 1013,
};

struct websocket_events {
    /* A whole message; a text is valid UTF-8, NUL behind it; only during the call. */
    void (*message)(void *ctx, enum websocket_kind kind, const char *data, size_t len);
    /* What was sent has left our queue, after websocket_send returned false; may be NULL. */
    void (*room)(void *ctx);
    /* Once, last: the other side closed (its code, 1005 without one), or is gone (1006), or
     * websocket_close was called and is done.  The websocket must not be used after it returned. */
    void (*closed)(void *ctx, unsigned code);
    void *ctx;
};

struct websocket_config {
    /* A larger one closes with 1009; with 1013 what grows while all messages and bodies that come
     * in hold more than the server may keep of them, and with 1008 what does not come within
     * header_timeout_s or a ping more. */
    size_t message_max;
    const char *protocol; /* the subprotocol that is chosen when the client offers it; or NULL */
};

/* Whether it asks for an upgrade to a WebSocket (GET, HTTP/1.1, Upgrade, Connection). */
bool http_wants_websocket(const struct http_request *r);
/*
 * From a handler of such a request, instead of an answer; the request must not be used after it.
 * A bad handshake (no key, another version: 426 with Sec-WebSocket-Version), or one more stream
 * than may be open (503), is answered here, and NULL returned.  Messages that come with the upgrade
 * are not lost.
 */
struct websocket *http_accept_websocket(struct http_request *r,
                                        const struct websocket_config *config,
                                        const struct websocket_events *events);

/*
 * Sends a message, or keeps what the socket does not take now.  False: more than WEBSOCKET_QUEUE
 * bytes are kept; wait for `room` (what is sent all the same is kept too).  `head` and `data` are
 * one message; head may be NULL.
 */
#define WEBSOCKET_QUEUE ((size_t)64 << 10)
bool websocket_send(struct websocket *w, enum websocket_kind kind, const void *head,
                    size_t head_len, const void *data, size_t len);
/* Reads no more messages until websocket_resume; that the client left is still noticed. */
void websocket_pause(struct websocket *w);
void websocket_resume(struct websocket *w);
void websocket_set_message_max(struct websocket *w, size_t max);
/* Sends what is kept, then the close frame; `closed` comes when the other side has answered it, or
 * after 5 s.  Later messages are dropped.  Twice is fine. */
void websocket_close(struct websocket *w, unsigned code, const char *reason);
/* Ends the connection without a word; no event comes any more. */
void websocket_drop(struct websocket *w);
