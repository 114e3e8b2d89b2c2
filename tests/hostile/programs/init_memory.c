/*
 * threat: B5
 * defence: init has another id, cannot be dumped, has no capabilities that the program has not
 * tries: read and write init: its memory, its descriptors, its registers, its files of /proc
 * must: refused
 * off: two-ids+dumpable+caps+landlock+filter+proc-hide
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    static const char *const files[] = {
        "mem",
        "maps",
        "smaps",
        "auxv",
        "environ",
        "syscall",
        "stack",
        "pagemap",
        "wchan",
        "io",
        "personality",
        "timers",
        "fd/3",
        "fd/4",
        "fdinfo/3",
        "map_files",
        "root/etc",
        "cwd/.",
        "exe",
        "ns/pid",
        "ns/user",
        "oom_score_adj",
        "uid_map",
        "setgroups",
        "timens_offsets",
        "clear_refs",
        "coredump_filter",
        "comm",
        "attr/current",
        "sched",
        "autogroup",
        "timerslack_ns",
        "task/1/mem",
        "limits",
    };
    char path[64], byte = 0;
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "/proc/1/%s", files[i]);
        int fd = open(path, O_RDWR);
        fd = fd >= 0 ? fd : open(path, O_WRONLY);
        fd = fd >= 0 ? fd : open(path, O_RDONLY);
        tell(path, fd < 0 ? -1 : 0);
    }
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    tell("process_vm_readv", process_vm_readv(1, &here, 1, &there, 1, 0));
    tell("process_vm_writev", process_vm_writev(1, &here, 1, &there, 1, 0));
    tell("attach", ptrace(PTRACE_ATTACH, 1, 0, 0));
    tell("seize", ptrace(PTRACE_SEIZE, 1, 0, 0));
    long pidfd = syscall(SYS_pidfd_open, 1, 0);
    tell("pidfd_open", pidfd);
    for (int fd = 0; fd < 8 && pidfd >= 0; fd++) {
        tell("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, fd, 0));
    }
    tell("pidfd_open with high bits", syscall(SYS_pidfd_open, 0x100000001L, 0));
    tell("kcmp", syscall(SYS_kcmp, 1, getpid(), 1, 0, 0));
    tell("process_madvise", syscall(SYS_process_madvise, pidfd, &there, 1, 20, 0));
    void *head;
    size_t len;
    tell("get_robust_list", syscall(SYS_get_robust_list, 1, &head, &len));
    puts("held");
    return 0;
}
