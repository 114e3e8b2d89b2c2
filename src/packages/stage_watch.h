#pragma once
/*
 * stage_watch - how much of the disk a stage takes while a box writes to it.
 *
 * There is no quota that every file system has, so it is looked at: the box is ended soon after
 * the stage has become too large, not at the byte (one file ends at the byte: RLIMIT_FSIZE).  A
 * tree is only counted when the file system has lost so much since it was last counted that it may
 * be too large, and when the box has ended.
 *
 * What a program writes to a file that has no name any more is not in the tree.  It cannot fill
 * the disk either: of what was free when the box began, a quarter is left, of at most 1 GiB.
 */
#include <stdint.h>

struct err;
struct stage;

struct stage_watch {
    int stage_fd; /* not taken */
    uint64_t max_bytes;
    uint64_t bytes, names;           /* as they were counted last ... */
    uint64_t free_bytes, free_names; /* ... when so much was free */
    uint64_t kept_bytes;             /* are to stay free */
    uint64_t next_ns;                /* not counted again before */
};

int stage_watch_begin(struct stage_watch *w, const struct stage *stage, uint64_t max_bytes,
                      struct err *e);
/* Every so often while the box runs: ERR_LIMIT, or an error of the file system. */
int stage_watch_look(struct stage_watch *w, struct err *e);
/* When it has ended: counts in any case. */
int stage_watch_end(struct stage_watch *w, struct err *e);
