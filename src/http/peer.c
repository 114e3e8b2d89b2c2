/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd counts idle time only, so a client that sends one byte now and then could hold a
 * connection for ever: each request has a deadline of ours.  Nor does it watch suspended
 * connections: all are watched in the loop's own epoll for the end of what the client sends.
 *
 * It closes some connections without an answer (when a handler gives up, when the request line is
 * no HTTP).  The answer is then written here, to the socket, in the moment before it is closed.
 */
#include "http/peer.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "http/linger.h"
#include "http/listener.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

#define RATE_MIN 1024 /* bytes a second that a client must take of an answer, or send of a file */

struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static void on_deadline(void *ctx)
{
    struct peer *p = ctx;
    p->expired = true;
    peer_hang_up(p);
}

void peer_expect_request(struct peer *p, unsigned seconds)
{
    struct loop *loop = p->server->loop;
    loop_timer_set(loop, &p->deadline, loop_now_ns(loop) + seconds * NS_PER_S, on_deadline, p);
}

void peer_expect_nothing(struct peer *p)
{
    loop_timer_cancel(&p->deadline);
}

static uint64_t bytes_taken(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_acked : 0;
}

/* With a reset: what was not taken would wait in the kernel instead. */
static void cut(struct peer *p)
{
    static const struct linger now = {.l_onoff = 1};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    shutdown(p->fd, SHUT_RDWR);
    server_run_soon(p->server);
}

static void on_look(void *ctx)
{
    struct peer *p = ctx;
    uint64_t least = (uint64_t)p->server->config.header_timeout_s * RATE_MIN;
    if (bytes_taken(p->fd) - p->taken_bytes < least) {
        p->expired = true;
        cut(p);
    } else {
        peer_expect_taking(p);
    }
}

void peer_expect_taking(struct peer *p)
{
    struct loop *loop = p->server->loop;
    p->taken_bytes = bytes_taken(p->fd);
    loop_timer_set(loop, &p->deadline,
                   loop_now_ns(loop) + p->server->config.header_timeout_s * NS_PER_S, on_look, p);
}

static void on_body_look(void *ctx)
{
    struct peer *p = ctx;
    uint64_t least = (uint64_t)p->server->config.header_timeout_s * RATE_MIN;
    if (p->request == NULL || p->request->sunk - p->taken_bytes < least) {
        on_deadline(p);
    } else {
        peer_expect_body(p);
    }
}

void peer_expect_body(struct peer *p)
{
    struct loop *loop = p->server->loop;
    p->taken_bytes = p->request->sunk;
    loop_timer_set(loop, &p->deadline,
                   loop_now_ns(loop) + p->server->config.header_timeout_s * NS_PER_S, on_body_look,
                   p);
}

static void on_gone(void *ctx)
{
    struct peer *p = ctx;
    if (p->request != NULL) {
        request_gone(p->request);
    }
}

static void on_end(void *ctx, unsigned events)
{
    struct peer *p = ctx;
    (void)events;

    loop_io_remove(&p->end_io);
    p->ended = true;
    list_append(&p->server->ended, &p->ended_link);
    on_gone(p);
    server_run_soon(p->server);
}

void peer_now_waits(struct peer *p)
{
    if (p->ended) {
        loop_defer(p->server->loop, &p->gone, on_gone, p);
    }
}

/*
 * libmicrohttpd reads once for each edge of its epoll, and takes a short read for a drained socket.
 * When data and their end come in one packet it thus never sees the end.  A shutdown of what is
 * at its end anyway makes another edge; it does so once the data are read, for the same reason.
 */
void peers_tell_ends(struct http_server *s)
{
    LIST_FOR_EACH (node, &s->ended) {
        struct peer *p = LIST_ITEM(node, struct peer, ended_link);
        int unread = 0;
        if (!p->nudged && ioctl(p->fd, FIONREAD, &unread) == 0 && unread == 0) {
            p->nudged = true;
            peer_hang_up(p);
        }
    }
}

void peer_hang_up(struct peer *p)
{
    if (!p->taken) {
        shutdown(p->fd, SHUT_RD);
    }
    server_run_soon(p->server);
}

int peer_take_socket(struct peer *p)
{
    p->taken = true;
    loop_io_remove(&p->end_io);
    loop_timer_cancel(&p->deadline);
    list_remove(&p->ended_link);
    return fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
}

static void peer_new(struct http_server *s, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct peer *p = xcalloc(1, sizeof(*p));
    p->server = s;
    p->fd = fd->connect_fd;
    p->linger = true;
    list_append(&s->peers, &p->link);
    s->peer_count++;
    server_count_connections(s);
    struct address a = {.len = sizeof(struct sockaddr_in)};
    if (from->client_addr->sa_family == AF_INET6) {
        a.len = sizeof(struct sockaddr_in6);
    }
    memcpy(&a.sa, from->client_addr, a.len);
    address_format_host(&a, p->client);
    struct ip ip;
    p->is_proxy = ip_of_sockaddr(from->client_addr, &ip) && forwarded_trusts(&s->proxies, &ip);
    list_init(&p->ended_link);
    struct err e = {0};
    /* Without a watch (out of kernel memory), one that left is noticed when its answer is written.
     */
    (void)loop_io_add(s->loop, &p->end_io, p->fd, EPOLLRDHUP, on_end, p, &e);
    peer_expect_request(p, s->config.header_timeout_s);
    *context = p;
}

static bool client_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool nothing_was_sent(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           len >= offsetof(struct tcp_info, tcpi_bytes_sent) + sizeof(info.tcpi_bytes_sent) &&
           info.tcpi_bytes_sent == 0;
}

/* What to say to a client that libmicrohttpd drops in silence. */
static void find_last_words(struct peer *p)
{
    if (p->last_words.len > 0 || p->answered > 0 || p->server->stopping) {
        return;
    }
    if (p->expired && nothing_was_sent(p->fd)) {
        response_raw(408, "the request did not arrive in time", &p->last_words);
    } else if (!p->expired && !client_closed(p->fd) && nothing_was_sent(p->fd)) {
        response_raw(400, "this is not an HTTP/1.1 request", &p->last_words);
    }
}

static void say_last_words(struct peer *p)
{
    if (p->taken) {
        return;
    }
    find_last_words(p);
    bool spoke = p->last_words.len > 0 && send(p->fd, p->last_words.data, p->last_words.len,
                                               MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    int fd = (spoke || p->linger) && !p->server->stopping ? fcntl(p->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd >= 0) {
        linger_start(p->server, fd);
    }
}

static void peer_free(struct peer *p)
{
    say_last_words(p);
    loop_io_remove(&p->end_io);
    loop_defer_cancel(&p->gone);
    list_remove(&p->ended_link);
    loop_timer_cancel(&p->deadline);
    list_remove(&p->link);
    p->server->peer_count--;
    server_count_connections(p->server);
    listeners_resume(p->server->listeners);
    buf_done(&p->last_words);
    free(p);
}

void peer_notify(void *cls, struct MHD_Connection *connection, void **context,
                 enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        peer_new(cls, connection, context);
    } else if (*context != NULL) {
        peer_free(*context);
        *context = NULL;
    }
}
