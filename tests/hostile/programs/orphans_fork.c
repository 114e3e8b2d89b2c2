/*
 * threat: B2
 * defence: kill(-1) by init inside its own PID namespace, the end of the namespace after it
 * tries: outrun its own end: processes that replace themselves all the time
 * must: the answer comes, and nothing is left
 * request: {"limits": {"processes": 32}}
 * expect: {"verdict": "ok", "stdout": "held\n"}
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
/* Nobody of this chain lives long enough to be found in a list of processes. */
static void run(void)
{
    setsid();
    for (;;) {
        pid_t child = fork();
        if (child > 0) {
            _exit(0);
        }
    }
}
int main(void)
{
    puts("held");
    fflush(stdout);
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            run();
        }
    }
    usleep(20000);
    return 0;
}
