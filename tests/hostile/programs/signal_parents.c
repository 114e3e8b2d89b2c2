/*
 * threat: B4
 * defence: a PID namespace of its own; init is its parent, and takes no signal of it
 * tries: stop and kill its parent, its group, its session, and numbers that it does not have
 * must: init goes on: the answer has the exit status
 * expect: {"verdict": "nonzero_exit", "exit_code": 7, "has": "held", "lacks": "LEAK"}
 * off: two-ids+caps+landlock+filter
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tell(const char *what, int signo, long r)
{
    if (r == 0) {
        printf("LEAK: %s, signal %d\n", what, signo);
    }
}
int main(void)
{
    static const int signals[] = {SIGSTOP, SIGKILL, SIGTERM, SIGCHLD, SIGHUP, SIGCONT, SIGUSR1};
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        int s = signals[i];
        siginfo_t forged = {.si_signo = s, .si_code = SI_QUEUE, .si_pid = 0};
        tell("kill", s, kill(getppid(), s));
        tell("kill 1", s, kill(1, s));
        tell("tgkill", s, syscall(SYS_tgkill, 1, 1, s));
        tell("tkill", s, syscall(SYS_tkill, 1, s));
        tell("sigqueue", s, syscall(SYS_rt_sigqueueinfo, 1, s, &forged));
        tell("tgsigqueue", s, syscall(SYS_rt_tgsigqueueinfo, 1, 1, s, &forged));
        tell("killpg 1", s, killpg(1, s));
        int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
        tell("pidfd", s, pidfd < 0 ? -1 : syscall(SYS_pidfd_send_signal, pidfd, s, 0, 0));
        for (int pid = 3; pid < 400; pid++) {
            tell("a stranger", s, kill(pid, s));
        }
    }
    puts("held");
    fflush(stdout);
    return 7;
}
