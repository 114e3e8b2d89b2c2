/*
 * threat: B12
 * defence: who ended a program is known from who asked for it, not from the signal
 * tries: look like a memory or time limit: SIGKILL from itself
 * must: it ended by a signal, of no limit
 * expect: {"verdict": "signaled", "signal": "SIGKILL", "reason": "ended by signal 9 (SIGKILL)"}
 */
#include <signal.h>
#include <unistd.h>
int main(void)
{
    kill(getpid(), SIGKILL);
    return 0;
}
