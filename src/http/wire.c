/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "http/linger.h"
#include "http/listener.h"
#include "http/request.h"
#include "http/server.h"
#include "metrics/metrics.h"

/*
 * The kernel takes twice of it, for what it keeps beside the bytes.  With a full queue of a
 * WebSocket (64 KiB and one message) that is what a reader that stops costs: 256 KiB.  A writer
 * that is faster than its program costs as much.
 */
#define KERNEL_BUFFER (64 << 10)

static void wire_step(void *ctx);

size_t wire_queued(const struct wire *w)
{
    return w->out.len - w->out_at;
}

static void wire_watch(struct wire *w)
{
    struct err e = {0};
    unsigned events = EPOLLRDHUP | (w->reading ? (unsigned)EPOLLIN : 0) |
                      (wire_queued(w) > 0 ? (unsigned)EPOLLOUT : 0);
    if (w->fd >= 0 && !w->lost && loop_io_modify(&w->io, events, &e) < 0) {
        w->lost = true;
        loop_defer(w->server->loop, &w->later, wire_step, w);
    }
}

static void streams_changed(struct http_server *s, const struct wire_ops *ops, int by)
{
    static const char *const names[WIRE_KINDS] = {"websocket", "event_stream"};
    s->wire_counts[ops->kind] += (unsigned)by;
    metrics_set(s->config.metrics, METRIC_HTTP_STREAMS, METRIC_LABELS(names[ops->kind]),
                s->wire_counts[ops->kind]);
    server_count_connections(s);
}

/* Queued until the socket takes it; an error is told later. */
static void flush(struct wire *w)
{
    while (w->fd >= 0 && !w->lost && wire_queued(w) > 0) {
        ssize_t n =
            send(w->fd, w->out.data + w->out_at, wire_queued(w), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            w->lost = errno != EAGAIN;
            break;
        }
        w->out_at += (size_t)n;
    }
    if (wire_queued(w) == 0) {
        buf_done(&w->out); /* an idle one keeps nothing */
        w->out_at = 0;
    }
}

static void on_event(void *ctx, unsigned events)
{
    struct wire *w = ctx;
    if ((events & EPOLLOUT) != 0) {
        flush(w);
        wire_watch(w);
        w->ops->wrote(w);
    }
    if (w->ended) {
        return;
    }
    if ((events & EPOLLIN) != 0 && w->reading && !w->lost) {
        w->ops->readable(w);
    } else if (w->lost || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        w->lost = true;
        loop_io_remove(&w->io);
        w->ops->gone(w);
    }
}

/* Outside of any call: tells of a connection that is lost, frees one that has ended. */
static void wire_step(void *ctx)
{
    struct wire *w = ctx;
    if (!w->ended) {
        loop_io_remove(&w->io);
        w->ops->gone(w);
        return;
    }
    if (w->request != NULL) {
        w->request->wire = NULL;
    }
    list_remove(&w->link);
    buf_done(&w->out);
    w->ops->freed(w);
}

static void drop_sent(struct wire *w)
{
    if (w->out_at > w->out.len / 2) {
        buf_consume(&w->out, w->out_at);
        w->out_at = 0;
    }
}

/* How much of the parts the socket takes now. */
static size_t send_now(struct wire *w, const struct iovec *parts, size_t count)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    ssize_t n;
    do {
        n = sendmsg(w->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        w->lost = true;
        loop_defer(w->server->loop, &w->later, wire_step, w);
    }
    return n < 0 ? 0 : (size_t)n;
}

void wire_send(struct wire *w, const struct iovec *parts, size_t count)
{
    if (w->ended || w->lost) {
        return;
    }
    size_t sent = w->fd >= 0 && wire_queued(w) == 0 ? send_now(w, parts, count) : 0;
    bool was_empty = wire_queued(w) == 0;
    drop_sent(w);
    for (size_t i = 0; i < count; i++) {
        size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        if (skip < parts[i].iov_len) {
            buf_add(&w->out, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
        }
        sent -= skip;
    }
    if (was_empty && wire_queued(w) > 0) {
        wire_watch(w);
    }
}

void wire_set_reading(struct wire *w, bool reading)
{
    if (w->reading != reading) {
        w->reading = reading;
        wire_watch(w);
    }
}

bool wire_answers(const struct wire *w, unsigned within_ms)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (w->fd < 0 || getsockopt(w->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0) {
        return false;
    }
    /* One may be lost, or left without an answer: a kernel answers so many probes a second only. */
    bool asks_in_vain = info.tcpi_retransmits > 1 || info.tcpi_probes > 1;
    return !asks_in_vain || info.tcpi_last_ack_recv < within_ms;
}

static void tune(int fd)
{
    static const int on = 1, size = KERNEL_BUFFER;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

void wire_give(struct wire *w, int fd, const char *extra, size_t len)
{
    struct err e = {0};
    if (w->ended || fd < 0) {
        fd_close(fd);
        wire_lose(w);
        return;
    }
    w->fd = fd;
    streams_changed(w->server, w->ops, 1);
    tune(fd);
    if (loop_io_add(w->server->loop, &w->io, fd, EPOLLRDHUP, on_event, w, &e) < 0) {
        wire_lose(w);
        return;
    }
    flush(w);
    wire_watch(w);
    w->ops->taken(w, extra, len);
    if (w->server->sent_away && !w->ended) {
        w->ops->away(w);
    }
}

void wire_lose(struct wire *w)
{
    w->lost = true;
    loop_defer(w->server->loop, &w->later, wire_step, w);
}

void wire_end(struct wire *w, enum wire_end how)
{
    if (w->ended) {
        return;
    }
    w->ended = true;
    loop_io_remove(&w->io);
    if (w->fd >= 0) {
        struct http_server *s = w->server;
        int fd = TAKE(&w->fd, -1);
        if (how == WIRE_RESET || s->stopping) {
            static const struct linger now = {.l_onoff = 1};
            if (how == WIRE_RESET) { /* what was not sent would wait in the kernel for ever */
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
            }
            fd_close(fd);
        } else {
            linger_start(s, fd);
        }
        streams_changed(s, w->ops, -1);
        listeners_resume(s->listeners);
    }
    loop_defer(w->server->loop, &w->later, wire_step, w);
}

void wires_send_away(struct http_server *s)
{
    LIST_FOR_EACH (node, &s->wires) {
        struct wire *w = LIST_ITEM(node, struct wire, link);
        if (!w->ended) {
            w->ops->away(w);
        }
    }
}

void wires_stop(struct http_server *s)
{
    while (!list_empty(&s->wires)) {
        struct wire *w = LIST_ITEM(s->wires.next, struct wire, link);
        if (!w->ended) {
            w->ops->stop(w);
        }
        loop_defer_cancel(&w->later);
        wire_step(w);
    }
}
