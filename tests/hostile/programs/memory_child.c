/*
 * threat: C2
 * defence: count of out-of-memory kills
 * tries: let a child be killed for memory while the parent exits 0
 * must: the verdict is the memory limit, not success
 * needs: memory limit
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * request: {"limits": {"memory_bytes": 64000000}}
 * off: memory
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        for (int held = 0; held < 256; held++) {
            char *p = malloc(1 << 20);
            if (p) {
                memset(p, 1, 1 << 20);
            }
        }
        puts("LEAK: 256 MiB in a box of 61");
        return 0;
    }
    wait(0);
    return 0;
}
