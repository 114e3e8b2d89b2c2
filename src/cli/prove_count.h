#pragma once
/*
 * prove_count - what a `belljar serve` has on this host, counted from outside: processes, mounts,
 * cgroups, namespaces, descriptors, tmpfs, keys, SysV objects.
 *
 * What an ordinary user may not look at (the descriptors of a process that has entered a user
 * namespace) is not among the counters.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

struct prove_host {
    pid_t parent;
    char **cgroups;    /* of this instance, one in each hierarchy: a strv */
    uint64_t id_first; /* as root: its window of ids; 0: it has none of its own */
};

struct prove_counter {
    char name[64]; /* "descriptors of boxd" */
    uint64_t value;
};

struct prove_counts {
    struct prove_counter *counters;
    size_t count;
};

/* parent: of a `belljar serve` that is ready. */
int prove_host_open(pid_t parent, uint64_t uid_base, struct prove_host *ret, struct err *e);
void prove_host_done(struct prove_host *h);

void prove_count(const struct prove_host *h, struct prove_counts *ret);
void prove_counts_done(struct prove_counts *c);
/* Waits until nothing changes any more: what a server has when it does nothing. */
void prove_count_at_rest(const struct prove_host *h, struct prove_counts *ret);
/*
 * Waits, some seconds at most, until all is as it was (boxes end in the background); false: what
 * still differs is added to `why`.
 */
bool prove_settle(const struct prove_host *h, const struct prove_counts *before, struct buf *why);
