#pragma once
/*
 * landlock - what the rulesets of init, server and egress have in common: the rights that each
 * version (ABI) of Landlock knows, in numbers, as they are later than the oldest headers that we
 * build with (landlock(7): Linux 5.13, 5.19, 6.2, 6.7, 6.10, 6.12).
 */
#include <linux/landlock.h>
#include <stdint.h>

#define LANDLOCK_FS_TRUNCATE         (UINT64_C(1) << 14)
#define LANDLOCK_FS_IOCTL_DEV        (UINT64_C(1) << 15)
#define LANDLOCK_NET_BIND_TCP        (UINT64_C(1) << 0)
#define LANDLOCK_SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define LANDLOCK_SCOPE_SIGNALS       (UINT64_C(1) << 1)

/* The kernel's struct landlock_ruleset_attr, all of it. */
struct landlock_rules {
    uint64_t files, network, scopes;
};

/* All rights over files, and both scopes, that this ABI (1 or later) has; no network. */
static inline struct landlock_rules landlock_rules_of(long abi)
{
    uint64_t files = (UINT64_C(1) << 13) - 1;
    files |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    files |= abi >= 3 ? LANDLOCK_FS_TRUNCATE : 0;
    files |= abi >= 5 ? LANDLOCK_FS_IOCTL_DEV : 0;
    return (struct landlock_rules){
        .files = files,
        .scopes = abi >= 6 ? LANDLOCK_SCOPE_ABSTRACT_UNIX | LANDLOCK_SCOPE_SIGNALS : 0,
    };
}
