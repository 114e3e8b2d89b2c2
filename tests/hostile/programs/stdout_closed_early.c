/*
 * threat: B3
 * defence: a program's end is its wait status, not the end of its output
 * tries: close all streams, and then print, fail and go on in silence
 * must: the verdict is that of its end, half a second later
 * request: {"limits": {"wall_ms": 10000}}
 * expect: {"verdict": "nonzero_exit", "exit_code": 42, "stdout": "before\n"}
 */
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    puts("before");
    fflush(stdout);
    for (int fd = 0; fd < 3; fd++) {
        close(fd);
    }
    usleep(500000);
    puts("LEAK: after");
    return 42;
}
