/*
 * threat: C7
 * defence: the filter refuses POSIX_FADV_DONTNEED and sync
 * tries: throw the shared toolchain out of memory, and write all disks out, again and again
 * must: EPERM: the neighbours' compilers stay in memory
 * off: filter-arguments filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
    int fd = open("/usr/bin/true", O_RDONLY);
    long r = syscall(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
    if (r >= 0 || errno != EPERM) {
        printf("LEAK: DONTNEED: %ld\n", r);
    }
    r = syscall(SYS_fadvise64, fd, 0, 0, 0x500000000 | POSIX_FADV_DONTNEED);
    if (r >= 0 || errno != EPERM) {
        printf("LEAK: DONTNEED with high bits: %ld\n", r);
    }
    if (syscall(SYS_sync) >= 0) {
        puts("LEAK: sync");
    }
    puts("held");
    return 0;
}
