#pragma once
/*
 * engine - runs jobs: slots, stages, verdicts, output caps, cancel.
 *
 * engine_submit takes a job, waits for a CPU slot (queue/queue.h says who is next), unpacks its zip
 * in one box, compiles in another, runs in a third, and reports.  Loop thread only.  Observers are
 * never called from inside engine_submit, engine_job_load or engine_job_cancel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/product_cache.h"
#include "model/job.h"
#include "model/result.h"
#include "sandbox/pool.h"

struct engine;
struct engine_job; /* an accepted job, until its `finished` returns */
struct err;
struct log;
struct loop;
struct metrics;
struct queue_item;
struct sandbox;

enum engine_stage { STAGE_UNPACK, STAGE_COMPILE, STAGE_RUN };
enum engine_stream { STREAM_STDOUT = 1, STREAM_STDERR = 2 };

struct engine_observer { /* each may be NULL but `finished` */
    /* Of engine_submit_ticket: its turn has come; answer with engine_job_load or
     * engine_job_cancel, now or later. */
    void (*load)(void *ctx);
    void (*stage)(void *ctx, enum engine_stage stage);
    /* As it comes, before the cap's end; false pauses the stream until engine_job_resume. */
    bool (*output)(void *ctx, enum engine_stage stage, enum engine_stream stream, const char *data,
                   size_t len);
    /* engine_job_result has more output than before.  Unlike `output` it does not count as seen. */
    void (*more)(void *ctx);
    /* Of several runs or tests each (`result` is then the last of engine_job_result's tests). */
    void (*stage_done)(void *ctx, enum engine_stage stage, const struct stage_result *result);
    /* With stdin_open: all that was queued has been written; send more. */
    void (*stdin_room)(void *ctx);
    /* Once, last; the result is owned by the engine. */
    void (*finished)(void *ctx, struct result *result);
    void *ctx;
};

struct engine_config {
    unsigned slots;       /* programs that run at one time */
    unsigned batch_slots; /* that nobody waits for; 0: all but a quarter, and at least one */
    unsigned queue_max;   /* jobs that wait */
    uint64_t queue_bytes; /* files and stdin of all jobs that are not finished */
    unsigned cpu_milli;   /* quota of a box that asks for none; 0: none */
    uint64_t product_max; /* bytes of a compile stage's product */
    struct product_cache_config products;
    bool products_shared; /* between callers; else each has those of its own compile stages */
    const char *unzip;    /* path of belljar-unzip; NULL: jobs with a zip are refused */
    bool paused;          /* takes jobs, starts none */
    /* Jobs with stdin_open: their run stage holds a box and no slot.  Fewer where there are too few
     * boxes: two for each slot are not for them.  0: such jobs are refused. */
    unsigned sessions;
    /* How many jobs of a caller may run at one time; 0: any number.  May be NULL. */
    unsigned (*running_max)(void *ctx, const char *caller);
    /* Whether nothing of a caller's jobs is started ahead, as job.cold says of one.  May be NULL.
     */
    bool (*cold)(void *ctx, const char *caller);
    void *callers_ctx;       /* of these two */
    struct pool_config pool; /* depth and free_boxes are the engine's to set */
    struct metrics *metrics; /* may be NULL */
    uint64_t weaken;         /* of a test build (boxproto/weaken.h) */
};

struct engine_stats {
    unsigned slots, running, queued, boxes, sessions, sessions_max;
    struct pool_stats spares; /* of the boxes */
    uint64_t finished;
    uint64_t products, product_bytes; /* that are kept for the next who compile the same */
    bool paused, draining;
};

struct engine *engine_new(struct loop *loop, struct sandbox *sandbox,
                          const struct engine_config *config, const struct log *log);
void engine_free(struct engine *e); /* cancels what is there without telling */
/*
 * After boxd was restarted.  NULL: there is none now, jobs wait.  Call this before the old one is
 * freed, not after.  Jobs that ran when boxd was lost run again from their start, twice at most,
 * unless somebody has seen their output or their stdin is open.
 */
void engine_set_sandbox(struct engine *e, struct sandbox *sandbox);
struct engine_stats engine_stats(const struct engine *e);

