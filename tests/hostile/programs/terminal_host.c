/*
 * threat: B11
 * defence: a session of its own without a terminal; no node of the host's terminals
 * tries: find a controlling terminal, its operator's, the console, other boxes' terminals
 * must: there is none
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
int main(void)
{
    static const char *const paths[] = {"/dev/tty",   "/dev/console", "/dev/tty0",   "/dev/pts/0",
                                        "/dev/ttyS0", "/dev/hvc0",    "/proc/1/fd/0"};
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (open(paths[i], O_RDWR) >= 0) {
            printf("LEAK: %s\n", paths[i]);
        }
    }
    for (int fd = 0; fd < 3; fd++) {
        if (isatty(fd)) {
            printf("LEAK: descriptor %d is a terminal\n", fd);
        }
    }
    if (getsid(0) != getpid() || getpgrp() != getpid()) {
        puts("LEAK: somebody else's session");
    }
    puts("held");
    return 0;
}
