/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/box.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/boxd.h"
#include "boxd/ids.h"
#include "boxd/spawn.h"
#include "boxd/weak.h"
#include "boxproto/egress_config.h"

/* How long init may live on after ENDED, to collect. */
#define COLLECT_MAX_NS (10 * NS_PER_S)
/* How long init may take to kill what is in its box. */
#define STOP_MAX_NS (NS_PER_S / 2)
/* A leaf is busy for a moment after its last process: 1 ms, 2 ms ... about 2 s in all. */
#define REMOVE_TRIES 11

void box_init(struct box *box, struct boxd *boxd, uint32_t id)
{
    *box = (struct box){
        .boxd = boxd, .id = id, .state = BOX_FREE, .control = -1, .watch = -1, .pidfd = -1};
    box->leaf.event_fd = -1;
    box->life = box->net = -1;
    box->pool = &boxd->netns;
    list_init(&box->netns.link);
}

/* --- the end ------------------------------------------------------------------------------ */

static void box_kill_all(void *ctx)
{
    struct box *box = ctx;
    if (box->pidfd < 0) {
        return;
    }
    cgroup_leaf_kill(&box->leaf);
    /* PID 1 of the box: the kernel kills all others with it. */
    syscall(SYS_pidfd_send_signal, box->pidfd, SIGKILL, NULL, 0);
}

static void box_report(struct box *box, enum box_end end)
{
    struct boxd *b = box->boxd;
    struct cgroup_usage usage = {0};
    struct err e;
    if (cgroup_leaf_usage(&box->leaf, &usage, &e) < 0) {
        LOG_WARN(&b->log, "usage unknown", log_i("box", box->id), log_s("error", e.text));
    }
    bool cpu = (b->features & BOX_FEATURE_CPU) != 0;
    uint64_t wall = box->go_ns != 0 ? clock_mono_ns(&clock_system) - box->go_ns : 0;
    struct box_ended ended = {
        .head = {.type = BOX_MSG_ENDED, .box = box->id},
        .wait_status = box->exited.wait_status,
        .wall_ns = wall,
        .cpu_ns = cpu ? usage.cpu_ns : box->exited.cpu_ns,
        .start_ns = box->go_ns != 0 ? box->go_ns - box->started_ns : 0,
        .memory_peak = usage.memory_peak != 0 ? usage.memory_peak : box->exited.max_rss,
        .oom_kills = weak_oom_kills(b->config.weaken, usage.oom_kills),
        .process_limit_hits = usage.process_limit_hits,
    };
    /* init's clock stops before its message has reached us. */
    if (box->exited.wall_ns != 0 && box->exited.wall_ns < wall) {
        ended.wall_ns = box->exited.wall_ns;
    }
    if (end == BOX_END_EXIT) {
        end = limits_verdict(box, &ended);
    } else if (end == BOX_END_LOST && ended.oom_kills > 0) {
        end = BOX_END_MEMORY;
    }
    if (end == BOX_END_LOST && !b->stopping) {
        LOG_ERROR(&b->log, "init was lost", log_i("box", box->id));
    }
    ended.end = end;
    limits_disarm(box);
    box->state = BOX_OVER;
    server_tell(b, &ended, sizeof(ended));
}

static void box_fail(struct box *box, const struct err *e)
{
    struct box_failed failed = {.head = {.type = BOX_MSG_FAILED, .box = box->id},
                                .err = {.kind = e->kind, .sys = e->sys}};
    /* Not the whole struct: behind its text lie old bytes of this process's stack. */
    snprintf(failed.err.text, sizeof(failed.err.text), "%s", e->text);
    LOG_WARN(&box->boxd->log, "box failed", log_i("box", box->id), log_s("error", e->text));
    limits_disarm(box);
    box->state = BOX_OVER;
    box_kill_all(box);
    server_tell(box->boxd, &failed, sizeof(failed));
}

static void box_kill_later(struct box *box, uint64_t wait_ns)
{
    loop_timer_set(box->boxd->loop, &box->clean_timer, clock_mono_ns(&clock_system) + wait_ns,
                   box_kill_all, box);
}

