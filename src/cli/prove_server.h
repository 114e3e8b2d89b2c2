#pragma once
/*
 * prove_server - a `belljar serve` of our own, with this host's configuration but for what a proof
 * must have for itself: its listener, its data, nobody else's work.
 */
#include <sys/types.h>

#include "cli/prove_cgroup.h"

struct config;
struct err;

struct prove_server {
    pid_t pid;
    int log_fd; /* what it has logged; unlinked */
    struct prove_cgroup cgroup;
    char *url;
    char *secret; /* in its environment: the operator's, which no box may see */
};

#define PROVE_SERVER_NONE ((struct prove_server){.pid = -1, .log_fd = -1, .cgroup = {-1}})

/* flags: those of the configuration that were given to us; NULL-ended. */
int prove_server_start(char *const *flags, struct prove_server *ret, struct err *e);
/* Asks it to end, and waits. ERR_BUG where it did not end in order. */
int prove_server_stop(struct prove_server *s, struct err *e);
void prove_server_done(struct prove_server *s); /* stops it too, where that was not done */
