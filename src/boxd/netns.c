/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/netns.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "boxd/ids.h"
#include "boxd/spawn.h"

/* What the maker answers to each request: a descriptor with kind 0, or why there is none. */
struct answer {
    struct err err;
};

/* --- the maker ------------------------------------------------------------------------------ */

static int netns_make(int *ret_fd, struct err *e)
{
    if (unshare(CLONE_NEWNET) < 0) {
        return err_sys(e, "making a network namespace");
    }
    AUTO(fd_closep) int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock < 0) {
        return err_sys(e, "socket");
    }
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (ioctl(sock, SIOCSIFFLAGS, &lo) < 0) {
        return err_sys(e, "bringing lo up");
    }
    int fd = ioctl(sock, SIOCGSKNS); /* the namespace that the socket is in */
    if (fd < 0) {
        return err_sys(e, "opening a network namespace");
    }
    *ret_fd = fd;
    return 0;
}

static int maker_confine(struct err *e)
{
    /* BATCH: it never takes the CPU away from a box that is being built. */
    const struct sched_param none = {0};
    if (sched_setscheduler(0, SCHED_BATCH, &none) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
        prctl(PR_SET_NAME, "boxd-netns", 0, 0, 0) < 0) {
        return err_sys(e, "confining the netns maker");
    }
    return caps_set(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_NET_ADMIN), 0, e);
}

/* Until EOF: boxd is gone then. */
static _Noreturn void maker_main(int sock)
{
    struct answer answer = {0};
    int failed = maker_confine(&answer.err);
    char request;
    size_t len;
    struct err e;
    while (fd_recv(sock, &request, sizeof(request), &len, NULL, NULL, 0, &e) == 0 && len == 1) {
        AUTO(fd_closep) int fd = -1;
        if (!failed && netns_make(&fd, &answer.err) == 0) {
            memset(&answer, 0, sizeof(answer));
        }
        if (fd_send(sock, &answer, sizeof(answer), &fd, fd >= 0, &e) < 0) {
            break;
        }
    }
    _exit(0);
}

int netns_maker_start(int *ret_sock, struct err *e)
{
    int pair[2];
    int r = fd_seqpacket_pair(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int ours = pair[0];
    AUTO(fd_closep) int theirs = pair[1];
    AUTO(fd_closep) int pidfd = -1;
    pid_t pid = -1;
    r = spawn_clone(0, -1, &pid, &pidfd, e);
    if (r < 0) {
        return err_wrap(e, "starting the netns maker");
    }
    if (pid == 0) {
        if (dup3(theirs, STDIN_FILENO, 0) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0) {
            _exit(1);
        }
        maker_main(STDIN_FILENO);
    }
    *ret_sock = TAKE(&ours, -1);
    return 0;
}

/* --- in boxd -------------------------------------------------------------------------------- */

/* As many as are waited for and as many as should lie ready: that is what should be there or on its
 * way. */
void netns_refill(struct netns_pool *pool)
{
    while (pool->ready + pool->asked < pool->ahead + pool->waiting) {
        struct err e;
        if (fd_send(pool->sock, "+", 1, NULL, 0, &e) < 0) {
            return; /* full: the next answer asks again; gone: on_answer hears it */
        }
        pool->asked++;
    }
}

/* Whoever waited longest gets it; else it is kept. */
static void pool_give(struct netns_pool *pool, int fd, const struct err *e)
{
    if (!list_empty(&pool->waits)) {
        struct netns_wait *wait = LIST_ITEM(pool->waits.next, struct netns_wait, link);
        list_remove(&wait->link);
        pool->waiting--;
        wait->fn(wait->ctx, fd, e);
        return;
    }
    if (fd >= 0 && pool->ready < pool->ahead) {
        pool->fds[pool->ready++] = fd;
        return;
    }
    fd_close(fd);
}

static void on_answer(void *ctx, unsigned events)
{
    struct netns_pool *pool = ctx;
    (void)events;
    struct answer answer;
    struct err e;
    size_t len, count = 1;
    int fd = -1;
    int r = fd_recv(pool->sock, &answer, sizeof(answer), &len, &fd, &count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return;
    }
    if (r < 0 || len != sizeof(answer)) {
        loop_io_remove(&pool->io);
        pool->lost(pool->ctx);
        return;
    }
    pool->asked--;
    bool failed = count == 0;
    pool_give(pool, failed ? -1 : fd, &answer.err);
    /* After a failure only what is waited for is asked for, else we would ask again and again. */
    if (!failed || pool->waiting > 0) {
        netns_refill(pool);
    }
}

int netns_pool_init(struct netns_pool *pool, struct loop *loop, int sock, unsigned ahead,
                    loop_fn *lost, void *ctx, struct err *e)
{
    *pool = (struct netns_pool){.sock = sock, .lost = lost, .ctx = ctx};
    pool->ahead = ahead < NETNS_AHEAD_MAX ? ahead : NETNS_AHEAD_MAX;
    list_init(&pool->waits);
    int r = loop_io_add(loop, &pool->io, sock, EPOLLIN, on_answer, pool, e);
    if (r < 0) {
        return r;
    }
    netns_refill(pool);
    return 0;
}

void netns_take(struct netns_pool *pool, struct netns_wait *wait, netns_fn *fn, void *ctx)
{
    if (pool->ready > 0) {
        int fd = pool->fds[--pool->ready];
        if (pool->ready <= pool->ahead / 2) {
            netns_refill(pool);
        }
        fn(ctx, fd, NULL);
        return;
    }
    wait->fn = fn;
    wait->ctx = ctx;
    list_append(&pool->waits, &wait->link);
    pool->waiting++;
    netns_refill(pool);
}

void netns_cancel(struct netns_pool *pool, struct netns_wait *wait)
{
    if (!list_empty(&wait->link)) {
        list_remove(&wait->link);
        pool->waiting--;
    }
}
