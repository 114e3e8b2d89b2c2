/*
 * threat: C1
 * defence: memory limit
 * tries: hide memory in memfds, where RLIMIT_AS does not look
 * must: it counts; the memory limit stops it
 * needs: memory limit
 * expect: {"verdict": "memory_limit"}
 * request: {"limits": {"memory_bytes": 64000000}}
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
    static char block[1 << 20];
    memset(block, 1, sizeof(block));
    int fd = memfd_create("hoard", 0);
    for (int i = 0; i < 1024; i++) {
        if (write(fd, block, sizeof(block)) < 0) {
            return 1;
        }
    }
    return 0;
}
