#pragma once
/*
 * prove_host - where on this host a `belljar serve` is: its processes, cgroups and ids, as they are
 * found from outside.
 */
#include <stdint.h>
#include <sys/types.h>

struct err;

struct prove_host {
    pid_t parent;
    char **cgroups;    /* of this instance, one in each hierarchy: a strv */
    uint64_t id_first; /* as root: its window of ids; 0: it has none of its own */
};

/* parent: of a `belljar serve` that is ready. */
int prove_host_open(pid_t parent, uint64_t uid_base, struct prove_host *ret, struct err *e);
void prove_host_done(struct prove_host *h);
/* Processes whose descriptors we may not look at: a strv, the caller's. */
char **prove_host_unseen(const struct prove_host *h);
