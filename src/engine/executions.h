#pragma once
/*
 * executions - accepted work, from the acceptance that is on disk to the result that is, and to the
 * callback that was delivered: nothing that was accepted is lost, whatever is killed.
 *
 *   submit -> store_insert  \  beside each other when a slot is free
 *          -> engine         > finish -> store_finish -> callback -> store_set_callback
 *
 * A client is answered that it was accepted only when it is on disk.  At start what was not
 * finished is queued again; what then runs is marked on disk before it begins, so that a program
 * that ends the server is tried ATTEMPTS_MAX times and then given its dialect's internal error.
 * While the store cannot be written to, nothing is accepted, and finished results wait in memory
 * until it can.  Loop thread only; no callback comes from inside a call.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "model/execution.h"

struct client;
struct clock;
struct engine;
struct err;
struct executions;
struct job;
struct log;
struct loop;
struct result;
struct runtime;
struct runtimes;
struct store;
struct store_filter;
struct webhook;

#define ATTEMPTS_MAX 3

/* What only a dialect knows of its executions; `name` is that of execution.dialect. */
struct execution_dialect {
    const char *name;
    /*
     * Which runtime it needs: language and range for runtimes_find, or, when *ret_runtime is set
     * (a reference for the caller), that one; it is asked again when that find was answered.
     * ERR_NOT_FOUND: there is no such language (any more).
     */
    int (*runtime)(void *ctx, const struct execution *x, const char **ret_language,
                   const char **ret_range, struct runtime **ret_runtime, struct err *e);
    /* The job that it asks for; x has all of PARTS_ASKED. */
    int (*job)(void *ctx, const struct execution *x, struct runtime *runtime, struct job **ret,
               struct err *e);
    /* Writes what came of it into x: status, result, parts.  May take the bytes out of `result`.
     * (state and times are set already.) */
    void (*conclude)(void *ctx, struct execution *x, struct result *result);
    /* Likewise when it could not be run, or what came of it not be kept (then after `conclude`):
     * its internal error, with this sentence. */
    void (*fail)(void *ctx, struct execution *x, const char *why);
    /* The callback to send; false: it has none.  x has all parts. */
    bool (*callback)(void *ctx, const struct execution *x, struct webhook *ret);
    void *ctx;
};

struct executions_config {
    uint64_t cache_bytes; /* of finished executions that are kept in memory for their readers */
    /* Of submissions that are on their way to the disk, or that somebody waits for: beyond, more
     * are refused (ERR_BUSY); 0: no limit. */
    uint64_t waiting_bytes;
    uint64_t max_age_s;        /* as the store's: what is older is not told from memory; 0: none */
    const struct clock *clock; /* NULL: the system's */
    struct metrics *metrics;   /* may be NULL */
};

struct executions *executions_new(struct loop *loop, const struct executions_config *config,
                                  struct engine *engine, struct runtimes *runtimes,
                                  struct client *client, const struct log *log);
/* What still runs is queued again on disk, and nobody is told; the store is closed after this. */
void executions_free(struct executions *e); /* NULL is fine */
/* Before executions_recover; `dialect` outlives the executions. */
void executions_add_dialect(struct executions *e, const struct execution_dialect *dialect);
/* With all dialects, before anything is asked: the store, which outlives the executions.  What an
 * earlier server left in it is queued again in the background. */
void executions_recover(struct executions *e, struct store *store);
/*
 * Takes no more.  What waits stays on disk for the next server, and who waits for it is told as it
 * is; `drained` is called when the last one that runs is over and on disk.  Before engine_drain.
 */
void executions_drain(struct executions *e, void (*drained)(void *ctx), void *ctx);
/* The grace time is over: what runs is ended, and queued again on disk.  Who waits is told at once,
 * from inside. */
void executions_stop(struct executions *e);

/*
 * One submitted execution, or several, as seen by who submitted: until executions_leave, until
 * `accepted` told of a refusal (or of anything, when `finished` is NULL), until the last
 * `finished`.
 */
