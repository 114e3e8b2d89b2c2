/*
 * threat: C8
 * defence: memory limit of the box, whatever memory is called
 * tries: catch the overflow on another stack and go on below guard pages that it maps over
 * must: refused, or within the memory limit
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 33554432, "stack_bytes": 1048576}}
 * expect: {"verdict": ["memory_limit", "signaled"], "lacks": "LEAK"}
 * off: memory
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
    char *stack = 0;
    for (int i = 0; i < 32; i++) {
        stack = mmap(0, 4 << 20, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1, 0);
        if (stack == MAP_FAILED) {
            return 1;
        }
        memset(stack, 1, 4 << 20);
    }
    puts("LEAK: 128 MiB of stacks in a box of 32");
    return 0;
}
