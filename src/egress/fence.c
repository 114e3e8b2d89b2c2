/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/landlock.h"

/* --- privileges ----------------------------------------------------------------------------- */

static int capabilities_drop(struct err *e)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capset, &head, none) < 0 ? err_sys(e, "dropping capabilities") : 0;
}

int fence_privileges(uid_t uid, gid_t gid, struct err *e)
{
    pid_t parent = getppid();
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            return err_sys(e, "dropping capability %lu for ever", cap);
        }
    }
    /* With a single mapped id the kernel forbids it; the groups of the login session then stay. */
    if (setgroups(0, NULL) < 0 && uid != 0) {
        return err_sys(e, "dropping the groups");
    }
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
        return err_sys(e, "becoming user %u", (unsigned)uid);
    }
    int r = capabilities_drop(e);
    if (r < 0) {
        return r;
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return err_sys(e, "dropping privileges");
    }
    /* A change of user clears it: it is set last, and the parent may be gone by now. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return err_sys(e, "asking to end with the parent");
    }
    return getppid() != parent ? err_set(e, ERR_GONE, "the parent has ended") : 0;
}

/* --- Landlock ------------------------------------------------------------------------------- */

int fence_files(struct err *e)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        return 0;
    }
    struct landlock_rules rules = landlock_rules_of(abi);
    rules.network = abi >= 4 ? LANDLOCK_NET_BIND_TCP : 0;
    AUTO(fd_closep) int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
        return err_sys(e, "Landlock");
    }
    return 0;
}

/* --- system calls --------------------------------------------------------------------------- */

/*
 * Everything else is refused.  The process of a box inherits the main process' filter and adds its
 * own, so that one has all of these and the other those that are its.
 */
static const struct call {
    const char *name;
    bool box;
} calls[] = {
    /* of any program of libc's */
    {"brk", true},
    {"clock_gettime", true},
    {"close", true},
    {"exit", true},
    {"exit_group", true},
    {"futex", true},
    {"getpid", true},
    {"getrandom", true},
    {"gettid", true},
    {"gettimeofday", true},
    {"madvise", true},
    {"mremap", true},
    {"munmap", true},
    {"poll", true},
    {"ppoll", true},
    {"read", true},
    {"readv", true},
    {"rt_sigaction", true},
    {"rt_sigprocmask", true},
    {"rt_sigreturn", true},
    {"write", true},
    {"writev", true},
    /* sockets, but for making them */
    {"connect", true},
    {"getpeername", true},
    {"getsockname", true},
    {"getsockopt", true},
    {"recvfrom", true},
    {"recvmsg", true},
    {"sendto", true},
    {"shutdown", true},
    /* a process for a box */
    {"clone", false},
    {"fcntl", false},
    {"fork", false},
    {"getppid", false},
    {"getrlimit", false},
    {"ioctl", false},
    {"mmap", false},
    {"mprotect", false},
    {"prctl", false},
    {"prlimit64", false},
    {"seccomp", false},
    {"sendmsg", false},
    {"set_robust_list", false},
    {"setrlimit", false},
    {"setsockopt", false},
    {"socket", false},
    {"tgkill", false}, /* abort; where users have one id it could end others */
};

/*
 * What the process of a box may say to these: what libslirp says.  F_SETOWN and the like would let
 * it signal processes of its user, a filter on a socket use up room of the kernel.
 */
