/*
 * threat: C5
 * defence: cap of each stream, whoever writes
 * tries: print from 32 processes at one time, each below the cap
 * must: all of them together are stopped at the cap
 * request: {"limits": {"output_bytes": 65536}}
 * expect: {"verdict": "output_limit", "stdout_bytes": 65536}
 * shows: it comes to its end, and the verdict is ok
 * off: output
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    static char block[8192];
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 32; i++) {
        if (fork() == 0) {
            _exit(write(1, block, sizeof(block)) < 0);
        }
    }
    while (wait(0) > 0) {
    }
    return 0;
}
