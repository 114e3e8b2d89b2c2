#pragma once
/*
 * netns - empty network namespaces, made ahead of need.
 *
 * Making one takes 0.5 ms and now and then 100 ms, and as much again to destroy, so a process of
 * its own (the maker) does it; it never runs anything else, and keeps two capabilities.  boxd's
 * thread only takes what lies ready, and has more made when half is gone or a box has ended: not
 * while one is built, which takes 0.5 ms longer when the maker has the other CPU.
 *
 * The one of a box that is gone is given to the next if it is, for all that the kernel tells, as a
 * new one is; else it goes too.
 */
#include <stdbool.h>

#include "base/list.h"
#include "base/loop.h"

struct err;

#define NETNS_AHEAD_MAX 8

struct netns {
    int fd;  /* -1: none could be made */
    int tap; /* tap.h; -1: it has lo only */
};

/* What is in it is the receiver's. */
typedef void netns_fn(void *ctx, struct netns netns, const struct err *why);

struct netns_wait {
    struct list link; /* list_init before the first use */
    netns_fn *fn;
    void *ctx;
};

struct netns_pool {
    int sock; /* to the maker */
    unsigned ahead;
    unsigned asked, waiting, ready;
    struct netns made[NETNS_AHEAD_MAX];
    struct list waits;
    struct loop_io io;
    loop_fn *lost; /* the maker ended */
    void *ctx;
};

/* Forks the maker, of namespaces with or without taps; call it early, while this process is small
 * and has few descriptors.  `filter`: the file that it puts on itself. */
int netns_maker_start(bool taps, int filter, int *ret_sock, struct err *e);

/* Takes the socket. */
int netns_pool_init(struct netns_pool *pool, struct loop *loop, int sock, unsigned ahead,
                    loop_fn *lost, void *ctx, struct err *e);
/* Calls wait->fn at once or later, in the order of the calls. */
void netns_take(struct netns_pool *pool, struct netns_wait *wait, netns_fn *fn, void *ctx);
/* Fine when it does not wait. */
void netns_cancel(struct netns_pool *pool, struct netns_wait *wait);
/* A box has ended, and it is a good moment to look at its namespace, or (-1) to have one made: its
 * last process is dead.  Takes *used. */
void netns_replace(struct netns_pool *pool, int *used);
