#pragma once
/*
 * weak - what a test build leaves of a box's defences (boxproto/weaken.h); in any other build each
 * of these gives back what it got.
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "boxd/ids.h"
#include "boxproto/boxd_config.h"
#include "boxproto/weaken.h"

static inline unsigned weak_attributes(uint64_t mask, unsigned attributes)
{
    attributes &= ~(weakened(mask, WEAKEN_NOSUID) ? MOUNT_ATTR_NOSUID : 0U);
    return attributes & ~(weakened(mask, WEAKEN_NODEV) ? MOUNT_ATTR_NODEV : 0U);
}

static inline unsigned weak_layer_attributes(uint64_t mask, unsigned attributes)
{
    attributes &= ~(weakened(mask, WEAKEN_READONLY) ? MOUNT_ATTR_RDONLY : 0U);
    return weak_attributes(mask, attributes);
}

static inline int weak_namespaces(uint64_t mask, int flags)
{
    flags &= ~(weakened(mask, WEAKEN_IPCNS) ? CLONE_NEWIPC : 0);
    flags &= ~(weakened(mask, WEAKEN_UTSNS) ? CLONE_NEWUTS : 0);
    return flags & ~(weakened(mask, WEAKEN_CGROUPNS) ? CLONE_NEWCGROUP : 0);
}

static inline uint32_t weak_features(uint64_t mask, uint32_t features)
{
    features &= ~(weakened(mask, WEAKEN_OVERLAY) ? BOX_FEATURE_OVERLAY : 0U);
    features &= ~(weakened(mask, WEAKEN_TIMENS) ? BOX_FEATURE_TIMENS : 0U);
    return features & ~(weakened(mask, WEAKEN_NESTED) ? BOX_FEATURE_NESTED_OFF : 0U);
}

static inline void weak_maxima(uint64_t mask, struct box_maxima *m)
{
    m->memory_bytes = weaken_limit(mask, WEAKEN_MEMORY, m->memory_bytes);
    m->disk_bytes = weaken_limit(mask, WEAKEN_DISK_SIZE, m->disk_bytes);
    m->disk_inodes = weaken_limit(mask, WEAKEN_DISK_INODES, m->disk_inodes);
    m->processes = (uint32_t)weaken_limit(mask, WEAKEN_PROCESSES, m->processes);
    m->cpu_milli = (uint32_t)weaken_limit(mask, WEAKEN_CPU_QUOTA, m->cpu_milli);
}

static inline void weak_start(uint64_t mask, struct box_start *start)
{
    weak_maxima(mask, &start->maxima);
    start->wall_ns = weaken_limit(mask, WEAKEN_WALL_TIME, start->wall_ns);
    start->cpu_ns = weaken_limit(mask, WEAKEN_CPU_TIME, start->cpu_ns);
}

static inline bool weak_rlimit(uint64_t mask, int resource)
{
    return weakened(mask, resource == RLIMIT_CORE ? WEAKEN_CORE : WEAKEN_RLIMITS);
}

static inline bool weak_two_ids(const struct boxd_config *config)
{
    return (config->flags & BOXD_OWN_IDS) != 0 && !weakened(config->weaken, WEAKEN_TWO_IDS);
}

/* Of boxd; a box's user namespace has a set of its own. */
static inline int weak_caps_bound(uint64_t mask, struct err *e)
{
    return weakened(mask, WEAKEN_USERNS) ? 0 : caps_bound(e);
}

static inline uint32_t weak_oom_kills(uint64_t mask, uint32_t kills)
{
    return weakened(mask, WEAKEN_OOM_COUNT) ? 0 : kills;
}

static inline uint64_t weak_capabilities(const struct boxd_config *config, uint64_t caps)
{
    /* Without a user namespace, nothing gives a box this one. */
    caps |= weakened(config->weaken, WEAKEN_USERNS) ? CAP_BIT(CAP_SETPCAP) : 0;
    return WEAKEN_BUILD ? caps & ~(uint64_t)config->caps_left_out : caps;
}

/* Of who is root and is about to take another id. */
static inline void weak_keep_caps(uint64_t mask)
{
    if (weakened(mask, WEAKEN_USERNS)) {
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
    }
}

static inline uid_t weak_owner(uint64_t mask, uid_t owner)
{
    return weakened(mask, WEAKEN_USERNS) ? BOX_USER_UID : owner;
}