static const struct rule {
    const char *name;
    unsigned count;
    struct scmp_arg_cmp tests[3];
} rules[] = {
#define WORD(number, value)                                                                        \
    {                                                                                              \
        number, SCMP_CMP_MASKED_EQ, UINT32_MAX, value                                              \
    }
#define WITHOUT(number, bits)                                                                      \
    {                                                                                              \
        number, SCMP_CMP_MASKED_EQ, bits, 0                                                        \
    }
#define TYPE(value)                                                                                \
    {                                                                                              \
        1, SCMP_CMP_MASKED_EQ, ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK), value                    \
    }
    {"socket", 3, {WORD(0, AF_INET), TYPE(SOCK_STREAM), WORD(2, 0)}},
    {"socket", 3, {WORD(0, AF_INET), TYPE(SOCK_DGRAM), WORD(2, 0)}},
    {"socket", 3, {WORD(0, AF_INET6), TYPE(SOCK_STREAM), WORD(2, 0)}},
    {"socket", 3, {WORD(0, AF_INET6), TYPE(SOCK_DGRAM), WORD(2, 0)}},
    {"setsockopt", 2, {WORD(1, SOL_SOCKET), WORD(2, SO_REUSEADDR)}},
    {"setsockopt", 2, {WORD(1, SOL_SOCKET), WORD(2, SO_OOBINLINE)}},
    {"setsockopt", 2, {WORD(1, IPPROTO_TCP), WORD(2, TCP_NODELAY)}},
    {"fcntl", 1, {WORD(1, F_GETFD)}},
    {"fcntl", 1, {WORD(1, F_SETFD)}},
    {"fcntl", 1, {WORD(1, F_GETFL)}},
    {"fcntl", 1, {WORD(1, F_SETFL)}},
    {"ioctl", 1, {WORD(1, FIONREAD)}},
    {"mmap", 1, {WITHOUT(2, PROT_EXEC)}},
    {"mprotect", 1, {WITHOUT(2, PROT_EXEC)}},
#undef WORD
#undef WITHOUT
#undef TYPE
};

static void scmp_freep(scmp_filter_ctx *filter)
{
    seccomp_release(*filter);
}

static int rules_add(scmp_filter_ctx filter, enum fence_part part)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(calls); i++) {
        int number = seccomp_syscall_resolve_name(calls[i].name);
        if ((calls[i].box || part == FENCE_MAIN) && number >= 0) {
            r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        }
    }
    for (size_t i = 0; r == 0 && part == FENCE_BOX && i < ARRAY_LEN(rules); i++) {
        int number = seccomp_syscall_resolve_name(rules[i].name);
        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, rules[i].count, rules[i].tests);
    }
    return r;
}

/* libseccomp writes to a descriptor only. */
static int filter_export(scmp_filter_ctx filter, struct fence_filter *ret, struct err *e)
{
    AUTO(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    AUTO(buf_done) struct buf program = {0};
    if (fd < 0 || seccomp_export_bpf(filter, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        return err_sys(e, "writing the system call filter");
    }
    int r = fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &program, e);
    if (r < 0) {
        return r;
    }
    ret->count = program.len / sizeof(struct sock_filter);
    ret->code = (struct sock_filter *)(void *)buf_take(&program);
    return 0;
}

int fence_filter_build(enum fence_part part, struct fence_filter *ret, struct err *e)
{
    AUTO(scmp_freep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) {
        return err_set(e, ERR_IO, "making a system call filter");
    }
    int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    r = r < 0 ? r : rules_add(filter, part);
    if (r < 0) {
        errno = -r;
        return err_sys(e, "making a system call filter");
    }
    return filter_export(filter, ret, e);
}

int fence_filter_load(const struct fence_filter *filter, struct err *e)
{
    const struct sock_fprog program = {.len = (unsigned short)filter->count,
                                       .filter = filter->code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0
               ? err_sys(e, "loading the system call filter")
               : 0;
}

/* --- limits --------------------------------------------------------------------------------- */

/* CORE is 1, not 0: for 0 too the kernel would run a piped core_pattern, as root. */
int fence_limits(unsigned descriptors, size_t data_bytes, struct err *e)
{
    const struct {
        __rlimit_resource_t resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_NOFILE, descriptors},
        {RLIMIT_DATA, data_bytes},
        {RLIMIT_NPROC, 0},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_CORE, 1},
        {RLIMIT_MEMLOCK, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        const struct rlimit limit = {limits[i].value, limits[i].value};
        if (setrlimit(limits[i].resource, &limit) < 0) {
            return err_sys(e, "setting resource limit %d", (int)limits[i].resource);
        }
    }
    return 0;
}
