#pragma once
/*
 * server - what the parts of http share: the server's fields.  Not for other layers (http.h is).
 */
#include <microhttpd.h>

#include "base/list.h"
#include "base/loop.h"
#include "http/forwarded.h"
#include "http/host.h"
#include "http/http.h"
#include "http/wire.h"

struct listener_set;

struct http_server {
    struct loop *loop;
    const struct log *log;
    struct http_config config; /* its lists are our copies */
    struct http_dialect *dialects;
    const struct http_dialect **dialect_ptrs;
    size_t dialect_count;
    struct host_policy policy;
    struct forwarded_proxies proxies;
    struct listener_set *listeners;
    struct MHD_Daemon *daemon;
    struct loop_io ready_io; /* libmicrohttpd's own epoll descriptor */
    struct loop_timer timer; /* ... and its next timeout */
    struct loop_defer again;
    struct list peers;
    unsigned peer_count;
    struct list wires; /* connections taken over from libmicrohttpd */
    unsigned wire_counts[WIRE_KINDS];
    bool sent_away;
    char *scratch;     /* what a read fills; SCRATCH_SIZE */
    struct list ended; /* peers that send no more */
    struct list lingers;
    unsigned linger_count;
    unsigned open_requests;
    size_t body_bytes;   /* of all requests and messages that are being read */
    size_t answer_bytes; /* of all that are given and not sent */
    bool quiesced;
    bool stopping;
};

#define SCRATCH_SIZE ((size_t)64 << 10)

unsigned server_connections(const struct http_server *s);   /* streams among them */
void server_count_connections(const struct http_server *s); /* ... has changed */
/* Whether one more may become a stream: those last, and must leave connections to requests. */
bool server_has_stream_room(const struct http_server *s);
/* No more of what is being read may be kept. */
bool server_is_full(const struct http_server *s);
/* Lets libmicrohttpd go on after this round's events: something was queued or resumed. */
void server_run_soon(struct http_server *s);
