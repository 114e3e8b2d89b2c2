/*
 * threat: B11
 * defence: the filter refuses TIOCSTI, TIOCLINUX and TIOCSETD, also with high bits set
 * tries: inject input and load line disciplines, in a terminal of its own
 * must: refused
 * off: filter filter-arguments
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    if (fork() != 0) {
        wait(NULL);
        puts("held");
        return 0;
    }
    setsid();
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    int slave = open(ptsname(master), O_RDWR);
    char line[8] = "id\n";
    int discipline = 3; /* PPP */
    ioctl(slave, TIOCSCTTY, 0);
    tell("TIOCSTI", ioctl(slave, TIOCSTI, line));
    tell("TIOCSTI with high bits", syscall(SYS_ioctl, slave, 0x100000000L | TIOCSTI, line));
    tell("TIOCLINUX", ioctl(slave, TIOCLINUX, line));
    for (discipline = 1; discipline < 30; discipline++) {
        tell("TIOCSETD", ioctl(slave, TIOCSETD, &discipline));
    }
    tell("TIOCCONS", ioctl(slave, TIOCCONS, 0));
    return 0;
}
