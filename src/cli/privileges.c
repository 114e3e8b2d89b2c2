/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static int capabilities_set(bool keep_bind, struct err *e)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (keep_bind) {
        data[0].effective = data[0].permitted = UINT32_C(1) << CAP_NET_BIND_SERVICE;
    }
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

/*
 * A deny list, unlike that of boxes: it takes from whoever gets into the server the ways to
 * something else (another program, another process' memory, another namespace, seldom used parts of
 * the kernel).
 */
static const char *const refused[] = {
    "acct",
    "add_key",
    "bpf",
    "chroot",
    "create_module",
    "delete_module",
    "execve",
    "execveat",
    "fanotify_init",
    "finit_module",
    "fork",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mknod",
    "mknodat",
    "modify_ldt",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "personality",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "request_key",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "swapoff",
    "swapon",
    "syslog",
    "umount",
    "umount2",
    "unshare",
    "userfaultfd",
    "vfork",
    "vhangup",
};

/* Of the others some need no more than a socket to be broken (ALG, VSOCK, PACKET ...). */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
#define FAMILIES_END 64 /* the kernel's own end is below, and it refuses what is beyond */

static bool family_is_allowed(int family)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        if (families[i] == family) {
            return true;
        }
    }
    return false;
}

static int families_refuse(scmp_filter_ctx filter, struct err *e)
{
    for (int family = 0; family < FAMILIES_END; family++) {
        if (family_is_allowed(family)) {
            continue;
        }
        struct scmp_arg_cmp is = SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)family);
        int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, is);
        if (r < 0) {
            errno = -r;
            return err_sys(e, "refusing sockets of family %d", family);
        }
    }
    return 0;
}

static int filter_add(scmp_filter_ctx filter, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);
        if (number == __NR_SCMP_ERROR) {
            continue; /* no such call on this architecture */
        }
        int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
        if (r < 0) {
            errno = -r;
            return err_sys(e, "refusing %s", refused[i]);
        }
    }
    /* Threads are made with clone; the flags of clone3 lie in memory, so libc is told to use clone.
     */
    int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (r == 0) {
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    }
    if (r < 0) {
        errno = -r;
        return err_sys(e, "refusing new processes");
    }
    return families_refuse(filter, e);
}

static void filter_releasep(scmp_filter_ctx *filter)
{
    seccomp_release(*filter);
}

int privileges_filter(struct err *e)
{
    AUTO(filter_releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) {
        return err_set(e, ERR_IO, "making a system call filter");
    }
    int r = filter_add(filter, e);
    if (r < 0) {
        return r;
    }
    r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC,
                         1); /* threads that are there already, too */
    if (r == 0) {
        r = seccomp_load(filter);
    }
    errno = -r;
    return r < 0 ? err_sys(e, "loading a system call filter") : 0;
}
