/*
 * tries: make a 32-bit system call, past the filter's numbers
 * must: the process is killed
 * expect: {"status": "SG", "signal": "SIGSYS"}
 * control: leak
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
