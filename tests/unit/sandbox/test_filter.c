/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict of the real kernel on each call, and none of the calls is made: below the filter of a
 * box lies one that answers everything with TAKEN.  Of two filters the kernel takes the harsher
 * action, and of two errnos that of the filter that was loaded last: TAKEN is what was let through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../box/filter_load.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "sandbox/filter.h"
#include "sandbox/filter_list.h"

#define TAKEN      999
#define NUMBERS    1024
#define PROBES_MAX 1024
#define X32        0x40000000L

struct probe {
    long number;
    long a[4];
    int expected;
};

/* The shared page that the child writes its answers to. */
struct answers {
    int loaded;
    int given[PROBES_MAX];
};

struct fixture {
    int filter;
    struct answers *answers;
};

static int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    struct err e = {0};
    if (filter_build(0, &f->filter, &e) < 0) {
        fail_msg("%s", e.text);
    }
    f->answers =
        mmap(NULL, sizeof(*f->answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(f->answers, MAP_FAILED);
    *state = f;
    return 0;
}

static int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    munmap(f->answers, sizeof(*f->answers));
    fd_close(f->filter);
    free(f);
    return 0;
}

static int take_all_load(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | TAKEN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -1;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -1;
}

static _Noreturn void probe_child(const struct fixture *f, const struct probe *probes, size_t count)
{
    if (take_all_load() == 0 && filter_load(f->filter) == 0) {
        f->answers->loaded = 1;
        for (size_t i = 0; i < count; i++) {
            const struct probe *p = &probes[i];
            long r = syscall(p->number, p->a[0], p->a[1], p->a[2], p->a[3], 0L, 0L);
            f->answers->given[i] = r == -1 ? errno : 0;
        }
    }
    syscall(SYS_exit_group, 0);
    abort();
}

static void probes_run(const struct fixture *f, const struct probe *probes, size_t count)
{
    assert_true(count <= PROBES_MAX);
    memset(f->answers, 0, sizeof(*f->answers));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        probe_child(f, probes, count);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(f->answers->loaded, 1);
}

static const char *answer_name(int answer)
{
    return answer == TAKEN ? "let through" : answer == 0 ? "made" : strerrorname_np(answer);
}

static void probes_check(const struct fixture *f, const struct probe *probes, size_t count)
{
    probes_run(f, probes, count);
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const struct probe *p = &probes[i];
        if (f->answers->given[i] != p->expected) {
            wrong++;
            print_error("call %ld (%#lx, %#lx, %#lx): %s, expected: %s\n", p->number, p->a[0],
                        p->a[1], p->a[2], answer_name(f->answers->given[i]),
                        answer_name(p->expected));
        }
    }
    assert_int_equal(wrong, 0);
}

#define PROBES_CHECK(f, ...)                                                                       \
    do {                                                                                           \
        const struct probe probes_[] = {__VA_ARGS__};                                              \
        probes_check(f, probes_, ARRAY_LEN(probes_));                                              \
    } while (0)

static void test_everyday_calls_are_let_through(void **state)
{
    PROBES_CHECK(*state, {SYS_read, {0}, TAKEN}, {SYS_openat, {0}, TAKEN}, {SYS_mmap, {0}, TAKEN},
                 {SYS_futex, {0}, TAKEN}, {SYS_execve, {0}, TAKEN}, {SYS_execveat, {0}, TAKEN},
                 {SYS_wait4, {0}, TAKEN}, {SYS_rseq, {0}, TAKEN}, {SYS_getrandom, {0}, TAKEN},
                 {SYS_epoll_pwait2, {0}, TAKEN}, {SYS_memfd_create, {0}, TAKEN},
                 {SYS_copy_file_range, {0}, TAKEN}, {SYS_statx, {0}, TAKEN},
                 {SYS_membarrier, {0}, TAKEN}, {452 /* fchmodat2 */, {0}, TAKEN});
}

