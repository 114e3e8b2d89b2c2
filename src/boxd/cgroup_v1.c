/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup v1: memory, pids, cpu and cpuacct are hierarchies of their own, or some of them one.
 *
 * v1 has no kill of a whole group: when memory runs out the kernel ends one process.  It
 * tells an eventfd just before, and boxd then ends the box.
 */
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup_read.h"

#define MEMORY_LIMIT "memory.limit_in_bytes"
#define MEMSW_LIMIT  "memory.memsw.limit_in_bytes" /* absent without swap accounting */
#define MEMORY_PEAK  "memory.max_usage_in_bytes"
#define MEMSW_PEAK   "memory.memsw.max_usage_in_bytes"
#define OOM_CONTROL  "memory.oom_control"

static const struct cgroup_file files[] = {
    {BOXD_CG_MEMORY, MEMORY_LIMIT, BOX_FEATURE_MEMORY},
    {BOXD_CG_MEMORY, MEMSW_LIMIT, BOX_FEATURE_SWAP},
    {BOXD_CG_MEMORY, MEMORY_PEAK, BOX_FEATURE_MEMORY_PEAK},
    {BOXD_CG_PIDS, CGROUP_PIDS_LIMIT, BOX_FEATURE_PIDS},
    {BOXD_CG_CPU, "cpu.cfs_quota_us", BOX_FEATURE_CPU_QUOTA},
    {BOXD_CG_CPUACCT, "cpuacct.usage", BOX_FEATURE_CPU},
    {0},
};

static const struct cgroup_file kept[CGROUP_ENTER] = {
    [CGROUP_CPU] = {BOXD_CG_CPUACCT, "cpuacct.usage", BOX_FEATURE_CPU},
    [CGROUP_MEMORY] = {BOXD_CG_MEMORY, "memory.usage_in_bytes", BOX_FEATURE_MEMORY},
    [CGROUP_PEAK] = {BOXD_CG_MEMORY, MEMORY_PEAK, BOX_FEATURE_MEMORY_PEAK, NULL, O_RDWR},
    [CGROUP_SWAP_PEAK] = {BOXD_CG_MEMORY, MEMSW_PEAK, BOX_FEATURE_SWAP, NULL, O_RDWR},
    [CGROUP_OOM] = {BOXD_CG_MEMORY, OOM_CONTROL, BOX_FEATURE_MEMORY, "oom_kill"},
    [CGROUP_HITS] = {BOXD_CG_PIDS, "pids.events", BOX_FEATURE_PIDS, "max"},
    [CGROUP_PROCESSES] = {BOXD_CG_PIDS, "pids.current", BOX_FEATURE_PIDS},
};

static int v1_prepare(struct cgroup_leaf *leaf, struct err *e)
{
    AUTO(fd_closep) int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) {
        return err_sys(e, "eventfd");
    }
    char text[32];
    snprintf(text, sizeof(text), "%d %d", event, leaf->files[CGROUP_OOM]);
    int r = kernel_write(leaf->fds[BOXD_CG_MEMORY], "cgroup.event_control", text, e);
    if (r < 0) {
        return r;
    }
    leaf->event_fd = TAKE(&event, -1);
    return 0;
}

/* memsw may never lie below the limit of memory alone: lowered after it, raised before. */
static int v1_limit_memory(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    int dir = leaf->fds[BOXD_CG_MEMORY];
    uint64_t bytes = cgroup_memory_limit(maxima);
    bool raised = maxima->memory_bytes > leaf->limits.memory_bytes, swap = leaf->cgroup->swap_file;
    int r = raised && swap ? kernel_write_number(dir, MEMSW_LIMIT, bytes, e) : 0;
    r = r < 0 ? r : kernel_write_number(dir, MEMORY_LIMIT, bytes, e);
    if (r == 0 && !raised && swap) {
        r = kernel_write_number(dir, MEMSW_LIMIT, bytes, e);
    }
    if (r == 0 && leaf->cgroup->socket_file) {
        r = kernel_write_number(dir, CGROUP_SOCKET_LIMIT, bytes, e);
    }
    return r;
}

static int v1_limit_cpu(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    int dir = leaf->fds[BOXD_CG_CPU];
    if (maxima->cpu_milli == 0) {
        return kernel_write(dir, "cpu.cfs_quota_us", "-1", e);
    }
    struct cgroup_quota quota = cgroup_quota(maxima->cpu_milli);
    int r = kernel_write_number(dir, "cpu.cfs_period_us", quota.period_us, e);
    return r < 0 ? r : kernel_write_number(dir, "cpu.cfs_quota_us", quota.quota_us, e);
}

/* Linux charges single pages and, for its own needs, up to eight at once. */
#define LIMIT_SLACK (UINT64_C(16) * 4096)

/* memory.failcnt would say it, but stays 0 on some kernels (seen on 6.18). */
static bool limit_was_reached(const struct cgroup_leaf *leaf)
{
    struct err ignored;
    uint64_t peak = 0;
    bool swap = leaf->cgroup->swap_file;
    int r = cgroup_leaf_number(leaf, swap ? CGROUP_SWAP_PEAK : CGROUP_PEAK, &peak, &ignored);
    return r == 0 && peak + LIMIT_SLACK >= cgroup_memory_limit(&leaf->limits);
}

/*
 * The eventfd is written before the victim is chosen, so oom_kill may still be 0; and it is also
 * written when a group above runs out of memory, which is not the fault of this one.
 */
static bool v1_oom(struct cgroup_leaf *leaf)
{
    struct err ignored;
    uint64_t events, kills = 0;
    if (read(leaf->event_fd, &events, sizeof(events)) < 0) {
        return false;
    }
    int r = cgroup_leaf_number(leaf, CGROUP_OOM, &kills, &ignored);
    return (r == 0 && kills > 0) || limit_was_reached(leaf);
}

static int v1_renew(const struct cgroup_leaf *leaf, struct err *e)
{
    int peak = leaf->files[CGROUP_PEAK], swap_peak = leaf->files[CGROUP_SWAP_PEAK];
    int r = peak < 0 ? 0 : cgroup_write(peak, MEMORY_PEAK, "0", e);
    return r < 0 || swap_peak < 0 ? r : cgroup_write(swap_peak, MEMSW_PEAK, "0", e);
}

/*
 * tasks and not cgroup.procs: a thread that moves itself alone waits for no one (Linux 5.5), while
 * moving a process takes a lock whose first taker waits for an RCU grace period, 12 ms on an idle
 * host.  Who enters a leaf has one thread.
 */
const struct cgroup_ops cgroup_v1 = {
    .files = files,
    .kept = kept,
    .enter_file = "tasks",
    .prepare = v1_prepare,
    .limit_memory = v1_limit_memory,
    .limit_cpu = v1_limit_cpu,
    .cpu_unit_ns = 1,
    .oom = v1_oom,
    .renew = v1_renew,
};
