#pragma once
/*
 * launch_child - a process that is prepared on our side of a fork and then becomes another program.
 *
 * It gets nothing of ours but standard error and what is placed; a pipe that closes on exec tells
 * us why it could not start, or that it did.
 */
#include <sys/types.h>

struct err;

#define LAUNCH_CHILD_FDS 61 /* descriptors 3 .. 63 */

/* In the child.  Returns only on failure; *report: where that is written to. */
typedef int launch_child_fn(const void *ctx, pid_t parent, int *report, struct err *e);

/* `name`: "boxd", for errors. */
int launch_child(const char *name, launch_child_fn *run, const void *ctx, pid_t *ret_pid,
                 struct err *e);

/* Own session, no handler, ends with the parent. */
int launch_child_detach(pid_t parent, struct err *e);
/* It says what it has to say on stderr; stdout belongs to whoever started us. */
int launch_child_stdio(struct err *e);
/* What is at wanted[i] becomes descriptor 3 + i (-1: nothing); all others are closed, now or by
 * exec. */
int launch_child_place(const int *wanted, int count, int *report, struct err *e);
