/*
 * threat: D7
 * defence: calls with the bit of the x32 ABI end the process
 * tries: make system calls with the bit 0x40000000, which few filters look at
 * must: SIGSYS
 * expect: {"verdict": "signaled", "signal": "SIGSYS", "lacks": "LEAK"}
 * off: filter-abi
 * control: bare
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
#ifdef __x86_64__
    long r = syscall(0x40000000L + SYS_openat, -100, "/usr", 0, 0);
    printf("LEAK: a call with the x32 bit: %ld\n", r);
#else
    __builtin_trap();
#endif
    return 0;
}
