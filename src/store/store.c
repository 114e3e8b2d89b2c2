/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/store_impl.h"

/* What the threads are done with */

void store_wake_loop(struct store *s)
{
    uint64_t one = 1;
    /* Fails only when the counter is full, which is as good as woken. */
    (void)!write(s->event_fd, &one, sizeof(one));
}

static void deliver_all(struct store *s)
{
    s->is_delivering = true;
    while (!list_empty(&s->delivering)) {
        struct store_call *c = LIST_ITEM(s->delivering.next, struct store_call, link);
        list_remove(&c->link);
        store_call_deliver(c);
    }
    s->is_delivering = false;
    if (s->is_closed) { /* by one of them: the rest was left to us */
        free(s);
    }
}

static void on_done(void *ctx, unsigned events)
{
    struct store *s = ctx;
    (void)events; /* an eventfd only ever becomes readable */

    uint64_t count;
    (void)!read(s->event_fd, &count, sizeof(count));
    pthread_mutex_lock(&s->mutex);
    store_calls_move(&s->done, &s->delivering);
    if (s->done_bytes > DONE_BYTES_MAX) {
        pthread_cond_broadcast(&s->reader_wake);
    }
    s->done_bytes = 0;
    s->seen = s->stats;
    pthread_mutex_unlock(&s->mutex);
    deliver_all(s);
}

void store_stats_add(struct store *s, int64_t more)
{
    uint64_t *all = &s->stats.executions;
    *all = more < 0 && *all < (uint64_t)-more ? 0 : *all + (uint64_t)more;
}

struct store_stats store_stats(const struct store *s)
{
    struct store_stats stats = s->seen;
    stats.waiting = s->waiting;
    return stats;
}

/* Open */

static struct store *store_new(struct loop *loop, const struct store_config *config,
                               const struct log *log)
{
    struct store *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    s->log = log;
    s->metrics = config->metrics;
    s->max_age_ns = config->max_age_s * NS_PER_S;
    s->max_bytes = config->max_bytes;
    s->event_fd = -1;
    s->reader_count = config->path != NULL ? config->readers : 0;
    s->readers = xcalloc(s->reader_count + 1, sizeof(s->readers[0]));
    struct list *lists[] = {&s->asked,  &s->asked_reads, &s->delivering,
                            &s->writes, &s->reads,       &s->done};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        list_init(lists[i]);
    }
    pthread_mutex_init(&s->mutex, NULL); /* none of these fails on Linux */
    pthread_cond_init(&s->writer_wake, NULL);
    pthread_cond_init(&s->reader_wake, NULL);
    return s;
}

static int connect_all(struct store *s, const char *path, const struct store_driver *driver,
                       struct err *e)
{
    int r = driver->open(driver->ctx, path, STORE_WRITER, &s->conn, e);
    for (unsigned i = 0; r == 0 && i < s->reader_count; i++) {
        s->readers[i].store = s;
        r = driver->open(driver->ctx, path, STORE_READER, &s->readers[i].conn, e);
    }
    return r;
}

static int thread_start(pthread_t *ret, void *(*fn)(void *), void *ctx, const char *name,
                        struct err *e)
{
    int sys = pthread_create(ret, NULL, fn, ctx);
    if (sys != 0) {
        errno = sys;
        return err_sys(e, "starting a thread of the store");
    }
    (void)pthread_setname_np(*ret, name);
    return 0;
}

static int threads_start(struct store *s, struct err *e)
{
    int r = thread_start(&s->writer, store_writer_main, s, "store-writer", e);
    s->writer_runs = r == 0;
    for (unsigned i = 0; r == 0 && i < s->reader_count; i++) {
        struct store_reader *reader = &s->readers[i];
        r = thread_start(&reader->thread, store_reader_main, reader, "store-reader", e);
        reader->runs = r == 0;
    }
    return r;
}

/* Signals are the loop's. */
static int threads_start_deaf(struct store *s, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = threads_start(s, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int events_open(struct store *s, struct err *e)
{
    s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->event_fd < 0) {
        return err_sys(e, "eventfd");
    }
    return loop_io_add(s->loop, &s->event_io, s->event_fd, EPOLLIN, on_done, s, e);
}

int store_open_with(struct loop *loop, const struct store_config *config,
                    const struct store_driver *driver, const struct log *log, struct store **ret,
                    struct err *e)
{
    struct store *s = store_new(loop, config, log);
    int r = connect_all(s, config->path, driver, e);
    if (r == 0) {
        r = events_open(s, e);
    }
    if (r == 0) {
        store_upkeep_plan(s);
        s->stats = (struct store_stats){
            .executions = s->conn->executions, .bytes = s->upkeep.size.bytes, .writable = true};
        s->seen = s->stats;
        r = threads_start_deaf(s, e);
    }
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

int store_open(struct loop *loop, const struct store_config *config, const struct log *log,
               struct store **ret, struct err *e)
{
    return store_open_with(loop, config, &store_sqlite, log, ret, e);
}

/* Close */

static void threads_end(struct store *s)
{
    pthread_mutex_lock(&s->mutex);
    store_calls_move(&s->asked, &s->writes);
    s->closing = true;
    pthread_cond_broadcast(&s->writer_wake);
    pthread_cond_broadcast(&s->reader_wake);
    pthread_mutex_unlock(&s->mutex);
    for (unsigned i = 0; i < s->reader_count; i++) {
        if (s->readers[i].runs) {
            pthread_join(s->readers[i].thread, NULL);
        }
    }
    if (s->writer_runs) {
        pthread_join(s->writer, NULL);
    }
}

static void disconnect_all(struct store *s)
{
    for (unsigned i = 0; i < s->reader_count; i++) {
        struct store_conn *conn = s->readers[i].conn;
        if (conn != NULL) {
            conn->ops->close(conn);
        }
    }
    if (s->conn != NULL) {
        s->conn->ops->close(s->conn);
    }
}

static void calls_free(struct list *calls)
{
    LIST_FOR_EACH (link, calls) {
        list_remove(link);
        store_call_free(LIST_ITEM(link, struct store_call, link));
    }
}

void store_close(struct store *s)
{
    if (s == NULL) {
        return;
    }
    loop_defer_cancel(&s->hand_over);
    threads_end(s);
    disconnect_all(s);
    loop_io_remove(&s->event_io);
    fd_close(s->event_fd);
    struct list *lists[] = {&s->writes, &s->asked_reads, &s->reads, &s->done, &s->delivering};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        calls_free(lists[i]);
    }
    pthread_cond_destroy(&s->reader_wake);
    pthread_cond_destroy(&s->writer_wake);
    pthread_mutex_destroy(&s->mutex);
    free(s->readers);
    s->is_closed = true;
    if (!s->is_delivering) {
        free(s);
    }
}
