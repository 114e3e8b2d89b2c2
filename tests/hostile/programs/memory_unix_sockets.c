/*
 * threat: C1
 * defence: memory limit of the box
 * tries: hold memory in UNIX sockets that nobody reads, streams and datagrams
 * must: no more fits than the memory limit
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 33554432, "open_files": 4096}}
 * expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
 * off: memory
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
static char bytes[32768];
int main(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    long held = 0;
    for (int i = 0; i < 1500 && held < 96L << 20; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, types[i % 3] | SOCK_NONBLOCK, 0, pair) < 0) {
            break;
        }
        for (ssize_t n = 1; n > 0;) {
            n = send(pair[0], bytes, sizeof(bytes), 0);
            held += n > 0 ? n : 0;
        }
    }
    printf("%s: %ld MiB\n", held < 64L << 20 ? "held" : "LEAK", held >> 20);
    return 0;
}
