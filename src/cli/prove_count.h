#pragma once
/*
 * prove_count - what a `belljar serve` has on this host, counted from outside: processes, mounts,
 * cgroups, namespaces, descriptors, tmpfs, keys, SysV objects.
 *
 * What an ordinary user may not look at (the descriptors of a process that has entered a user
 * namespace) is not among the counters; prove_host_unseen names it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct prove_host;

struct prove_counter {
    char name[64]; /* "descriptors of boxd" */
    uint64_t value;
};

struct prove_counts {
    struct prove_counter *counters;
    size_t count;
};

void prove_count(const struct prove_host *h, struct prove_counts *ret);
void prove_counts_done(struct prove_counts *c);
/* Waits until nothing changes any more: what a server has when it does nothing. */
void prove_count_at_rest(const struct prove_host *h, struct prove_counts *ret);
/*
 * Waits, some seconds at most, until all is as it was (boxes end in the background); false: what
 * still differs is added to `why`.
 */
bool prove_settle(const struct prove_host *h, const struct prove_counts *before, struct buf *why);
