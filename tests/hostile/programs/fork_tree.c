/*
 * tries: fork and vfork in every child, never waiting
 * must: the process limit holds; a limit ends it
 * expect: {"status": "TO"}
 * request: {"run_timeout": 1000}
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