static void test_what_init_needs_is_let_through(void **state)
{
    PROBES_CHECK(*state, {SYS_clone, {CLONE_VFORK | CLONE_PIDFD | SIGCHLD}, TAKEN},
                 {SYS_kill, {-1, SIGKILL}, TAKEN}, {SYS_setresuid, {0}, TAKEN},
                 {SYS_setresgid, {0}, TAKEN}, {SYS_setgroups, {0}, TAKEN}, {SYS_capset, {0}, TAKEN},
                 {SYS_landlock_create_ruleset, {0}, TAKEN}, {SYS_landlock_add_rule, {0}, TAKEN},
                 {SYS_landlock_restrict_self, {0}, TAKEN}, {SYS_openat2, {0}, TAKEN},
                 {SYS_pipe2, {0}, TAKEN}, {SYS_ioctl, {0, TIOCSPTLCK}, TAKEN},
                 {SYS_ioctl, {0, TIOCSCTTY}, TAKEN}, {SYS_ioctl, {0, TIOCSWINSZ}, TAKEN},
                 {SYS_sendmsg, {0}, TAKEN}, {SYS_recvmsg, {0}, TAKEN}, {SYS_splice, {0}, TAKEN},
                 {SYS_close_range, {0}, TAKEN}, {SYS_prlimit64, {0}, TAKEN},
                 {SYS_setsid, {0}, TAKEN});
}

static void test_reach_beyond_the_box_is_refused(void **state)
{
    PROBES_CHECK(
        *state, {SYS_mount, {0}, EPERM}, {SYS_umount2, {0}, EPERM}, {SYS_unshare, {0}, EPERM},
        {SYS_setns, {0}, EPERM}, {SYS_pivot_root, {0}, EPERM}, {SYS_chroot, {0}, EPERM},
        {SYS_fsopen, {0}, EPERM}, {SYS_open_tree, {0}, EPERM}, {SYS_move_mount, {0}, EPERM},
        {SYS_mount_setattr, {0}, EPERM}, {SYS_bpf, {0}, EPERM}, {SYS_perf_event_open, {0}, EPERM},
        {SYS_userfaultfd, {0}, EPERM}, {SYS_userfaultfd, {1}, EPERM}, {SYS_ptrace, {0}, EPERM},
        {SYS_process_vm_readv, {0}, EPERM}, {SYS_process_vm_writev, {0}, EPERM},
        {SYS_process_madvise, {0}, EPERM}, {SYS_pidfd_getfd, {0}, EPERM}, {SYS_kcmp, {0}, EPERM},
        {SYS_open_by_handle_at, {0}, EPERM}, {SYS_name_to_handle_at, {0}, EPERM},
        {SYS_fanotify_init, {0}, EPERM}, {SYS_init_module, {0}, EPERM},
        {SYS_finit_module, {0}, EPERM}, {SYS_kexec_load, {0}, EPERM}, {SYS_reboot, {0}, EPERM},
        {SYS_syslog, {0}, EPERM}, {SYS_clock_settime, {0}, EPERM}, {SYS_settimeofday, {0}, EPERM},
        {SYS_adjtimex, {0}, EPERM}, {SYS_sethostname, {0}, EPERM}, {SYS_swapon, {0}, EPERM},
        {SYS_quotactl, {0}, EPERM}, {SYS_acct, {0}, EPERM}, {447 /* memfd_secret */, {0}, EPERM},
        {451 /* cachestat */, {0}, EPERM}, {457 /* statmount */, {0}, EPERM});
}

static void test_what_has_a_fallback_is_absent(void **state)
{
    PROBES_CHECK(*state, {SYS_clone3, {0}, ENOSYS}, {SYS_io_uring_setup, {1}, ENOSYS},
                 {SYS_io_uring_enter, {0}, ENOSYS}, {SYS_io_uring_register, {0}, ENOSYS},
                 {SYS_keyctl, {0}, ENOSYS}, {SYS_add_key, {0}, ENOSYS},
                 {SYS_request_key, {0}, ENOSYS});
}

