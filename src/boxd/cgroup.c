/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup_ops.h"
#include "boxd/cgroup_read.h"

/* A number above it is refused (PID_MAX_LIMIT of 64-bit kernels). */
#define PIDS_MAX UINT64_C(4194304)

/* init: what unpacks becomes the program (beside a warm one it takes of the program's room), and
 * what collects comes after it */
#define INIT_PROCESSES 1

/* Of a leaf that is kept: what the kernel has charged ahead, on each CPU, is no more. */
#define CHARGED_MAX (UINT64_C(512) << 10)

/* --- numbers ---------------------------------------------------------------------------------- */

uint64_t cgroup_memory_limit(const struct box_maxima *maxima)
{
    uint64_t most = INT64_MAX;
    return maxima->memory_bytes < most - BOX_OVERHEAD_BYTES
               ? maxima->memory_bytes + BOX_OVERHEAD_BYTES
               : most;
}

uint64_t cgroup_process_limit(const struct box_maxima *maxima)
{
    uint64_t processes = (uint64_t)maxima->processes + INIT_PROCESSES;
    return processes < PIDS_MAX ? processes : PIDS_MAX;
}

/*
 * A program that has used up its quota stands still to the end of the period: with 10 ms a run's
 * time is little distorted.  The kernel wants a quota of 1 ms at least and a period of 1 s at most.
 */
struct cgroup_quota cgroup_quota(uint32_t cpu_milli)
{
    if (cpu_milli >= 100) {
        return (struct cgroup_quota){.quota_us = UINT64_C(10) * cpu_milli, .period_us = 10000};
    }
    return (struct cgroup_quota){.quota_us = 1000, .period_us = 1000000 / cpu_milli};
}

bool cgroup_has(const struct cgroup_leaf *leaf, uint32_t feature)
{
    return (leaf->cgroup->features & feature) != 0;
}

/* --- directories of a leaf -------------------------------------------------------------------- */

static bool owns_directory(const struct cgroup_leaf *leaf, int controller)
{
    return leaf->fds[controller] >= 0 && leaf->cgroup->first[controller] == controller;
}

static int directory_remove(const struct cgroup_leaf *leaf, int controller, struct err *e)
{
    int parent = leaf->cgroup->fds[leaf->class][controller];
    if (unlinkat(parent, leaf->name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
        return 0;
    }
    return err_sys(e, "removing the cgroup '%s'", leaf->name);
}

void cgroup_leaf_close(struct cgroup_leaf *leaf)
{
    if (!leaf->cgroup) {
        return;
    }
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        if (owns_directory(leaf, i)) {
            fd_close(leaf->fds[i]);
        }
    }
    for (int i = 0; i < CGROUP_FILES; i++) {
        fd_close(leaf->files[i]);
    }
    fd_close(leaf->event_fd);
    leaf->cgroup->lent--;
    *leaf = (struct cgroup_leaf){0};
}

static struct cgroup_leaf kept_remove(struct cgroup *c, unsigned index)
{
    struct cgroup_leaf leaf = c->kept[index];
    memmove(&c->kept[index], &c->kept[index + 1], (--c->kept_count - index) * sizeof(leaf));
    c->lent++;
    return leaf;
}

static void kept_drop_oldest(struct cgroup *c)
{
    struct cgroup_leaf oldest = kept_remove(c, 0);
    cgroup_leaf_discard(&oldest);
}

/* A process of a box cannot move; it leaves the leaf by its end alone, and is counted until it is
 * reaped. */
static bool leaf_keep(struct cgroup_leaf *leaf)
{
    const uint32_t needed = BOX_FEATURE_MEMORY | BOX_FEATURE_PIDS | BOX_FEATURE_CPU;
    struct cgroup *c = leaf->cgroup;
    struct cgroup_usage usage = {0};
    struct err ignored;
    uint64_t processes = 0;
    if (!c->ops->renew || (c->features & needed) != needed || leaf->limits.cpu_milli != 0 ||
        c->lent == 1 || cgroup_leaf_number(leaf, CGROUP_PROCESSES, &processes, &ignored) < 0 ||
        processes > 0 || cgroup_leaf_usage(leaf, &usage, &ignored) < 0 || usage.oom_kills > 0 ||
        usage.process_limit_hits > 0) {
        return false;
    }
    if (c->kept_count == CGROUP_KEPT_MAX) {
        kept_drop_oldest(c);
    }
    leaf->cpu_base_ns += usage.cpu_ns;
    c->lent--;
    c->kept[c->kept_count++] = TAKE(leaf, (struct cgroup_leaf){0});
    return true;
}

/* The kernel frees some of what a box held a moment after it. */
static bool leaf_is_bare(const struct cgroup_leaf *leaf)
{
    struct err ignored;
    uint64_t bytes = 0;
    return cgroup_leaf_number(leaf, CGROUP_MEMORY, &bytes, &ignored) == 0 && bytes <= CHARGED_MAX &&
           leaf->cgroup->ops->renew(leaf, &ignored) == 0;
}

