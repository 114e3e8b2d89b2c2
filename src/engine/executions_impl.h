#pragma once
/*
 * executions_impl - what the files of executions know of each other.
 *
 *   executions.c            life, room, drain; executions_active.c: of one
 *   executions_submit.c     groups: what was submitted together, and who waits for it
 *   executions_turn.c       its place in the engine's queue
 *   executions_run.c        from its turn to the job that runs
 *   executions_finish.c     from the job's result to the disk
 *   executions_retry.c      a store that fails, and works again
 *   executions_callbacks.c  deliveries
 *   executions_recover.c    what an earlier server left
 *   executions_read.c       for readers; executions_cache.c: what is over and was asked for lately
 *   executions_list.c       for those who look for some; executions_key.c: ... by a client's key
 *   executions_end.c        deleted, cancelled
 *   executions_watch.c      who watches one
 *
 * A `struct active` is one execution from its submission until its result is on disk:
 *
 *   INSERTING  goes to disk; nothing has begun
 *   WAITING    a ticket in the engine's queue
 *   PARKED     its turn came, but the store could not be read or written, or another one has its
 *              last try: it gets another ticket
 *   LOADING    has a slot: is read again, its runtime found, its beginning written
 *   RUNNING    in the engine (perhaps beside its insert)
 *   OVER       has a result that nobody was told of: it is not on disk that it was accepted
 *   SAVING     told, the result is under way to the disk, or waits for a store that works again
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/table.h"
#include "engine/engine.h"
#include "engine/executions.h"
#include "model/execution.h"
#include "store/store.h"

struct store_call;
struct webhooks;

#define DIALECTS_MAX 8

struct cache {
    struct table by_id;
    struct list items; /* the last used one first */
    uint64_t bytes, bytes_max, age_max_ns;
};

struct executions {
    struct loop *loop;
    const struct clock *clock;
    const struct log *log;
    struct store *store;
    struct engine *engine;
    struct runtimes *runtimes;
    struct webhooks *webhooks;
    const struct execution_dialect *dialects[DIALECTS_MAX];
    size_t dialect_count;

    struct table active;
    struct list all; /* all active ones, in no order that matters */
    size_t unplaced; /* those that have no place in the engine's queue yet, and will need one */
    uint64_t held_bytes, unsaved_bytes;
    uint64_t waiting_bytes, waiting_max; /* see executions_config */

    /* A write has failed, none has worked since, and why. */
    bool write_failed;
    struct err why;
    struct list parked, unsaved; /* of active.place; they wait for the retry */
    uint64_t reads_done;         /* reads of the store that went well */
    struct loop_timer retry;
    uint64_t pause_ns;

    struct table deliveries;
    struct list every_delivery, untold; /* untold: whose end could not be written */
    uint64_t delivery_bytes, due_after;
    /* On disk there may be callbacks that nobody sends: behind due_after, or anywhere. */
    bool due_left, due_again;
    struct store_call *due_page;
    size_t due_loading; /* how many of that page are being read */

    bool recovering;
    uint64_t recover_after;
    struct store_call *recover_page;
    uint64_t recovered, given_up;
    struct active *last_try; /* which of those with one try left has it now */
    struct list suspects;    /* the others, of active.place */

    struct cache cache;
    struct list reads, early;           /* early: they await what may not be recovered yet */
    struct table by_key;                /* active ones, by caller and idempotency key */
    struct table key_reads;             /* likewise who looks for one: the first of each key */
    struct list watches, early_watches; /* all; those that are as early */
    struct metrics *metrics;

    bool draining;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct loop_defer drain, drain_end;
};

enum active_state {
    ACTIVE_INSERTING,
    ACTIVE_WAITING,
    ACTIVE_PARKED,
    ACTIVE_LOADING,
    ACTIVE_RUNNING,
    ACTIVE_OVER,
    ACTIVE_SAVING,
};

