/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check waits in `waiting` until the thread has it (`running`), then in `done` until the loop
 * tells; where only lengths are looked at it goes straight to `done`.  Lists, `running` and
 * `dropped` belong to the mutex; what a check found, to whoever has the check.
 */
#include "api/sieve.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/sieve_pattern.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"

/* Of one pattern for all texts of a check; a step takes about 30 ns. */
#define STEPS_MAX UINT64_C(10000000)
/* Of the texts of all checks together; one alone may be larger. */
#define HELD_MAX ((size_t)64 << 20)

struct sieve_check {
    struct sieve *sieve;
    struct list link;
    struct sieve_text *texts; /* data: ours; name: not looked at here */
    size_t text_count;
    size_t bytes; /* its share of sieve.bytes */
    struct sieve_violation *found;
    size_t found_count, found_room;
    bool dropped; /* nobody wants to hear of it */
    atomic_bool stop;
    sieve_fn *fn;
    void *ctx;
};

struct sieve {
    struct loop *loop;
    const struct log *log;
    uint64_t length_max; /* characters; 0: any */
    struct sieve_patterns *patterns;
    int event_fd;
    struct loop_io event_io;
    struct loop_defer tell;
    bool started;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct list waiting, done;
    struct sieve_check *running;
    bool closing;
    atomic_size_t bytes; /* that checks hold */
};

static void check_free(struct sieve_check *c)
{
    atomic_fetch_sub(&c->sieve->bytes, c->bytes);
    for (size_t i = 0; i < c->text_count; i++) {
        free((char *)(uintptr_t)c->texts[i].data);
    }
    for (size_t i = 0; i < c->found_count; i++) {
        free(c->found[i].message);
    }
    free(c->texts);
    free(c->found);
    free(c);
}

/* --- looking ----------------------------------------------------------------------------- */

/* Takes the message. */
static void complain(struct sieve_check *c, size_t text, char *message)
{
    if (c->found_count == c->found_room) {
        c->found_room = c->found_room > 0 ? 2 * c->found_room : 4;
        c->found = xreallocarray(c->found, c->found_room, sizeof(*c->found));
    }
    c->found[c->found_count++] = (struct sieve_violation){text, message};
}

static uint64_t characters(const struct sieve_text *t)
{
    uint64_t count = 0;
    for (size_t i = 0; i < t->size; i++) {
        count += ((unsigned char)t->data[i] & 0xc0) != 0x80; /* not within one, in UTF-8 */
    }
    return count;
}

static void check_length(struct sieve_check *c, size_t text)
{
    uint64_t max = c->sieve->length_max;
    if (max > 0 && characters(&c->texts[text]) > max) {
        complain(c, text, xasprintf("is too long (maximum is %" PRIu64 " characters)", max));
    }
}

static void check_patterns(struct sieve_check *c, size_t text, uint64_t *left)
{
    const struct sieve_patterns *all = c->sieve->patterns;
    const struct sieve_text *t = &c->texts[text];
    for (size_t i = 0; i < sieve_patterns_count(all); i++) {
        enum sieve_found found = sieve_pattern_look(all, i, t->data, t->size, &left[i], &c->stop);
        if (found != SIEVE_NOTHING) {
            complain(c, text, sieve_pattern_message(all, i, found));
        }
    }
}

static void check_all(struct sieve_check *c)
{
    size_t count = sieve_patterns_count(c->sieve->patterns);
    AUTO(mem_freep) uint64_t *left = xcalloc(count + 1, sizeof(*left));
    for (size_t i = 0; i < count; i++) {
        left[i] = STEPS_MAX;
    }
    for (size_t i = 0; i < c->text_count; i++) {
        check_length(c, i);
        check_patterns(c, i, left);
    }
}

/* --- the thread -------------------------------------------------------------------------- */

/* NULL: the sieve is being closed. */
static struct sieve_check *check_take(struct sieve *s)
{
    pthread_mutex_lock(&s->mutex);
    while (!s->closing && list_empty(&s->waiting)) {
        pthread_cond_wait(&s->wake, &s->mutex);
    }
    struct sieve_check *c = NULL;
    if (!s->closing) {
        c = LIST_ITEM(s->waiting.next, struct sieve_check, link);
        list_remove(&c->link);
    }
    s->running = c;
    pthread_mutex_unlock(&s->mutex);
    return c;
}

static void check_give(struct sieve *s, struct sieve_check *c)
{
    static const uint64_t one = 1;
    pthread_mutex_lock(&s->mutex);
    s->running = NULL;
    bool dropped = c->dropped;
    if (!dropped) {
        list_append(&s->done, &c->link);
    }
    pthread_mutex_unlock(&s->mutex);
    if (dropped) {
        check_free(c);
        return;
    }
    while (write(s->event_fd, &one, sizeof(one)) < 0) {
        /* interrupted: it is never full */
    }
}

static void *thread_main(void *ctx)
{
    struct sieve *s = ctx;
    struct sieve_check *c;
    while ((c = check_take(s)) != NULL) {
        check_all(c);
        check_give(s, c);
    }
    return NULL;
}

/* --- the loop's side --------------------------------------------------------------------- */

static struct sieve_check *done_take(struct sieve *s)
{
    struct sieve_check *c = NULL;
    pthread_mutex_lock(&s->mutex);
    if (!list_empty(&s->done)) {
        c = LIST_ITEM(s->done.next, struct sieve_check, link);
        list_remove(&c->link);
    }
    pthread_mutex_unlock(&s->mutex);
    return c;
}

static void tell_all(void *ctx)
{
    struct sieve *s = ctx;
    struct sieve_check *c;
    while ((c = done_take(s)) != NULL) {
        c->fn(c->ctx, c->found, c->found_count);
        check_free(c);
    }
}

