/*
 * threat: E7
 * defence: inodes of each box's own
 * tries: two at a time: watch files of the toolchain that the other opens
 * must: no event but by itself
 * shows: an open that it has not done
 * together: 2
 * needs: own inodes for each box
 * off: overlay
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <unistd.h>
#define ROUNDS 60
static const char *const paths[] = {"/usr/bin/true", "/usr/lib", "/usr/bin/python3", "/etc/passwd"};
#define PATHS (sizeof(paths) / sizeof(paths[0]))
/* For 20 ms: is any of them opened? */
static int watch(void)
{
    char events[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    for (unsigned i = 0; i < PATHS; i++) {
        inotify_add_watch(fd, paths[i], IN_OPEN);
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int seen = poll(&wait, 1, 20) > 0 && read(fd, events, sizeof(events)) > 0;
    close(fd);
    return seen;
}
static void touch(void)
{
    for (int i = 0; i < 20; i++) {
        for (unsigned n = 0; n < PATHS; n++) {
            close(open(paths[n], O_RDONLY));
        }
        usleep(1000);
    }
}
int main(void)
{
    unsigned char roles[ROUNDS];
    int seen = 0;
    if (getrandom(roles, sizeof(roles), 0) != sizeof(roles)) {
        return 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        if (roles[round] & 1) {
            touch();
        } else {
            seen += watch();
        }
    }
    if (seen > 0) {
        printf("LEAK: opened by somebody else in %d rounds\n", seen);
    }
    puts("held");
    return 0;
}
