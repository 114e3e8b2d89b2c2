/*
 * threat: B7
 * defence: RLIMIT_NOFILE
 * tries: open files until it fails, and pass them through sockets
 * must: EMFILE; the next job is well
 * off: rlimits
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int n = 0;
    while (n < 20000 && open("/dev/null", O_RDONLY) >= 0) {
        n++;
    }
    printf(n >= 10000 ? "LEAK: %d\n" : "held at %d\n", n);
    return 0;
}