static void test_clone_with_a_new_namespace_is_refused(void **state)
{
    PROBES_CHECK(
        *state, {SYS_clone, {CLONE_NEWUSER | SIGCHLD}, EPERM},
        {SYS_clone, {CLONE_NEWNS | SIGCHLD}, EPERM}, {SYS_clone, {CLONE_NEWPID | SIGCHLD}, EPERM},
        {SYS_clone, {CLONE_NEWNET | SIGCHLD}, EPERM}, {SYS_clone, {CLONE_NEWIPC | SIGCHLD}, EPERM},
        {SYS_clone, {CLONE_NEWUTS | SIGCHLD}, EPERM},
        {SYS_clone, {CLONE_NEWCGROUP | SIGCHLD}, EPERM},
        {SYS_clone, {CLONE_NEWUSER | CLONE_NEWNS | CLONE_VM}, EPERM}, {SYS_clone, {SIGCHLD}, TAKEN},
        {SYS_clone, {CLONE_VM | CLONE_THREAD}, TAKEN});
}

/* Every family that there is and some that there is not, with every type: only these are let
 * through. */
static bool socket_is_plain(long family, long type)
{
    switch (family) {
    case AF_UNIX:
        return true;
    case AF_INET:
    case AF_INET6:
        return type == SOCK_STREAM || type == SOCK_DGRAM;
    default:
        return false;
    }
}

static void test_socket_families_are_an_allow_list(void **state)
{
    struct probe probes[PROBES_MAX];
    size_t count = 0;
    for (long family = 0; family < 64; family++) {
        for (long type = 0; type < 12; type++) {
            int expected = socket_is_plain(family, type) ? TAKEN : EPERM;
            probes[count++] = (struct probe){SYS_socket, {family, type | SOCK_CLOEXEC}, expected};
        }
    }
    probes_check(*state, probes, count);
}

static void test_socket_protocols_are_the_plain_ones(void **state)
{
    const long stream = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    PROBES_CHECK(*state, {SYS_socket, {AF_INET, stream, IPPROTO_TCP}, TAKEN},
                 {SYS_socket, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP}, TAKEN},
                 {SYS_socket, {AF_INET, stream, IPPROTO_SCTP}, EPERM},
                 {SYS_socket, {AF_INET6, stream, 262 /* MPTCP */}, EPERM},
                 {SYS_socket, {AF_INET, stream, 256 /* SMC */}, EPERM},
                 {SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, EPERM},
                 {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, EPERM},
                 {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, EPERM},
                 {SYS_socket, {AF_NETLINK, SOCK_DGRAM, NETLINK_XFRM}, EPERM});
}

static void test_socket_family_is_what_the_kernel_sees(void **state)
{
    PROBES_CHECK(*state, {SYS_socket, {0x100000000L | 38 /* ALG */, SOCK_SEQPACKET}, EPERM},
                 {SYS_socket, {0x100000000L | AF_UNIX, SOCK_STREAM}, TAKEN},
                 {SYS_socket, {-1, SOCK_STREAM}, EPERM});
}

static void test_socketpair_is_unix_only(void **state)
{
    PROBES_CHECK(*state, {SYS_socketpair, {AF_UNIX, SOCK_STREAM}, TAKEN},
                 {SYS_socketpair, {30 /* TIPC */, SOCK_STREAM}, EPERM},
                 {SYS_socketpair, {AF_INET, SOCK_STREAM}, EPERM});
}

static void test_terminal_input_is_refused_whatever_the_high_bits(void **state)
{
    PROBES_CHECK(
        *state, {SYS_ioctl, {0, TIOCSTI}, EPERM}, {SYS_ioctl, {0, 0x100000000L | TIOCSTI}, EPERM},
        {SYS_ioctl, {0, (long)0xffffffff00000000UL | TIOCSTI}, EPERM},
        {SYS_ioctl, {0, TIOCLINUX}, EPERM}, {SYS_ioctl, {0, 0x500000000L | TIOCLINUX}, EPERM},
        {SYS_ioctl, {0, TIOCSETD}, EPERM}, {SYS_ioctl, {0, TCGETS}, TAKEN},
        {SYS_ioctl, {0, FIONREAD}, TAKEN});
}

