#pragma once
/*
 * reap - PID 1's first duty: every process of the box that loses its parent is init's to bury,
 * or its number would count against the limit for ever.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct reap {
    int sigfd; /* readable after a child changed */
};

/* Blocks SIGCHLD, for good. */
int reap_open(struct reap *r, struct err *e);
/* Forgets that a child changed. */
void reap_clear(struct reap *r);
/* User and system time of the children that were buried, and of theirs. */
uint64_t reap_cpu_ns(void);
/* Buries what is dead, up to `child`.  True when that was among it; *ret_status is how it ended. */
bool reap_dead(struct reap *r, pid_t child, int *ret_status);
/* Kills every process of the box but init, and returns when none is left. */
void reap_kill_all(void);
