/*
 * threat: C3
 * defence: CPU limit of the box
 * tries: let a daemon burn CPU while the parent waits
 * must: its CPU counts
 * needs: CPU time of a box
 * expect: {"verdict": "time_limit", "lacks": "LEAK"}
 * request: {"limits": {"cpu_ms": 400}}
 * off: cpu-time
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            while (clock() < 3 * CLOCKS_PER_SEC / 2) {
            }
            puts("LEAK: 1.5 s of CPU time with a limit of 0.4");
            fflush(stdout);
        }
        _exit(0);
    }
    for (;;) {
        pause();
    }
}
