/*
 * threat: B6
 * defence: the filter refuses every way into another process's memory
 * tries: its own child's memory and descriptors: process_vm, pidfd_getfd, kcmp, madvise, /proc/PID/mem
 * must: the calls are refused; only /proc/PID/mem of its own child is its own business
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    char byte = 1;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    long pidfd = syscall(SYS_pidfd_open, child, 0);
    tell("readv", process_vm_readv(child, &here, 1, &there, 1, 0));
    tell("writev", process_vm_writev(child, &here, 1, &there, 1, 0));
    tell("getfd", syscall(SYS_pidfd_getfd, pidfd, 0, 0));
    tell("kcmp", syscall(SYS_kcmp, getpid(), child, 1, 0, 0));
    tell("madvise", syscall(SYS_process_madvise, pidfd, &there, 1, 20, 0));
    kill(child, SIGKILL);
    wait(0);
    puts("held");
    return 0;
}