/* Where init, which must outlive the program to bring its files, may not be able to: no. */
static bool box_stop_gently(struct box *box, enum box_end cause)
{
    const unsigned causes = 1U << BOX_END_WALL | 1U << BOX_END_CPU | 1U << BOX_END_OUTPUT;
    struct box_stop stop = {.head = {.type = BOX_MSG_STOP}};
    struct err ignored;
    bool wanted = (box->start.flags & BOX_STOP_GENTLY) != 0 && (causes & 1U << cause) != 0;
    box->stopping = wanted && box->state == BOX_RUNNING &&
                    fd_send(box->watch, &stop, sizeof(stop), NULL, 0, &ignored) == 0;
    if (box->stopping) {
        box_kill_later(box, STOP_MAX_NS);
    }
    return box->stopping;
}

void box_stop(struct box *box, enum box_end cause)
{
    if (box->state == BOX_OVER) {
        box_kill_all(box);
        return;
    }
    if (box->killed || (box->state & BOX_PENDING) == 0) {
        return;
    }
    box->killed = true;
    box->cause = cause;
    box->exited = (struct box_exited){.wait_status = SIGKILL};
    limits_disarm(box);
    if (box->pidfd < 0) {
        netns_cancel(box->pool, &box->netns);
        fd_closep(&box->control); /* as the death of init would */
        box_report(box, cause);
        return;
    }
    if (!box_stop_gently(box, cause)) {
        box_kill_all(box);
    }
}

static void box_clean(void *ctx)
{
    struct box *box = ctx;
    struct boxd *b = box->boxd;
    struct err e;
    int r = cgroup_leaf_remove(&box->leaf, &e);
    if (r == -ERR_BUSY && box->remove_tries < REMOVE_TRIES) {
        uint64_t wait = NS_PER_MS << box->remove_tries++;
        loop_timer_set(b->loop, &box->clean_timer, clock_mono_ns(&clock_system) + wait, box_clean,
                       box);
        return;
    }
    if (r < 0) {
        LOG_ERROR(&b->log, "leaf left behind", log_i("box", box->id), log_s("error", e.text));
        cgroup_leaf_close(&box->leaf);
    }
    struct box_destroyed destroyed = {.head = {.type = BOX_MSG_DESTROYED, .box = box->id}};
    fd_close(box->life);
    netns_replace(box->pool, &box->net);
    box_init(box, b, box->id);
    server_tell(b, &destroyed, sizeof(destroyed));
    boxd_box_freed(b);
}

/* --- what init says ----------------------------------------------------------------------- */

static void box_go(struct box *box)
{
    struct err e;
    struct box_go go = {.head = {.type = BOX_MSG_GO}};
    int r = 0;
    if (memcmp(&box->start.maxima, &box->create.maxima, sizeof(box->start.maxima)) != 0) {
        r = cgroup_leaf_limit(&box->leaf, &box->start.maxima, &e);
    }
    r = r < 0 ? r : limits_arm(box, &e);
    r = r < 0 ? r : fd_send(box->watch, &go, sizeof(go), NULL, 0, &e);
    if (r == -ERR_GONE) {
        return; /* init died: its pidfd tells */
    }
    if (r < 0) {
        err_wrap(&e, "starting the program");
        box_fail(box, &e);
        return;
    }
    if (!box->killed) {
        box->state = BOX_RUNNING;
    }
}

static void init_maps(struct box *box, const void *message)
{
    (void)message;
    struct err e;
    struct box_mapped mapped = {.head = {.type = BOX_MSG_MAPPED}};
    int r = ids_map(&box->boxd->config, box->id, box->pid, &e);
    r = r < 0 ? r : fd_send(box->watch, &mapped, sizeof(mapped), NULL, 0, &e);
    if (r < 0 && r != -ERR_GONE) {
        err_wrap(&e, "the box's id maps");
        box_fail(box, &e);
        return;
    }
    box->state = BOX_MAPPED;
}

static void init_ready(struct box *box, const void *message)
{
    (void)message;
    box->state = BOX_READY;
    if (box->started) {
        box_go(box);
    }
}

