/*
 * threat: C7
 * defence: the CPU limit counts the kernel's time too
 * tries: burn CPU in the kernel: map and unmap, walk long paths, read large directories
 * must: the CPU limit stops it
 * needs: CPU time of a box
 * request: {"limits": {"cpu_ms": 300, "wall_ms": 20000}}
 * expect: {"verdict": "time_limit", "lacks": "LEAK"}
 * off: cpu-time
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
static double used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
int main(void)
{
    char names[4096];
    /* 39 links in a row, each seen through the next */
    int ignored = symlink("/usr/lib/../lib/../lib/../lib", "/tmp/0");
    for (int i = 1; i < 39; i++) {
        char from[32], to[32];
        snprintf(from, sizeof(from), "/tmp/%d/../lib", i - 1);
        snprintf(to, sizeof(to), "/tmp/%d", i);
        ignored += symlink(from, to);
    }
    while (used() < 0.9) {
        char *memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        munmap(memory, 1 << 20);
        ignored += access("/tmp/38", F_OK);
        int fd = open("/usr/bin", O_RDONLY | O_DIRECTORY);
        while (syscall(SYS_getdents64, fd, names, sizeof(names)) > 0) {
        }
        close(fd);
    }
    printf("LEAK: 900 ms of CPU time %d\n", ignored);
    return 0;
}
