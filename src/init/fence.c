/* SPDX-License-Identifier: Apache-2.0 */
#include "init/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/landlock.h"
#include "boxproto/boxproto.h"
#include "boxproto/weaken.h"

/* Without REFER (ABI 2) no file could be renamed from one directory to another. */
#define ABI_MIN 2

static const uint64_t fs_read =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/* The right to make device files is handled and given nowhere. */
static const uint64_t fs_never = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

static int allow(int ruleset, const char *path, uint64_t rights, struct err *e)
{
    AUTO(fd_closep) int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return err_sys(e, "box init: open '%s' for Landlock", path);
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = dir};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
        return err_sys(e, "box init: Landlock rule for '%s'", path);
    }
    return 0;
}

static int make_ruleset(int abi, bool stage, int *ret_ruleset, struct err *e)
{
    static const char *const writable[] = {BOX_WORK_DIR, "/tmp", "/dev"};
    struct landlock_rules attr = landlock_rules_of(abi);
    AUTO(fd_closep) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0) {
        return err_sys(e, "box init: making a Landlock ruleset (ABI %d)", abi);
    }
    int r = allow(ruleset, "/", stage ? attr.files & ~fs_never : fs_read, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(writable); i++) {
        r = allow(ruleset, writable[i], attr.files & ~fs_never, e);
    }
    if (r < 0) {
        return r;
    }
    *ret_ruleset = TAKE(&ruleset, -1);
    return 0;
}

static int drop_groups(struct err *e)
{
    long groups = syscall(SYS_getgroups, 0, NULL);
    if (groups != 0 && syscall(SYS_setgroups, 0, NULL) < 0) {
        return err_sys(e, "box init: dropping supplementary groups");
    }
    return 0;
}

int fence_prepare(struct fence *f, struct err *e)
{
    int r = f->two_ids ? drop_groups(e) : 0;
    if (r < 0) {
        return r;
    }
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP) {
        return err_sys(e, "box init: asking for Landlock's version");
    }
    if (abi < ABI_MIN || weakened(f->weaken, WEAKEN_LANDLOCK)) {
        f->ruleset = -1;
        return 0;
    }
    return make_ruleset((int)abi, f->stage, &f->ruleset, e);
}

/* Plain system calls: a child in our memory must not run libc's bookkeeping of threads' ids. */
static int become_user(struct err *e)
{
    if (syscall(SYS_setresgid, BOX_USER_UID, BOX_USER_UID, BOX_USER_UID) < 0 ||
        syscall(SYS_setresuid, BOX_USER_UID, BOX_USER_UID, BOX_USER_UID) < 0) {
        return err_sys(e, "box init: becoming uid %d", BOX_USER_UID);
    }
    return 0;
}

/* Neither of the two ids is 0, so the kernel takes no capability away with the id. */
static int drop_capabilities(struct err *e)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &head, none) < 0) {
        return err_sys(e, "box init: dropping capabilities");
    }
    return 0;
}

int fence_enter(const struct fence *f, struct err *e)
{
    int r = f->two_ids ? become_user(e) : 0;
    if (r < 0) {
        return r;
    }
    if (f->ruleset >= 0 && syscall(SYS_landlock_restrict_self, f->ruleset, 0) < 0) {
        return err_sys(e, "box init: entering Landlock");
    }
    return weakened(f->weaken, WEAKEN_CAPS) ? 0 : drop_capabilities(e);
}
