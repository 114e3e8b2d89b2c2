/*
 * threat: C3
 * defence: CPU limit of the box
 * tries: let a daemon burn CPU while the parent waits
 * must: its CPU counts
 * needs: CPU time of a box
 * expect: {"verdict": "time_limit"}
 * request: {"limits": {"cpu_ms": 400}}
 */
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (;;) {
                __asm__ volatile("");
            }
        }
        _exit(0);
    }
    for (;;) {
        pause();
    }
}
