/* SPDX-License-Identifier: Apache-2.0 */
/* What may be read. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/execution.h"
#include "store/store_impl.h"

static int get_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->get(conn, c->id, c->parts, &c->x, e);
}

static void get_deliver(struct store_call *c, const struct err *e)
{
    c->fn.got(c->ctx, TAKE(&c->x, NULL), e);
}

struct store_call *store_get(struct store *s, const char *id, unsigned parts, store_got_fn *fn,
                             void *ctx)
{
    static const struct store_call_type type = {get_run, get_deliver, .is_short = true,
                                                .operation = "get"};
    struct store_call *c = store_call_new(s, &type, ctx);
    c->fn.got = fn;
    c->parts = parts;
    snprintf(c->id, sizeof(c->id), "%s", id);
    return store_call_read(c);
}

static int get_key_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->get_key(conn, c->caller, c->key, c->parts, &c->x, e);
}

struct store_call *store_get_key(struct store *s, const char *caller, const char *key,
                                 unsigned parts, store_got_fn *fn, void *ctx)
{
    static const struct store_call_type type = {get_key_run, get_deliver, .is_short = true,
                                                .operation = "get_key"};
    struct store_call *c = store_call_new(s, &type, ctx);
    c->fn.got = fn;
    c->parts = parts;
    c->caller = xstrdup(caller);
    c->key = xstrdup(key);
    return store_call_read(c);
}

static void deliver_listed(struct store_call *c, const struct err *e)
{
    c->fn.listed(c->ctx, c->found.all, c->found.count, c->found.total, e);
}

static int get_many_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    AUTO(store_found_done) struct store_found found = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->id_count; i++) {
        struct execution *x = NULL;
        int r = conn->ops->get(conn, c->ids[i], c->parts, &x, e);
        if (r < 0) {
            return r;
        }
        store_found_add(&found, x);
        bytes += x != NULL ? execution_bytes(x) : 0;
        if (bytes > STORE_MANY_BYTES) {
            return err_set(e, ERR_LIMIT, "these executions are larger than 64 MiB together");
        }
    }
    c->found = TAKE(&found, (struct store_found){0});
    return 0;
}

struct store_call *store_get_many(struct store *s, const char *const *ids, size_t count,
                                  unsigned parts, store_listed_fn *fn, void *ctx)
{
    static const struct store_call_type type = {get_many_run, deliver_listed,
                                                .operation = "get_many"};
    struct store_call *c = store_call_new(s, &type, ctx);
    c->fn.listed = fn;
    c->parts = parts;
    c->ids = xcalloc(count > 0 ? count : 1, sizeof(c->ids[0]));
    c->id_count = count;
    for (size_t i = 0; i < count; i++) {
        snprintf(c->ids[i], sizeof(c->ids[i]), "%s", ids[i]);
    }
    return store_call_read(c);
}

static int list_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->list(conn, &c->filter, c->parts, &c->found, e);
}

struct store_call *store_list(struct store *s, const struct store_filter *filter, unsigned parts,
                              store_listed_fn *fn, void *ctx)
{
    static const struct store_call_type type = {list_run, deliver_listed, .operation = "list"};
    struct store_call *c = store_call_new(s, &type, ctx);
    c->fn.listed = fn;
    c->parts = parts;
    c->filter = *filter;
    if (filter->dialect != NULL) {
        snprintf(c->dialect, sizeof(c->dialect), "%s", filter->dialect);
        c->filter.dialect = c->dialect;
    }
    c->filter.caller = c->caller = xstrdup(filter->caller);
    c->filter.label = c->label = xstrdup(filter->label);
    return store_call_read(c);
}

static struct store_call *page(struct store *s, const struct store_call_type *type, uint64_t after,
                               size_t limit, store_listed_fn *fn, void *ctx)
{
    struct store_call *c = store_call_new(s, type, ctx);
    c->fn.listed = fn;
    c->after = after;
    c->limit = limit;
    return store_call_read(c);
}

static int unfinished_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->unfinished(conn, c->after, c->limit, &c->found, e);
}

struct store_call *store_unfinished(struct store *s, uint64_t after, size_t limit,
                                    store_listed_fn *fn, void *ctx)
{
    static const struct store_call_type type = {unfinished_run, deliver_listed,
                                                .operation = "unfinished"};
    return page(s, &type, after, limit, fn, ctx);
}

static int callbacks_due_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->callbacks_due(conn, c->after, c->limit, &c->found, e);
}

struct store_call *store_callbacks_due(struct store *s, uint64_t after, size_t limit,
                                       store_listed_fn *fn, void *ctx)
{
    static const struct store_call_type type = {callbacks_due_run, deliver_listed,
                                                .operation = "callbacks_due"};
    return page(s, &type, after, limit, fn, ctx);
}

static int count_run(struct store_call *c, struct store_conn *conn, struct err *e)
{
    return conn->ops->count(conn, c->dialect, c->now_ns, &c->statistics, e);
}

static void count_deliver(struct store_call *c, const struct err *e)
{
    c->fn.counted(c->ctx, e == NULL ? &c->statistics : NULL, e);
}

struct store_call *store_count(struct store *s, const char *dialect, uint64_t now_ns,
                               store_statistics_fn *fn, void *ctx)
{
    static const struct store_call_type type = {count_run, count_deliver, .operation = "count"};
    struct store_call *c = store_call_new(s, &type, ctx);
    c->fn.counted = fn;
    c->now_ns = now_ns;
    snprintf(c->dialect, sizeof(c->dialect), "%s", dialect);
    return store_call_read(c);
}
