/*
 * threat: D7
 * defence: the filter compares the 32 bits that the kernel looks at
 * tries: push input into its own terminal by ioctl numbers with high bits set
 * must: EPERM for each
 * shows: the byte comes back when the terminal is read
 * off: filter-arguments
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void ask(int fd, unsigned long number, const void *argument)
{
    long r = syscall(SYS_ioctl, fd, number, argument);
    if (r >= 0 || errno != EPERM) {
        printf("LEAK: ioctl %lx: %ld, errno %d\n", number, r, r < 0 ? errno : 0);
        fflush(stdout);
    }
}
static void in_session(const char *name)
{
    static const unsigned long high[] = {0, 0x100000000, 0x8000000000000000, 0xffffffff00000000};
    int discipline = 0;
    setsid();
    int fd = open(name, O_RDWR);
    ioctl(fd, TIOCSCTTY, 0);
    for (unsigned i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
        ask(fd, high[i] | TIOCSTI, "x");
        ask(fd, high[i] | TIOCLINUX, "\6");
        ask(fd, high[i] | TIOCSETD, &discipline);
    }
    _exit(fd < 0);
}
int main(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        puts("held: no terminal to be had");
        return 0;
    }
    const char *name = ptsname(master);
    if (fork() == 0) {
        in_session(name);
    }
    wait(0);
    puts("held");
    return 0;
}
