/*
 * threat: B1
 * defence: limit of processes
 * tries: fork and vfork in every child, never waiting
 * must: the process limit holds; a limit ends it
 * needs: process limit
 * expect: {"verdict": ["wall_time_limit", "time_limit"], "lacks": "LEAK"}
 * request: {"limits": {"wall_ms": 1000, "cpu_ms": 1000}}
 * off: processes
 */
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
    /* Tokens in a pipe: so many where nothing holds them. */
    static const char tokens[500];
    int fds[2];
    char token = 0;
    if (pipe(fds) < 0 || write(fds[1], tokens, sizeof(tokens)) < 0 ||
        fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0) {
        return 1;
    }
    while (read(fds[0], &token, 1) == 1) {
        pid_t pid = fork();
        if (pid == 0 && vfork() == 0) {
            _exit(0);
        }
        if (pid < 0 && write(fds[1], &token, 1) < 0) {
            return 1;
        }
    }
    if (write(1, "LEAK: 500 processes\n", 20) < 0) {
        return 1;
    }
    for (;;) {
        pause();
    }
}
