/*
 * threat: C1
 * defence: memory limit of the box; the kernel's limit of pipe pages of an id of the box's own
 * tries: fill a thousand pipes that nobody reads
 * must: no more fits than the memory limit
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 16777216, "open_files": 4096}}
 * expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
 * off: memory
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
static char bytes[65536];
int main(void)
{
    struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    long held = 0;
    int ends[2];
    while (held < 48L << 20 && pipe2(ends, O_NONBLOCK) == 0) {
        for (ssize_t n = 1; n > 0;) {
            n = write(ends[1], bytes, sizeof(bytes));
            held += n > 0 ? n : 0;
        }
    }
    printf("%s: %ld MiB\n", held < 40L << 20 ? "held" : "LEAK", held >> 20);
    return 0;
}