static void init_exited(struct box *box, const void *message)
{
    memcpy(&box->exited, message, sizeof(box->exited));
    if (box->stopping) {
        box->exited.wait_status = SIGKILL;
    }
    box_report(box, box->stopping ? box->cause : BOX_END_EXIT);
    box_kill_later(box, COLLECT_MAX_NS);
}

static void init_failed(struct box *box, const void *message)
{
    struct box_failed failed;
    memcpy(&failed, message, sizeof(failed));
    box_fail(box, &failed.err);
}

static const struct init_rule {
    enum box_msg type;
    unsigned states;
    void (*run)(struct box *box, const void *message);
} init_rules[] = {
    {BOX_MSG_MAPS, BOX_BUILDING, init_maps},
    {BOX_MSG_READY, BOX_MAPPED, init_ready},
    {BOX_MSG_EXITED, BOX_RUNNING, init_exited},
    {BOX_MSG_FAILED, BOX_BUILDING | BOX_MAPPED | BOX_READY | BOX_RUNNING, init_failed},
};

static bool init_said(struct box *box, const struct box_head *head, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(init_rules); i++) {
        const struct init_rule *rule = &init_rules[i];
        if (box_msg_check(head, len, UINT32_C(1) << rule->type) &&
            (rule->states & box->state) != 0) {
            rule->run(box, head);
            return true;
        }
    }
    return false;
}

enum watch_result { WATCH_READ, WATCH_EMPTY, WATCH_END };

/* One packet.  WATCH_END: there will be none, or it is no message that init may send now. */
static enum watch_result watch_read(struct box *box)
{
    union {
        struct box_head head;
        struct box_exited exited;
        struct box_failed failed;
    } message;
    size_t len;
    struct err e;
    int r = fd_recv(box->watch, &message, sizeof(message), &len, NULL, NULL, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return WATCH_EMPTY;
    }
    if (r < 0 || len == 0) {
        return WATCH_END;
    }
    bool deaf = (box->killed && !box->stopping) || box->state == BOX_DESTROYING;
    if (deaf || init_said(box, &message.head, len)) {
        return WATCH_READ;
    }
    LOG_ERROR(&box->boxd->log, "init sent what it may not", log_i("box", box->id));
    return WATCH_END;
}

static void on_watch(void *ctx, unsigned events)
{
    struct box *box = ctx;
    (void)events;
    if (watch_read(box) == WATCH_END) {
        loop_io_remove(&box->watch_io);
        box_kill_all(box); /* the verdict follows from its pidfd */
    }
}

/* --- the process ---------------------------------------------------------------------------- */

/* Reaps init.  Its usage holds that of all its dead children: the only count where there is no
 * cgroup. */
static void box_reap(struct box *box)
{
    siginfo_t info;
    struct rusage usage = {0};
    syscall(SYS_waitid, P_PIDFD, box->pidfd, &info, WEXITED | WNOHANG, &usage);
    if (box->exited.cpu_ns == 0) {
        box->exited.cpu_ns = clock_timeval_ns(usage.ru_utime) + clock_timeval_ns(usage.ru_stime);
        box->exited.max_rss = (uint64_t)usage.ru_maxrss * 1024;
    }
}

static void on_exit_of_init(void *ctx, unsigned events)
{
    struct box *box = ctx;
    (void)events;
    /* What it said before it died comes first. */
    while (box->watch_io.loop != NULL && watch_read(box) == WATCH_READ) {
    }
    loop_io_remove(&box->exit_io);
    loop_io_remove(&box->watch_io);
    loop_io_remove(&box->memory_io);
    loop_timer_cancel(&box->clean_timer);
    /* It also ends when the server lets go of it, and says so. */
    if ((box->state & BOX_PENDING) != 0 && !box->killed) {
        requests_hear(box->boxd);
    }
    box_reap(box);
    fd_closep(&box->pidfd);
    fd_closep(&box->watch);
    if ((box->state & BOX_PENDING) != 0) {
        box->exited.wait_status = SIGKILL;
        box_report(box, box->killed ? box->cause : BOX_END_LOST);
    } else if (box->state == BOX_DESTROYING) {
        box_clean(box);
    }
}