static void test_what_no_limit_of_a_box_counts_is_refused(void **state)
{
    const long flags = MAP_PRIVATE | MAP_ANONYMOUS;
    PROBES_CHECK(*state, {SYS_mmap, {0, 4096, 0, flags | MAP_HUGETLB}, EPERM},
                 {SYS_mmap, {0, 0, 0, flags}, TAKEN}, {SYS_memfd_create, {0, MFD_HUGETLB}, EPERM},
                 {SYS_memfd_create, {0, MFD_CLOEXEC}, TAKEN},
                 {SYS_shmget, {0, 4096, IPC_CREAT | SHM_HUGETLB}, EPERM},
                 {SYS_fadvise64, {-1, 0, 0, POSIX_FADV_DONTNEED}, EPERM},
                 {SYS_fadvise64, {-1, 0, 0, POSIX_FADV_SEQUENTIAL}, TAKEN},
                 {SYS_setsockopt, {0, SOL_SOCKET, SO_ATTACH_FILTER}, EPERM},
                 {SYS_setsockopt, {0, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF}, EPERM},
                 {SYS_io_setup, {1, 0}, ENOSYS});
}

static void test_socket_options_refuse_tls_and_multicast(void **state)
{
    PROBES_CHECK(*state, {SYS_setsockopt, {0, SOL_TCP, TCP_ULP}, EPERM},
                 {SYS_setsockopt, {0, 0x100000000L | SOL_TCP, TCP_ULP}, EPERM},
                 {SYS_setsockopt, {0, SOL_IP, IP_ADD_MEMBERSHIP}, EPERM},
                 {SYS_setsockopt, {0, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP}, EPERM},
                 {SYS_setsockopt, {0, SOL_IP, MCAST_JOIN_GROUP}, EPERM},
                 {SYS_setsockopt, {0, SOL_IP, MCAST_MSFILTER}, EPERM},
                 {SYS_setsockopt, {0, SOL_IPV6, IPV6_ADD_MEMBERSHIP}, EPERM},
                 {SYS_setsockopt, {0, SOL_IPV6, MCAST_JOIN_SOURCE_GROUP}, EPERM},
                 {SYS_setsockopt, {0, SOL_TCP, TCP_NODELAY}, TAKEN},
                 {SYS_setsockopt, {0, SOL_SOCKET, SO_REUSEADDR}, TAKEN},
                 {SYS_setsockopt, {0, SOL_IPV6, IPV6_V6ONLY}, TAKEN},
                 {SYS_setsockopt, {0, SOL_SOCKET, TCP_ULP}, TAKEN});
}

static void test_pid_1_is_out_of_reach(void **state)
{
    PROBES_CHECK(*state, {SYS_prlimit64, {1, RLIMIT_NOFILE}, EPERM},
                 {SYS_prlimit64, {0x100000001L, RLIMIT_NOFILE}, EPERM},
                 {SYS_prlimit64, {2, RLIMIT_NOFILE}, TAKEN}, {SYS_sched_setaffinity, {1}, EPERM},
                 {SYS_sched_setaffinity, {0}, TAKEN}, {SYS_sched_setscheduler, {1}, EPERM},
                 {SYS_sched_setparam, {1}, EPERM}, {SYS_sched_setattr, {1}, EPERM},
                 {SYS_setpriority, {PRIO_PROCESS, 1, 19}, EPERM},
                 {SYS_setpriority, {PRIO_PROCESS, 0, 19}, TAKEN},
                 {SYS_ioprio_set, {1 /* IOPRIO_WHO_PROCESS */, 1}, EPERM},
                 {SYS_pidfd_open, {1}, EPERM}, {SYS_pidfd_open, {5}, TAKEN});
}

static void test_personality_is_the_default_or_without_randomisation(void **state)
{
    PROBES_CHECK(*state, {SYS_personality, {0}, TAKEN}, {SYS_personality, {0x40000}, TAKEN},
                 {SYS_personality, {0xffffffffL}, TAKEN}, {SYS_personality, {-1}, TAKEN},
                 {SYS_personality, {0x400000 /* READ_IMPLIES_EXEC */}, EPERM},
                 {SYS_personality, {8 /* PER_LINUX32 */}, EPERM});
}

