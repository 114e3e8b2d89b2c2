/*
 * threat: C2
 * defence: the look at the leaf's count of out-of-memory kills
 * tries: have a child killed for memory, then exit 0 with a fine result
 * must: the verdict is the memory limit
 * shows: the verdict is ok
 * needs: memory limit
 * request: {"limits": {"memory_bytes": 33554432}}
 * expect: {"verdict": "memory_limit"}
 * off: oom-count
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            char *p = malloc(1 << 20);
            if (p) {
                memset(p, 1, 1 << 20);
            }
        }
    }
    int status;
    waitpid(child, &status, 0);
    printf("held? a child ended with %x\n", status);
    return 0;
}
