/*
 * threat: E6
 * defence: a network namespace of each box's own; Landlock's scope
 * tries: two at a time: listen on an abstract name, and connect to the name of the other
 * must: nobody is there
 * shows: a byte from the neighbour
 * together: 2
 * off: netns+landlock
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#define NAMES 2
static struct sockaddr_un name_of(int n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "belljar-neighbour-%d", n);
    return address;
}
int main(void)
{
    int own = -1;
    for (int n = 0; n < NAMES && own < 0; n++) {
        struct sockaddr_un address = name_of(n);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (bind(fd, (void *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0) {
            own = n;
        } else {
            printf("LEAK: name %d is taken\n", n);
        }
    }
    for (int round = 0; round < 100; round++) {
        for (int n = 0; n < NAMES; n++) {
            struct sockaddr_un address = name_of(n);
            int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
            if (n != own && connect(fd, (void *)&address, sizeof(address)) == 0) {
                printf("LEAK: a neighbour listens on name %d\n", n);
                round = 100;
            }
            close(fd);
        }
        usleep(10000);
    }
    puts("held");
    return 0;
}
