/*
 * threat: B5
 * defence: init has another id; the filter refuses these calls for PID 1
 * tries: starve init: limits, priorities, processors, by its number, its group, its user
 * must: refused
 * off: filter+two-ids+dumpable+caps+landlock filter-arguments+two-ids+dumpable+caps+landlock
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    struct rlimit limit = {64, 64};
    struct sched_param idle = {0};
    struct {
        unsigned size, policy;
        unsigned long flags;
        int nice;
        unsigned priority;
        unsigned long runtime, deadline, period;
    } attr = {.size = 48, .policy = SCHED_IDLE};
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    tell("prlimit NOFILE", prlimit(1, RLIMIT_NOFILE, &limit, 0));
    tell("prlimit NPROC", prlimit(1, RLIMIT_NPROC, &limit, 0));
    tell("prlimit, to read", prlimit(1, RLIMIT_NOFILE, 0, &limit));
    tell("setpriority", setpriority(PRIO_PROCESS, 1, 19));
    tell("setpriority of its group", setpriority(PRIO_PGRP, 1, 19));
    tell("setpriority of its user", setpriority(PRIO_USER, 999, 19));
    tell("ioprio_set", syscall(SYS_ioprio_set, 1, 1, 3 << 13));
    tell("ioprio_set of its group", syscall(SYS_ioprio_set, 2, 1, 3 << 13));
    tell("ioprio_set of its user", syscall(SYS_ioprio_set, 3, 999, 3 << 13));
    tell("affinity", sched_setaffinity(1, sizeof(first), &first));
    tell("scheduler", sched_setscheduler(1, SCHED_IDLE, &idle));
    tell("parameters", sched_setparam(1, &idle));
    tell("attributes", syscall(SYS_sched_setattr, 1, &attr, 0));
    /* The kernel takes the low half of an argument for an int. */
    tell("prlimit with high bits", syscall(SYS_prlimit64, 0x100000001L, RLIMIT_NOFILE, &limit, 0));
    tell("affinity with high bits",
         syscall(SYS_sched_setaffinity, 0x100000001L, sizeof(first), &first));
    tell("priority with high bits", syscall(SYS_setpriority, 0, 0x100000001L, 19));
    tell("migrate_pages", syscall(SYS_migrate_pages, 1, 64, &first, &first));
    tell("move_pages", syscall(SYS_move_pages, 1, 0, 0, 0, 0, 0));
    puts("held");
    return 0;
}
