/*
 * threat: B1
 * defence: limit of processes
 * tries: fork and vfork in every child, never waiting
 * must: the process limit holds; a limit ends it
 * expect: {"verdict": ["wall_time_limit", "time_limit"]}
 * request: {"limits": {"wall_ms": 1000, "cpu_ms": 1000}}
 */
#include <unistd.h>
int main(void)
{
    for (;;) {
        if (fork() == 0) {
            if (vfork() == 0) {
                _exit(0);
            }
        }
    }
}
