/*
 * threat: B5
 * defence: another id, not dumpable, filter
 * tries: tamper with PID 1 of the box: memory, limits, scheduling, descriptors
 * must: refused
 * off: filter+two-ids+dumpable+caps+landlock filter-arguments+two-ids+dumpable+caps+landlock
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    printf("%s: %s\n", r >= 0 ? "LEAK" : "held", what);
}
int main(void)
{
    struct rlimit none = {64, 64};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    tell("mem", open("/proc/1/mem", O_RDWR));
    tell("maps", open("/proc/1/maps", O_RDONLY));
    tell("ptrace", ptrace(PTRACE_SEIZE, 1, 0, 0));
    tell("prlimit", prlimit(1, RLIMIT_NOFILE, &none, 0));
    tell("setpriority", setpriority(PRIO_PROCESS, 1, 19));
    tell("affinity", sched_setaffinity(1, sizeof(set), &set));
    tell("ioprio", syscall(SYS_ioprio_set, 1, 1, 0));
    tell("pidfd", syscall(SYS_pidfd_open, 1, 0));
    tell("exe", open("/proc/1/exe", O_WRONLY));
    tell("root", open("/proc/1/root/etc", O_RDONLY));
    return 0;
}