static void test_device_nodes_are_refused(void **state)
{
    PROBES_CHECK(*state, {SYS_mknodat, {AT_FDCWD, 0, S_IFCHR | 0600}, EPERM},
                 {SYS_mknodat, {AT_FDCWD, 0, S_IFBLK | 0600}, EPERM},
                 {SYS_mknodat, {AT_FDCWD, 0, S_IFIFO | 0600}, TAKEN},
                 {SYS_mknodat, {AT_FDCWD, 0, S_IFSOCK | 0600}, TAKEN},
                 {SYS_mknodat, {AT_FDCWD, 0, 0600}, TAKEN});
}

static void test_pipe_size_and_memory_map_are_refused(void **state)
{
    PROBES_CHECK(*state, {SYS_fcntl, {0, F_SETPIPE_SZ, 1 << 20}, EPERM},
                 {SYS_fcntl, {0, F_GETPIPE_SZ}, TAKEN}, {SYS_fcntl, {0, F_SETLK}, TAKEN},
                 {SYS_prctl, {PR_SET_MM, PR_SET_MM_EXE_FILE}, EPERM});
}

static void test_unknown_numbers_are_absent(void **state)
{
    static const long unknown[] = {500, 511, 600, 1023, 4096, 0x3fffffff, -1};
    struct probe probes[ARRAY_LEN(unknown)];
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        probes[i] = (struct probe){unknown[i], {0}, ENOSYS};
    }
    probes_check(*state, probes, ARRAY_LEN(unknown));
}

#if defined(__x86_64__)
static pid_t killed_child(const struct fixture *f, long number, bool int80)
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    if (filter_load(f->filter) < 0) {
        _exit(1);
    }
    if (int80) {
        long result = 0;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
    } else {
        syscall(number);
    }
    _exit(0);
}

static void test_foreign_calls_end_the_process(void **state)
{
    static const struct {
        long number;
        bool int80;
    } foreign[] = {
        {20 /* getpid of i386 */, true},
        {102 /* socketcall */, true},
        {X32 | SYS_getpid, false},
        {X32 | SYS_openat, false},
        {X32 | 520 /* execve of x32 */, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        pid_t pid = killed_child(*state, foreign[i].number, foreign[i].int80);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}
#else
static void test_foreign_calls_end_the_process(void **state)
{
    (void)state;
    print_message("skipped: only x86-64 has two more ways into the kernel\n");
    skip();
}
#endif

enum kind { ALLOW, PASS, REFUSE, ABSENT };

static const struct listed {
    const char *name;
    int number;
    enum kind kind;
} listed[] = {
#define ALLOW(name)               {#name, -1, ALLOW},
#define PASS(name)                {#name, -1, PASS},
#define REFUSE(name)              {#name, -1, REFUSE},
#define ABSENT(name)              {#name, -1, ABSENT},
#define NEWER(number, name, kind) {#name, number, kind},
#include "sandbox/syscalls.def"
#undef ALLOW
#undef PASS
#undef REFUSE
#undef ABSENT
#undef NEWER
};

/* The filter skips a name that the architecture lacks, so it would skip a misspelt one too. */
static void test_every_name_of_the_list_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
        if (listed[i].number < 0 &&
            seccomp_syscall_resolve_name(listed[i].name) == __NR_SCMP_ERROR) {
            fail_msg("libseccomp knows no '%s'", listed[i].name);
        }
    }
}

/*
 * What probe_child itself runs on, and (on x86-64) uretprobe and uprobe, which no filter sees and
 * which end whoever calls them outside a probe.
 */
static bool is_below_the_filter(long number)
{
    return number == 335 || number == 336 || number == SYS_exit_group || number == SYS_prctl ||
           number == SYS_seccomp || number == SYS_pread64;
}

static void test_every_number_has_the_verdict_of_the_list(void **state)
{
    static const int verdicts[] = {[ALLOW] = TAKEN, [REFUSE] = EPERM, [ABSENT] = ENOSYS};
    struct probe probes[NUMBERS];
    for (long i = 0; i < NUMBERS; i++) {
        probes[i] = (struct probe){is_below_the_filter(i) ? NUMBERS : i, {0}, ENOSYS};
    }
    for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
        const struct listed *l = &listed[i];
        int number = l->number >= 0 ? l->number : seccomp_syscall_resolve_name(l->name);
        if (number < 0) {
            continue;
        }
        assert_true(number < NUMBERS);
        bool skipped = l->kind == PASS || is_below_the_filter(number);
        /* An unknown number stands in for what is skipped. */
        probes[number] = skipped ? (struct probe){NUMBERS, {0}, ENOSYS}
                                 : (struct probe){number, {0}, verdicts[l->kind]};
    }
    probes_check(*state, probes, ARRAY_LEN(probes));
}

