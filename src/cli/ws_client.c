/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ws_client.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cli/remote.h"
#include "cli/remote_curl.h"
#include "cli/ws_handshake.h"

#define QUEUE_MAX   ((size_t)64 << 10) /* beyond, a sender is asked to wait */
#define ROUND_BYTES ((size_t)1 << 20)  /* then what the user types has its turn */
#define REASON_MAX  126
#define BEAT_NS     (10 * NS_PER_S) /* while paused; a server of ours wants to hear within 15 s */

struct ws_client {
    struct loop *loop;
    CURL *curl;
    int fd;
    wslay_event_context_ptr wslay;
    struct ws_client_events events;
    struct buf early; /* came with the handshake's answer */
    struct loop_io io;
    struct loop_defer again;
    struct loop_timer beat;
    size_t budget; /* bytes that may still be read in this round */
    bool paused;
    bool room_wanted;
    bool gone; /* the connection has ended, or failed */
    unsigned code;
    char reason[REASON_MAX];
};

/* --- wslay's side ----------------------------------------------------------------------------- */

static ssize_t would_block(struct ws_client *w)
{
    wslay_event_set_error(w->wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t broken(struct ws_client *w)
{
    w->gone = true;
    wslay_event_set_error(w->wslay, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t early_take(struct ws_client *w, uint8_t *data, size_t len)
{
    size_t n = len < w->early.len ? len : w->early.len;
    memcpy(data, w->early.data, n);
    buf_consume(&w->early, n);
    return (ssize_t)n;
}

static ssize_t ws_on_recv(wslay_event_context_ptr ctx, uint8_t *data, size_t len, int flags,
                          void *user)
{
    struct ws_client *w = user;
    size_t n = 0;
    (void)ctx;
    (void)flags;
    if (w->paused || w->budget == 0) {
        return would_block(w);
    }
    if (w->early.len > 0) {
        return early_take(w, data, len);
    }
    CURLcode code = curl_easy_recv(w->curl, data, len, &n);
    if (code == CURLE_AGAIN) {
        return would_block(w);
    }
    if (code != CURLE_OK || n == 0) {
        return broken(w);
    }
    w->budget -= n < w->budget ? n : w->budget;
    return (ssize_t)n;
}

static ssize_t ws_on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                          void *user)
{
    struct ws_client *w = user;
    size_t n = 0;
    (void)ctx;
    (void)flags;
    CURLcode code = curl_easy_send(w->curl, data, len, &n);
    if (code == CURLE_AGAIN) {
        return would_block(w);
    }
    return code == CURLE_OK ? (ssize_t)n : broken(w);
}

static int ws_on_mask(wslay_event_context_ptr ctx, uint8_t *data, size_t len, void *user)
{
    (void)ctx;
    (void)user;
    rand_bytes(data, len);
    return 0;
}

static void ws_on_message(wslay_event_context_ptr ctx,
                          const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct ws_client *w = user;
    (void)ctx;
    if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        size_t len = arg->msg_length > 2 ? arg->msg_length - 2 : 0;
        w->code = arg->status_code ? arg->status_code : WS_CLIENT_NO_CODE;
        snprintf(w->reason, sizeof(w->reason), "%.*s", (int)len,
                 len ? (const char *)arg->msg + 2 : "");
    } else if (!wslay_is_ctrl_frame(arg->opcode)) {
        w->events.message(w->events.ctx, arg->opcode == WSLAY_BINARY_FRAME,
                          arg->msg_length ? (const char *)arg->msg : "", arg->msg_length);
    }
}

/* --- the loop's side -------------------------------------------------------------------------- */

static void ws_pump(void *ctx);

static void ws_on_io(void *ctx, unsigned events)
{
    struct ws_client *w = ctx;
    if (w->paused && !(events & EPOLLOUT)) {
        loop_io_remove(&w->io); /* it has hung up; what it sent before is read when we resume */
        return;
    }
    ws_pump(w);
}

static void ws_watch(struct ws_client *w)
{
    unsigned events = (w->paused ? 0U : (unsigned)EPOLLIN) |
                      (wslay_event_want_write(w->wslay) ? (unsigned)EPOLLOUT : 0U);
    struct err e;
    if (events == 0) {
        loop_io_remove(&w->io);
    } else if (w->io.loop) {
        w->gone |= loop_io_modify(&w->io, events, &e) < 0;
    } else {
        w->gone |= loop_io_add(w->loop, &w->io, w->fd, events, ws_on_io, w, &e) < 0;
    }
    if (w->gone || (w->budget == 0 && !w->paused)) {
        loop_defer(w->loop, &w->again, ws_pump, w);
    }
}

static bool is_over(const struct ws_client *w)
{
    bool closed = wslay_event_get_close_received(w->wslay) && wslay_event_get_close_sent(w->wslay);
    return w->gone || closed ||
           (!wslay_event_want_read(w->wslay) && !wslay_event_want_write(w->wslay));
}

/* One round: reads what is there, sends what is kept, tells what has become of it. */
static void ws_pump(void *ctx)
{
    struct ws_client *w = ctx;
    w->budget = ROUND_BYTES;
    if (!w->gone && wslay_event_recv(w->wslay) < 0) {
        w->gone = true;
    }
    if (!w->gone && wslay_event_send(w->wslay) < 0) {
        w->gone = true;
    }
    if (is_over(w)) {
        loop_io_remove(&w->io);
        loop_defer_cancel(&w->again);
        loop_timer_cancel(&w->beat);
        w->events.closed(w->events.ctx, w->code, w->reason);
        return;
    }
    if (w->room_wanted && wslay_event_get_queued_msg_length(w->wslay) == 0) {
        w->room_wanted = false;
        w->events.room(w->events.ctx);
    }
    ws_watch(w);
}

/* --- the caller's side ------------------------------------------------------------------------ */

static int ws_connect(const char *url, CURL **ret, struct err *e)
{
    AUTO(remote_easy_freep) CURL *curl = NULL;
    int r = remote_easy(url, &curl, e);
    if (r < 0) {
        return r;
    }
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        return remote_failure(code, "GET", url, e);
    }
    *ret = TAKE(&curl, NULL);
    return 0;
}

static int ws_frames(struct ws_client *w, struct err *e)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = ws_on_recv,
        .send_callback = ws_on_send,
        .genmask_callback = ws_on_mask,
        .on_msg_recv_callback = ws_on_message,
    };
    if (wslay_event_context_client_init(&w->wslay, &callbacks, w) != 0) {
        return err_set(e, ERR_IO, "no memory for a WebSocket");
    }
    wslay_event_config_set_max_recv_msg_length(w->wslay, REMOTE_ANSWER_MAX);
    return 0;
}

