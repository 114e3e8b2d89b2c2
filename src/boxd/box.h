#pragma once
/*
 * box - the life of one box: the states it goes through, and the verdict.
 *
 *   FREE -> WAITING (for a network namespace) -> BUILDING -> MAPPED -> READY -> RUNNING -> OVER
 *   from any of these -> DESTROYING -> FREE
 *
 * OVER: ENDED or FAILED was sent.  init may still live, to collect.  boxd's thread only.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "boxd/cgroup.h"
#include "boxd/netns.h"
#include "boxproto/boxproto.h"

struct boxd;
struct err;

enum box_state {
    BOX_FREE = 1 << 0,
    BOX_WAITING = 1 << 1,
    BOX_BUILDING = 1 << 2,
    BOX_MAPPED = 1 << 3,
    BOX_READY = 1 << 4,
    BOX_RUNNING = 1 << 5,
    BOX_OVER = 1 << 6,
    BOX_DESTROYING = 1 << 7,
};
/* From CREATE to the verdict. */
#define BOX_PENDING (BOX_WAITING | BOX_BUILDING | BOX_MAPPED | BOX_READY | BOX_RUNNING)

struct box {
    struct boxd *boxd;
    uint32_t id;
    enum box_state state;
    bool started;  /* START came */
    bool killed;   /* by us, for `cause` */
    bool stopping; /* init was told to do that, and will say EXITED */
    enum box_end cause;
    struct box_create create; /* limits clamped */
    struct box_start start;
    struct cgroup_leaf leaf;
    struct netns_wait netns;
    struct netns_pool *pool;   /* where it waits */
    int net;                   /* its network namespace, if another box may have it next; -1 */
    int control, watch, pidfd; /* -1 */
    int life;                  /* closed when the box is gone: belljar-egress waits for that; -1 */
    pid_t pid;
    struct loop_io watch_io, exit_io, memory_io;
    struct loop_timer wall_timer, cpu_timer;
    struct loop_timer clean_timer; /* stopping, OVER: until init must have spoken, or be gone;
                                      DESTROYING: the next try */
    uint64_t started_ns, go_ns;
    struct box_exited exited; /* what init said, or what waiting for it gave */
    unsigned remove_tries;
};

void box_init(struct box *box, struct boxd *boxd, uint32_t id);

/* The server's requests; what the table in requests.c permits.  -ERR_INVALID ends the connection.
 */
int box_create(struct box *box, const void *message, int *control, struct err *e); /* takes it */
int box_start(struct box *box, const void *message, int *none, struct err *e);
int box_kill(struct box *box, const void *message, int *none, struct err *e);
int box_destroy(struct box *box, const void *message, int *none, struct err *e);
int box_usage(struct box *box, const void *message, int *none, struct err *e);

/* --- box_limits.c: what ends a box before its program does -------------------------------- */

/* Clamps what is asked to what is allowed; 0 asks for all that is allowed. */
void limits_clamp(struct box_maxima *asked, const struct box_maxima *allowed);
int limits_arm(struct box *box, struct err *e); /* at GO */
void limits_disarm(struct box *box);
/* BOX_END_EXIT, or the limit that a program which ended by itself had passed. */
enum box_end limits_verdict(const struct box *box, const struct box_ended *ended);

/* Kills all of the box because of `cause`; the verdict follows when it is dead.  The first cause
 * stays.  With BOX_STOP_GENTLY, and while there is memory, all but init. */
void box_stop(struct box *box, enum box_end cause);
