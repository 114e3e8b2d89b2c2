/*
 * threat: B9
 * defence: RLIMIT_CORE is 1
 * tries: crash so that the host's core helper runs
 * must: RLIMIT_CORE is 1: no helper, true SIGSEGV
 * expect: {"verdict": "signaled", "signal": "SIGSEGV", "has": "held", "lacks": "LEAK"}
 * off: core
 */
#include <stdio.h>
#include <sys/resource.h>
int main(void)
{
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    printf(core.rlim_max <= 1 ? "held\n" : "LEAK: core limit %lu\n", (unsigned long)core.rlim_max);
    fflush(stdout);
    return *(volatile int *)0;
}
