#pragma once
/*
 * start - what the server's START says, checked, with its strings laid out for execve.
 *
 * A WARM is read as a START that has no archive; the START that follows it replaces it, and has
 * files and names to collect alone.
 */
#include <stdbool.h>
#include <stddef.h>

#include "boxproto/boxproto.h"
#include "init/payload.h"

struct start {
    struct box_init_start msg;
    char **argv, **env, **collect;    /* NULL-ended, with their bytes behind them ... */
    _Alignas(char *) char room[4096]; /* ... here, or, when there are many, ... */
    void *map;                        /* ... in a mapping */
    size_t map_size;
    int stdio_fds[3];       /* with BOX_STDIO_FILE */
    struct payload payload; /* stands before the archive's first byte */
};

/* Waits for the first message: WARM or START. */
int start_read(struct start *s, struct err *e);
/* For the START of a program that is warm. */
int start_read_warmed(struct start *s, struct err *e);
bool start_is_warm_up(const struct start *s);
/* Lets go of the archive's file, which other boxes may share; the strings stay. */
void start_unpacked(struct start *s);
