/*
 * threat: B7
 * defence: RLIMIT_SIGPENDING of the box's own id
 * tries: a hundred thousand timers and queued signals, in many processes
 * must: EAGAIN at the limit, for all its processes together
 * shows: more than ten thousand
 * off: rlimits
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define MOST 20000
static int make_timers(int most)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    timer_t timer;
    int n = 0;
    while (n < most && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) {
        n++;
    }
    return n;
}
static int queue_signals(int most)
{
    int n = 0;
    while (n < most && sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = n}) == 0) {
        n++;
    }
    return n;
}
int main(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    int p[2], total = 0;
    if (pipe(p) < 0) {
        return 1;
    }
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            int n = make_timers(MOST / 16) + queue_signals(MOST / 16);
            if (write(p[1], &n, sizeof(n)) != sizeof(n)) {
                _exit(1);
            }
            sleep(5); /* it keeps them until all have tried */
            _exit(0);
        }
    }
    for (int i = 0, n; i < 8 && read(p[0], &n, sizeof(n)) == sizeof(n); i++) {
        total += n;
    }
    printf("%s: %d\n", total > MOST / 2 ? "LEAK" : "held", total);
    return 0;
}
