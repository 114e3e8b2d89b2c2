/*
 * threat: C1
 * defence: memory limit of the box
 * tries: touch anonymous memory that is shared by many processes, each a part
 * must: the memory limit stops it and says so
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 33554432}}
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * off: memory
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define PARTS 8
#define PART  (12 << 20)
int main(void)
{
    char *all =
        mmap(0, (size_t)PARTS * PART, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        return 1;
    }
    for (int i = 0; i < PARTS; i++) {
        if (fork() == 0) {
            memset(all + (size_t)i * PART, 1, PART);
            _exit(0);
        }
    }
    while (wait(0) > 0) {
    }
    printf("LEAK: %d MiB in a box of 32\n", PARTS * PART >> 20);
    return 0;
}