static void on_memory(void *ctx, unsigned events)
{
    struct box *box = ctx;
    (void)events;
    if (weak_oom_kills(box->boxd->config.weaken, cgroup_leaf_oom(&box->leaf)) > 0) {
        box_stop(box, BOX_END_MEMORY);
    }
}

static int box_watch(struct box *box, struct err *e)
{
    struct loop *loop = box->boxd->loop;
    /* memory.events of v2 is always EPOLLIN; v1 has an eventfd. */
    unsigned events = box->boxd->config.cgroup == BOX_CGROUP_V2 ? EPOLLPRI : EPOLLIN;
    int r = loop_io_add(loop, &box->exit_io, box->pidfd, EPOLLIN, on_exit_of_init, box, e);
    r = r < 0 ? r : loop_io_add(loop, &box->watch_io, box->watch, EPOLLIN, on_watch, box, e);
    if (r == 0 && box->leaf.event_fd >= 0) {
        r = loop_io_add(loop, &box->memory_io, box->leaf.event_fd, events, on_memory, box, e);
    }
    return r;
}

static int box_spawn(struct box *box, int netns, struct err *e)
{
    struct boxd *b = box->boxd;
    int pair[2];
    int r = fd_seqpacket_pair_guarded(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int theirs = pair[1];
    box->watch = pair[0];
    const struct spawn s = {
        .rootfs = {.config = &b->config,
                   .create = &box->create,
                   .features = weak_features(b->config.weaken, b->features),
                   .owner = ids_owner(&b->config, box->id)},
        .leaf = &box->leaf,
        .box = box->id,
        .netns = netns,
        .watch = theirs,
        .control = box->control,
        .filter = b->filter,
    };
    r = spawn(&s, &box->pid, &box->pidfd, e);
    fd_closep(&box->control);
    if (r < 0) {
        fd_closep(&box->watch);
        return r;
    }
    box->state = BOX_BUILDING;
    return box_watch(box, e);
}

/*
 * The frames of its tap go to belljar-egress, for as long as there is a box.  A pipe, not a socket:
 * whoever holds the other end can send nothing that we would have to close.
 */
static int box_attach(struct box *box, int tap, struct err *e)
{
    const struct egress_attach attach = {.box = box->id};
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    AUTO(fd_closep) int theirs = pair[0];
    box->life = pair[1];
    int r = fd_send(box->boxd->egress, &attach, sizeof(attach), (const int[]){tap, theirs}, 2, e);
    return r < 0 ? err_wrap(e, "the box's network") : 0;
}

static void on_netns(void *ctx, struct netns netns, const struct err *why)
{
    struct box *box = ctx;
    AUTO(fd_closep) int fd = netns.fd;
    AUTO(fd_closep) int tap = netns.tap;
    if (fd < 0) {
        box_fail(box, why);
        return;
    }
    struct err e;
    int r = tap < 0 ? 0 : box_attach(box, tap, &e);
    r = r < 0 ? r : box_spawn(box, fd, &e);
    if (r < 0) {
        box_fail(box, &e);
    }
    if (tap < 0) {
        box->net = TAKE(&fd, -1);
    }
}

/* --- what the server asks ------------------------------------------------------------------- */

static int create_check(const struct boxd *b, const struct box_create *c, struct err *e)
{
    bool egress = (b->config.flags & BOXD_EGRESS) != 0;
    if (c->class > BOX_CLASS_BATCH || c->filter != 0 ||
        c->network > (egress ? BOX_NETWORK_EGRESS : BOX_NETWORK_LOOPBACK)) {
        return err_set(e, ERR_INVALID,
                       "no such class (%" PRIu32 "), network (%" PRIu32 ") or filter (%" PRIu32 ")",
                       c->class, c->network, c->filter);
    }
    if (c->layer_count == 0 || c->layer_count > BOX_LAYERS_MAX) {
        return err_set(e, ERR_INVALID, "%" PRIu32 " layers: it must be 1 to %d", c->layer_count,
                       BOX_LAYERS_MAX);
    }
    for (uint32_t i = 0; i < c->layer_count; i++) {
        if (c->layers[i] < STORE_LAYER_FIRST && layer_find(&b->config, c->layers[i]) == NULL) {
            return err_set(e, ERR_NOT_FOUND, "layer %" PRIu32 " is not in the catalogue",
                           c->layers[i]);
        }
    }
    return 0;
}

/* Closing another kind of descriptor could hold our loop up: a TCP socket lingers. */
static int control_check(int fd, struct err *e)
{
    int domain = -1, type = -1;
    socklen_t len = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || domain != AF_UNIX ||
        type != SOCK_SEQPACKET) {
        return err_set(e, ERR_INVALID, "the control descriptor is no packet socket");
    }
    return 0;
}

