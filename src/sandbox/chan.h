#pragma once
/*
 * chan - one end of a SOCK_SEQPACKET connection that never blocks: a packet that does not fit waits
 * in a queue for EPOLLOUT.  Loop thread only.  Embedded in its owner.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct err;

struct chan_ops {
    uint32_t types; /* what the peer may say: bit 1 << enum box_msg */
    /* One well-formed message.  Descriptors that it takes it sets to -1; the others are closed. */
    void (*packet)(void *ctx, const void *msg, int *fds, size_t fd_count);
    /* The peer is gone or broke the protocol; the chan is closed already. */
    void (*end)(void *ctx, const struct err *why);
};

struct chan {
    int sock; /* -1: closed */
    const struct chan_ops *ops;
    void *ctx;
    struct loop *loop;
    struct loop_io io;
    struct list queue;
    size_t queued, queue_max;
};

void chan_init(struct chan *c);
/* Takes the socket (also on failure). */
int chan_open(struct chan *c, struct loop *loop, int sock, size_t queue_max,
              const struct chan_ops *ops, void *ctx, struct err *e);
void chan_close(struct chan *c); /* what waits is dropped */

/*
 * Sends now or queues; the descriptors stay the caller's.  ERR_GONE when the peer is gone (`end`
 * comes from the loop), ERR_BUSY when queue_max packets wait.
 */
int chan_send(struct chan *c, const void *data, size_t len, const int *fds, size_t fd_count,
              struct err *e);
