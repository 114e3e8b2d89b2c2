/*
 * threat: C2
 * defence: count of out-of-memory kills
 * tries: let a child be killed for memory while the parent exits 0
 * must: the verdict is the memory limit, not success
 * needs: memory limit
 * expect: {"verdict": "memory_limit"}
 * request: {"limits": {"memory_bytes": 64000000}}
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        for (;;) {
            char *p = malloc(1 << 20);
            if (p) {
                memset(p, 1, 1 << 20);
            }
        }
    }
    wait(0);
    return 0;
}
