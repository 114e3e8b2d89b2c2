/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection leaves libmicrohttpd: with a copy of its descriptor, of which libmicrohttpd
 * closes its own (it does no shutdown with MHD_USE_TURBO).  So its pool of memory is free again,
 * and its limit of connections and its timeouts no longer concern this one.
 *
 * For 101 libmicrohttpd sends the head itself, and hands over the bytes that came with the request.
 * It does so for no other status: another head goes out by ours, and libmicrohttpd is told to drop
 * the connection.
 */
#include "http/wire.h"

#include <microhttpd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "http/peer.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

#define STATUS_UPGRADE 101

static struct wire *unlink_wire(struct http_request *r)
{
    struct wire *w = TAKE(&r->wire, NULL);
    if (w != NULL) {
        w->request = NULL;
    }
    return w;
}

static void on_upgrade(void *cls, struct MHD_Connection *connection, void *context,
                       const char *extra, size_t extra_len, MHD_socket sock,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct http_request *r = cls;
    (void)connection;
    (void)context;
    (void)sock;

    struct wire *w = unlink_wire(r);
    if (w != NULL) { /* else its owner has dropped it */
        wire_give(w, peer_take_socket(r->peer), extra, extra_len);
    }
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    server_run_soon(r->server);
}

static bool queue_upgrade(struct http_request *r)
{
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, r);
    return response != NULL && response_queue_with(r, response);
}

static void give_at_once(struct http_request *r)
{
    struct wire *w = unlink_wire(r);
    AUTO(buf_done) struct buf head = {0};
    response_write_head(r, &head);
    /* In front of what the owner has sent already. */
    buf_add(&head, w->out.data, w->out.len);
    buf_done(&w->out);
    w->out = TAKE(&head, (struct buf){0});
    wire_give(w, peer_take_socket(r->peer), NULL, 0);
}

bool takeover_queue(struct http_request *r)
{
    if (r->answer.status == STATUS_UPGRADE) {
        return queue_upgrade(r);
    }
    give_at_once(r);
    r->phase = REQUEST_TAKEN;
    return false;
}

void wire_take_over(struct wire *w, const struct wire_ops *ops, struct http_request *r,
                    unsigned status, const char *content_type)
{
    struct http_server *s = r->server;
    w->server = s;
    w->ops = ops;
    w->fd = -1;
    list_append(&s->wires, &w->link);
    if (r->answer.given || r->phase == REQUEST_GONE) {
        wire_lose(w);
        return;
    }
    r->wire = w;
    w->request = r;
    response_give(r, status, content_type, NULL, 0);
}
