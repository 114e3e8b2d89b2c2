/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl tells which of its sockets to watch (on_watch) and when to call it at the latest
 * (on_timeout); we tell it what happened (curl_multi_socket_action), and then ask which transfers
 * have ended.  From inside its callbacks only the loop is touched.
 */
#include "client/client_multi.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

struct client_multi {
    struct loop *loop;
    const struct log *log;
    CURLM *curl;
    struct loop_timer timer;
    struct list watches;
};

struct watch {
    struct client_multi *multi;
    struct list link;
    struct loop_io io;
};

static void ended_collect(struct client_multi *m)
{
    int left;
    for (;;) {
        CURLMsg *msg = curl_multi_info_read(m->curl, &left);
        if (!msg) {
            return;
        }
        if (msg->msg == CURLMSG_DONE) {
            CURLcode code = msg->data.result;
            void *private = NULL;
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
            struct client_transfer *t = private;
            curl_multi_remove_handle(m->curl, t->easy);
            t->fn(t->ctx, code);
        }
    }
}

static void action(struct client_multi *m, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(m->curl, fd, what, &running);
    if (code != CURLM_OK) {
        LOG_ERROR(m->log, "libcurl does not go on", log_s("error", curl_multi_strerror(code)));
    }
    ended_collect(m);
}

static void on_socket(void *ctx, unsigned events)
{
    const struct watch *w = ctx;

    int what = 0;
    what |= events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0;
    what |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
    what |= events & EPOLLERR ? CURL_CSELECT_ERR : 0;
    action(w->multi, w->io.fd, what);
}

static void on_timer(void *ctx)
{
    action(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *curl, long timeout_ms, void *ctx)
{
    struct client_multi *m = ctx;
    (void)curl;

    if (timeout_ms < 0) {
        loop_timer_cancel(&m->timer);
    } else {
        loop_timer_set(m->loop, &m->timer, loop_now_ns(m->loop) + (uint64_t)timeout_ms * NS_PER_MS,
                       on_timer, m);
    }
    return 0;
}

static void watch_free(struct watch *w)
{
    loop_io_remove(&w->io);
    list_remove(&w->link);
    free(w);
}

static struct watch *watch_new(struct client_multi *m, curl_socket_t fd)
{
    struct watch *w = xcalloc(1, sizeof(*w));
    w->multi = m;
    list_append(&m->watches, &w->link);
    curl_multi_assign(m->curl, fd, w);
    return w;
}

/* A socket that cannot be watched is left to the transfer's timeout: an error from here would end
 * all transfers, and the multi for good. */
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct client_multi *m = ctx;
    struct watch *w = socket_ctx;
    (void)easy;

    if (what == CURL_POLL_REMOVE) {
        if (w) {
            watch_free(w);
        }
        return 0;
    }
    unsigned events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    w = w ? w : watch_new(m, fd);
    struct err e;
    int r = w->io.loop ? loop_io_modify(&w->io, events, &e)
                       : loop_io_add(m->loop, &w->io, fd, events, on_socket, w, &e);
    if (r < 0) {
        LOG_ERROR(m->log, "a connection cannot be watched", log_s("error", e.text));
    }
    return 0;
}

int client_multi_new(struct loop *loop, const struct log *log, struct client_multi **ret,
                     struct err *e)
{
    /* Counted by libcurl: each client has its own. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    struct client_multi *m = xcalloc(1, sizeof(*m));
    m->loop = loop;
    m->log = log;
    list_init(&m->watches);
    m->curl = curl_multi_init();
    if (!m->curl) {
        client_multi_free(m);
        return err_set(e, ERR_IO, "libcurl could not be set up");
    }
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    *ret = m;
    return 0;
}

void client_multi_free(struct client_multi *m)
{
    if (!m) {
        return;
    }
    curl_multi_cleanup(m->curl);
    LIST_FOR_EACH (node, &m->watches) {
        watch_free(LIST_ITEM(node, struct watch, link));
    }
    loop_timer_cancel(&m->timer);
    curl_global_cleanup();
    free(m);
}

int client_multi_add(struct client_multi *m, struct client_transfer *t, struct err *e)
{
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    CURLMcode code = curl_multi_add_handle(m->curl, t->easy);
    return code == CURLM_OK ? 0 : err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(code));
}

void client_multi_remove(struct client_multi *m, struct client_transfer *t)
{
    curl_multi_remove_handle(m->curl, t->easy);
}
