/*
 * threat: C3
 * defence: CPU limit of the box, children included
 * tries: burn CPU in children that live less than a tick of the clock, and are gone at once
 * must: all of it counts
 * needs: CPU time of a box
 * request: {"limits": {"cpu_ms": 300, "wall_ms": 20000}}
 * expect: {"verdict": "time_limit", "lacks": "LEAK"}
 * off: cpu-time
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
int main(void)
{
    signal(SIGCHLD, SIG_IGN); /* nobody waits for them: no parent sums them up */
    double burnt = 0;
    while (burnt < 0.9) {
        pid_t child = vfork();
        if (child == 0) {
            double begin = now(CLOCK_MONOTONIC);
            while (now(CLOCK_MONOTONIC) - begin < 0.002) {
            }
            _exit(0);
        }
        burnt += child > 0 ? 0.002 : 0;
    }
    puts("LEAK: 900 ms were burnt in children");
    return 0;
}
