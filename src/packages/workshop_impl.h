#pragma once
/*
 * workshop_impl - what the files workshop*.c share.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "packages/workshop.h"
#include "sandbox/sandbox.h"

struct instance;

/* One boxd at a time: for ordinary boxes, or for those of one stage. */
struct workshop {
    const struct config *config;
    struct log log;
    struct loop *loop;
    char *packages_path;
    struct instance *instance; /* NULL: no boxd runs */
    int boxd_pid;
    struct sandbox *sandbox;
    char *stage_path; /* that boxd's; NULL: ordinary boxes */
    int signo;        /* we were asked to end; 0: not */
};

/* stage_path NULL: ordinary boxes. */
int workshop_boxd(struct workshop *w, const char *stage_path, struct err *e);

/* One program in one box, from its start to its end. */
struct workshop_task {
    struct workshop *workshop;
    const uint32_t *layers;
    size_t layer_count;
    char **argv, **env; /* not taken */
    uint64_t memory_bytes, wall_ns, cpu_ns;
    const void *files; /* a boxarchive for its directory */
    size_t files_len;
    /* stdin: either of them */
    const void *input;
    size_t input_len;
    int input_fd; /* read to its end; -1 */
    /* Each piece of stdout; an error ends the box, and is the task's. */
    int (*output)(void *ctx, const char *data, size_t len, struct err *e);
    void *ctx;
    /* Now and then; an error likewise.  NULL: nobody. */
    int (*watch)(void *ctx, struct err *e);
    void *watch_ctx;
    uint64_t file_bytes; /* the largest file that it may write; 0: any */
    /* What came of it. */
    int status;      /* of waitpid */
    struct buf said; /* the end of stderr */

    /* --- of workshop_task.c --- */
    struct box *box;
    struct loop_timer watch_timer;
    bool over, input_over, failed;
    int result;
    struct err err;
};

/* 0 when the program has ended by itself, whatever its status. */
int workshop_task_run(struct workshop_task *t, struct err *e);
void workshop_task_done(struct workshop_task *t); /* fits AUTO */
/* ERR_INVALID with the last of what it said, unless its status is 0. */
int workshop_task_judge(const struct workshop_task *t, const char *what, const struct buf *said,
                        struct err *e);
