/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup_read.h"
#include "boxd/weak.h"

int caps_set(uint64_t permitted, uint64_t inheritable, struct err *e)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)permitted, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(permitted >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    if (syscall(SYS_capset, &head, data) < 0) {
        return err_sys(e, "capset");
    }
    return 0;
}

static uint32_t first_id(const struct boxd_config *config, uint32_t box)
{
    return config->id_base + 2 * (weakened(config->weaken, WEAKEN_UNIQUE_IDS) ? 0 : box);
}

/* What is ambient already, as init's three are, does not go with it. */
int caps_bound(struct err *e)
{
    for (int cap = 0;; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            /* EINVAL: this kernel has no such capability, and none beyond. */
            return errno == EINVAL ? 0 : err_sys(e, "dropping capability %d", cap);
        }
    }
}

uid_t ids_owner(const struct boxd_config *config, uint32_t box)
{
    bool own = (config->flags & BOXD_OWN_IDS) != 0;
    return weak_owner(config->weaken, own ? first_id(config, box) + 1 : geteuid());
}

/* --- in boxd ------------------------------------------------------------------------------ */

int ids_map(const struct boxd_config *config, uint32_t box, pid_t pid, struct err *e)
{
    char uids[80], gids[80], uid_map[64], gid_map[64];
    uint32_t base = first_id(config, box);
    snprintf(uid_map, sizeof(uid_map), "/proc/%d/uid_map", (int)pid);
    snprintf(gid_map, sizeof(gid_map), "/proc/%d/gid_map", (int)pid);
    if (weakened(config->weaken, WEAKEN_USERNS)) {
        return 0;
    }
    if ((config->flags & BOXD_OWN_IDS) != 0) {
        snprintf(uids, sizeof(uids), "%d %" PRIu32 " 1\n%d %" PRIu32 " 1\n", BOX_INIT_UID, base,
                 BOX_USER_UID, base + 1);
        memcpy(gids, uids, sizeof(gids));
    } else {
        snprintf(uids, sizeof(uids), "%d %u 1\n", BOX_USER_UID, geteuid());
        snprintf(gids, sizeof(gids), "%d %u 1\n", BOX_USER_UID, getegid());
    }
    int r = kernel_write(AT_FDCWD, uid_map, uids, e);
    return r < 0 ? r : kernel_write(AT_FDCWD, gid_map, gids, e);
}

/* --- in the child ------------------------------------------------------------------------- */

int ids_claim(const struct boxd_config *config, uint32_t box, struct err *e)
{
    if ((config->flags & BOXD_OWN_IDS) == 0 || weakened(config->weaken, WEAKEN_USERNS)) {
        return 0;
    }
    if (setresuid((uid_t)-1, first_id(config, box), (uid_t)-1) < 0) {
        return err_sys(e, "taking the id %" PRIu32, first_id(config, box));
    }
    /* It became ineffective with the id; some hosts let nobody else make user namespaces. */
    return caps_set(CAP_BIT(CAP_SYS_ADMIN), 0, e);
}

/*
 * Of the other namespaces' maxima nothing is written: they take CAP_SYS_ADMIN, which without a user
 * namespace of its own no process of a box can have, and each write costs 10 us.  inotify instances
 * count, beyond the box's own ids, for the user who started us (128 is usual for all that he runs);
 * as root there is nobody beyond.
 */
static int maxima_set(const struct boxd_config *config, int user_sysctl_fd, struct err *e)
{
    int r = kernel_write(user_sysctl_fd, "max_user_namespaces", "0", e);
    if (r == 0 && (config->flags & BOXD_ROOT) == 0) {
        r = kernel_write(user_sysctl_fd, "max_inotify_instances", "4", e);
    }
    return r;
}

/* SYS_ADMIN: who has no no_new_privs needs it to load a filter. */
static uint64_t kept(const struct boxd_config *config)
{
    return CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID) |
           (weakened(config->weaken, WEAKEN_NO_NEW_PRIVS) ? CAP_BIT(CAP_SYS_ADMIN) : 0);
}

static int caps_enter(uint64_t mask, struct err *e)
{
    int r = caps_set(mask | CAP_BIT(CAP_SETPCAP), mask, e);
    if (r < 0) {
        return r;
    }
    for (int cap = 0; mask >> cap != 0; cap++) {
        if ((mask & CAP_BIT(cap)) != 0 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0) {
            return err_sys(e, "keeping capability %d", cap);
        }
    }
    r = caps_bound(e);
    if (r < 0) {
        return r;
    }
    /* Locked for good: no uid has a meaning to capabilities, and none comes back. */
    unsigned bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) {
        return err_sys(e, "locking the secure bits");
    }
    return caps_set(mask, mask, e);
}

int ids_enter(const struct boxd_config *config, int user_sysctl_fd, struct err *e)
{
    int r = user_sysctl_fd >= 0 ? maxima_set(config, user_sysctl_fd, e) : 0;
    if (r < 0) {
        return r;
    }
    /* Id 0 is not mapped, so the kernel sees no change from root here, and the capabilities stay.
     */
    uid_t id = weak_two_ids(config) ? BOX_INIT_UID : BOX_USER_UID;
    weak_keep_caps(config->weaken);
    if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0) {
        return err_sys(e, "taking the id %u", (unsigned)id);
    }
    r = caps_enter(kept(config), e);
    if (r < 0 || weakened(config->weaken, WEAKEN_KEYRING)) {
        return r;
    }
    /* boxd's session keyring must not be found; ENOSYS: a kernel without keys. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) {
        return err_sys(e, "making a session keyring");
    }
    return 0;
}
