/*
 * threat: B8
 * defence: host ids that no other box has, so that what the kernel counts for a user is its own
 * tries: use up the room that a user's pipes have, while others do the same
 * must: each has pipes of the usual size
 * together: 3
 * needs: own ids for each box
 * off: unique-ids
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int p[2], most = 0;
    if (pipe(p) < 0) {
        puts("LEAK: no pipe at all");
        return 1;
    }
    printf("%s: a first pipe of %d bytes\n", fcntl(p[1], F_GETPIPE_SZ) >= 65536 ? "held" : "LEAK",
           fcntl(p[1], F_GETPIPE_SZ));
    /* 16,384 pages are a user's; each child takes a hundred pipes of sixteen. */
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            while (most < 100 && pipe(p) == 0) {
                most++;
            }
            sleep(2);
            _exit(0);
        }
    }
    usleep(1000000);
    if (pipe(p) < 0 || fcntl(p[1], F_GETPIPE_SZ) < 65536) {
        puts("LEAK: others have used up the room of its pipes");
    }
    return 0;
}
