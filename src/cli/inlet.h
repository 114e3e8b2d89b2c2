#pragma once
/*
 * inlet - our stdin to a program's, as it comes: a terminal, a pipe or a file.  No more is read
 * than has been taken, but for one chunk.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"

struct inlet {
    struct loop *loop;
    int fd;
    /* False: no more until inlet_room.  May call inlet_stop, as `end` may. */
    bool (*take)(void *ctx, const char *data, size_t len);
    void (*end)(void *ctx); /* EOF, or nothing can be read any more */
    void *ctx;
    /* --- for inlet.c --- */
    bool open;
    struct loop_io io;
    struct loop_defer again;
    bool direct; /* a file: epoll cannot watch it, and it never blocks */
};

/* Set the first five. */
void inlet_start(struct inlet *i);
void inlet_room(struct inlet *i); /* what was taken has been passed on; fine at any time */
void inlet_stop(struct inlet *i);