struct active {
    struct executions *all;
    struct table_node by_id;
    struct list link;
    struct list place; /* of executions.parked, unsaved or suspects */
    char id[EXECUTION_ID_MAX + 1];
    char *caller;
    bool batch;
    enum active_state state;
    /* NULL while it waits without anybody who waits for it; without PARTS_ASKED unless `whole` */
    struct execution *x;
    bool whole;
    uint64_t held; /* its share of executions.held_bytes */
    uint64_t unsaved;
    uint64_t waiting;  /* its share of executions.waiting_bytes */
    bool inserted;     /* it is on disk */
    bool accepted;     /* ... and that was told */
    bool careful;      /* of an earlier server: that it begins is on disk before it begins */
    bool unplaced;     /* counted in executions.unplaced */
    bool begun;        /* store_begin was asked for, or it was inserted as running */
    bool cancelled;    /* by who asked: nothing more is begun */
    unsigned tries;    /* to read it from the store, while others could be read */
    uint64_t tried_at; /* executions.reads_done of that moment */
    const struct execution_dialect *dialect;
    struct runtime *runtime;
    struct executions_wait *group; /* NULL: nobody waits */
    struct list member;            /* of the group's */
    struct list awaits;            /* of executions_read.await */
    struct list watches;           /* of executions_watch.link */
    struct table_node by_key;
    char *key;                /* see key_name; NULL: it has none */
    struct loop_defer ending; /* of what was cancelled before it ran */
    enum engine_stage stage;  /* the last that has begun */
    struct engine_job *job;
    struct runtimes_wait *finding;
    struct store_call *insert, *load, *begin, *finish;
    struct result *result; /* until it is concluded */
    bool refused;          /* the store does not take what came of it */
    struct webhook *hook;  /* to be sent when the result is on disk */
};

/* executions.c */
const struct execution_dialect *executions_dialect(const struct executions *e, const char *name);
uint64_t executions_now(const struct executions *e, uint64_t not_before_ns);
void executions_check_drained(struct executions *e);

/* executions_active.c */
struct active *active_find(const struct executions *e, const char *id);
struct active *active_new(struct executions *e, const char *id, const char *caller, bool batch);
void active_set_x(struct active *a, struct execution *x, bool whole); /* takes it */
void active_set_unplaced(struct active *a, bool unplaced);
void active_free(struct active *a);
/* Nobody cares for it any more in this process; on disk it is as it is.  Who waits is told. */
void active_let_go(struct active *a);

/* executions_retry.c */
bool is_refusal(const struct err *why);
void store_failed(struct executions *e, const struct err *why); /* a write */
void store_works(struct executions *e);
void store_reads(struct executions *e);              /* one went well */
bool executions_pending(const struct executions *e); /* something waits for a store that works */
void executions_retry_later(struct executions *e);

/* executions_submit.c */
void group_tell(struct active *a);    /* `finished`, with its x; it has left its group then */
void group_leave(struct active *a);   /* likewise, without a word */
void group_refuse(struct active *a);  /* the server stops: tells all of its group, frees this one */
void group_silence(struct active *a); /* nobody hears any more */

/* executions_turn.c */
struct engine_observer active_observer(struct active *a);
void active_enqueue(struct active *a, bool forced);
void active_park(struct active *a);
void active_suspect(struct active *a);
void active_end_last_try(struct active *a);
void active_cancel_run(struct active *a); /* no job, no question on its way there */

/* executions_run.c */
bool active_begin_at_once(struct active *a);
void active_load(struct active *a); /* its turn has come */

/* executions_finish.c */
void active_over(struct active *a); /* accepted, and its job has ended, in one way or another */
void active_fail(struct active *a, const char *why);
void active_save(struct active *a);
void active_cancel(struct active *a);     /* tells nobody before the next round */
void active_over_unrun(struct active *a); /* cancelled, and never ran */
void active_stopped(struct active *a);    /* did not run to its end: queued again on disk, let go */
void active_requeue(struct active *a);

