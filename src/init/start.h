#pragma once
/*
 * start - what the server's START says, checked, with its strings laid out for execve.
 *
 * It is read once and lives as long as init does.
 */
#include "boxproto/boxproto.h"
#include "init/payload.h"

struct start {
    struct box_init_start msg;
    char **argv, **env, **collect; /* NULL-ended; in one mapping with their bytes */
    int stdio_fds[3];              /* with BOX_STDIO_FILE */
    struct payload payload;        /* stands before the archive's first byte */
};

/* Waits for it. */
int start_read(struct start *s, struct err *e);
/* Lets go of the archive's file, which other boxes may share; the strings stay. */
void start_unpacked(struct start *s);
