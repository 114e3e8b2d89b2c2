#pragma once
/*
 * ids - who a box's processes are: id maps (written by boxd), credentials (put on by its child).
 *
 * Box n has the host ids id_base + 2n (init) and id_base + 2n + 1 (the program), group ids the
 * same.  Nobody else has them, so that the kernel's quotas per user (pipes, inotify, keys, signals)
 * are the box's own.  Without ids of our own every box maps our one id, and init is the program's
 * uid.
 */
#include <stdint.h>
#include <sys/types.h>

#include "boxproto/boxd_config.h"

struct err;

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

/* Of all capabilities only these stay, permitted and effective. */
int caps_set(uint64_t permitted, uint64_t inheritable, struct err *e);

/* None can be gained by executing a file any more.  Takes CAP_SETPCAP. */
int caps_bound(struct err *e);

/* The id, in boxd's user namespace, that owns the files of box n. */
uid_t ids_owner(const struct boxd_config *config, uint32_t box);

/* In boxd: `pid`, our child that was not reaped, has just made a user namespace. */
int ids_map(const struct boxd_config *config, uint32_t box, pid_t pid, struct err *e);

/*
 * In the child, just before it makes its user namespace.  What is counted for a user inside is
 * counted for the namespace's maker too: made under boxd's id, all boxes and the host's root would
 * share one quota.
 */
int ids_claim(const struct boxd_config *config, uint32_t box, struct err *e);

/*
 * In the child, in its mapped user namespace: no user namespaces below this one, ids of init, and
 * of all capabilities only KILL, SETUID and SETGID.  user_sysctl_fd: /proc/sys/user, or -1.
 */
int ids_enter(const struct boxd_config *config, int user_sysctl_fd, struct err *e);
