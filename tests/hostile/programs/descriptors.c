/*
 * threat: A3
 * defence: close-on-exec, and closed by range
 * tries: find descriptors that somebody left open
 * must: 0, 1 and 2 only
 * off: close-fds
 */
#include <fcntl.h>
#include <stdio.h>
int main(void)
{
    for (int fd = 3; fd < 4096; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("LEAK: descriptor %d\n", fd);
        }
    }
    puts("held");
    return 0;
}
