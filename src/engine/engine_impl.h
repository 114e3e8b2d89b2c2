#pragma once
/*
 * engine_impl - what the parts of the engine know of each other.
 *
 *   QUEUED    in the queue, holds nothing
 *   LOADING   holds a CPU slot, waits for its job (engine_job_load)
 *   RUNNING   holds a CPU slot or a session, has a box
 *   BETWEEN   holds a CPU slot or a session, waits for room for the next stage's box
 *   PARKED    holds nothing: its run stage waits for a session
 *   SHARING   its compile stage is another job's: holds nothing while that is under way, a CPU slot
 *             while it is told what came of it, nothing while it does not listen
 *   FINISHED  decided; the deferred call `finish` tells `finished`, and then, when the answer was
 * sent, gives back the box
 *
 * The queue has an item for each that is not FINISHED: waiting while it is QUEUED, else taken.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/table.h"
#include "engine/engine.h"
#include "engine/layout.h"
#include "engine/product_cache.h"
#include "engine/stage.h"
#include "queue/queue.h"

#define LEASE_NS      (60 * NS_PER_S) /* of an item, beyond what its stages may take */
#define ENGINE_STAGES (STAGE_RUN + 1)
#define TRIES_MAX     3 /* of a job whose boxd is lost */

struct canary {                 /* a small program that shows whether any can be run */
    struct box *box;            /* NULL: none runs */
    struct loop_timer patience; /* for boxd to say anything at all */
    uint64_t well_ns;           /* when a program last ran well, here or in a job; 0: never */
};

struct engine {
    struct loop *loop;
    struct sandbox *sandbox; /* NULL: none now */
    struct engine_config config;
    const struct log *log;
    struct buf unzip; /* the program; empty: there is none */
    struct queue *queue;
    struct pool *pool;
    struct list between, parked;
    struct product_cache *products;
    struct list jobs; /* all that were accepted and are not freed */
    struct table by_id;
    unsigned running, batches /* of them */, sessions;
    unsigned sessions_accepted; /* jobs that are sessions, or will be */
    struct list looks;
    bool measuring;
    struct canary canary;
    struct list ready_asked, ready_told; /* wait for the canary; know what to be told */
    struct loop_defer look, ready;
    uint64_t finished, held_bytes;
    bool draining;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct loop_defer pump, drain;
};

enum engine_job_state {
    JOB_QUEUED,
    JOB_LOADING,
    JOB_RUNNING,
    JOB_BETWEEN,
    JOB_PARKED,
    JOB_SHARING,
    JOB_FINISHED
};

struct engine_job {
    struct engine *engine;
    char id[QUEUE_ID_MAX + 1];
    struct list all;
    struct table_node by_id;
    struct list link; /* of `between` or `parked` */
    enum engine_job_state state;
    bool has_slot, is_batch /* of the slots */, has_session;
    bool is_interactive; /* is a session or will be one: counted in sessions_accepted */
    struct job *job;     /* NULL: a ticket whose job has not been loaded */
    size_t bytes;        /* of the job, as counted in held_bytes */
    struct engine_observer observer;
    bool silent, cancelled, output_told;
    bool no_spare;    /* one failed: this stage has a box of its own */
    uint64_t spoiled; /* the kind of that spare; 0: it is known what became of it */
    unsigned losses;  /* how often boxd was lost while it ran */
    enum engine_stage stage_kind;
    struct stage stages[ENGINE_STAGES];
    struct layout layout;
    char **env;
    char **compile_env; /* NULL: the same */
    int product_fd;     /* what the last stage left; -1: nothing, the job's own files count */
    uint64_t product_size;
    struct product_claim claim;            /* on what its compile stage makes */
    bool compiles_alone;                   /* what others make of this is not kept */
    unsigned paused;                       /* streams of a compile stage that was told, by bit */
    bool is_told;                          /* ... all of it, but they were */
    uint64_t outputs_left, artifacts_left; /* that may still be kept */
    uint64_t queued_mono_ns;
    struct buf stdin_wait; /* came before the run stage began */
    bool stdin_ended;
    struct result result;
    struct box *last_box;    /* of the last stage: taken down when the result was told */
    struct loop_defer start; /* of what was loaded */
    struct loop_defer finish;
};

/* The stage that runs or is next. */
static inline struct stage *job_stage(struct engine_job *j)
{
    return &j->stages[j->stage_kind];
}

static inline struct stage_result *job_result(struct engine_job *j)
{
    switch (j->stage_kind) {
    case STAGE_UNPACK:
        return &j->result.unpack;
    case STAGE_COMPILE:
        return &j->result.compile;
    case STAGE_RUN:
        break;
    }
    return &j->result.run;
}

