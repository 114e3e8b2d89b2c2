/*
 * threat: B12
 * defence: an output limit is told by who counted the output
 * tries: look like an output limit: SIGXFSZ and SIGPIPE from itself
 * must: it ended by a signal, of no limit
 * expect: {"verdict": "signaled", "signal": "SIGXFSZ"}
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    if (fork() == 0) {
        raise(SIGPIPE);
    }
    wait(0);
    raise(SIGXFSZ);
    return 0;
}
