/*
 * threat: C3
 * defence: all processes end with the program
 * tries: leave children that burn CPU after the program has ended
 * must: the answer comes at once, and they are gone
 * expect: {"verdict": "ok", "has": "held", "cpu_ms_below": 2000}
 * request: {"limits": {"wall_ms": 20000, "cpu_ms": 20000}}
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            setsid();
            signal(SIGTERM, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            for (;;) {
                __asm__ volatile("");
            }
        }
    }
    puts("held");
    return 0;
}
