/*
 * threat: B5
 * defence: init's sockets are close-on-exec, and no descriptor of it is in the program
 * tries: find a socket of init's or of the server's, in itself, by name and by what it can connect to
 * must: there is none
 * off: close-fds
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        int type;
        socklen_t len = sizeof(type);
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
            char message[64] = {9};
            struct ucred who = {0};
            len = sizeof(who);
            getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len);
            printf("LEAK: descriptor %d is a socket of type %d, of process %d; sending says %zd\n",
                   fd, type, who.pid, send(fd, message, sizeof(message), MSG_DONTWAIT));
        }
    }
    char line[256];
    FILE *sockets = fopen("/proc/net/unix", "r");
    for (int n = 0; sockets && fgets(line, sizeof(line), sockets); n++) {
        if (n > 0) {
            printf("LEAK: a socket in its network: %s", line);
        }
    }
    puts("held");
    return 0;
}