static bool leaf_take_kept(struct cgroup *c, enum box_class class, struct cgroup_leaf *ret)
{
    for (unsigned i = 0; i < c->kept_count; i++) {
        if (c->kept[i].class == class && leaf_is_bare(&c->kept[i])) {
            *ret = kept_remove(c, i);
            return true;
        }
    }
    return false;
}

static int leaf_remove(struct cgroup_leaf *leaf, struct err *e)
{
    int worst = 0;
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        int r = owns_directory(leaf, i) ? directory_remove(leaf, i, e) : 0;
        if (r == -ERR_BUSY) {
            return r;
        }
        worst = r < 0 ? r : worst;
    }
    cgroup_leaf_close(leaf);
    return worst;
}

int cgroup_leaf_remove(struct cgroup_leaf *leaf, struct err *e)
{
    struct cgroup *c = leaf->cgroup;
    if (!c || leaf_keep(leaf)) {
        return 0;
    }
    int r = leaf_remove(leaf, e);
    while (c->lent == 0 && c->kept_count > 0) {
        kept_drop_oldest(c);
    }
    return r;
}

void cgroup_leaf_discard(struct cgroup_leaf *leaf)
{
    struct err ignored;
    if (leaf->cgroup && leaf_remove(leaf, &ignored) < 0) {
        cgroup_leaf_close(leaf);
    }
}

static int directory_make(struct cgroup_leaf *leaf, int controller, struct err *e)
{
    int parent = leaf->cgroup->fds[leaf->class][controller];
    if (mkdirat(parent, leaf->name, 0755) < 0) {
        return err_sys(e, "making the cgroup '%s'", leaf->name);
    }
    leaf->fds[controller] =
        openat(parent, leaf->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (leaf->fds[controller] < 0) {
        int r = err_sys(e, "opening the cgroup '%s'", leaf->name);
        unlinkat(parent, leaf->name, AT_REMOVEDIR);
        return r;
    }
    return 0;
}

static int directories_make(struct cgroup_leaf *leaf, struct err *e)
{
    struct cgroup *c = leaf->cgroup;
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        bool own = c->first[i] == i && c->fds[leaf->class][i] >= 0;
        int r = own ? directory_make(leaf, i, e) : 0;
        if (r < 0) {
            return r;
        }
        leaf->fds[i] = leaf->fds[c->first[i]];
    }
    return 0;
}

int cgroup_leaf_make(struct cgroup *c, enum box_class class, struct cgroup_leaf *ret, struct err *e)
{
    c->lent++;
    AUTO(cgroup_leaf_discard)
    struct cgroup_leaf leaf = {
        .cgroup = c,
        .class = class,
        .fds = {-1, -1, -1, -1},
        .files = CGROUP_NO_FILES,
        .limits = CGROUP_UNLIMITED,
        .event_fd = -1,
    };
    snprintf(leaf.name, sizeof(leaf.name), "box-%" PRIu64, c->next++);
    int r = directories_make(&leaf, e);
    if (r == 0) {
        *ret = TAKE(&leaf, (struct cgroup_leaf){0});
    }
    return r;
}

/* --- a leaf ----------------------------------------------------------------------------------- */

/* What differs from what was written before. */
static int limits_write(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    const struct cgroup_ops *ops = leaf->cgroup->ops;
    const struct box_maxima *now = &leaf->limits;
    int r = 0;
    if (cgroup_has(leaf, BOX_FEATURE_MEMORY) && maxima->memory_bytes != now->memory_bytes) {
        r = ops->limit_memory(leaf, maxima, e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_PIDS) && maxima->processes != now->processes) {
        r = kernel_write_number(leaf->fds[BOXD_CG_PIDS], CGROUP_PIDS_LIMIT,
                                cgroup_process_limit(maxima), e);
    }
    if (r == 0 && cgroup_has(leaf, BOX_FEATURE_CPU_QUOTA) && maxima->cpu_milli != now->cpu_milli) {
        r = ops->limit_cpu(leaf, maxima, e);
    }
    return r;
}

int cgroup_leaf_limit(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    int r = limits_write(leaf, maxima, e);
    if (r < 0) {
        return err_wrap(e, "limits of the cgroup '%s'", leaf->name);
    }
    leaf->limits = *maxima;
    return 0;
}

static int files_open(struct cgroup_leaf *leaf, struct err *e)
{
    const struct cgroup_ops *ops = leaf->cgroup->ops;
    int r = 0;
    for (int i = 0; i < CGROUP_ENTER && ops->kept && r == 0; i++) {
        const struct cgroup_file *file = &ops->kept[i];
        bool there =
            cgroup_has(leaf, file->feature) && (i != CGROUP_SWAP_PEAK || leaf->cgroup->swap_file);
        r = there ? cgroup_open(leaf->fds[file->controller], file->name, file->flags,
                                &leaf->files[i], e)
                  : 0;
    }
    for (int i = 0; i < BOXD_CG_COUNT && r == 0 && cgroup_leaf_clone_fd(leaf) < 0; i++) {
        r = owns_directory(leaf, i) ? cgroup_open(leaf->fds[i], ops->enter_file, O_WRONLY,
                                                  &leaf->files[CGROUP_ENTER + i], e)
                                    : 0;
    }
    return r;
}

