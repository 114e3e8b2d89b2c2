/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_driver.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

struct failing_driver {
    struct store_driver driver;
    pthread_mutex_t mutex;
    pthread_cond_t change;
    struct {
        enum err_kind fails;
        unsigned count, held;
        bool hold;
    } ops[FAILING_OP_COUNT];
};

struct failing_conn {
    struct store_conn conn;
    struct store_conn *inner;
    struct failing_driver *driver;
};

static struct store_conn *inner_of(struct store_conn *c)
{
    return CONTAINER_OF(c, struct failing_conn, conn)->inner;
}

static int pass(struct store_conn *c, enum failing_op op, struct err *e)
{
    struct failing_driver *f = CONTAINER_OF(c, struct failing_conn, conn)->driver;
    pthread_mutex_lock(&f->mutex);
    f->ops[op].count++;
    f->ops[op].held++;
    pthread_cond_broadcast(&f->change);
    while (f->ops[op].hold) {
        pthread_cond_wait(&f->change, &f->mutex);
    }
    f->ops[op].held--;
    enum err_kind kind = f->ops[op].fails;
    pthread_mutex_unlock(&f->mutex);
    return kind ? err_set(e, kind, "the store fails as the test wants") : 0;
}

/* Each of the vtable: it passes, or fails. */
#define HAND_ON(op, name, ...)                                                                     \
    {                                                                                              \
        int r = pass(c, FAILING_##op, e);                                                          \
        return r < 0 ? r : inner_of(c)->ops->name(inner_of(c), __VA_ARGS__);                       \
    }

static int do_begin(struct store_conn *c, struct err *e) HAND_ON(BEGIN, begin, e)

    static int do_commit(struct store_conn *c, struct err *e) HAND_ON(COMMIT, commit, e)

        static void do_rollback(struct store_conn *c)
{
    inner_of(c)->ops->rollback(inner_of(c));
}

static int do_insert(struct store_conn *c, const struct execution *x,
                     const struct store_moment *moment, uint64_t *ret_seq,
                     struct err *e) HAND_ON(INSERT, insert, x, moment, ret_seq, e)

    static int do_begin_run(struct store_conn *c, const char *id, unsigned attempts,
                            uint64_t started_ns, struct err *e) HAND_ON(BEGIN_RUN, begin_run, id,
                                                                        attempts, started_ns, e)

        static int do_requeue(struct store_conn *c, const char *id, unsigned attempts,
                              struct err *e) HAND_ON(REQUEUE, requeue, id, attempts, e)

            static int do_finish(struct store_conn *c, const struct execution *x,
                                 const struct store_moment *moment,
                                 struct err *e) HAND_ON(FINISH, finish, x, moment, e)

                static int do_set_callback(struct store_conn *c, const char *id,
                                           enum execution_callback state,
                                           struct err *e) HAND_ON(SET_CALLBACK, set_callback, id,
                                                                  state, e)

                    static int do_remove(struct store_conn *c, const char *id,
                                         struct err *e) HAND_ON(REMOVE, remove, id, e)

                        static int do_purge(struct store_conn *c, enum store_purge_kind kind,
                                            uint64_t before_ns, unsigned max, unsigned *ret_count,
                                            struct err *e) HAND_ON(PURGE, purge, kind, before_ns,
                                                                   max, ret_count, e)

                            static int do_shrink(struct store_conn *c,
                                                 struct err *e) HAND_ON(SHRINK, shrink, e)

                                static int do_get(struct store_conn *c, const char *id,
                                                  unsigned parts, struct execution **ret,
                                                  struct err *e) HAND_ON(GET, get, id, parts, ret,
                                                                         e)

                                    static int do_list(struct store_conn *c,
                                                       const struct store_filter *filter,
                                                       unsigned parts, struct store_found *ret,
                                                       struct err *e) HAND_ON(LIST, list, filter,
                                                                              parts, ret, e)

                                        static int do_unfinished(
                                            struct store_conn *c, uint64_t after, size_t limit,
                                            struct store_found *ret,
                                            struct err *e) HAND_ON(UNFINISHED, unfinished, after,
                                                                   limit, ret, e)

                                            static int do_callbacks_due(
                                                struct store_conn *c, uint64_t after, size_t limit,
                                                struct store_found *ret,
                                                struct err *e) HAND_ON(CALLBACKS_DUE, callbacks_due,
                                                                       after, limit, ret, e)

                                                static int do_count(struct store_conn *c,
                                                                    const char *dialect,
                                                                    uint64_t now_ns,
                                                                    struct store_statistics *ret,
                                                                    struct err *e)
                                                    HAND_ON(COUNT, count, dialect, now_ns, ret, e)

                                                        static int do_size(struct store_conn *c,
                                                                           struct store_size *ret,
                                                                           struct err *e)
{
    return inner_of(c)->ops->size(inner_of(c), ret, e);
}

static int do_first(struct store_conn *c, enum store_purge_kind kind, uint64_t *ret_ns,
                    struct err *e)
{
    return inner_of(c)->ops->first(inner_of(c), kind, ret_ns, e);
}

static int do_get_key(struct store_conn *c, const char *caller, const char *key, unsigned parts,
                      struct execution **ret, struct err *e)
{
    int r = pass(c, FAILING_GET, e);
    return r < 0 ? r : inner_of(c)->ops->get_key(inner_of(c), caller, key, parts, ret, e);
}

static void do_close(struct store_conn *c)
{
    inner_of(c)->ops->close(inner_of(c));
    free(CONTAINER_OF(c, struct failing_conn, conn));
}

static int do_open(void *ctx, const char *path, enum store_role role, struct store_conn **ret,
                   struct err *e)
{
    static const struct store_driver_ops ops = {
        .close = do_close,
        .begin = do_begin,
        .commit = do_commit,
        .rollback = do_rollback,
        .insert = do_insert,
        .begin_run = do_begin_run,
        .requeue = do_requeue,
        .finish = do_finish,
        .set_callback = do_set_callback,
        .remove = do_remove,
        .purge = do_purge,
        .shrink = do_shrink,
        .get = do_get,
        .get_key = do_get_key,
        .list = do_list,
        .unfinished = do_unfinished,
        .callbacks_due = do_callbacks_due,
        .count = do_count,
        .size = do_size,
        .first = do_first,
    };
    struct failing_conn *c = xcalloc(1, sizeof(*c));
    int r = store_sqlite.open(store_sqlite.ctx, path, role, &c->inner, e);
    if (r < 0) {
        free(c);
        return r;
    }
    c->conn = (struct store_conn){&ops, c->inner->executions};
    c->driver = ctx;
    *ret = &c->conn;
    return 0;
}

struct failing_driver *failing_driver_new(void)
{
    struct failing_driver *f = xcalloc(1, sizeof(*f));
    f->driver = (struct store_driver){do_open, f};
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->change, NULL);
    return f;
}

