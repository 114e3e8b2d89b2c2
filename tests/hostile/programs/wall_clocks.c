/*
 * threat: C4
 * defence: wall time is measured outside the box
 * tries: be stopped, continued, traced and frozen, with timers of its own pending, to stop the clock
 * must: the wall limit holds, stopped or not
 * request: {"limits": {"wall_ms": 600}}
 * expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
 * off: wall-time
 */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>
int main(void)
{
    pid_t parent = getpid();
    struct itimerval often = {{0, 1000}, {0, 1000}};
    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &often, 0);
    if (fork() == 0) {
        setsid();
        for (int i = 0; i < 25; i++) {
            kill(parent, SIGSTOP);
            usleep(80000);
            kill(parent, SIGCONT);
        }
        _exit(0);
    }
    for (int i = 0; i < 40; i++) {
        usleep(50000);
    }
    puts("LEAK: it lived for 2 s");
    return 0;
}
