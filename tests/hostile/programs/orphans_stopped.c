/*
 * threat: B2
 * defence: SIGKILL ends what is stopped, waits in vfork or is being created
 * tries: leave processes in states in which signals are not taken: stopped, in vfork, dead leaders
 * must: the answer comes at once
 * request: {"limits": {"wall_ms": 30000}}
 * expect: {"verdict": "ok", "stdout": "held\n"}
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *stay(void *arg)
{
    for (;;) {
        pause();
    }
    return arg;
}
int main(void)
{
    puts("held");
    fflush(stdout);
    for (int i = 0; i < 12; i++) {
        if (fork() != 0) {
            continue;
        }
        setsid();
        pthread_t t;
        if (i % 3 == 0) {
            raise(SIGSTOP);
        } else if (i % 3 == 1) {
            pthread_create(&t, 0, stay, 0);
            syscall(SYS_exit, 0); /* a leader that is dead while its thread goes on */
        } else if (vfork() == 0) {
            syscall(SYS_pause);
        }
        _exit(0);
    }
    usleep(50000);
    return 0;
}
