/*
 * threat: E7
 * defence: device nodes of the box's own
 * tries: talk to a neighbour through record locks on device files
 * must: each box has nodes of its own
 * needs: own device nodes
 * together: 3
 * off: devices
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    /* Several run at once: each takes the lock for a while and looks whether another has it. */
    static const char *const paths[] = {"/dev/null", "/dev/zero", "/dev/urandom"};
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
