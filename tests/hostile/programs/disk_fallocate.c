/*
 * threat: A7
 * defence: size of the tmpfs
 * tries: reserve a terabyte, and make a sparse one
 * must: refused
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    int fd = open("/tmp/huge", O_RDWR | O_CREAT, 0600);
    puts(fallocate(fd, 0, 0, 1LL << 40) == 0 ? "LEAK: fallocate" : "held: fallocate");
    puts(ftruncate(fd, 1LL << 40) == 0 ? "LEAK: ftruncate" : "held: ftruncate");
    return 0;
}
