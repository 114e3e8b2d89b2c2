/*
 * threat: D6
 * defence: no capabilities; the network namespace is not the box's user namespace's own
 * tries: force buffers, mark packets, bind to devices and odd addresses, dump connections
 * must: refused
 * shows: SO_SNDBUFFORCE makes buffers that no limit holds
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#define IP_TRANSPARENT_OPTION 19
static void ask(const char *what, int fd, int level, int option, int value)
{
    if (setsockopt(fd, level, option, &value, sizeof(value)) == 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), value = 0;
    socklen_t len = sizeof(value);
    ask("a forced send buffer", fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 30);
    ask("a forced receive buffer", fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 30);
    ask("debugging", fd, SOL_SOCKET, SO_DEBUG, 1);
    ask("a mark", fd, SOL_SOCKET, SO_MARK, 1);
    ask("a high priority", fd, SOL_SOCKET, SO_PRIORITY, 7);
    ask("a transparent socket", fd, IPPROTO_IP, IP_TRANSPARENT_OPTION, 1);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){1 << 30}, sizeof(int));
    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &len);
    if (value > 16 << 20) {
        printf("LEAK: a send buffer of %d bytes\n", value);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("192.0.2.1")};
    if (bind(fd, (void *)&address, sizeof(address)) == 0) {
        puts("LEAK: bound to an address that is not there");
    }
    puts("held");
    return 0;
}
