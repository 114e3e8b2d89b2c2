/*
 * threat: D1
 * defence: the filter refuses unshare and clone3; it is not the low byte of clone's flags
 * tries: make a time namespace, whose flag means something else to clone, and set its clocks
 * must: refused
 * off: filter+nested
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define NEWTIME 0x80
int main(void)
{
    fflush(stdout);
    if (fork() == 0) {
        if (unshare(CLONE_NEWUSER | NEWTIME) == 0) {
            puts("LEAK: a time namespace by unshare");
            fflush(stdout);
        }
        _exit(0);
    }
    wait(0);
    struct clone_args args = {.flags = CLONE_NEWUSER | NEWTIME};
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        _exit(0);
    }
    if (pid > 0 || errno != ENOSYS) {
        printf("LEAK: clone3: %ld, errno %d\n", pid, errno);
    }
    static const char later[] = "monotonic 1 0\n";
    int fd = open("/proc/self/timens_offsets", O_WRONLY);
    if (fd >= 0 && write(fd, later, sizeof(later) - 1) > 0) {
        puts("LEAK: the offsets were written");
    }
    puts("held");
    return 0;
}
