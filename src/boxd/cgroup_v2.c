/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup v2: one directory has everything, and the kernel ends all of it when its memory runs out.
 */
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "boxd/cgroup_read.h"

#define MEMORY_EVENTS "memory.events"
#define MEMORY_PEAK   "memory.peak"     /* Linux 5.19 */
#define SWAP_LIMIT    "memory.swap.max" /* absent without swap */

/* The directory is one, under whichever controller it is asked for. */
static const struct cgroup_file files[] = {
    {BOXD_CG_MEMORY, "memory.max", BOX_FEATURE_MEMORY},
    {BOXD_CG_MEMORY, SWAP_LIMIT, BOX_FEATURE_SWAP},
    {BOXD_CG_MEMORY, MEMORY_PEAK, BOX_FEATURE_MEMORY_PEAK},
    {BOXD_CG_PIDS, CGROUP_PIDS_LIMIT, BOX_FEATURE_PIDS},
    {BOXD_CG_CPUACCT, "cpu.stat", BOX_FEATURE_CPU},
    {BOXD_CG_CPU, "cpu.max", BOX_FEATURE_CPU_QUOTA},
    {BOXD_CG_MEMORY, "cgroup.kill", BOX_FEATURE_CGROUP_KILL},
    {0},
};

static const struct cgroup_file kept[CGROUP_ENTER] = {
    [CGROUP_CPU] = {BOXD_CG_CPUACCT, "cpu.stat", BOX_FEATURE_CPU, "usage_usec"},
    [CGROUP_MEMORY] = {BOXD_CG_MEMORY, "memory.current", BOX_FEATURE_MEMORY},
    [CGROUP_PEAK] = {BOXD_CG_MEMORY, MEMORY_PEAK, BOX_FEATURE_MEMORY_PEAK},
    [CGROUP_OOM] = {BOXD_CG_MEMORY, MEMORY_EVENTS, BOX_FEATURE_MEMORY, "oom_kill"},
    [CGROUP_HITS] = {BOXD_CG_PIDS, "pids.events", BOX_FEATURE_PIDS, "max"},
};

static int dir_of(const struct cgroup_leaf *leaf)
{
    return leaf->fds[BOXD_CG_MEMORY];
}

static int v2_prepare(struct cgroup_leaf *leaf, struct err *e)
{
    int dir = dir_of(leaf);
    int r = kernel_write(dir, "memory.oom.group", "1", e);
    if (r == 0 && leaf->cgroup->swap_file) {
        r = kernel_write(dir, SWAP_LIMIT, "0", e);
    }
    if (r < 0) {
        return r;
    }
    leaf->event_fd = fcntl(leaf->files[CGROUP_OOM], F_DUPFD_CLOEXEC, 0);
    if (leaf->event_fd < 0) {
        return err_sys(e, "fcntl");
    }
    /* It counts as changed until it was read once. */
    uint64_t kills;
    return cgroup_leaf_number(leaf, CGROUP_OOM, &kills, e);
}

/* The kernel would make room for a lower limit by killing. */
static int v2_limit_memory(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    uint64_t bytes = cgroup_memory_limit(maxima), current = 0;
    if (leaf->limits.memory_bytes != UINT64_MAX) {
        int r = cgroup_leaf_number(leaf, CGROUP_MEMORY, &current, e);
        if (r < 0) {
            return r;
        }
    }
    if (current > bytes) {
        return err_set(e, ERR_BUSY, "%" PRIu64 " bytes of memory are in use, the limit is %" PRIu64,
                       current, bytes);
    }
    return kernel_write_number(dir_of(leaf), "memory.max", bytes, e);
}

static int v2_limit_cpu(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    if (maxima->cpu_milli == 0) {
        return kernel_write(dir_of(leaf), "cpu.max", "max", e);
    }
    struct cgroup_quota quota = cgroup_quota(maxima->cpu_milli);
    char text[48];
    snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, quota.quota_us, quota.period_us);
    return kernel_write(dir_of(leaf), "cpu.max", text, e);
}

/* The file also changes whenever the limit was met and something could still be reclaimed. */
static bool v2_oom(struct cgroup_leaf *leaf)
{
    struct err ignored;
    uint64_t kills = 0;
    return cgroup_leaf_number(leaf, CGROUP_OOM, &kills, &ignored) == 0 && kills > 0;
}

const struct cgroup_ops cgroup_v2 = {
    .files = files,
    .kept = kept,
    .enter_file = "cgroup.procs",
    .prepare = v2_prepare,
    .limit_memory = v2_limit_memory,
    .limit_cpu = v2_limit_cpu,
    .cpu_unit_ns = 1000,
    .oom = v2_oom,
};
