/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/netns.h"

#include <errno.h>
#include <fcntl.h>
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

enum { MAKER_FD_SOCK, MAKER_FD_FILTER, MAKER_FD_NET }; /* the last is /proc/self/net, O_PATH */

/*
 * What processes that are gone can have left in a network namespace shows in one of these files.
 * A socket that still lives, in flight or held up, is counted in the first line of sockstat, the
 * only one that is about this namespace alone.  What was sent, refused or waits for its end
 * (TIME_WAIT) was counted as it came: snmp, snmp6, netstat.  A route that was copied for a socket
 * is in rt6_stats, a lease of a flow label in ip6_flowlabel.  What would not show, membership of
 * multicast groups, the filter refuses (rules.def); sysctls are read-only in a box.
 */
static const char *const traces[] = {"sockstat", "snmp",      "netstat",
                                     "snmp6",    "rt6_stats", "ip6_flowlabel"};
#define SOCKSTAT_LINE (sizeof("sockets: used 0\n") - 1)
#define TRACES_MAX    16384

struct maker {
    bool taps;
    size_t len; /* 0: what a new one looks like is not known */
    char fresh[TRACES_MAX], now[TRACES_MAX];
};

/* Of the namespace that this process is in; 0 when they cannot be read. */
static size_t traces_read(char *ret)
{
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(traces); i++) {
        size_t room = i == 0 ? SOCKSTAT_LINE : TRACES_MAX - len;
        AUTO(fd_closep) int fd = openat(MAKER_FD_NET, traces[i], O_RDONLY | O_CLOEXEC);
        bool absent = fd < 0 && errno == ENOENT; /* this kernel has no IPv6 */
        ssize_t n = absent ? 0 : read(fd, ret + len, room);
        if (n < 0 || len + (size_t)n == TRACES_MAX) {
            return 0;
        }
        len += (size_t)n;
    }
    return len;
}

/* As it was when it was made, and nothing lives in it. */
static bool netns_is_fresh(struct maker *m, int used)
{
    return used >= 0 && m->len > 0 && setns(used, CLONE_NEWNET) == 0 &&
           traces_read(m->now) == m->len && memcmp(m->now, m->fresh, m->len) == 0;
}

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

/* The used namespace that came with the request, or a new one, and when wanted the tap device in
 * it. */
static int netns_answer(struct maker *m, int fds[2], size_t *ret_count, struct err *e)
{
    if (netns_is_fresh(m, fds[0])) {
        *ret_count = 1;
        return 0;
    }
    fd_closep(&fds[0]);
    int r = netns_make(&fds[0], e);
    r = r < 0 || !m->taps ? r : tap_make(&fds[1], e);
    if (r == 0) {
        *ret_count = m->taps ? 2 : 1;
        m->len = m->len > 0 ? m->len : traces_read(m->fresh);
    }
    return r;
}

/* Until EOF: boxd is gone then. */
static _Noreturn void maker_main(bool taps)
{
    struct maker maker = {.taps = taps};
    /* To each request: descriptors, with kind 0, or why there are none. */
    struct err answer = {0};
    int failed = maker_confine(MAKER_FD_FILTER, &answer);
    char request;
    size_t len;
    struct err e;
    for (;;) {
        int fds[2] = {-1, -1};
        size_t count = 1;
        int r = fd_recv(MAKER_FD_SOCK, &request, sizeof(request), &len, fds, &count, 0, &e);
        if (r < 0 || len != 1) {
            break;
        }
        count = 0;
        if (!failed && netns_answer(&maker, fds, &count, &answer) == 0) {
            memset(&answer, 0, sizeof(answer));
        }
        r = fd_send(MAKER_FD_SOCK, &answer, sizeof(answer), fds, count, &e);
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
        int net = open("/proc/self/net", O_PATH | O_CLOEXEC);
        if (net < 0 || dup3(theirs, MAKER_FD_SOCK, 0) < 0 || dup3(filter, MAKER_FD_FILTER, 0) < 0 ||
            dup3(net, MAKER_FD_NET, 0) < 0 || close_range(MAKER_FD_NET + 1, ~0U, 0) < 0) {
            _exit(1);
        }
        maker_main(taps);
    }
    *ret_sock = TAKE(&ours, -1);
    return 0;
}

/* --- in boxd -------------------------------------------------------------------------------- */

/* No more than `ahead`, and for each that waits.  False also when the socket is full: the next
 * answer asks again; gone: on_answer hears it. */
static bool pool_ask(struct netns_pool *pool, unsigned ahead, const int *used)
{
    struct err ignored;
    bool asks = pool->ready + pool->asked < ahead + pool->waiting &&
                fd_send(pool->sock, "+", 1, used, used ? 1 : 0, &ignored) == 0;
    pool->asked += asks;
    return asks;
}

/* Half of them: those of boxes that end come back. */
static void pool_refill(struct netns_pool *pool)
{
    while (pool_ask(pool, pool->ahead / 2, NULL)) {
    }
}

void netns_replace(struct netns_pool *pool, int *used)
{
    pool_ask(pool, pool->ahead, *used >= 0 ? used : NULL);
    fd_closep(used);
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
        pool_refill(pool);
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
    while (pool_ask(pool, pool->ahead, NULL)) {
    }
    return 0;
}

void netns_take(struct netns_pool *pool, struct netns_wait *wait, netns_fn *fn, void *ctx)
{
    if (pool->ready > 0) {
        struct netns netns = pool->made[--pool->ready];
        pool_refill(pool);
        fn(ctx, netns, NULL);
        return;
    }
    wait->fn = fn;
    wait->ctx = ctx;
    list_append(&pool->waits, &wait->link);
    pool->waiting++;
    pool_refill(pool);
}

void netns_cancel(struct netns_pool *pool, struct netns_wait *wait)
{
    if (!list_empty(&wait->link)) {
        list_remove(&wait->link);
        pool->waiting--;
    }
}