/* executions_callbacks.c */
void callbacks_send(struct executions *e, struct webhook *hook); /* takes what it holds */
void callbacks_scan(struct executions *e);                       /* of all that are due on disk */
void callbacks_retry(struct executions *e);
void callbacks_done(struct executions *e);

/* executions_recover.c */
void recover_next(struct executions *e);
void recover_done(struct executions *e);

/* executions_read.c */
enum read_kind { READ_GET, READ_AWAIT, READ_KEY, READ_LIST, READ_DELETE, READ_CANCEL };

struct executions_read {
    struct executions *all;
    enum read_kind kind;
    struct list link;  /* of executions.reads: every one of them */
    struct list await; /* of active.awaits, of executions.early, or of `behind` of another */
    unsigned parts;
    executions_got_fn *got;
    executions_listed_fn *listed;
    executions_done_fn *done; /* NULL: a deletion or cancellation that was forgotten */
    void *ctx;
    struct loop_defer answer;
    struct store_call *asked;
    struct err why; /* kind 0: none */
    size_t count;   /* ids and found: one, but for get_many and list */
    char (*ids)[EXECUTION_ID_MAX + 1];
    struct execution **found;
    /* READ_KEY */
    char *caller, *key, *name;
    struct table_node by_name; /* of executions.key_reads */
    struct list behind;        /* others of the same key: their turn comes when this is answered */
    /* READ_LIST; caller is its own too */
    struct store_filter filter;
    char *dialect, *label;
    size_t room;
};

struct executions_read *read_new(struct executions *e, enum read_kind kind, const char *const *ids,
                                 size_t count, unsigned parts, void *ctx);
void read_free(struct executions_read *r);
void read_begin(struct executions_read *r); /* of one, by its id */
void read_answer(void *r);                  /* the last step; from the loop only */
void read_answer_later(struct executions_read *r);
void read_fail(struct executions_read *r, const struct err *why);
void read_on_got(void *r, struct execution *x, const struct err *why); /* a store_got_fn */
void read_await(struct executions_read *r, struct active *a); /* NULL: till all is recovered */
/* What is in memory, a reference; NULL: the store has to say. */
struct execution *memory_ref(struct executions *e, const char *id, unsigned parts);

void reads_accepted(struct active *a); /* who found it by its key */
void reads_over(struct active *a);     /* who awaits that it is over */
void reads_saved(struct active *a);    /* who deletes or cancels it */
void reads_gone(struct active *a);     /* all: only the store knows what became of it */
void reads_refuse(struct active *a, const struct err *why); /* all of them */
void reads_let_go(struct active *a);                        /* all: it will not be over here */
void reads_done(struct executions *e);
void reads_look_again(struct executions *e); /* everything is recovered */

/* executions_key.c */
char *key_name(const char *caller, const char *key);
void key_begin(struct executions_read *r);
void key_end(struct executions_read *r); /* is freed: the next one's turn */

/* executions_end.c */
void delete_begin(struct executions_read *r);
void cancel_begin(struct executions_read *r);
void cancel_look(struct executions_read *r); /* it is not in memory, or leaves it */

/* executions_watch.c */
void watches_progress(struct active *a);
void watches_over(struct active *a);
void watches_gone(struct active *a); /* only the store knows what became of it */
void watches_refuse(struct active *a, const struct err *why);
void watches_let_go(struct active *a);
void watches_look_again(struct executions *e); /* everything is recovered */
void watches_done(struct executions *e);

/* executions_cache.c */
void cache_init(struct cache *c, uint64_t bytes_max, uint64_t age_max_ns);
void cache_done(struct cache *c);
/* x has all its parts; takes a reference of its own. */
void cache_put(struct cache *c, struct execution *x, uint64_t now_ns);
struct execution *cache_get(struct cache *c, const char *id, uint64_t now_ns); /* borrowed */
void cache_remove(struct cache *c, const char *id);
