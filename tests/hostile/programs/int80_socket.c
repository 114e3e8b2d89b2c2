/*
 * threat: D7
 * defence: calls of a foreign ABI end the process
 * tries: open an AF_ALG socket by socketcall of i386, whose arguments lie in memory
 * must: SIGSYS
 * shows: the socket, or the kernel's own errno, from a family that the filter refuses
 * expect: {"verdict": "signaled", "signal": "SIGSYS", "lacks": "LEAK"}
 * off: filter-abi
 * control: bare
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
int main(void)
{
#ifdef __x86_64__
    unsigned *args =
        mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    args[0] = 38; /* AF_ALG */
    args[1] = 5;  /* SOCK_SEQPACKET */
    args[2] = 0;
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(102), "b"(1), "c"(args) : "memory");
    printf("LEAK: socketcall was let through: %d\n", (int)r);
#else
    __builtin_trap();
#endif
    return 0;
}
