/*
 * threat: B2
 * defence: all die before results are read
 * tries: leave a double-forked daemon that ignores everything and writes later
 * must: it dies with the program, whose answer comes at once
 * expect: {"verdict": "ok", "stdout": "parent\n"}
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    puts("parent");
    fflush(stdout);
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (int i = 1; i < 65; i++) {
                signal(i, SIG_IGN);
            }
            sleep(2);
            puts("LEAK: daemon");
            fflush(stdout);
            sleep(3600);
        }
        _exit(0);
    }
    return 0;
}
