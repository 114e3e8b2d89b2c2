/*
 * threat: A2
 * defence: no CAP_SYS_CHROOT, also by no user namespace; the filter
 * tries: chroot below itself and climb out of it, as itself and in a user namespace of its own
 * must: chroot and the namespace are refused
 * off: filter+nested
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
static int escape(void)
{
    int outside = open("/", O_RDONLY | O_DIRECTORY);
    mkdir("/tmp/cell", 0755);
    if (outside < 0 || chroot("/tmp/cell") < 0) {
        return 0;
    }
    puts("LEAK: chroot");
    struct stat before, after;
    fstat(outside, &before);
    for (int i = 0; fchdir(outside) == 0 && i < 64 && chdir("..") == 0; i++) {
        outside = open(".", O_RDONLY | O_DIRECTORY);
    }
    stat(".", &after);
    if (before.st_ino != after.st_ino || before.st_dev != after.st_dev) {
        puts("LEAK: above the root");
    }
    return 1;
}
int main(void)
{
    if (!escape() && unshare(CLONE_NEWUSER) == 0) {
        puts("LEAK: a user namespace");
        escape();
    }
    rmdir("/tmp/cell");
    puts("held");
    return 0;
}
