/*
 * threat: C1
 * defence: memory limit of the box; files count as its memory
 * tries: write files in /box, /tmp and /dev/shm beyond the memory limit, below the disk limit
 * must: the memory limit stops it
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 33554432, "disk_bytes": 268435456, "file_bytes": 268435456}}
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * off: memory
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static char block[1 << 20];
int main(void)
{
    static const char *const names[] = {"/box/hoard", "/tmp/hoard", "/dev/shm/hoard"};
    memset(block, 1, sizeof(block));
    int written = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = open(names[i], O_WRONLY | O_CREAT, 0600);
        for (int n = 0; n < 32; n++) {
            written += write(fd, block, sizeof(block)) == sizeof(block);
        }
    }
    printf("LEAK: %d MiB of files in a box of 32\n", written);
    return 0;
}
