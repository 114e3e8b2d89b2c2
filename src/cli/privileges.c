/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Who has no right to low ports (a container's root) keeps none, and may listen on others. */
static int capabilities_set(bool keep_bind, struct err *e)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &head, data) < 0) {
        return err_sys(e, "reading capabilities");
    }
    uint32_t kept = keep_bind ? data[0].permitted & UINT32_C(1) << CAP_NET_BIND_SERVICE : 0;
    data[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    data[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &head, data) < 0 ? err_sys(e, "dropping capabilities") : 0;
}

/* Needs CAP_SETPCAP, so it comes first. */
static int bounding_drop(struct err *e)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            return err_sys(e, "dropping capability %lu for ever", cap);
        }
    }
    return 0;
}

static int ids_set(uid_t uid, gid_t gid, struct err *e)
{
    /* With a single mapped id the kernel forbids it; the groups of the login session then stay. */
    if (setgroups(0, NULL) < 0 && uid != 0) {
        return err_sys(e, "dropping the groups");
    }
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
        return err_sys(e, "becoming user %u", (unsigned)uid);
    }
    return 0;
}

/* What it holds is its callers': 1 byte, for with 0 a core helper of the host would still be run.
 */
static int core_refuse(struct err *e)
{
    static const struct rlimit one = {1, 1};
    return setrlimit(RLIMIT_CORE, &one) < 0 ? err_sys(e, "RLIMIT_CORE") : 0;
}

int privileges_drop(uid_t uid, gid_t gid, bool keep_bind, pid_t parent, struct err *e)
{
    int r = bounding_drop(e);
    if (r < 0) {
        return r;
    }
    if (prctl(PR_SET_KEEPCAPS, keep_bind, 0, 0, 0) < 0) {
        return err_sys(e, "keeping capabilities");
    }
    r = ids_set(uid, gid, e);
    if (r == 0) {
        r = capabilities_set(keep_bind, e);
    }
    if (r == 0) {
        r = core_refuse(e);
    }
    if (r < 0) {
        return r;
    }
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return err_sys(e, "dropping privileges");
    }
    /* A change of user clears it: it is set last, and the parent may be gone by now. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return err_sys(e, "asking to end with the parent");
    }
    return getppid() != parent ? err_set(e, ERR_GONE, "the parent has ended") : 0;
}

int privileges_drop_bind(struct err *e)
{
    return capabilities_set(false, e);
}