int cgroup_leaf_prepare(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    int r = files_open(leaf, e);
    r = r < 0 || !cgroup_has(leaf, BOX_FEATURE_MEMORY) ? r : leaf->cgroup->ops->prepare(leaf, e);
    if (r < 0) {
        return err_wrap(e, "setting up the cgroup '%s'", leaf->name);
    }
    return cgroup_leaf_limit(leaf, maxima, e);
}

int cgroup_leaf_new(struct cgroup *c, enum box_class class, const struct box_maxima *maxima,
                    struct cgroup_leaf *ret, struct err *e)
{
    AUTO(cgroup_leaf_discard) struct cgroup_leaf leaf = {0};
    bool kept = leaf_take_kept(c, class, &leaf);
    int r = kept ? cgroup_leaf_limit(&leaf, maxima, e) : cgroup_leaf_make(c, class, &leaf, e);
    r = r != 0 || kept ? r : cgroup_leaf_prepare(&leaf, maxima, e);
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&leaf, (struct cgroup_leaf){0});
    return 0;
}

int cgroup_leaf_clone_fd(const struct cgroup_leaf *leaf)
{
    return cgroup_has(leaf, BOX_FEATURE_CLONE_INTO) ? leaf->fds[BOXD_CG_MEMORY] : -1;
}

int cgroup_leaf_enter(const struct cgroup_leaf *leaf, struct err *e)
{
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        if (owns_directory(leaf, i) && cgroup_write(leaf->files[CGROUP_ENTER + i],
                                                    leaf->cgroup->ops->enter_file, "0", e) < 0) {
            return err_wrap(e, "entering the cgroup '%s'", leaf->name);
        }
    }
    return 0;
}

int cgroup_leaf_number(const struct cgroup_leaf *leaf, enum cgroup_leaf_file file, uint64_t *ret,
                       struct err *e)
{
    const struct cgroup_file *f = &leaf->cgroup->ops->kept[file];
    uint64_t number = 0;
    int fd = leaf->files[file];
    int r = fd < 0 ? 0 : cgroup_read(fd, f->name, f->key, &number, e);
    if (r < 0) {
        return err_wrap(e, "the cgroup '%s'", leaf->name);
    }
    *ret = number;
    return 0;
}

int cgroup_leaf_base(struct cgroup_leaf *leaf, struct err *e)
{
    const struct cgroup_ops *ops = leaf->cgroup->ops;
    int r = ops->renew ? ops->renew(leaf, e) : 0;
    leaf->cpu_base_ns = 0;
    return r < 0 ? r : cgroup_leaf_cpu(leaf, &leaf->cpu_base_ns, e);
}

int cgroup_leaf_cpu(const struct cgroup_leaf *leaf, uint64_t *ret_ns, struct err *e)
{
    uint64_t cpu = 0;
    int r = cgroup_leaf_number(leaf, CGROUP_CPU, &cpu, e);
    if (r < 0) {
        return r;
    }
    cpu *= leaf->cgroup->ops->cpu_unit_ns;
    *ret_ns = cpu > leaf->cpu_base_ns ? cpu - leaf->cpu_base_ns : 0;
    return 0;
}

int cgroup_leaf_usage(const struct cgroup_leaf *leaf, struct cgroup_usage *ret, struct err *e)
{
    uint64_t oom_kills = 0, hits = 0;
    struct cgroup_usage usage = {0};
    int r = cgroup_leaf_number(leaf, CGROUP_OOM, &oom_kills, e);
    r = r < 0 ? r : cgroup_leaf_number(leaf, CGROUP_PEAK, &usage.memory_peak, e);
    r = r < 0 ? r : cgroup_leaf_number(leaf, CGROUP_HITS, &hits, e);
    r = r < 0 ? r : cgroup_leaf_cpu(leaf, &usage.cpu_ns, e);
    if (r < 0) {
        return r;
    }
    usage.oom_kills = (uint32_t)oom_kills;
    usage.process_limit_hits = (uint32_t)hits;
    *ret = usage;
    return 0;
}

bool cgroup_leaf_oom(struct cgroup_leaf *leaf)
{
    return leaf->cgroup && leaf->event_fd >= 0 && leaf->cgroup->ops->oom(leaf);
}

void cgroup_leaf_kill(struct cgroup_leaf *leaf)
{
    struct err ignored; /* the caller also kills PID 1, which ends the rest */
    if (leaf->cgroup && cgroup_has(leaf, BOX_FEATURE_CGROUP_KILL)) {
        kernel_write(leaf->fds[BOXD_CG_MEMORY], "cgroup.kill", "1", &ignored);
    }
}
