/*
 * threat: C1
 * defence: memory limit
 * tries: hide memory in memfds, where RLIMIT_AS does not look
 * must: it counts; the memory limit stops it
 * needs: memory limit
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * request: {"limits": {"memory_bytes": 64000000, "file_bytes": 536870912}}
 * off: memory
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
    static char block[1 << 20];
    memset(block, 1, sizeof(block));
    int fd = memfd_create("hoard", 0);
    for (int i = 0; i < 256; i++) {
        if (write(fd, block, sizeof(block)) < 0) {
            return 1;
        }
    }
    puts("LEAK: 256 MiB in a box of 61");
    return 0;
}
