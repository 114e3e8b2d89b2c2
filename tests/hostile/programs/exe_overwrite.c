/*
 * threat: D10
 * defence: init's file is read-only and another's; its /proc entry is closed
 * tries: overwrite, replace and hold open the binary that will start the next program
 * must: refused in each of some thousand tries
 * shows: a descriptor for writing to a file that is run outside
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
static int tries(const char *path)
{
    static const int how[] = {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND};
    for (unsigned i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
        int fd = open(path, how[i]);
        if (fd >= 0) {
            close(fd);
            return 1;
        }
    }
    return truncate(path, 0) == 0 || chmod(path, 0777) == 0 || unlink(path) == 0;
}
int main(void)
{
    static const char *const paths[] = {"/proc/1/exe",  "/proc/1/map_files",
                                        "/proc/1/fd/5", "/proc/1/root/init",
                                        "/init",        "/proc/1/task/1/exe"};
    for (int round = 0; round < 500; round++) {
        for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
            if (tries(paths[i])) {
                printf("LEAK: %s\n", paths[i]);
                return 0;
            }
        }
    }
    int fd = open("/proc/1/exe", O_RDONLY);
    int path_only = open("/proc/1/exe", O_PATH);
    if (fd >= 0 || path_only >= 0) {
        puts("LEAK: the binary of init can be reached");
    }
    puts("held");
    return 0;
}
