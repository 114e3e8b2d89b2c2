/*
 * threat: D1
 * defence: the user namespace is entered last: it owns none of the others
 * tries: ask each namespace who owns it and who its parent is, and enter that
 * must: EPERM: the owner lies outside
 * shows: a descriptor of the owner's user namespace
 * off: userns
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
int main(void)
{
    static const char *const names[] = {"net", "mnt", "ipc", "uts", "pid", "cgroup", "time"};
    char path[64];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        int fd = open(path, O_RDONLY);
        int owner = ioctl(fd, NS_GET_USERNS);
        if (owner >= 0) {
            printf("LEAK: who owns %s: %d\n", names[i], setns(owner, 0));
        }
        if (fd >= 0 && setns(fd, 0) == 0) {
            printf("LEAK: entered %s again\n", names[i]);
        }
    }
    int user = open("/proc/self/ns/user", O_RDONLY);
    if (ioctl(user, NS_GET_PARENT) >= 0 || ioctl(user, NS_GET_USERNS) >= 0) {
        puts("LEAK: the parent of the user namespace");
    }
    int pid = open("/proc/self/ns/pid", O_RDONLY);
    if (ioctl(pid, NS_GET_PARENT) >= 0) {
        puts("LEAK: the parent of the pid namespace");
    }
    puts("held");
    return 0;
}