int box_create(struct box *box, const void *message, int *control, struct err *e)
{
    struct boxd *b = box->boxd;
    if (control_check(*control, e) < 0) {
        return -ERR_INVALID;
    }
    memcpy(&box->create, message, sizeof(box->create));
    box->state = BOX_WAITING;
    box->control = TAKE(control, -1);
    limits_clamp(&box->create.maxima, &b->config.maxima);
    weak_maxima(b->config.weaken, &box->create.maxima);

    int r = create_check(b, &box->create, e);
    r = r < 0 ? r
              : cgroup_leaf_new(&b->cgroup, box->create.class, &box->create.maxima, &box->leaf, e);
    if (r < 0) {
        box_fail(box, e);
        return 0;
    }
    box->pool = box->create.network == BOX_NETWORK_EGRESS ? &b->taps : &b->netns;
    netns_take(box->pool, &box->netns, on_netns, box);
    return 0;
}

int box_start(struct box *box, const void *message, int *none, struct err *e)
{
    (void)none;
    if (box->started) {
        return err_set(e, ERR_INVALID, "box %" PRIu32 " was started before", box->id);
    }
    memcpy(&box->start, message, sizeof(box->start));
    box->started = true;
    box->started_ns = clock_mono_ns(&clock_system);
    box->start.maxima.disk_bytes = box->create.maxima.disk_bytes;
    box->start.maxima.disk_inodes = box->create.maxima.disk_inodes;
    limits_clamp(&box->start.maxima, &box->create.maxima);
    weak_start(box->boxd->config.weaken, &box->start);
    if (box->state == BOX_READY && !box->killed) {
        box_go(box);
    }
    return 0;
}

int box_kill(struct box *box, const void *message, int *none, struct err *e)
{
    (void)none;
    struct box_kill kill_message;
    memcpy(&kill_message, message, sizeof(kill_message));
    static const enum box_end ends[] = {
        [BOX_KILL_CANCEL] = BOX_END_CANCEL,
        [BOX_KILL_OUTPUT] = BOX_END_OUTPUT,
    };
    if (kill_message.cause >= ARRAY_LEN(ends)) {
        return err_set(e, ERR_INVALID, "no such cause: %" PRIu32, kill_message.cause);
    }
    box_stop(box, ends[kill_message.cause]);
    return 0;
}

int box_destroy(struct box *box, const void *message, int *none, struct err *e)
{
    (void)message, (void)none, (void)e;
    netns_cancel(box->pool, &box->netns);
    limits_disarm(box);
    loop_timer_cancel(&box->clean_timer);
    fd_closep(&box->control);
    box->state = BOX_DESTROYING;
    if (box->pidfd >= 0) {
        box_kill_all(box);
    } else {
        box_clean(box);
    }
    return 0;
}

/* An answer to each: what cannot be read is not known. */
int box_usage(struct box *box, const void *message, int *none, struct err *e)
{
    (void)message, (void)none, (void)e;
    struct box_used used = {.head = {.type = BOX_MSG_USED, .box = box->id}};
    struct err ignored;
    if (box->state != BOX_OVER) {
        cgroup_leaf_number(&box->leaf, CGROUP_MEMORY, &used.memory_bytes, &ignored);
    }
    if (box->state == BOX_RUNNING) {
        cgroup_leaf_cpu(&box->leaf, &used.cpu_ns, &ignored);
    }
    server_tell(box->boxd, &used, sizeof(used));
    return 0;
}
