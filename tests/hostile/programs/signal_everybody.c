/*
 * threat: B4
 * defence: a PID namespace of its own
 * tries: stop everybody that it may signal, from many processes at once
 * must: the wall limit ends the box: nobody outside was stopped
 * request: {"limits": {"wall_ms": 700}}
 * expect: {"verdict": "wall_time_limit", "has": "held"}
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    puts("held");
    fflush(stdout);
    for (int i = 0; i < 10; i++) {
        if (fork() == 0) {
            for (setsid();;) {
                kill(-1, SIGSTOP);
                kill(0, SIGSTOP);
            }
        }
    }
    for (;;) {
        kill(-1, SIGSTOP);
        raise(SIGSTOP);
    }
}
