/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"

struct connection {
    struct peer *peer;
    struct list link;
    int fd;
    struct loop_io io;
    struct buf heard;
    bool whole, answered;
};

struct answer {
    struct list link;
    char *text;
};

struct peer {
    struct loop *loop;
    int fd;
    struct loop_io io;
    struct list connections;
    struct list answers;
    char **requests;
    size_t waiting_most;
    bool keeps_open;
};

static void connection_free(struct connection *c)
{
    loop_io_remove(&c->io);
    fd_close(c->fd);
    list_remove(&c->link);
    buf_done(&c->heard);
    free(c);
}

/* More than the socket's buffer takes is lost with the connection, as with a client that has heard
 * enough. */
static void answer_next(struct peer *p, struct connection *c)
{
    struct answer *answer = LIST_ITEM(p->answers.next, struct answer, link);
    (void)!send(c->fd, answer->text, strlen(answer->text), MSG_NOSIGNAL | MSG_DONTWAIT);
    c->answered = true;
    if (!p->keeps_open) {
        connection_free(c);
    }
    list_remove(&answer->link);
    free(answer->text);
    free(answer);
}

static void answers_give(struct peer *p)
{
    LIST_FOR_EACH (node, &p->connections) {
        struct connection *c = LIST_ITEM(node, struct connection, link);
        if (c->whole && !c->answered && !list_empty(&p->answers)) {
            answer_next(p, c);
        }
    }
}

static bool request_is_whole(const struct buf *heard)
{
    const char *end = heard->len > 0 ? strstr(heard->data, "\r\n\r\n") : NULL;
    if (end == NULL) {
        return false;
    }
    const char *field = strcasestr(heard->data, "\r\nContent-Length: ");
    size_t body = field != NULL && field < end ? strtoul(field + 18, NULL, 10) : 0;
    return heard->len >= (size_t)(end + 4 - heard->data) + body;
}

static void on_connection(void *ctx, unsigned events)
{
    struct connection *c = ctx;
    (void)events;

    char *room = buf_reserve(&c->heard, 65536);
    ssize_t n = recv(c->fd, room, 65536, 0);
    if (n <= 0) {
        connection_free(c);
        return;
    }
    buf_commit(&c->heard, (size_t)n);
    if (!c->whole && request_is_whole(&c->heard)) {
        struct peer *p = c->peer;
        c->whole = true;
        strv_add(&p->requests, c->heard.data);
        size_t waiting = peer_waiting(p);
        p->waiting_most = waiting > p->waiting_most ? waiting : p->waiting_most;
        answers_give(p);
    }
}

static void on_accept(void *ctx, unsigned events)
{
    struct peer *p = ctx;
    struct err e = {0};
    (void)events;

    struct connection *c = xcalloc(1, sizeof(*c));
    c->peer = p;
    c->fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
    list_append(&p->connections, &c->link);
    assert_true(c->fd >= 0);
    assert_int_equal(loop_io_add(p->loop, &c->io, c->fd, EPOLLIN, on_connection, c, &e), 0);
}

struct peer *peer_new(struct loop *loop)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct err e = {0};
    struct peer *p = xcalloc(1, sizeof(*p));
    p->loop = loop;
    list_init(&p->connections);
    list_init(&p->answers);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(p->fd, 100), 0);
    assert_int_equal(loop_io_add(loop, &p->io, p->fd, EPOLLIN, on_accept, p, &e), 0);
    return p;
}

void peer_free(struct peer *p)
{
    if (p == NULL) {
        return;
    }
    LIST_FOR_EACH (node, &p->connections) {
        connection_free(LIST_ITEM(node, struct connection, link));
    }
    LIST_FOR_EACH (node, &p->answers) {
        struct answer *answer = LIST_ITEM(node, struct answer, link);
        free(answer->text);
        free(answer);
    }
    loop_io_remove(&p->io);
    fd_close(p->fd);
    strv_free(p->requests);
    free(p);
}

uint16_t peer_port(const struct peer *p)
{
    struct sockaddr_in sa = {0};
    socklen_t len = sizeof(sa);
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&sa, &len), 0);
    return ntohs(sa.sin_port);
}

char *peer_url(const struct peer *p, const char *host, const char *path)
{
    return xasprintf("http://%s:%u%s", host, peer_port(p), path);
}

void peer_answer(struct peer *p, const char *text)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    answer->text = xstrdup(text);
    list_append(&p->answers, &answer->link);
    answers_give(p);
}

void peer_answer_status(struct peer *p, unsigned status, const char *fields)
{
    char *text = xasprintf("HTTP/1.1 %u X\r\n%sContent-Length: 0\r\n\r\n", status, fields);
    peer_answer(p, text);
    free(text);
}

void peer_keep_open(struct peer *p)
{
    p->keeps_open = true;
}

size_t peer_requests(const struct peer *p)
{
    return strv_len(p->requests);
}

const char *peer_request(const struct peer *p, size_t i)
{
    assert_true(i < peer_requests(p));
    return p->requests[i];
}

size_t peer_waiting(const struct peer *p)
{
    size_t count = 0;
    LIST_FOR_EACH (node, &p->connections) {
        const struct connection *c = LIST_ITEM(node, struct connection, link);
        count += c->whole && !c->answered;
    }
    return count;
}

size_t peer_waiting_most(const struct peer *p)
{
    return p->waiting_most;
}
