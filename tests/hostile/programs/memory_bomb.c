/*
 * threat: C1
 * defence: memory limit
 * tries: touch memory without end
 * must: the memory limit stops it and says so
 * needs: memory limit
 * expect: {"verdict": "memory_limit", "signal": "SIGKILL", "lacks": "LEAK"}
 * request: {"limits": {"memory_bytes": 64000000}}
 * off: memory
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    for (int held = 0;; held++) {
        char *p = malloc(1 << 20);
        if (p) {
            memset(p, 1, 1 << 20);
        }
        if (held == 256) {
            puts("LEAK: 256 MiB in a box of 61");
            return 0;
        }
    }
}
