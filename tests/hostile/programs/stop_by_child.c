/*
 * threat: B12
 * defence: a stopped program is waited for until a limit ends it
 * tries: be stopped by its child, go on, be stopped again, and stop the child's reports, too
 * must: the wall limit, and no other end
 * request: {"limits": {"wall_ms": 700}}
 * expect: {"verdict": "wall_time_limit", "signal": "SIGKILL"}
 */
#include <signal.h>
#include <unistd.h>
int main(void)
{
    pid_t me = getpid();
    if (fork() == 0) {
        for (int i = 0; i < 100; i++) {
            kill(me, SIGSTOP);
            kill(me, SIGCONT);
            kill(me, SIGTSTP);
            kill(me, SIGTTIN);
            kill(me, SIGCONT);
        }
        kill(me, SIGSTOP);
        _exit(0);
    }
    for (;;) {
        pause();
    }
}
