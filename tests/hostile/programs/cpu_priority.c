/*
 * threat: C3
 * defence: RLIMIT_NICE and RLIMIT_RTPRIO are 0; no capabilities
 * tries: run before all others: nice, real time, deadline, I/O classes, core scheduling of others
 * must: refused
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
struct attributes {
    unsigned size, policy;
    unsigned long flags;
    int nice;
    unsigned priority;
    unsigned long runtime, deadline, period;
};
int main(void)
{
    struct sched_param high = {.sched_priority = 1};
    if (setpriority(PRIO_PROCESS, 0, -20) == 0) {
        puts("LEAK: nice -20");
    }
    errno = 0;
    if (nice(-1) != -1 || errno != EPERM) {
        puts("LEAK: nice -1");
    }
    if (sched_setscheduler(0, SCHED_FIFO, &high) == 0 ||
        sched_setscheduler(0, SCHED_RR, &high) == 0) {
        puts("LEAK: real time");
    }
    struct attributes deadline = {.size = sizeof(deadline), .policy = 6, .runtime = 10000000};
    deadline.deadline = deadline.period = 20000000;
    if (syscall(SYS_sched_setattr, 0, &deadline, 0) == 0) {
        puts("LEAK: deadline");
    }
    if (syscall(SYS_ioprio_set, 1, 0, 1 << 13) == 0) {
        puts("LEAK: real time of disks");
    }
    struct rlimit more = {100, 100};
    if (setrlimit(RLIMIT_RTPRIO, &more) == 0 || setrlimit(RLIMIT_NICE, &more) == 0) {
        puts("LEAK: a higher limit");
    }
    puts("held");
    return 0;
}
