#pragma once
/*
 * peer - one client's connection: its deadline, whether it is still there, and its last words.
 */
#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "http/address.h"

struct http_request;
struct http_server;

struct peer {
    struct http_server *server;
    struct list link;
    int fd; /* libmicrohttpd's: it closes it */
    char client[ADDRESS_TEXT_MAX];
    bool is_proxy; /* a trusted one */
    struct loop_timer deadline;
    struct loop_io end_io;  /* the client's end of sending */
    struct list ended_link; /* in server->ended */
    struct loop_defer gone;
    struct http_request *request; /* the one under way, or NULL */
    unsigned answered;            /* requests */
    uint64_t taken_bytes; /* by the client's kernel, or of its body by us, at the last look */
    bool expired;
    bool ended;  /* the client sends no more */
    bool nudged; /* ... and libmicrohttpd was told */
    bool linger; /* the client may still be sending when we close */
    bool taken;  /* the socket is another's, and the connection ends soon */
    struct buf last_words;
};

/* libmicrohttpd's notification of connections; cls is the server. */
void peer_notify(void *cls, struct MHD_Connection *connection, void **context,
                 enum MHD_ConnectionNotificationCode code);
struct peer *peer_of(struct MHD_Connection *connection);
/* The request begun (or begins) now must be whole in time. */
void peer_expect_request(struct peer *p, unsigned seconds);
void peer_expect_nothing(struct peer *p);
/* Its body comes, however long it is: faster than at a trickle. */
void peer_expect_body(struct peer *p);
/* An answer is being sent: the client must take it faster than at a trickle. */
void peer_expect_taking(struct peer *p);
/* The request waits: it is gone when the client leaves, or soon, if it has left. */
void peer_now_waits(struct peer *p);
/* After each MHD_run. */
void peers_tell_ends(struct http_server *s);
/* A descriptor of its socket, which the caller has now; -1: none was left. */
int peer_take_socket(struct peer *p);
/* The connection ends soon, as if the client had closed it. */
void peer_hang_up(struct peer *p);
