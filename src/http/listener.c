/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http/address.h"
#include "http/server.h"

#define ACCEPTS_PER_ROUND 16
#define KEEPALIVE_S       15

struct listener {
    struct listener_set *set;
    int fd;
    struct loop_io io;
};

struct listener_set {
    struct http_server *server;
    struct listener *all;
    size_t count;
    char **addresses, **hosts;
    bool any;
    bool paused;             /* too many connections, or no descriptors left */
    struct loop_timer retry; /* descriptors may come back without a connection of ours ending */
};

static void on_connection(void *ctx, unsigned events);

static void listen_again(void *ctx)
{
    struct listener_set *set = ctx;
    struct err e = {0};
    loop_timer_cancel(&set->retry);
    set->paused = false;
    for (size_t i = 0; i < set->count; i++) {
        struct listener *l = &set->all[i];
        if (l->fd >= 0 && l->io.loop == NULL &&
            loop_io_add(set->server->loop, &l->io, l->fd, EPOLLIN, on_connection, l, &e) < 0) {
            LOG_ERROR(set->server->log, "cannot listen", log_s("error", e.text));
        }
    }
}

static void pause_listening(struct listener_set *set, const char *why)
{
    struct loop *loop = set->server->loop;
    set->paused = true;
    for (size_t i = 0; i < set->count; i++) {
        loop_io_remove(&set->all[i].io);
    }
    LOG_WARN(set->server->log, "no new connections for now", log_s("reason", why),
             log_i("connections", server_connections(set->server)));
    loop_timer_set(loop, &set->retry, loop_now_ns(loop) + NS_PER_S, listen_again, set);
}

void listeners_resume(struct listener_set *set)
{
    if (set != NULL && set->paused) {
        listen_again(set);
    }
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
    struct http_server *s = l->set->server;
    if (server_connections(s) >= s->config.connections_max) {
        pause_listening(l->set, "server.connections_max is reached");
        return false;
    }
    struct address from = {.len = sizeof(from.sa)};
    int fd = accept4(l->fd, (struct sockaddr *)&from.sa, &from.len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            pause_listening(l->set, strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    MHD_add_connection(s->daemon, fd, (const struct sockaddr *)&from.sa, from.len);
    server_run_soon(s);
    return true;
}

static void on_connection(void *ctx, unsigned events)
{
    struct listener *l = ctx;
    (void)events;

    for (int i = 0; i < ACCEPTS_PER_ROUND && accept_one(l); i++) {
    }
}

/* Connections inherit it: a request that waits for hours notices that its client's machine is gone.
 */
static void keep_alive(int fd, unsigned seconds)
{
    static const int on = 1, probes = 3;
    int idle = (int)(seconds > 0 ? seconds : KEEPALIVE_S),
        every = idle > probes ? idle / probes : 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static int socket_open(const struct address *a, const char *text, unsigned keepalive_s, int *ret_fd,
                       struct err *e)
{
    static const int on = 1;
    AUTO(fd_closep) int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "listening on %s", text);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    keep_alive(fd, keepalive_s);
    if (a->sa.ss_family == AF_INET6) {
        /* [::] and 0.0.0.0 on one port are two listeners, whatever the host's sysctl says. */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0 || listen(fd, SOMAXCONN) < 0) {
        int busy = errno == EADDRINUSE || errno == EADDRNOTAVAIL;
        err_sys(e, "listening on %s", text);
        e->kind = busy ? ERR_BUSY : e->kind;
        return -(int)e->kind;
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

static int listener_open(struct listener_set *set, const char *text, struct err *e)
{
    struct address a, bound = {.len = sizeof(bound.sa)};
    int r = address_parse(text, &a, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int fd = -1;
    r = socket_open(&a, text, set->server->config.keepalive_s, &fd, e);
    if (r < 0) {
        return r;
    }
    if (getsockname(fd, (struct sockaddr *)&bound.sa, &bound.len) < 0) {
        return err_sys(e, "listening on %s", text);
    }
    char shown[ADDRESS_TEXT_MAX];
    address_format(&bound, shown);
    strv_add(&set->addresses, shown);
    address_format_host(&bound, shown);
    strv_add(&set->hosts, shown);
    set->any = set->any || address_is_any(&bound);
    set->all[set->count++] = (struct listener){.set = set, .fd = TAKE(&fd, -1)};
    return 0;
}

static void listeners_freep(struct listener_set **set)
{
    listeners_free(*set);
}

int listeners_open(struct http_server *s, struct listener_set **ret, struct err *e)
{
    size_t wanted = strv_len((char *const *)(uintptr_t)s->config.listen);
    AUTO(listeners_freep) struct listener_set *set = xcalloc(1, sizeof(*set));
    set->server = s;
    set->all = xcalloc(wanted + 1, sizeof(set->all[0]));
    for (size_t i = 0; i < wanted; i++) {
        int r = listener_open(set, s->config.listen[i], e);
        if (r == -ERR_BUSY && i >= s->config.listen_optional_from) {
            LOG_WARN(s->log, "address skipped", log_s("address", s->config.listen[i]),
                     log_s("reason", e->text));
        } else if (r < 0) {
            return r;
        }
    }
    if (set->count == 0) {
        return err_set(e, ERR_INVALID, "no address to listen on: set server.listen");
    }
    listen_again(set);
    *ret = TAKE(&set, NULL);
    return 0;
}

void listeners_close(struct listener_set *set)
{
    loop_timer_cancel(&set->retry);
    set->paused = false;
    for (size_t i = 0; i < set->count; i++) {
        loop_io_remove(&set->all[i].io);
        fd_closep(&set->all[i].fd);
    }
}

void listeners_free(struct listener_set *set)
{
    if (set == NULL) {
        return;
    }
    listeners_close(set);
    strv_free(set->addresses);
    strv_free(set->hosts);
    free(set->all);
    free(set);
}

char *const *listeners_addresses(const struct listener_set *set)
{
    return set->addresses;
}

char *const *listeners_hosts(const struct listener_set *set)
{
    return set->hosts;
}

bool listeners_any(const struct listener_set *set)
{
    return set->any;
}
