/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be written.  Who asks may go on changing the execution, so what may change is copied
 * when it asks.  A call is filled in after it was asked: no thread sees it before the round ends.
 */
#include <stdio.h>

#include "base/err.h"
#include "store/store_impl.h"

static void deliver_done(struct store_call *c, const struct err *e)
{
    c->fn.done(c->ctx, e);
}

static struct store_call *ask(struct store *s, const struct store_call_type *type, const char *id,
                              store_done_fn *fn, void *ctx)
{
    struct store_call *c = store_call_new(s, type, ctx);
    c->fn.done = fn;
    snprintf(c->id, sizeof(c->id), "%s", id);
    return store_call_write(c);
}

static struct store_call *ask_with(struct store *s, const struct store_call_type *type,
                                   struct execution *x, store_done_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, type, x->id, fn, ctx);
    c->x = execution_ref(x);
    c->moment = (struct store_moment){
        .state = x->state,
        .status = x->status,
        .attempts = x->attempts,
        .started_ns = x->started_ns,
        .callback = x->callback,
    };
    return c;
}

static int insert_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->insert(conn, c->x, &c->moment, &c->seq, e);
}

static void insert_deliver(struct store_call *c, const struct err *e)
{
    if (e == NULL) {
        c->x->seq = c->seq;
    }
    deliver_done(c, e);
}

struct store_call *store_insert(struct store *s, struct execution *x, store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {insert_run, insert_deliver, .adds = 1,
                                                .operation = "insert"};
    return ask_with(s, &type, x, fn, ctx);
}

static int begin_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->begin_run(conn, c->id, c->moment.attempts, c->moment.started_ns, e);
}

struct store_call *store_begin(struct store *s, const char *id, unsigned attempts,
                               uint64_t started_ns, store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {begin_run, deliver_done, .operation = "begin"};
    struct store_call *c = ask(s, &type, id, fn, ctx);
    c->moment.attempts = attempts;
    c->moment.started_ns = started_ns;
    return c;
}

static int requeue_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->requeue(conn, c->id, c->moment.attempts, e);
}

struct store_call *store_requeue(struct store *s, const char *id, unsigned attempts,
                                 store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {requeue_run, deliver_done, .operation = "requeue"};
    struct store_call *c = ask(s, &type, id, fn, ctx);
    c->moment.attempts = attempts;
    return c;
}

static int finish_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->finish(conn, c->x, &c->moment, e);
}

struct store_call *store_finish(struct store *s, struct execution *x, store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {finish_run, deliver_done, .operation = "finish"};
    return ask_with(s, &type, x, fn, ctx);
}

static int set_callback_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->set_callback(conn, c->id, c->moment.callback, e);
}

struct store_call *store_set_callback(struct store *s, const char *id,
                                      enum execution_callback state, store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {set_callback_run, deliver_done,
                                                .operation = "set_callback"};
    struct store_call *c = ask(s, &type, id, fn, ctx);
    c->moment.callback = state;
    return c;
}

static int delete_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->remove(conn, c->id, e);
}

struct store_call *store_delete(struct store *s, const char *id, store_done_fn *fn, void *ctx)
{
    static const struct store_call_type type = {delete_run, deliver_done, .adds = -1,
                                                .operation = "delete"};
    return ask(s, &type, id, fn, ctx);
}
