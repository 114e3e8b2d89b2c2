/*
 * threat: B8
 * defence: host ids that no other box has
 * tries: queue as many signals as a user may have, while others do the same
 * must: each can queue its own thousand
 * together: 3
 * needs: own ids for each box
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    sigset_t all;
    int n = 0;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    while (n < 4000 && sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = n}) == 0) {
        n++;
    }
    printf("%s: %d signals\n", n < 900 ? "LEAK" : "held", n);
    fflush(stdout);
    usleep(1500000);
    return 0;
}
