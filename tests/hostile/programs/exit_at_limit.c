/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: exit with 0 when a limit is just reached, from a handler of what is left of it
 * must: SIGKILL cannot be handled: the verdict is the limit
 * request: {"limits": {"cpu_ms": 500}}
 * expect: {"verdict": "time_limit", "lacks": "LEAK"}
 * needs: CPU time of a box
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void leave(int signo)
{
    (void)signo;
    if (write(1, "LEAK: a warning\n", 16) != 16) {
        _exit(1);
    }
    _exit(0);
}
int main(void)
{
    for (int i = 1; i < 32; i++) {
        signal(i, leave);
    }
    for (;;) {
        __asm__ volatile("");
    }
}
