#pragma once
/*
 * netns - empty network namespaces, made ahead of need.
 *
 * Making one takes 0.5 ms and now and then 100 ms, so a process of its own (the maker) does it; it
 * never runs anything else, and keeps two capabilities.  boxd's thread only takes what lies ready,
 * and has more made when half is gone or a box has ended: not while one is built, which takes 0.5
 * ms longer when the maker has the other CPU.
 */
#include "base/list.h"
#include "base/loop.h"

struct err;

#define NETNS_AHEAD_MAX 8

/* `fd` is the receiver's; -1 with the reason in *e when none could be made. */
typedef void netns_fn(void *ctx, int fd, const struct err *e);

struct netns_wait {
    struct list link; /* list_init before the first use */
    netns_fn *fn;
    void *ctx;
};

struct netns_pool {
    int sock; /* to the maker */
    unsigned ahead;
    unsigned asked, waiting, ready;
    int fds[NETNS_AHEAD_MAX];
    struct list waits;
    struct loop_io io;
    loop_fn *lost; /* the maker ended */
    void *ctx;
};

/* Forks the maker; call it early, while this process is small and has few descriptors. */
int netns_maker_start(int *ret_sock, struct err *e);

/* Takes the socket. */
int netns_pool_init(struct netns_pool *pool, struct loop *loop, int sock, unsigned ahead,
                    loop_fn *lost, void *ctx, struct err *e);
/* Calls wait->fn at once or later, in the order of the calls. */
void netns_take(struct netns_pool *pool, struct netns_wait *wait, netns_fn *fn, void *ctx);
/* Fine when it does not wait. */
void netns_cancel(struct netns_pool *pool, struct netns_wait *wait);
/* A good moment to have more made. */
void netns_refill(struct netns_pool *pool);
