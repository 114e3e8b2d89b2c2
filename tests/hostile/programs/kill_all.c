/*
 * threat: B4
 * defence: pid namespace, another id
 * tries: kill(-1, SIGKILL), kill the group, the parent and PID 1
 * must: only its own processes can be hit
 * expect: {"verdict": "signaled", "signal": "SIGKILL", "has": "held", "lacks": "LEAK"}
 * off: two-ids+caps+landlock+filter
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    if (getpid() == 1) {
        puts("LEAK: the program is PID 1");
    }
    printf(kill(1, SIGKILL) == 0 ? "LEAK: kill 1\n" : "held: kill 1\n");
    printf(kill(1, SIGSTOP) == 0 ? "LEAK: stop 1\n" : "held: stop 1\n");
    fflush(stdout);
    kill(-1, SIGKILL);
    kill(0, SIGKILL);
    puts("LEAK: still here");
    return 0;
}
