/*
 * tries: let a daemon burn CPU while the parent waits
 * must: its CPU counts
 * needs: CPU time of a box
 * expect: {"status": "TO", "message": "Time limit exceeded"}
 * request: {"run_cpu_time": 400}
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
