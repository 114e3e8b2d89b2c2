/*
 * threat: C1
 * defence: the box may not swap
 * tries: hold more than the memory limit by paging out what it has touched
 * must: the memory limit stops it, also where the host has swap
 * needs: memory limit, swap
 * request: {"limits": {"memory_bytes": 33554432}}
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * off: swap
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define PAGEOUT 21
#define BLOCK   (4 << 20)
#define BLOCKS  16
int main(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        unsigned *block =
            mmap(0, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            return 1;
        }
        for (unsigned n = 0; n < BLOCK / sizeof(*block); n += 16) {
            block[n] = n * 2654435761U + (unsigned)i;
        }
        madvise(block, BLOCK, PAGEOUT);
    }
    printf("LEAK: %d MiB are held\n", BLOCK / (1 << 20) * BLOCKS);
    return 0;
}
