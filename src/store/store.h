#pragma once
/*
 * store - where executions are kept: asked from the loop's thread, worked on by threads of its own.
 *
 * One writer thread commits what was asked while the last commit ran together (group commit: no
 * wait when idle); reader threads never wait for it.  Writes take effect in the order in which they
 * were asked.  A write's callback means that it is on disk (WAL, synchronous=FULL).
 *
 * All calls and callbacks are on the loop's thread; no callback comes from inside a call, and one
 * may close the store.  What one round of the loop asks to be written is one commit.
 * Each request gives a struct store_call, good until its callback is called; store_cancel
 * takes the callback away, a write is done all the same.  Errors: ERR_LIMIT when the disk is full,
 * ERR_DENIED when it cannot be written to, ERR_NOT_FOUND, ERR_IO for the rest; a failed write
 * changed nothing, and the next one is tried anew (the store recovers without a restart).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/execution.h"

struct log;
struct loop;
struct metrics;
struct store;
struct store_call;

struct store_config {
    const char *path;        /* of the database, relative paths are not made absolute (the directory
                                may be one whose own path we may not walk); NULL: in memory only */
    unsigned readers;        /* threads; 0: reads are done by the writer's (always so in memory) */
    uint64_t max_age_s;      /* finished executions older than this are purged, but for those with
                                an expires_ns, which count by that; 0: none */
    uint64_t max_bytes;      /* beyond, the oldest finished ones are purged; 0: none */
    struct metrics *metrics; /* may be NULL */
};

/*
 * Opens, makes or migrates the database, and starts the threads; blocks.  ERR_INVALID for a file
 * that is damaged, is no database, or was written by a later version: it is left as it is.
 */
int store_open(struct loop *loop, const struct store_config *config, const struct log *log,
               struct store **ret, struct err *e);
/* Does what was asked, then ends the threads; callbacks that are due are not called. NULL is fine
 */
void store_close(struct store *s);

struct store_stats {
    uint64_t executions, bytes; /* kept; of the database with what is free in it */
    unsigned waiting;           /* writes that are asked and not committed */
    bool writable;              /* how the last write ended */
    char why[ERR_TEXT_MAX];     /* ... when it failed */
};
struct store_stats store_stats(const struct store *s);

/* e is NULL when it went well. */
typedef void store_done_fn(void *ctx, const struct err *e);
/* `x` NULL and e NULL: there is none.  The reference is the callee's. */
typedef void store_got_fn(void *ctx, struct execution *x, const struct err *e);
/* One reference each (NULL where an id is unknown), valid during the call but for those that were
 * ref'ed; `total`: of store_list. */
typedef void store_listed_fn(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                             const struct err *e);

void store_cancel(struct store_call *c); /* NULL is fine */

/* --- writes; ERR_NOT_FOUND when there is no such id -------------------------------------- */

/*
 * With its state, attempts and started_ns of this moment.  Takes a reference until the callback;
 * x->seq is set before that.  ERR_INVALID when its id is there already, or its idempotency key with
 * its caller.
 */
struct store_call *store_insert(struct store *s, struct execution *x, store_done_fn *fn, void *ctx);
/* state RUNNING with these numbers; nothing when it is over already. */
struct store_call *store_begin(struct store *s, const char *id, unsigned attempts,
                               uint64_t started_ns, store_done_fn *fn, void *ctx);
/* state QUEUED again, with this number of attempts (a graceful stop takes one back). */
struct store_call *store_requeue(struct store *s, const char *id, unsigned attempts,
                                 store_done_fn *fn, void *ctx);
/* What came of it; only the first finish counts.  Takes a reference until the callback. */
struct store_call *store_finish(struct store *s, struct execution *x, store_done_fn *fn, void *ctx);
struct store_call *store_set_callback(struct store *s, const char *id,
                                      enum execution_callback state, store_done_fn *fn, void *ctx);
struct store_call *store_delete(struct store *s, const char *id, store_done_fn *fn, void *ctx);

/* --- reads; `parts` says which parts are wanted, the others are null ------------------------ */

struct store_call *store_get(struct store *s, const char *id, unsigned parts, store_got_fn *fn,
                             void *ctx);
/* One answer for each id, in order.  ERR_LIMIT: together they are larger than STORE_MANY_BYTES. */
#define STORE_MANY_BYTES (UINT64_C(64) << 20)
struct store_call *store_get_many(struct store *s, const char *const *ids, size_t count,
                                  unsigned parts, store_listed_fn *fn, void *ctx);
struct store_filter {
    const char *dialect; /* NULL: all; likewise below */
    const char *caller, *label;
    unsigned states; /* mask: 1U << enum execution_state; 0: all */
    uint64_t before; /* seq < before; 0: from the newest on */
    uint64_t offset, limit;
    bool no_total; /* do not count: total is 0 */
};
/* Newest first; total is how many there are without offset and limit.  Without a dialect, what else
 * is asked for is looked for in all rows. */
struct store_call *store_list(struct store *s, const struct store_filter *filter, unsigned parts,
                              store_listed_fn *fn, void *ctx);
/* The one of this caller with this idempotency key. */
struct store_call *store_get_key(struct store *s, const char *caller, const char *key,
                                 unsigned parts, store_got_fn *fn, void *ctx);
/* Those that are not over, in the order of acceptance, with seq > after; without parts. */
struct store_call *store_unfinished(struct store *s, uint64_t after, size_t limit,
                                    store_listed_fn *fn, void *ctx);
/* Those that are over and have CALLBACK_DUE; likewise. */
struct store_call *store_callbacks_due(struct store *s, uint64_t after, size_t limit,
                                       store_listed_fn *fn, void *ctx);

struct store_count {
    int32_t number; /* a language, or a status */
    uint64_t count;
};
#define STORE_DAYS 31
struct store_statistics { /* of one dialect */
    uint64_t total;
    uint64_t days[STORE_DAYS];                /* [0] today (UTC), [1] yesterday ... */
    struct store_count *languages, *statuses; /* by count, the largest first */
    size_t language_count, status_count;
    uint64_t running; /* they are not among the statuses */
    uint64_t bytes;   /* of the database */
};
typedef void store_statistics_fn(void *ctx, const struct store_statistics *all,
                                 const struct err *e);
/* now_ns: CLOCK_REALTIME. */
struct store_call *store_count(struct store *s, const char *dialect, uint64_t now_ns,
                               store_statistics_fn *fn, void *ctx);
