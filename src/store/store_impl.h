#pragma once
/*
 * store_impl - the insides of store*.c.
 *
 *   loop thread                     writer thread              reader threads
 *   store_insert ... -> asked -(end of the round)-> writes -> one transaction -+
 *   store_get ...    -------------------------------------> reads -> answer --+
 *   callbacks <- eventfd <- done <----------------------------------------------+
 *
 * What a round of the loop asks for is handed over at its end, so that it becomes one commit, and
 * wakes a reader once.
 * The mutex is never held while a driver works.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/list.h"
#include "base/loop.h"
#include "store/store_driver.h"

/* What a kind of request is. */
struct store_call_type {
    int (*run)(struct store_call *c, struct store_conn *conn, struct err *e); /* on a thread */
    void (*deliver)(struct store_call *c, const struct err *e);               /* on the loop's */
    int adds;              /* executions, when it went well */
    bool is_short;         /* a read that may be done together with others */
    const char *operation; /* for the metrics */
};

struct store_call {
    struct list link;
    struct store *store;
    const struct store_call_type *type;
    bool is_write;
    bool cancelled; /* loop thread only */
    bool queued;    /* a read that no thread has taken; under the mutex */

    /* what is asked */
    struct execution *x; /* a reference; also what a get gave */
    char id[EXECUTION_ID_MAX + 1];
    char (*ids)[EXECUTION_ID_MAX + 1];
    size_t id_count;
    char dialect[EXECUTION_DIALECT_MAX + 1];
    char *caller, *label, *key;
    struct store_filter filter;
    struct store_moment moment;
    unsigned parts;
    uint64_t after, now_ns;
    uint64_t asked_ns; /* CLOCK_MONOTONIC */
    size_t limit;

    /* the answer */
    int r;
    struct err err; /* when r < 0 */
    uint64_t seq;
    struct store_found found;
    struct store_statistics statistics;

    union {
        store_done_fn *done;
        store_got_fn *got;
        store_listed_fn *listed;
        store_statistics_fn *counted;
    } fn;
    void *ctx;
};

#define UPKEEP_NEVER UINT64_MAX

/* Readers wait while the loop has so much to take: they may be faster than it is. */
#define DONE_BYTES_MAX ((size_t)64 << 20)

/* What the writer does for itself: retention, and giving space back.  Its thread only. */
struct store_upkeep {
    uint64_t at_ns; /* CLOCK_REALTIME: when there is something to do, or UPKEEP_NEVER */
    uint64_t first_ns[STORE_PURGE_KINDS]; /* of the first that may go; 0: none, or not asked */
    bool emptying;        /* the size limit was passed; purging until there is some room */
    uint64_t stuck_bytes; /* a size of the database at which no space could be given back */
    struct store_size size;
};

struct store_reader {
    struct store *store;
    struct store_conn *conn;
    pthread_t thread;
    bool runs;
};

struct store {
    struct loop *loop;
    const struct log *log;
    struct metrics *metrics;
    uint64_t max_age_ns, max_bytes;

    /* Loop thread only. */
    int event_fd; /* a thread has something for the loop */
    struct loop_io event_io;
    struct loop_defer hand_over;
    struct list asked;       /* writes of this round ... */
    struct list asked_reads; /* ... and reads */
    struct list delivering;  /* whose callbacks are being called */
    bool is_delivering, is_closed;
    unsigned waiting;
    struct store_stats seen; /* what store_stats tells */

    pthread_mutex_t mutex;
    pthread_cond_t writer_wake, reader_wake;
    /* Under the mutex. */
    struct list writes, reads, done;
    size_t done_bytes; /* of what was read, about */
    bool closing;
    struct store_stats stats; /* as the writer left it; `waiting` is not used */

    /* Writer thread only. */
    struct store_conn *conn;
    struct store_upkeep upkeep;
    pthread_t writer;
    bool writer_runs;

    struct store_reader *readers;
    unsigned reader_count; /* 0: the writer reads too */
};

/* Moves all of `from` behind what is in `to`. */
void store_calls_move(struct list *from, struct list *to);

/* Calls.  store_call_write and store_call_read hand over what the caller has filled in. */
struct store_call *store_call_new(struct store *s, const struct store_call_type *type, void *ctx);
void store_call_free(struct store_call *c);
struct store_call *store_call_write(struct store_call *c);
struct store_call *store_call_read(struct store_call *c);
/* On a thread: gives 0, or what went wrong with the database (see store_driver.h). */
int store_call_run(struct store_call *c, struct store_conn *conn);
/* On the loop's: calls back and frees. */
void store_call_deliver(struct store_call *c);

/* Makes the loop look at `done` and `stats`; any thread, without the mutex. */
void store_wake_loop(struct store *s);
/* Under the mutex.  Others may add and delete in the same database, so it is about so many. */
void store_stats_add(struct store *s, int64_t more);
/* Answered reads, and those of them (in `rest`) that others may do; empties both. */
void store_reads_done(struct store *s, struct list *done, struct list *rest);
/* Runs some of `reads` into `ret_done`: all but when the answers are large. */
void store_reads_run(struct store_conn *conn, struct list *reads, struct list *ret_done);
/* Under the mutex: some of those that wait. */
void store_reads_take(struct store *s, struct list *ret);

void *store_writer_main(void *store);
void *store_reader_main(void *reader);

/* Looks whether there is something to do, and when. */
void store_upkeep_plan(struct store *s);
/* One transaction of what is due. */
void store_upkeep_step(struct store *s);
