#pragma once
/*
 * cgroup_ops - what cgroup.c asks of a driver, and what the two and cgroup_probe.c have in common.
 * Making, entering and removing directories is alike in all drivers and stays in cgroup.c.
 */
#include <stdbool.h>
#include <stdint.h>

#include "boxd/cgroup.h"

/* A file of a leaf, and what can be done where it is. */
struct cgroup_file {
    int controller;
    const char *name; /* NULL: the end of a table */
    uint32_t feature; /* BOX_FEATURE_* */
    /* Of those that are kept open: */
    const char *key; /* of the line that is read; NULL: all of it is one number */
    int flags;       /* of open(2) */
};

/* All of none: no controller is there, so nothing of it is asked for. */
struct cgroup_ops {
    const struct cgroup_file *files;
    const struct cgroup_file *kept; /* by enum cgroup_leaf_file, CGROUP_ENTER of them */
    unsigned cpu_unit_ns;           /* of the CPU time since it was made */
    const char *enter_file; /* takes "0": the writer, whatever its number is in which namespace */
    /* With BOX_FEATURE_MEMORY: settings that never change, and event_fd.  The leaf is empty. */
    int (*prepare)(struct cgroup_leaf *leaf, struct err *e);
    /* Each where its controller is; from what leaf->limits says. */
    int (*limit_memory)(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e);
    int (*limit_cpu)(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e);
    bool (*oom)(struct cgroup_leaf *leaf); /* event_fd is there */
    /* Where a leaf may be kept: its peaks, as far as there are files of them, begin here. */
    int (*renew)(const struct cgroup_leaf *leaf, struct err *e);
};

extern const struct cgroup_ops cgroup_v1, cgroup_v2;

/* What a fresh leaf has: no limit. */
#define CGROUP_UNLIMITED                                                                           \
    ((struct box_maxima){.memory_bytes = UINT64_MAX, .processes = UINT32_MAX, .cpu_milli = 0})

#define CGROUP_NO_FILES                                                                            \
    {                                                                                              \
        [0 ... CGROUP_FILES - 1] = -1                                                              \
    }

/* The numbers that a leaf's files get for the maxima of a program. */
uint64_t cgroup_memory_limit(const struct box_maxima *maxima);
uint64_t cgroup_process_limit(const struct box_maxima *maxima);

struct cgroup_quota {
    uint64_t quota_us, period_us;
};
struct cgroup_quota cgroup_quota(uint32_t cpu_milli); /* of a number above 0 */

#define CGROUP_PIDS_LIMIT "pids.max"
/* v1 alone: the buffers of sockets are not a part of its memory, and without a limit of their own
 * not counted. */
#define CGROUP_SOCKET_LIMIT "memory.kmem.tcp.limit_in_bytes"

/* Which of its table's files are there. */
uint32_t cgroup_leaf_features(const struct cgroup_leaf *leaf);
bool cgroup_has(const struct cgroup_leaf *leaf, uint32_t feature);

/* The two halves of cgroup_leaf_new: directories with a new name; then settings and limits. */
int cgroup_leaf_make(struct cgroup *c, enum box_class class, struct cgroup_leaf *ret,
                     struct err *e);
int cgroup_leaf_prepare(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e);
/* For AUTO: removes a leaf that no process is in. */
void cgroup_leaf_discard(struct cgroup_leaf *leaf);