void failing_driver_free(struct failing_driver *f)
{
    pthread_cond_destroy(&f->change);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

const struct store_driver *failing_driver_use(struct failing_driver *f)
{
    return &f->driver;
}

void failing_driver_set(struct failing_driver *f, enum failing_op op, enum err_kind kind)
{
    pthread_mutex_lock(&f->mutex);
    f->ops[op].fails = kind;
    pthread_mutex_unlock(&f->mutex);
}

unsigned failing_driver_count(struct failing_driver *f, enum failing_op op)
{
    pthread_mutex_lock(&f->mutex);
    unsigned count = f->ops[op].count;
    pthread_mutex_unlock(&f->mutex);
    return count;
}

void failing_driver_hold(struct failing_driver *f, enum failing_op op)
{
    pthread_mutex_lock(&f->mutex);
    f->ops[op].hold = true;
    pthread_mutex_unlock(&f->mutex);
}

void failing_driver_await_held(struct failing_driver *f, enum failing_op op)
{
    pthread_mutex_lock(&f->mutex);
    while (f->ops[op].held == 0) {
        pthread_cond_wait(&f->change, &f->mutex);
    }
    pthread_mutex_unlock(&f->mutex);
}

void failing_driver_release(struct failing_driver *f, enum failing_op op)
{
    pthread_mutex_lock(&f->mutex);
    f->ops[op].hold = false;
    pthread_cond_broadcast(&f->change);
    pthread_mutex_unlock(&f->mutex);
}
