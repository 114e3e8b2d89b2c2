/*
 * threat: B1
 * defence: limit of processes
 * tries: every way to make a task: fork, vfork, clone with shared memory, threads
 * must: all of them count, together
 * shows: more than three hundred tasks
 * needs: process limit
 * off: processes
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#define MOST  300
#define STACK 16384
static int idle(void *arg)
{
    (void)arg;
    for (;;) {
        pause();
    }
}
static long task(int kind)
{
    static const int flags[] = {
        SIGCHLD,
        CLONE_VM | SIGCHLD,
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
        CLONE_PARENT | SIGCHLD,
        CLONE_FILES | CLONE_FS | CLONE_IO | SIGCHLD,
    };
    char *stack = mmap(0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return clone(idle, stack + STACK, flags[kind % 5], 0);
}
int main(void)
{
    int n = 0;
    for (int failed = 0; n < MOST && failed < 5;) {
        if (task(n + failed) < 0) {
            failed++;
        } else {
            n++;
        }
    }
    printf("%s: %d tasks\n", n == MOST ? "LEAK" : "held", n);
    fflush(stdout);
    _exit(0);
}