/* runner.c: one job from its slot to its result. */
struct engine_job *runner_new(struct engine *e, const char *id,
                              const struct engine_observer *observer);
void runner_free(struct engine_job *j);
void runner_hold(struct engine_job *j, struct job *job); /* takes it */
void runner_load(struct engine_job *j, struct job *job); /* takes it, and starts it soon */
void runner_lay_out(struct engine_job *j);               /* names, environment */
void runner_begin(struct engine_job *j);                 /* has a slot; there is room for a box */
void runner_continue(struct engine_job *j);
/* Decides the job; `finished` is told from the loop. */
void runner_finish(struct engine_job *j, enum verdict verdict);
void runner_cancel(struct engine_job *j, bool silent);
bool runner_tell_output(struct engine_job *j, enum engine_stream stream, const char *data,
                        size_t len);
void runner_tell_stage(struct engine_job *j);
void runner_stage_done(struct engine_job *j);

/* share.c: compile stages that another job does or has done. */
bool share_begin(struct engine_job *j); /* true: this one's is, and the job is taken care of */
void share_go_on(struct engine_job *j); /* it rested, and has a slot again */
void share_offer(struct engine_job *j); /* its own is done */
void share_leave(struct engine_job *j);
void share_resume(struct engine_job *j, enum engine_stream stream);

/* plan.c: which stages a job has, and what each of them is made of. */
enum engine_stage plan_first(const struct engine_job *j);
enum engine_stage plan_next(const struct engine_job *j);
bool plan_only_runs(const struct job *job); /* there is no other stage, whatever its files are */
unsigned plan_runs(const struct job *job);
uint64_t plan_lease_ns(const struct engine_job *j); /* in which one who runs will have spoken */
int plan_check(const struct engine *e, const struct job *job, struct err *err);
/* Of the compile stage; false: it is done in any case. */
bool plan_product_key(const struct engine_job *j, char ret[PRODUCT_KEY_SIZE]);
int plan_start(struct engine_job *j, const struct stage_events *events, struct err *e);
void plan_expect(const struct engine_job *j); /* spares for its stages */
/* Makes the box of the stage after this one, if there is room to spare. */
void plan_prepare_next(struct engine_job *j);

/* spares.c: which spare box would do. */
/* The file that its program may wait for; NULL: it must not be started ahead.  malloc'd. */
char *spares_wait(const struct engine_job *j, enum engine_stage kind);
struct pool *spares_for(const struct engine_job *j, enum engine_stage kind); /* NULL: none */

/* tests.c: which of several runs is next, and what is kept of each. */
struct run_input {
    const void *data;
    size_t size;
};
/* The test that runs or is next; NULL: there is none, or none is left. */
const struct job_test *tests_current(const struct engine_job *j);
struct run_input tests_input(const struct engine_job *j);
struct expected tests_expected(const struct engine_job *j);
void tests_begin(struct engine_job *j);
/* Moves the run that is over to the tests that are done, if it is one; where it is now. */
const struct stage_result *tests_take(struct engine_job *j);
bool tests_go_on(const struct engine_job *j, enum verdict last);
enum verdict tests_verdict(const struct result *r); /* the first that is not OK */

/* slots.c: who may run. */
bool engine_has_spare(const struct engine *e); /* for a box that is not needed yet */
bool engine_has_room(const struct engine *e);  /* for one more box */
void engine_job_wait(struct engine_job *j);    /* until there is, between two stages */
/* Without a slot, until engine_job_wake gives it back to the queue, as its caller's first. */
void engine_job_rest(struct engine_job *j);
void engine_job_wake(struct engine_job *j);
void engine_job_requeue(struct engine_job *j); /* first of its caller's */
void engine_job_leave(struct engine_job *j);   /* for good: slot, session, queue and lists */
/* Before the run stage of one whose stdin is open: its slot becomes a session.  false: there is no
 * room, it waits without either. */
bool engine_job_become_session(struct engine_job *j);
/* Room for one more? */
int engine_check_sessions(const struct engine *e, const char *caller, struct err *err);
unsigned engine_sessions_max(const struct engine *e);
unsigned engine_running_max(const struct engine *e, const char *caller);
void engine_pump(void *ctx);
void engine_pump_later(struct engine *e);

/* engine.c */
void engine_on_freed(struct engine *e); /* a job */

/* look.c */
void looks_begin_again(struct engine *e); /* there is another sandbox, or none */
void looks_free(struct engine *e);

/* ready.c */
void ready_note(struct engine *e); /* a program ran well */
void ready_free(struct engine *e);
