/*
 * threat: B12
 * defence: time limits are told by who measured the time
 * tries: look like a time limit: SIGXCPU from itself
 * must: it ended by a signal, of no limit
 * expect: {"verdict": "signaled", "signal": "SIGXCPU", "cpu_ms_below": 500}
 */
#include <signal.h>
int main(void)
{
    raise(SIGXCPU);
    return 0;
}
