/*
 * threat: C5
 * defence: cap of each stream
 * tries: print beyond the cap without write: splice, vmsplice, tee, sendfile, copies of the descriptor
 * must: it is stopped at the cap
 * request: {"limits": {"output_bytes": 65536}}
 * expect: {"verdict": "output_limit", "stdout_bytes": 65536}
 * shows: it comes to its end, and the verdict is ok
 * off: output
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>
int main(void)
{
    static char block[16384];
    memset(block, 'x', sizeof(block));
    int file = memfd_create("block", 0), pipes[2];
    if (write(file, block, sizeof(block)) < 0 || pipe(pipes) < 0) {
        return 1;
    }
    int again = open("/proc/self/fd/1", O_WRONLY);
    for (int i = 0; i < 8; i++) {
        struct iovec part = {block, sizeof(block)};
        off_t offset = 0;
        loff_t at = 0;
        vmsplice(1, &part, 1, 0);
        sendfile(dup(1), file, &offset, sizeof(block));
        splice(file, &at, 1, 0, sizeof(block), 0);
        if (again >= 0 && write(again, block, sizeof(block)) < 0) {
            return 1;
        }
    }
    return 0;
}
