/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No cgroup: nothing is limited and nothing is known here.  features says so, and the rlimits of
 * init and the fates of its processes are all that is left.
 */
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"

static uint32_t none_features(const struct cgroup_leaf *leaf)
{
    (void)leaf;
    return 0;
}

static int none_prepare(struct cgroup_leaf *leaf, struct err *e)
{
    (void)leaf;
    (void)e;
    return 0;
}

static int none_limit(struct cgroup_leaf *leaf, const struct box_maxima *maxima, struct err *e)
{
    (void)leaf;
    (void)maxima;
    (void)e;
    return 0;
}

static int none_cpu(const struct cgroup_leaf *leaf, uint64_t *ret_ns, struct err *e)
{
    (void)leaf;
    (void)e;
    *ret_ns = 0;
    return 0;
}

static int none_usage(const struct cgroup_leaf *leaf, struct cgroup_usage *ret, struct err *e)
{
    (void)leaf;
    (void)e;
    *ret = (struct cgroup_usage){0};
    return 0;
}

static bool none_oom(struct cgroup_leaf *leaf)
{
    (void)leaf;
    return false;
}

const struct cgroup_ops cgroup_none = {
    .features = none_features,
    .prepare = none_prepare,
    .limit = none_limit,
    .cpu = none_cpu,
    .base = none_prepare,
    .usage = none_usage,
    .oom = none_oom,
};
