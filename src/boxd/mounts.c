/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

/* The kernel puts its reason into the context, as "e reason"; errno alone is mostly EINVAL. */
static int context_failed(int context, const char *type, struct err *e)
{
    int saved = errno;
    char reason[160];
    ssize_t n = read(context, reason, sizeof(reason) - 1);
    errno = saved;
    if (n < 3) {
        return err_sys(e, "making a %s", type);
    }
    reason[n] = '\0';
    return err_sys(e, "making a %s (%s)", type, reason + 2);
}

int mount_make(const char *type, const struct mount_option *options, size_t option_count,
               unsigned attributes, int *ret_fd, struct err *e)
{
    AUTO(fd_closep) int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        return err_sys(e, "opening the file system type '%s'", type);
    }
    for (size_t i = 0; i < option_count; i++) {
        const struct mount_option *o = &options[i];
        int kind = o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        if (fsconfig(context, kind, o->key, o->value, 0) < 0) {
            return context_failed(context, type, e);
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
        return context_failed(context, type, e);
    }
    int fd = fsmount(context, FSMOUNT_CLOEXEC, attributes);
    if (fd < 0) {
        return context_failed(context, type, e);
    }
    *ret_fd = fd;
    return 0;
}

int mount_restrict(int mount_fd, unsigned attributes, struct err *e)
{
    /* NOATIME is one of several values, not a bit of its own. */
    struct mount_attr attr = {.attr_set = attributes,
                              .attr_clr = attributes & MOUNT_ATTR_NOATIME ? MOUNT_ATTR__ATIME : 0};
    if (mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
        return err_sys(e, "mount_setattr");
    }
    return 0;
}

int mount_copy(int dir_fd, const char *path, unsigned attributes, int *ret_fd, struct err *e)
{
    AUTO(fd_closep)
    int fd = open_tree(dir_fd, path,
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    if (fd < 0) {
        return err_sys(e, "open_tree '%s'", path);
    }
    int r = attributes != 0 ? mount_restrict(fd, attributes, e) : 0;
    if (r < 0) {
        return err_wrap(e, "binding '%s'", path);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

int mount_open(int root_fd, const char *path, unsigned flags, int *ret_fd, struct err *e)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    *ret_fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
    return *ret_fd < 0 ? err_sys(e, "open '%s'", path) : 0;
}

int mount_attach(int mount_fd, int root_fd, const char *path, struct err *e)
{
    AUTO(fd_closep) int place = -1;
    int r = mount_open(root_fd, path, 0, &place, e);
    if (r < 0) {
        return err_wrap(e, "a mount point");
    }
    if (move_mount(mount_fd, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
        0) {
        return err_sys(e, "move_mount to '%s'", path);
    }
    return 0;
}

int mount_bind(int from_fd, const char *from, int root_fd, const char *path, unsigned attributes,
               struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = mount_copy(from_fd, from, attributes, &fd, e);
    return r < 0 ? r : mount_attach(fd, root_fd, path, e);
}

int mount_pivot(int root_fd, struct err *e)
{
    if (fchdir(root_fd) < 0) {
        return err_sys(e, "entering the new root");
    }
    /* With both names ".", the old root lies on top of the new one, where "." then finds it. */
    if (syscall(SYS_pivot_root, ".", ".") < 0) {
        return err_sys(e, "pivot_root");
    }
    if (umount2(".", MNT_DETACH) < 0) {
        return err_sys(e, "detaching the old root");
    }
    if (chdir("/") < 0) {
        return err_sys(e, "entering '/'");
    }
    return 0;
}
