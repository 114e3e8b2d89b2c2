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
    uint32_t features; /* BOX_FEATURE_*: what HELLO said */
    uint32_t landlock_abi;
    uint32_t cpus;
    int server; /* the socket */
    int filter; /* the memfd */
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
/* A message that cannot be sent ends the connection. */
void server_tell(struct boxd *b, const void *message, size_t len);
/* Soon, not in this call: ends the connection, every box is killed and cleaned, then the loop
 * stops. */
void boxd_stop(struct boxd *b, bool failed);
/* A box is free again: while stopping, the last one ends the loop. */
void boxd_box_freed(struct boxd *b);