struct executions_wait;
struct executions_listener {
    /* It is on disk, or (e) refused: ERR_BUSY queue or memory full, or stopping, others the
     * store's.  After a refusal nothing more comes. */
    void (*accepted)(void *ctx, const struct err *e);
    /* It is over (`accepted` comes first); or the server stops, and x is not over yet
     * (execution_is_over): the next one goes on with it.  For each of several.  NULL: who submitted
     * does not wait.  x may be ref'ed. */
    void (*finished)(void *ctx, struct execution *x);
    void *ctx;
};
/* Takes x (its id, dialect, request, caller, parts set); created_ns 0: now. */
struct executions_wait *executions_submit(struct executions *e, struct execution *x,
                                          const struct executions_listener *listener);
/* Several at once, one commit: accepted(ctx, e) is called once for all, which are all accepted or
 * all refused. */
struct executions_wait *executions_submit_many(struct executions *e, struct execution **all,
                                               size_t count,
                                               const struct executions_listener *listener);
void executions_leave(struct executions_wait *w); /* hears no more; it goes on */

/*
 * Reads: from memory what is unfinished or fresh, else from the store.  They may be cancelled with
 * executions_forget.
 */
struct executions_read;
typedef void executions_got_fn(void *ctx, struct execution *x, const struct err *e);
typedef void executions_listed_fn(void *ctx, struct execution *const *all, size_t count,
                                  const struct err *e);
typedef void executions_done_fn(void *ctx, const struct err *e);
struct executions_read *executions_get(struct executions *e, const char *id, unsigned parts,
                                       executions_got_fn *fn, void *ctx);
/* In order, NULL where there is none. */
struct executions_read *executions_get_many(struct executions *e, const char *const *ids,
                                            size_t count, unsigned parts, executions_listed_fn *fn,
                                            void *ctx);
/* When it is over; at once if it is.  ERR_BUSY: the server stops before. */
struct executions_read *executions_await(struct executions *e, const char *id, unsigned parts,
                                         executions_got_fn *fn, void *ctx);
/* Of one that is over (ERR_BUSY if not), from memory and disk. */
struct executions_read *executions_delete(struct executions *e, const char *id,
                                          executions_done_fn *fn, void *ctx);
void executions_forget(
    struct executions_read *r); /* NULL is fine; a deletion is done all the same */

/* Newest first; what is in memory is told as it is now.  filter->offset and total do not count.
 * Fewer than filter->limit: there are no more. */
struct executions_read *executions_list(struct executions *e, const struct store_filter *filter,
                                        unsigned parts, executions_listed_fn *fn, void *ctx);
/* The first one that this caller submitted with this key (execution.idempotency); when it is on its
 * way to the disk, as soon as it is there, or its refusal.  x NULL: none.  No other comes in
 * between when it is submitted from inside of `fn`. */
struct executions_read *executions_get_key(struct executions *e, const char *caller,
                                           const char *key, unsigned parts, executions_got_fn *fn,
                                           void *ctx);
/*
 * Ends one that waits or runs: it is over as EXECUTION_CANCELLED, with what it had printed
 * (`conclude` is called with VERDICT_CANCELLED), on disk when `fn` is called.  ERR_NOT_FOUND;
 * ERR_BUSY: it is over already.
 */
struct executions_read *executions_cancel(struct executions *e, const char *id,
                                          executions_done_fn *fn, void *ctx);

/*
 * Watches one, whoever submitted it: `progress` whenever there is more to see in
 * executions_watch_result, `over` once, last (x with all parts; NULL and e: none such, or the
 * server stops).  No progress comes while it waits in the queue, or of one that is over.  When boxd
 * was lost and it runs again, its result starts anew: there is progress with an empty one.
 */
struct executions_watch;
struct executions_watcher {
    void (*progress)(void *ctx);
    void (*over)(void *ctx, struct execution *x, const struct err *e);
    void *ctx;
};
struct executions_watch *executions_watch(struct executions *e, const char *id,
                                          const struct executions_watcher *watcher);
/* As engine_job_result; NULL: it does not run.  *ret_stage (may be NULL): the stage of now. */
const struct result *executions_watch_result(const struct executions_watch *w,
                                             enum engine_stage *ret_stage);
void executions_unwatch(struct executions_watch *w); /* hears no more; NULL is fine */

/* Room in the queue for so many more, and a store that takes them: else ERR_BUSY, or the store's
 * error. */
int executions_check_room(const struct executions *e, size_t count, struct err *err);
/* Of this caller: what waits in the engine's queue, and what is on its way there. */
unsigned executions_waiting_of(const struct executions *e, const char *caller);
