#pragma once
/*
 * inlet - our stdin to a job's, as it comes: a terminal, a pipe or a file; EOF is passed on.  No
 * more is read than the program has taken, but for one chunk.
 */
#include "base/loop.h"

struct engine_job;

struct inlet {
    struct loop *loop;
    int fd;
    struct engine_job *job; /* NULL: stopped */
    struct loop_io io;
    struct loop_defer again;
    bool direct; /* a file: epoll cannot watch it, and it never blocks */
};

/* Set loop and fd; the job has stdin_open. */
void inlet_start(struct inlet *i, struct engine_job *job);
/* What was given has been written: the observer's stdin_room. */
void inlet_room(struct inlet *i);
void inlet_stop(struct inlet *i); /* before the job is gone */
