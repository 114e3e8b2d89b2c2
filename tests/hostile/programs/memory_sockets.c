/*
 * threat: C1
 * defence: memory limit
 * tries: hold memory in the buffers of TCP sockets that nobody reads
 * must: it counts: no more fits than the limit
 * needs: memory limit
 * expect: {"verdict": ["ok", "signaled", "nonzero_exit", "memory_limit"], "lacks": "LEAK"}
 * request: {"limits": {"memory_bytes": 33554432}}
 * control: bare
 * off: memory
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
static char bytes[65536];
int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (void *)&address, len);
    listen(listener, 128);
    getsockname(listener, (void *)&address, &len);
    long held = 0;
    for (int i = 0; i < 100 && held < 128L << 20; i++) {
        int to = socket(AF_INET, SOCK_STREAM, 0);
        if (to < 0 || connect(to, (void *)&address, len) < 0 || accept(listener, 0, 0) < 0) {
            break;
        }
        fcntl(to, F_SETFL, O_NONBLOCK);
        for (long n = 1; n > 0; held += n > 0 ? n : 0) {
            n = send(to, bytes, sizeof(bytes), 0);
        }
    }
    printf("%s: %ld MiB\n", held < 64L << 20 ? "held" : "LEAK", held >> 20);
    return 0;
}