static void test_memfd_is_sealed(void **state)
{
    const struct fixture *f = *state;
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    assert_int_equal(fcntl(f->filter, F_GET_SEALS) & seals, seals);
    struct stat st;
    assert_int_equal(fstat(f->filter, &st), 0);
    assert_true(st.st_size > 0);
    assert_int_equal((size_t)st.st_size % sizeof(struct sock_filter), 0);
}

static void test_list_joins_neighbours_with_one_action(void **state)
{
    (void)state;
    struct filter_call many[100], one[] = {{50, SCMP_ACT_ALLOW}};
    for (uint32_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = (struct filter_call){99 - i, SCMP_ACT_ALLOW};
    }
    AUTO(buf_done) struct buf of_many = {0};
    AUTO(buf_done) struct buf of_one = {0};
    struct err e = {0};
    const uint32_t none = SCMP_ACT_ERRNO(ENOSYS);
    assert_int_equal(
        filter_list_bytes(many, ARRAY_LEN(many), none, SCMP_ACT_KILL_PROCESS, &of_many, &e), 0);
    assert_int_equal(filter_list_bytes(one, 1, none, SCMP_ACT_KILL_PROCESS, &of_one, &e), 0);
    /* From 0 on and up to 100: one decision less than around a number in the middle. */
    assert_int_equal(of_many.len + sizeof(struct sock_filter), of_one.len);
}

static void test_list_that_no_jump_can_cross_is_refused(void **state)
{
    (void)state;
    struct filter_call every_second[300];
    for (uint32_t i = 0; i < ARRAY_LEN(every_second); i++) {
        every_second[i] = (struct filter_call){2 * i, SCMP_ACT_ALLOW};
    }
    AUTO(buf_done) struct buf code = {0};
    struct err e = {0};
    assert_int_equal(filter_list_bytes(every_second, ARRAY_LEN(every_second), SCMP_ACT_ERRNO(1),
                                       SCMP_ACT_KILL_PROCESS, &code, &e),
                     -ERR_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everyday_calls_are_let_through),
        cmocka_unit_test(test_what_init_needs_is_let_through),
        cmocka_unit_test(test_reach_beyond_the_box_is_refused),
        cmocka_unit_test(test_what_has_a_fallback_is_absent),
        cmocka_unit_test(test_clone_with_a_new_namespace_is_refused),
        cmocka_unit_test(test_socket_families_are_an_allow_list),
        cmocka_unit_test(test_socket_protocols_are_the_plain_ones),
        cmocka_unit_test(test_socket_family_is_what_the_kernel_sees),
        cmocka_unit_test(test_socketpair_is_unix_only),
        cmocka_unit_test(test_terminal_input_is_refused_whatever_the_high_bits),
        cmocka_unit_test(test_what_no_limit_of_a_box_counts_is_refused),
        cmocka_unit_test(test_socket_options_refuse_tls_and_multicast),
        cmocka_unit_test(test_pid_1_is_out_of_reach),
        cmocka_unit_test(test_personality_is_the_default_or_without_randomisation),
        cmocka_unit_test(test_device_nodes_are_refused),
        cmocka_unit_test(test_pipe_size_and_memory_map_are_refused),
        cmocka_unit_test(test_unknown_numbers_are_absent),
        cmocka_unit_test(test_foreign_calls_end_the_process),
        cmocka_unit_test(test_every_name_of_the_list_is_known),
        cmocka_unit_test(test_every_number_has_the_verdict_of_the_list),
        cmocka_unit_test(test_memfd_is_sealed),
        cmocka_unit_test(test_list_joins_neighbours_with_one_action),
        cmocka_unit_test(test_list_that_no_jump_can_cross_is_refused),
    };
    return cmocka_run_group_tests_name("filter", tests, fixture_set_up, fixture_tear_down);
}
