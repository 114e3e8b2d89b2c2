/*
 * threat: E7
 * defence: inodes of the box's own
 * tries: talk to a neighbour through record locks on shared files
 * must: each box has inodes of its own
 * needs: own inodes for each box
 * together: 3
 * off: overlay
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    /* Several run at once: each takes the lock for a while and looks whether another has it. */
    static const char *const paths[] = {"/usr/bin/true",     "/etc/passwd",   "/proc/self/ns/time",
                                        "/proc/self/ns/net", "/proc/version", "/lib64"};
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int fd = open(paths[i], O_RDONLY);
        struct flock lock = {.l_type = F_RDLCK};
        struct flock probe = {.l_type = F_WRLCK};
        if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0) {
            continue;
        }
        usleep(100000);
        if (fcntl(fd, F_GETLK, &probe) == 0 && probe.l_type != F_UNLCK) {
            printf("LEAK: %s is locked by another\n", paths[i]);
        }
    }
    puts("held");
    return 0;
}
