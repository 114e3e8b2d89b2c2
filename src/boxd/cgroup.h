#pragma once
/*
 * cgroup - one leaf per box, behind one table of functions: v2, v1, none.
 *
 * A leaf of v2 is made fresh for each box and removed after it (memory.peak cannot be reset before
 * Linux 6.12).  One of v1 is four directories, which cost 0.4 ms: while there are other boxes it is
 * kept for the next, if nothing ran out in it, nobody is in it and, when the next box comes,
 * nothing is charged to it.  Kernel files are read by one strict reader (cgroup_read.c).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxproto/boxd_config.h"

struct err;
struct cgroup_ops;

#define CGROUP_KEPT_MAX 16

/* Of a leaf, open as long as it is there: what is read or written for every box. */
enum cgroup_leaf_file {
    CGROUP_CPU,
    CGROUP_MEMORY,
    CGROUP_PEAK,
    CGROUP_SWAP_PEAK,
    CGROUP_OOM,
    CGROUP_HITS,
    CGROUP_PROCESSES,
    CGROUP_ENTER, /* of the first controller; the others' follow */
    CGROUP_FILES = CGROUP_ENTER + BOXD_CG_COUNT
};

struct cgroup_leaf {
    struct cgroup *cgroup; /* NULL: there is none */
    char name[32];         /* "box-17" */
    enum box_class class;
    int fds[BOXD_CG_COUNT];   /* the leaf's directories, O_PATH; -1; controllers of one directory
                                 share it */
    int files[CGROUP_FILES];  /* enum cgroup_leaf_file; -1 */
    struct box_maxima limits; /* what was written; UINT64_MAX and UINT32_MAX are none */
    int event_fd; /* becomes readable (EPOLLIN, or EPOLLPRI|EPOLLERR for v2) when memory ran out; -1
                   */
    uint64_t cpu_base_ns;
};

/* Zero-initialise; the descriptors are the config's and stay open. */
struct cgroup {
    const struct cgroup_ops *ops;
    int fds[BOXD_CLASSES][BOXD_CG_COUNT];
    uint8_t first[BOXD_CG_COUNT]; /* the lowest controller in the same directory, where several
                                     share one */
    uint32_t features;            /* BOX_FEATURE_* that it gives, probed by cgroup_init */
    bool swap_file;               /* a leaf has a file that limits swap */
    bool socket_file;             /* and one of its own for the memory of sockets (v1) */
    uint64_t next;                /* number of the next leaf's name */
    unsigned lent, kept_count;    /* leaves that boxes have, and */
    struct cgroup_leaf kept[CGROUP_KEPT_MAX];
};

struct cgroup_usage {
    uint64_t cpu_ns;      /* since cgroup_leaf_base */
    uint64_t memory_peak; /* bytes, 0: not known */
    uint32_t oom_kills;   /* v2 counts a victim twice where it ends the whole group */
    uint32_t process_limit_hits;
};

/*
 * Probes once: makes a leaf in the directories of the config, lets a process enter it, and removes
 * it.  What cannot be done is an error; a controller that is not there is a feature less.
 */
int cgroup_init(struct cgroup *c, const struct boxd_config *config, struct err *e);

int cgroup_leaf_new(struct cgroup *c, enum box_class class, const struct box_maxima *maxima,
                    struct cgroup_leaf *ret, struct err *e);
/* For CLONE_INTO_CGROUP; -1: the child calls cgroup_leaf_enter instead. */
int cgroup_leaf_clone_fd(const struct cgroup_leaf *leaf);
/*
 * In the child, before anything else: puts the calling process into the leaf.  Before it makes its
 * cgroup namespace: a v2 mounted with nsdelegate refuses to take a process across the root of its
 * namespace, and the leaf is to be that root anyway.
 */
int cgroup_leaf_enter(const struct cgroup_leaf *leaf, struct err *e);
/* Lowers the limits; a memory limit below what is used already is ERR_BUSY, and nothing was killed.
 */
int cgroup_leaf_limit(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e);
/* From here on CPU counts. */
int cgroup_leaf_base(struct cgroup_leaf *leaf, struct err *e);
/* Since the base; 0 without BOX_FEATURE_CPU. */
int cgroup_leaf_cpu(const struct cgroup_leaf *leaf, uint64_t *ret_ns, struct err *e);
/* What one of its files says; 0 without the feature.  Of CGROUP_MEMORY: what it holds now. */
int cgroup_leaf_number(const struct cgroup_leaf *leaf, enum cgroup_leaf_file file, uint64_t *ret,
                       struct err *e);
int cgroup_leaf_usage(const struct cgroup_leaf *leaf, struct cgroup_usage *ret, struct err *e);
/* After event_fd was readable: true when the leaf is out of memory. */
bool cgroup_leaf_oom(struct cgroup_leaf *leaf);
/* Kills all of it where the kernel can (v2); else the caller kills PID 1 of the box. */
void cgroup_leaf_kill(struct cgroup_leaf *leaf);
/*
 * Removes the leaf's directories and closes all, or keeps it; ERR_BUSY while processes are left,
 * and then it may be called again.  The last one takes what was kept with it.  Fine on a zeroed
 * leaf.
 */
int cgroup_leaf_remove(struct cgroup_leaf *leaf, struct err *e);
/* Gives up on a leaf that cannot be removed: it stays, but not our descriptors. */
void cgroup_leaf_close(struct cgroup_leaf *leaf);
