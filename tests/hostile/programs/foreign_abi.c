/*
 * threat: D7
 * defence: foreign ABIs end the process
 * tries: make a 32-bit system call, past the filter's numbers
 * must: the process is killed
 * expect: {"verdict": "signaled", "signal": "SIGSYS", "lacks": "LEAK"}
 * control: bare
 * off: filter-abi
 */
#include <stdio.h>
int main(void)
{
#ifdef __x86_64__
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    printf("LEAK: %ld\n", r);
#else
    __builtin_trap();
#endif
    return 0;
}
