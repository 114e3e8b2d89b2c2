#pragma once
/*
 * spawn - from boxd's process to belljar-init in a box.
 *
 * The child is cloned into its leaf and its namespaces, builds its files, makes its user namespace
 * last, asks boxd for the id maps, gives up what it has, and becomes init.  When a step fails it
 * sends BOX_MSG_FAILED over the watch socket and ends.
 */
#include <stdint.h>
#include <sys/types.h>

#include "boxd/rootfs.h"

struct cgroup_leaf;
struct err;

/*
 * Numbers that boxd keeps free of anything else: a child then needs no search for where BOX_FD_*
 * can go, and two descriptors lie in all children where boxd opened them once.
 */
enum {
    SPAWN_FD_INIT = 6,        /* the program of init, O_PATH */
    SPAWN_FD_USER_SYSCTL = 7, /* the directory /proc/sys/user, O_PATH */
    SPAWN_FD_CLOCKS = 8,      /* /proc/self/timens_offsets of boxd */
    SPAWN_FD_LAST = SPAWN_FD_CLOCKS,
};

struct spawn {
    struct rootfs rootfs; /* its features decide about CLONE_NEWTIME and the sysctls too */
    const struct cgroup_leaf *leaf;
    uint32_t box;
    int netns, watch, control, filter; /* all above SPAWN_FD_LAST; they stay the caller's */
};

/*
 * Before a clone: its child gets a time namespace of its own whose clocks start now, so that the
 * host's uptime is not seen.  clone3 could make the namespace, but not set its clocks.
 */
int spawn_clocks(struct err *e);

/* The child is ours to reap. */
int spawn(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e);

/* clone3 as fork is: 0 in *ret_pid in the child.  cgroup_fd: a leaf's directory of v2, or -1. */
int spawn_clone(uint64_t flags, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd, struct err *e);
