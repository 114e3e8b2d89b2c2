#pragma once
/*
 * watcher - an execution as somebody else watches it, event after event, as fast as they are taken.
 *
 * Nothing is gathered for it: it reads what the engine gathers for the result anyway, and when that
 * is over, what is kept.  Where a watcher is, a trail says.
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/native/trail.h"

struct err;
struct execution;
struct http_request;
struct native;
struct watcher;

struct watcher_event {
    const char *id; /* leads back to the place behind it (trail_read) */
    const struct trail_step *step;
    json_t *place; /* {"stage": "run"}, or {"stage": "run", "test": 0, "name": "1"}; borrowed */
    json_t *stage; /* TRAIL_LEG_OVER: how it ended, without output; borrowed */
    const struct execution *execution; /* TRAIL_FINISHED */
};

struct watcher_sink {
    /* The execution is there, and may be seen: takes the request.  False: it is answered. */
    bool (*open)(void *ctx, struct http_request *r);
    /* False: that was enough for now, until watcher_go_on.  Nothing comes after TRAIL_FINISHED. */
    bool (*event)(void *ctx, const struct watcher_event *event);
    /* Nothing more comes, though it is not over. */
    void (*failed)(void *ctx, const struct err *e);
    /* Instead of all others: the client left before `open`, or the request is answered. */
    void (*gone)(void *ctx);
    void *ctx;
};

/* Answers a request for an execution that is not there, or not its caller's to see. */
struct watcher *watcher_new(struct native *n, struct http_request *r, const struct trail *from,
                            const struct watcher_sink *sink);
void watcher_go_on(struct watcher *w);
/* NULL is fine; not from inside of its callbacks, and not after `gone`. */
void watcher_free(struct watcher *w);
