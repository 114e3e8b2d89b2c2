#pragma once
/*
 * wire - the socket of a connection that was taken over from libmicrohttpd, with a queue of what it
 * does not take now.
 *
 * Embedded in its owner (a WebSocket, an event stream).  Until the head of the answer is sent, the
 * socket is libmicrohttpd's and what is sent waits in the queue.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"

struct http_request;
struct http_server;
struct wire;

enum wire_kind { WIRE_WEBSOCKET, WIRE_EVENTS, WIRE_KINDS };

/* None comes from inside a call of ours; after wire_end none comes but `freed`. */
struct wire_ops {
    enum wire_kind kind;
    /* The socket is ours; `extra` came with the request, and is nobody else's. */
    void (*taken)(struct wire *w, const char *extra, size_t len);
    void (*readable)(struct wire *w);
    void (*wrote)(struct wire *w); /* some of the queue; perhaps all of it */
    void (*gone)(struct wire *w);  /* the other side ended, or an error; also: it never was ours */
    void (*away)(struct wire *w);  /* the server stops answering: end politely */
    void (*stop)(struct wire *w);  /* the server is freed: end now, by wire_end */
    void (*freed)(struct wire *w); /* free the owner */
};

struct wire {
    struct http_server *server;
    const struct wire_ops *ops;
    struct list link;             /* in server->wires */
    int fd;                       /* -1: not yet, or no more */
    struct http_request *request; /* whose answer it is, until it has the socket */
    bool ended, lost;
    bool reading;
    struct loop_io io;
    struct loop_defer later;
    struct buf out;
    size_t out_at; /* what of it was sent */
};

enum wire_end { WIRE_LINGER /* the client may still send */, WIRE_RESET };

/*
 * Instead of an answer with a body: sends `status` and the headers added so far, then gives the
 * connection to `w`.  The request must not be used after it.
 */
void wire_take_over(struct wire *w, const struct wire_ops *ops, struct http_request *r,
                    unsigned status, const char *content_type);
void wire_send(struct wire *w, const struct iovec *parts, size_t count);
size_t wire_queued(const struct wire *w);
void wire_set_reading(struct wire *w, bool reading);
/* What the kernel knows: whether the other side's still answers. */
bool wire_answers(const struct wire *w, unsigned within_ms);
void wire_end(struct wire *w, enum wire_end how);

/* For the rest of http */

/* Sends the answer of a request that has a wire; false when libmicrohttpd must drop the connection.
 */
bool takeover_queue(struct http_request *r);

/* `fd` (taken) is the connection's; what was sent until now goes out. */
void wire_give(struct wire *w, int fd, const char *extra, size_t len);
void wire_lose(struct wire *w); /* the request ended before the head was sent */
void wires_send_away(struct http_server *s);
void wires_stop(struct http_server *s);
