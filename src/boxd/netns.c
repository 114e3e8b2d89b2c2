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
#include "boxd/tap.h"
#include "boxproto/filter_file.h"

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

static int maker_confine(int filter, struct err *e)
{
    char scratch[FILTER_FILE_MAX];
    /* BATCH: it never takes the CPU away from a box that is being built. */
    const struct sched_param none = {0};
    if (sched_setscheduler(0, SCHED_BATCH, &none) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
        prctl(PR_SET_NAME, "boxd-netns", 0, 0, 0) < 0) {
        return err_sys(e, "confining the netns maker");
    }
    int r = caps_set(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_NET_ADMIN), 0, e);
    r = r < 0 ? r : filter_file_load(filter, scratch, sizeof(scratch), e);
    close(filter);
    return r;
}

/* The namespace, and when wanted the tap device in it. */
static int netns_answer(bool taps, int fds[2], size_t *ret_count, struct err *e)
{
    int r = netns_make(&fds[0], e);
    r = r < 0 || !taps ? r : tap_make(&fds[1], e);
    if (r == 0) {
        *ret_count = taps ? 2 : 1;
    }
    return r;
}

/* Until EOF: boxd is gone then. */
static _Noreturn void maker_main(int sock, int filter, bool taps)
{
    /* To each request: descriptors, with kind 0, or why there are none. */
    struct err answer = {0};
    int failed = maker_confine(filter, &answer);
    char request;
    size_t len;
    struct err e;
    while (fd_recv(sock, &request, sizeof(request), &len, NULL, NULL, 0, &e) == 0 && len == 1) {
        int fds[2] = {-1, -1};
        size_t count = 0;
        if (!failed && netns_answer(taps, fds, &count, &answer) == 0) {
            memset(&answer, 0, sizeof(answer));
        }
        int r = fd_send(sock, &answer, sizeof(answer), fds, count, &e);
        fd_close(fds[0]);
        fd_close(fds[1]);
        if (r < 0) {
            break;
        }
    }
    _exit(0);
}

int netns_maker_start(bool taps, int filter, int *ret_sock, struct err *e)
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
        if (dup3(theirs, STDIN_FILENO, 0) < 0 || dup3(filter, STDOUT_FILENO, 0) < 0 ||
            close_range(STDERR_FILENO + 1, ~0U, 0) < 0) {
            _exit(1);
        }
        maker_main(STDIN_FILENO, STDOUT_FILENO, taps);
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
static void pool_give(struct netns_pool *pool, struct netns netns, const struct err *e)
{
    if (!list_empty(&pool->waits)) {
        struct netns_wait *wait = LIST_ITEM(pool->waits.next, struct netns_wait, link);
        list_remove(&wait->link);
        pool->waiting--;
        wait->fn(wait->ctx, netns, e);
        return;
    }
    if (netns.fd >= 0 && pool->ready < pool->ahead) {
        pool->made[pool->ready++] = netns;
        return;
    }
    fd_close(netns.fd);
    fd_close(netns.tap);
}

static void on_answer(void *ctx, unsigned events)
{
    struct netns_pool *pool = ctx;
    (void)events;
    struct err answer;
    struct err e;
    size_t len, count = 2;
    int fds[2] = {-1, -1};
    int r = fd_recv(pool->sock, &answer, sizeof(answer), &len, fds, &count, MSG_DONTWAIT, &e);
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
    pool_give(pool, (struct netns){fds[0], fds[1]}, &answer);
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
        struct netns netns = pool->made[--pool->ready];
        if (pool->ready <= pool->ahead / 2) {
            netns_refill(pool);
        }
        fn(ctx, netns, NULL);
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
