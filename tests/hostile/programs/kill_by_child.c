/*
 * threat: B12
 * defence: the verdict is that of the program that was started
 * tries: be killed by its own child, which exits with 0 and prints the answer
 * must: it ended by SIGKILL
 * expect: {"verdict": "signaled", "signal": "SIGKILL", "lacks": "LEAK"}
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    pid_t me = getpid();
    if (fork() == 0) {
        kill(me, SIGKILL);
        while (getppid() == me) {
        }
        _exit(0);
    }
    for (;;) {
        pause();
    }
}
