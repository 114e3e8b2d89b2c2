/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: look like a program that the filter ended: SIGSYS from itself, after a forged message
 * must: it ended by SIGSYS
 * expect: {"verdict": "signaled", "signal": "SIGSYS", "exit_code": null}
 */
#include <signal.h>
#include <stdio.h>
int main(void)
{
    fputs("belljar: internal error\n", stderr);
    raise(SIGSYS);
    return 0;
}