void ws_client_freep(struct ws_client **w)
{
    ws_client_free(*w);
    *w = NULL;
}

int ws_client_open(struct loop *loop, const struct remote *remote, const char *path,
                   const struct ws_client_events *events, struct ws_client **ret, struct err *e)
{
    AUTO(ws_client_freep) struct ws_client *w = xcalloc(1, sizeof(*w));
    AUTO(mem_freep) char *url = NULL;
    curl_socket_t fd = CURL_SOCKET_BAD;
    w->loop = loop;
    w->events = *events;
    w->code = WS_CLIENT_GONE;
    int r = remote_url(remote, path, &url, e);
    if (r == 0) {
        r = ws_connect(url, &w->curl, e);
    }
    if (r == 0) {
        r = ws_handshake(w->curl, remote, url, &w->early, e);
    }
    if (r == 0) {
        r = ws_frames(w, e);
    }
    if (r < 0) {
        return r;
    }
    curl_easy_getinfo(w->curl, CURLINFO_ACTIVESOCKET, &fd);
    w->fd = fd;
    loop_defer(loop, &w->again, ws_pump, w);
    *ret = TAKE(&w, NULL);
    return 0;
}

bool ws_client_send(struct ws_client *w, bool binary, const void *data, size_t len)
{
    struct wslay_event_msg message = {
        .opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME,
        .msg = data,
        .msg_length = len,
    };
    if (wslay_event_queue_msg(w->wslay, &message) != 0) {
        return true; /* it is closing: nobody waits for this */
    }
    loop_defer(w->loop, &w->again, ws_pump, w);
    w->room_wanted |= wslay_event_get_queued_msg_length(w->wslay) > QUEUE_MAX;
    return !w->room_wanted;
}

/* Pings wait behind what is not read: the server hears in another way that we are there. */
static void ws_on_beat(void *ctx)
{
    struct ws_client *w = ctx;
    const struct wslay_event_msg pong = {.opcode = WSLAY_PONG};
    wslay_event_queue_msg(w->wslay, &pong);
    loop_defer(w->loop, &w->again, ws_pump, w);
    loop_timer_set(w->loop, &w->beat, loop_now_ns(w->loop) + BEAT_NS, ws_on_beat, w);
}

void ws_client_pause(struct ws_client *w)
{
    if (!w->paused) {
        loop_timer_set(w->loop, &w->beat, loop_now_ns(w->loop) + BEAT_NS, ws_on_beat, w);
    }
    w->paused = true;
    loop_defer(w->loop, &w->again, ws_pump, w);
}

/* Not by the socket alone: TLS may hold bytes that have left it. */
void ws_client_resume(struct ws_client *w)
{
    if (w->paused) {
        w->paused = false;
        loop_timer_cancel(&w->beat);
        loop_defer(w->loop, &w->again, ws_pump, w);
    }
}

void ws_client_free(struct ws_client *w)
{
    if (!w) {
        return;
    }
    loop_io_remove(&w->io);
    loop_defer_cancel(&w->again);
    loop_timer_cancel(&w->beat);
    if (w->wslay) {
        wslay_event_context_free(w->wslay);
    }
    curl_easy_cleanup(w->curl);
    buf_done(&w->early);
    free(w);
}