static void on_done(void *ctx, unsigned events)
{
    struct sieve *s = ctx;
    (void)events; /* an eventfd only ever becomes readable */
    uint64_t count;
    (void)!read(s->event_fd, &count, sizeof(count));
    tell_all(s);
}

int sieve_new(struct loop *loop, const struct config *config, const struct log *log,
              struct sieve **ret, struct err *e)
{
    struct sieve_patterns *patterns = NULL;
    int r = sieve_patterns_new(config->validation_deny, &patterns, e);
    if (r < 0) {
        return r;
    }
    struct sieve *s = xcalloc(1, sizeof(*s));
    *s = (struct sieve){
        .loop = loop,
        .log = log,
        .length_max = config->validation_source_length,
        .patterns = patterns,
        .event_fd = -1,
    };
    list_init(&s->waiting);
    list_init(&s->done);
    pthread_mutex_init(&s->mutex, NULL); /* neither fails on Linux */
    pthread_cond_init(&s->wake, NULL);
    *ret = s;
    return 0;
}

static void thread_end(struct sieve *s)
{
    pthread_mutex_lock(&s->mutex);
    s->closing = true;
    if (s->running != NULL) {
        atomic_store(&s->running->stop, true);
    }
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
}

static void checks_free(struct list *list)
{
    LIST_FOR_EACH (link, list) {
        list_remove(link);
        check_free(LIST_ITEM(link, struct sieve_check, link));
    }
}

void sieve_free(struct sieve *s)
{
    if (s == NULL) {
        return;
    }
    if (s->started) {
        thread_end(s);
    }
    checks_free(&s->waiting);
    checks_free(&s->done);
    loop_io_remove(&s->event_io);
    loop_defer_cancel(&s->tell);
    fd_close(s->event_fd);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->mutex);
    sieve_patterns_free(s->patterns);
    free(s);
}

bool sieve_is_on(const struct sieve *s)
{
    return s->length_max > 0 || sieve_patterns_count(s->patterns) > 0;
}

static int thread_make(struct sieve *s, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int sys = pthread_create(&s->thread, NULL, thread_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (sys != 0) {
        return err_set(e, ERR_IO, "making the sieve's thread fails (%d)", sys);
    }
    (void)pthread_setname_np(s->thread, "sieve");
    return 0;
}

/*
 * With the first check: by then the server has dropped what it drops, which a thread that was there
 * before would keep.
 */
static int thread_start(struct sieve *s, struct err *e)
{
    if (s->started) {
        return 0;
    }
    if (s->event_fd < 0) {
        s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->event_fd < 0) {
            return err_sys(e, "eventfd");
        }
        int r = loop_io_add(s->loop, &s->event_io, s->event_fd, EPOLLIN, on_done, s, e);
        if (r < 0) {
            fd_closep(&s->event_fd);
            return r;
        }
    }
    int r = thread_make(s, e);
    s->started = r == 0;
    return r;
}

static void check_queue(struct sieve *s, struct sieve_check *c)
{
    pthread_mutex_lock(&s->mutex);
    list_append(&s->waiting, &c->link);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
}

static void check_now(struct sieve *s, struct sieve_check *c)
{
    for (size_t i = 0; i < c->text_count; i++) {
        check_length(c, i);
    }
    pthread_mutex_lock(&s->mutex);
    list_append(&s->done, &c->link);
    pthread_mutex_unlock(&s->mutex);
    loop_defer(s->loop, &s->tell, tell_all, s);
}

/* False: too many are there already. */
static bool check_take_texts(struct sieve *s, struct sieve_check *c, const struct sieve_text *texts)
{
    size_t bytes = 0, held = atomic_load(&s->bytes);
    for (size_t i = 0; i < c->text_count; i++) {
        bytes += texts[i].size;
    }
    if (held > 0 && bytes + held > HELD_MAX) {
        c->text_count = 0;
        return false;
    }
    for (size_t i = 0; i < c->text_count; i++) {
        c->texts[i] = (struct sieve_text){
            .data = xmemdup(texts[i].size > 0 ? texts[i].data : "", texts[i].size),
            .size = texts[i].size};
    }
    c->bytes = bytes;
    atomic_fetch_add(&s->bytes, bytes);
    return true;
}

struct sieve_check *sieve_look(struct sieve *s, const struct sieve_text *texts, size_t count,
                               sieve_fn *fn, void *ctx)
{
    struct sieve_check *c = xcalloc(1, sizeof(*c));
    struct err e = {0};
    *c = (struct sieve_check){.sieve = s, .text_count = count, .fn = fn, .ctx = ctx};
    c->texts = xcalloc(count + 1, sizeof(*c->texts));
    if (!check_take_texts(s, c, texts)) {
        complain(c, 0, xstrdup("is refused: too many sources are being looked at; try again"));
        check_now(s, c);
    } else if (sieve_patterns_count(s->patterns) == 0) {
        check_now(s, c);
    } else if (thread_start(s, &e) == 0) {
        check_queue(s, c);
    } else {
        LOG_ERROR(s->log, "sources cannot be looked at, and are refused", log_s("error", e.text));
        complain(c, 0, xstrdup("is refused: the server cannot look at it now"));
        check_now(s, c);
    }
    return c;
}

void sieve_cancel(struct sieve_check *c)
{
    if (c == NULL) {
        return;
    }
    struct sieve *s = c->sieve;
    pthread_mutex_lock(&s->mutex);
    bool runs = s->running == c;
    c->dropped = runs;
    if (runs) {
        atomic_store(&c->stop, true);
    } else {
        list_remove(&c->link);
    }
    pthread_mutex_unlock(&s->mutex);
    if (!runs) {
        check_free(c);
    }
}
