#pragma once
/*
 * engine_impl - what engine.c (queue, slots) and runner.c (one job) know of each other.
 *
 *   QUEUED    in its queue, holds nothing
 *   RUNNING   holds a CPU slot, has a box
 *   BETWEEN   holds a CPU slot, waits for room for the next stage's box
 *   FINISHED  decided; `finished` is told by the deferred call `finish`
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "engine/layout.h"
#include "engine/stage.h"

#define PRIORITIES    (JOB_BATCH + 1)
#define ENGINE_STAGES (STAGE_RUN + 1)
#define RERUNS_MAX    2

struct engine {
    struct loop *loop;
    struct sandbox *sandbox; /* NULL: none now */
    struct engine_config config;
    const struct log *log;
    struct list queues[PRIORITIES];
    struct list between;
    struct list jobs; /* all that were accepted and are not freed */
    unsigned running, queued;
    uint64_t finished, held_bytes;
    bool draining;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct loop_defer pump, drain;
};

enum engine_job_state { JOB_QUEUED, JOB_RUNNING, JOB_BETWEEN, JOB_FINISHED };

struct engine_job {
    struct engine *engine;
    struct list all;
    struct list link; /* of a queue, or of `between` */
    enum engine_job_state state;
    bool has_slot;
    struct job *job;
    size_t bytes; /* of the job, as counted in held_bytes */
    struct engine_observer observer;
    bool silent, cancelled, output_told;
    unsigned reruns;
    enum engine_stage stage_kind;
    struct stage stages[ENGINE_STAGES];
    struct layout layout;
    char **env;
    int product_fd;
    uint64_t product_size;
    struct buf stdin_wait; /* came before the run stage began */
    bool stdin_ended;
    struct result result;
    struct loop_defer finish;
};

/* The stage that runs or is next. */
static inline struct stage *job_stage(struct engine_job *j)
{
    return &j->stages[j->stage_kind];
}

/* runner.c */
struct engine_job *runner_new(struct engine *e, struct job *job,
                              const struct engine_observer *observer);
void runner_free(struct engine_job *j);
void runner_start(struct engine_job *j); /* has a slot; there is room for a box */
void runner_continue(struct engine_job *j);
/* Decides the job; `finished` is told from the loop. */
void runner_finish(struct engine_job *j, enum verdict verdict);
void runner_cancel(struct engine_job *j, bool silent);

/* engine.c */
bool engine_has_spare(const struct engine *e); /* for a box that is not needed yet */
bool engine_has_room(const struct engine *e);  /* for one more box */
void engine_job_wait(struct engine_job *j);    /* until there is, between two stages */
void engine_job_requeue(struct engine_job *j); /* first of its queue */
void engine_job_leave(struct engine_job *j);   /* gives up its slot and its place in any queue */
void engine_on_finished(struct engine *e);
