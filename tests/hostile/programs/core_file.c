/*
 * threat: B9
 * defence: RLIMIT_CORE is 1, soft and hard
 * tries: leave a core file, or start the host's helper, by a crash with its memory dumpable
 * must: no file; the signal is told as it was
 * request: {"artifacts": ["core*"]}
 * expect: {"verdict": "signaled", "signal": "SIGABRT", "has": "held", "artifacts": [[]]}
 * off: core
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    int status;
    setrlimit(RLIMIT_CORE, &most);
    prctl(PR_SET_DUMPABLE, 1);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGQUIT);
    }
    waitpid(child, &status, 0);
    puts(WIFSIGNALED(status) && !WCOREDUMP(status) ? "held" : "LEAK: a core");
    fflush(stdout);
    abort();
}
