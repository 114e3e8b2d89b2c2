/*
 * threat: E8
 * defence: layers are mounted read-only and without access times
 * tries: leave a trace in the times of shared files, by reading, by setting them, by xattrs
 * must: no time changes
 * shows: the next job could read what this one has touched
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
int main(void)
{
    static const char *const paths[] = {"/usr/bin/true", "/etc/passwd", "/usr/lib", "/usr/bin/env"};
    char bytes[64];
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct stat before, after;
        stat(paths[i], &before);
        int fd = open(paths[i], O_RDONLY);
        if (fd < 0 || (S_ISREG(before.st_mode) && read(fd, bytes, sizeof(bytes)) <= 0)) {
            printf("LEAK: %s cannot be read\n", paths[i]);
        }
        close(fd);
        struct timespec times[2] = {{1, 0}, {1, 0}};
        if (utimensat(AT_FDCWD, paths[i], times, 0) == 0 ||
            utimensat(AT_FDCWD, paths[i], 0, 0) == 0) {
            printf("LEAK: the times of %s were set\n", paths[i]);
        }
        if (setxattr(paths[i], "user.belljar", "x", 1, 0) == 0) {
            printf("LEAK: an attribute on %s\n", paths[i]);
        }
        stat(paths[i], &after);
        if (before.st_atim.tv_sec != after.st_atim.tv_sec ||
            before.st_atim.tv_nsec != after.st_atim.tv_nsec ||
            before.st_ctim.tv_sec != after.st_ctim.tv_sec) {
            printf("LEAK: the times of %s changed\n", paths[i]);
        }
    }
    puts("held");
    return 0;
}