/*
 * Takes the job (also on failure).  ERR_BUSY when the queue is full, as many interactive programs
 * are there as may be, or twice as many of this caller as it may run, or the engine is draining;
 * ERR_UNSUPPORTED when a part is missing here.
 */
int engine_submit(struct engine *e, struct job *job, const struct engine_observer *observer,
                  struct engine_job **ret, struct err *err);
/*
 * Only a place in the queue: the job itself is asked for (`load`) when its turn has come. `forced`:
 * also when the queue is full (it was accepted before).
 */
int engine_submit_ticket(struct engine *e, const struct queue_item *item, bool forced,
                         const struct engine_observer *observer, struct engine_job **ret,
                         struct err *err);
void engine_job_load(struct engine_job *j, struct job *job); /* takes it */
/* Such a job will come: spare boxes for it are there from now on, until engine_drop_spares.  Takes
 * it. */
void engine_expect(struct engine *e, struct job *job);
void engine_drop_spares(struct engine *e);                   /* what is installed has changed */
bool engine_has_place(const struct engine *e, size_t count); /* for so many more in the queue */
/* A job of this caller that is submitted now begins at once. */
bool engine_begins_at_once(const struct engine *e, const char *caller, bool batch);
const struct job *engine_job(const struct engine_job *j); /* NULL before it is loaded */
struct engine_job *engine_job_find(const struct engine *e, const char *id); /* NULL: none */
/*
 * The observer hears `finished` with VERDICT_CANCELLED soon, or nothing more when `silent` (its ctx
 * may then die).  From any callback.
 */
void engine_job_cancel(struct engine_job *j, bool silent);
void engine_job_stdin(struct engine_job *j, const void *data, size_t len);
void engine_job_stdin_end(struct engine_job *j); /* on a terminal ^D: more may come after it */
size_t engine_job_stdin_pending(const struct engine_job *j);
/*
 * To the process group of the program that was started (also of a compiler).  On a terminal SIGINT,
 * SIGQUIT and SIGTSTP go to its foreground group instead, as if they had been typed.
 */
void engine_job_signal(struct engine_job *j, int signo);
void engine_job_resize(struct engine_job *j, uint16_t rows, uint16_t columns);
void engine_job_resume(struct engine_job *j, enum engine_stream stream);

/* What is known of it so far, also while it runs (what its programs have printed up to now among
 * it); valid until the next round of the loop.  A test that runs fills `run`, and is then the last
 * of `tests`. */
const struct result *engine_job_result(const struct engine_job *j);
unsigned engine_waiting_of(const struct engine *e, const char *caller); /* jobs in the queue */

/* The jobs that have a slot or a session, oldest first. */
struct engine_live {
    const char *id, *dialect, *caller, *language, *version;
    const char *stage; /* "unpack", "compile", "run", "wait" (for a box) */
    bool session;
    uint64_t started_ns;   /* CLOCK_REALTIME */
    uint64_t memory_bytes; /* now; 0: not known */
    uint64_t cpu_ns;       /* of its box so far; likewise */
};
typedef void engine_live_fn(void *ctx, const struct engine_live *all, size_t count);
struct engine_look;
/* Asks boxd for what each box uses now; `fn` is called once, later. */
struct engine_look *engine_look(struct engine *e, engine_live_fn *fn, void *ctx);
void engine_look_cancel(struct engine_look *l); /* NULL is fine */

/*
 * Whether a program can be run: true when one ran well within the last `fresh_ns`, else a small one
 * is run now (one for all who ask meanwhile; it waits for no slot).  `why` is NULL when it went
 * well.
 */
typedef void engine_ready_fn(void *ctx, const struct err *why);
struct engine_ready;
struct engine_ready *engine_ready(struct engine *e, uint64_t fresh_ns, engine_ready_fn *fn,
                                  void *ctx);
void engine_ready_cancel(struct engine_ready *r); /* NULL is fine */

/* Cancels every job: each observer hears `finished`, soon. */
void engine_stop(struct engine *e);
/* Takes no more jobs; `drained` is called when the last one has finished, also when none is there.
 */
void engine_drain(struct engine *e, void (*drained)(void *ctx), void *ctx);
