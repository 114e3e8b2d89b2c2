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
#define SWAP_LIMIT    "memory.swap.max" /* absent without swap */

static const struct {
    const char *file;
    uint32_t feature;
} files[] = {
    {"memory.max", BOX_FEATURE_MEMORY},
    {SWAP_LIMIT, BOX_FEATURE_SWAP},
    {"memory.peak", BOX_FEATURE_MEMORY_PEAK}, /* Linux 5.19 */
    {"pids.max", BOX_FEATURE_PIDS},
    {"cpu.stat", BOX_FEATURE_CPU},
    {"cpu.max", BOX_FEATURE_CPU_QUOTA},
    {"cgroup.kill", BOX_FEATURE_CGROUP_KILL}, /* Linux 5.14 */
};

static int dir_of(const struct cgroup_leaf *leaf)
{
    return leaf->fds[BOXD_CG_MEMORY];
}

static uint32_t v2_features(const struct cgroup_leaf *leaf)
{
    uint32_t features = 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (cgroup_file_exists(dir_of(leaf), files[i].file)) {
            features |= files[i].feature;
        }
    }
    return features;
}

static int v2_prepare(struct cgroup_leaf *leaf, struct err *e)
{
    int dir = dir_of(leaf);
    if (!cgroup_has(leaf, BOX_FEATURE_MEMORY)) {
        return 0;
    }
    int r = cgroup_write(dir, "memory.oom.group", "1", e);
    if (r == 0 && leaf->cgroup->swap_file) {
        r = cgroup_write(dir, SWAP_LIMIT, "0", e);
    }
    if (r < 0) {
        return r;
    }
    leaf->event_fd = openat(dir, MEMORY_EVENTS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (leaf->event_fd < 0) {
        return err_sys(e, "open '%s'", MEMORY_EVENTS);
    }
    /* It counts as changed until it was read once. */
    uint64_t kills;
    return cgroup_reread_key(leaf->event_fd, MEMORY_EVENTS, "oom_kill", &kills, e);
}

/* The kernel would make room for a lower limit by killing. */
static int limit_memory(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    uint64_t bytes = cgroup_memory_limit(maxima), current = 0;
    if (leaf->limits.memory_bytes != UINT64_MAX) {
        int r = cgroup_read_number(dir_of(leaf), "memory.current", &current, e);
        if (r < 0) {
            return r;
        }
    }
    if (current > bytes) {
        return err_set(e, ERR_BUSY, "%" PRIu64 " bytes of memory are in use, the limit is %" PRIu64,
                       current, bytes);
    }
    return cgroup_write_number(dir_of(leaf), "memory.max", bytes, e);
}

static int limit_cpu(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    if (maxima->cpu_milli == 0) {
        return cgroup_write(dir_of(leaf), "cpu.max", "max", e);
    }
    struct cgroup_quota quota = cgroup_quota(maxima->cpu_milli);
    char text[48];
    snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, quota.quota_us, quota.period_us);
    return cgroup_write(dir_of(leaf), "cpu.max", text, e);
}

static int v2_limit(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    const struct box_maxima *now = &leaf->limits;
    int r = 0;
    if (cgroup_has(leaf, BOX_FEATURE_MEMORY) && maxima->memory_bytes != now->memory_bytes) {
        r = limit_memory(leaf, maxima, e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_PIDS) && maxima->processes != now->processes) {
        r = cgroup_write_number(dir_of(leaf), "pids.max", cgroup_process_limit(maxima), e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_CPU_QUOTA) && maxima->cpu_milli != now->cpu_milli) {
        r = limit_cpu(leaf, maxima, e);
    }
    return r;
}

static int v2_cpu(const struct cgroup_leaf *leaf, uint64_t *ret_ns, struct err *e)
{
    uint64_t us = 0;
    int r = cgroup_read_key(dir_of(leaf), "cpu.stat", "usage_usec", &us, e);
    if (r < 0) {
        return r;
    }
    *ret_ns = us * 1000;
    return 0;
}

static int v2_base(struct cgroup_leaf *leaf, struct err *e)
{
    (void)leaf;
    (void)e;
    return 0;
}

static int v2_usage(const struct cgroup_leaf *leaf, struct cgroup_usage *ret, struct err *e)
{
    uint64_t oom_kills = 0, hits = 0, peak = 0;
    int r = 0;
    if (leaf->event_fd >= 0) {
        r = cgroup_reread_key(leaf->event_fd, MEMORY_EVENTS, "oom_kill", &oom_kills, e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_MEMORY_PEAK)) {
        r = cgroup_read_number(dir_of(leaf), "memory.peak", &peak, e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_PIDS)) {
        r = cgroup_read_key(dir_of(leaf), "pids.events", "max", &hits, e);
    }
    if (r < 0) {
        return r;
    }
    *ret = (struct cgroup_usage){
        .memory_peak = peak,
        .oom_kills = (uint32_t)oom_kills,
        .process_limit_hits = (uint32_t)hits,
    };
    return 0;
}

/* The file also changes whenever the limit was met and something could still be reclaimed. */
static bool v2_oom(struct cgroup_leaf *leaf)
{
    struct err ignored;
    uint64_t kills = 0;
    return leaf->event_fd >= 0 &&
           cgroup_reread_key(leaf->event_fd, MEMORY_EVENTS, "oom_kill", &kills, &ignored) == 0 &&
           kills > 0;
}

const struct cgroup_ops cgroup_v2 = {
    .enter_file = "cgroup.procs",
    .memory_file = "memory.current",
    .features = v2_features,
    .prepare = v2_prepare,
    .limit = v2_limit,
    .cpu = v2_cpu,
    .base = v2_base,
    .usage = v2_usage,
    .oom = v2_oom,
};
