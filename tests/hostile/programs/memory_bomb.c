/*
 * threat: C1
 * defence: memory limit
 * tries: touch memory without end
 * must: the memory limit stops it and says so
 * needs: memory limit
 * expect: {"verdict": "memory_limit", "signal": "SIGKILL"}
 * request: {"limits": {"memory_bytes": 64000000}}
 */
#include <stdlib.h>
#include <string.h>
int main(void)
{
    for (;;) {
        char *p = malloc(1 << 20);
        if (p) {
            memset(p, 1, 1 << 20);
        }
    }
}
