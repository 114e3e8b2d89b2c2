#pragma once
/*
 * boxd - what the parts of this process share: made by main, passed to all.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "boxd/cgroup.h"
#include "boxd/netns.h"
#include "boxproto/boxd_config.h"

struct box;

struct boxd {
    struct boxd_config config;
    struct log log;
    struct loop *loop;
    struct cgroup cgroup;
    struct netns_pool netns;
    struct netns_pool taps; /* with BOXD_EGRESS: for boxes that have a network */
    uint32_t features;      /* BOX_FEATURE_*: what HELLO said */
    uint32_t landlock_abi;
    uint32_t cpus;
    int server;                   /* the socket */
    int filter;                   /* the memfd */
    int own_filter, maker_filter; /* until they are loaded */
    int egress;                   /* the socket to belljar-egress; -1 */
    struct loop_io server_io;
    struct loop_timer stop_timer;
    struct loop_defer stop_defer;
    struct box *boxes; /* config.boxes of them */
    bool stopping;
    bool failed; /* the exit status will say so */
};

/* --- requests.c: the connection to the server --------------------------------------------- */

/* Says HELLO and hears requests from now on. */
int requests_begin(struct boxd *b, struct err *e);
/* What the server has asked already, before it is told of a loss that may come of it. */
void requests_hear(struct boxd *b);
/* A message that cannot be sent ends the connection. */
void server_tell(struct boxd *b, const void *message, size_t len);
/* Soon, not in this call: ends the connection, every box is killed and cleaned, then the loop
 * stops. */
void boxd_stop(struct boxd *b, bool failed);
/* A box is free again: while stopping, the last one ends the loop. */
void boxd_box_freed(struct boxd *b);
