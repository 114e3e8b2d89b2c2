/*
 * threat: B8
 * defence: host ids that no other box has
 * tries: make as many processes as it may, while others do the same
 * must: each gets all of its own
 * together: 4
 * request: {"limits": {"processes": 60}}
 * needs: process limit, own ids for each box
 */
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int n = 0;
    for (int i = 0; i < 58; i++) {
        pid_t child = fork();
        if (child == 0) {
            sleep(2);
            _exit(0);
        }
        n += child > 0;
    }
    printf("%s: %d of 58\n", n == 58 ? "held" : "LEAK", n);
    fflush(stdout);
    usleep(1500000);
    return 0;
}
