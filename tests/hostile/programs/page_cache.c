/*
 * threat: E8
 * defence: the filter refuses cachestat and to drop pages; the kernel hides residency from others
 * tries: learn which files others have read, and throw them out of memory
 * must: refused
 * shows: preadv2 with RWF_NOWAIT can still tell; see docs/security.md
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#define CACHESTAT 451
static void drop(int fd, const char *path)
{
    int r = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (r != EPERM) {
        printf("LEAK: pages of %s were dropped: %d\n", path, r);
    }
}
int main(void)
{
    static const char *const paths[] = {"/usr/bin/gcc", "/usr/bin/python3", "/usr/bin/true"};
    unsigned long range[2] = {0, 0}, answer[8];
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int fd = open(paths[i], O_RDONLY);
        if (fd < 0) {
            continue;
        }
        long r = syscall(CACHESTAT, fd, range, answer, 0);
        if (r >= 0 || (errno != EPERM && errno != ENOSYS)) {
            printf("LEAK: cachestat of %s: %ld\n", paths[i], r);
        }
        drop(fd, paths[i]);
    }
    puts("held");
    return 0;
}
