#pragma once
/*
 * stage - one program of a job in one box: its input, its capped output, its verdict.
 *
 * Embedded in its owner, which starts it, is told `done` once, and ends it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"
#include "engine/engine.h"
#include "engine/output.h"

struct box;
struct box_report;
struct buf;
struct pool;
struct sandbox;

struct stage_plan {
    const struct job *job;
    const struct limits *limits;
    char *const *argv;
    char *const *env;
    size_t layer_count;      /* of the runtime's */
    const struct buf *files; /* a boxarchive, or ... */
    int product_fd;          /* ... a sealed memfd of product_size bytes that holds one; or -1 */
    uint64_t product_size;
    bool collect;              /* take what is in the working directory when it ends, or ... */
    char *const *collect_some; /* ... the files of these names that can be had; NULL: none */
    uint64_t collect_max;
    uint64_t disk_more, inodes_more; /* what lies there from the start, beyond the limits */
    unsigned cpu_milli;              /* quota where the limits name none */
    enum job_stdio stdio;
    const void *stdin_data; /* with JOB_STDIO_FILE */
    size_t stdin_size;
    bool network;
    struct pool *pool; /* whose spares may be its box; NULL: none's */
    bool unhurried;    /* of pool_need */
    const char *wait;  /* the file that a warm one would wait for; NULL: a plain one will do */
    bool merge_stderr, keep_output, exact_output;
    enum job_output_policy on_output_limit;
    uint64_t weaken; /* of a test build */
};

struct stage_events {
    /* What is within the cap; false pauses the stream until stage_resume. */
    bool (*output)(void *ctx, enum engine_stream stream, const char *data, size_t len);
    void (*stdin_room)(void *ctx);
    void (*built)(void *ctx); /* its box is there; may be NULL */
    /* Its box was a spare that failed before the program ran: end the stage, and start it again
     * without. */
    void (*spoiled)(void *ctx);
    /* `result` is filled; the report's product is the receiver's.  Last. */
    void (*done)(void *ctx, struct box_report *report);
    void *ctx;
};

#define STAGE_STREAMS 2

struct stage {
    struct box *box; /* NULL: none */
    const struct limits *limits;
    bool keep_output;
    enum job_output_policy on_output_limit;
    struct stage_result *result;
    struct stage_events events;
    struct output output[STAGE_STREAMS];
    struct utf8_stream repair[STAGE_STREAMS];
    bool started;
    uint64_t spare; /* its kind (pool.h); 0: the box was made for this stage */
    int files[3];   /* of JOB_STDIO_FILE: stdin, stdout, stderr; else -1 */
    bool muted;     /* cancelled: what is left of its output is kept, and nobody hears it */
};

void stage_init(struct stage *s);
/*
 * Makes the box of a stage that will be started later, or takes a spare, with the same job, limits
 * and command.  No event comes of it: when the box fails, stage_start makes another.
 */
int stage_prepare(struct stage *s, struct sandbox *sandbox, const struct stage_plan *plan,
                  struct err *e);
/* A spare for such a stage is there from now on. */
void stage_expect(const struct sandbox *sandbox, const struct stage_plan *plan);
/* Makes or takes the box unless it is there, and starts the program.  `result` must outlive the
 * stage. */
int stage_start(struct stage *s, struct sandbox *sandbox, const struct stage_plan *plan,
                struct stage_result *result, const struct stage_events *events, struct err *e);
void stage_end(struct stage *s); /* frees the box; no more events; fine when there is none */
/* Likewise, but the box is the caller's to free: its end may take longer than the next stage's
 * start can wait. */
struct box *stage_end_without_box(struct stage *s);
bool stage_is_built(const struct stage *s);          /* its box */
const char *stage_spare_name(const struct stage *s); /* "warm", "plain", "none" */
void stage_cancel(struct stage *s);                  /* kills; `done` comes soon */
void stage_resume(struct stage *s, enum engine_stream stream);
