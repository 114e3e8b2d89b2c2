/*
 * threat: B6
 * defence: the filter refuses ptrace, also where the traced asks for it itself
 * tries: rewrite a harmless call of its child into a refused one, after the filter has looked
 * must: there is no tracing
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) {
            _exit(1);
        }
        raise(SIGSTOP);
        /* The tracer makes this a getppid. */
        _exit(syscall(SYS_getpid) == getppid() ? 0 : 2);
    }
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        puts("LEAK: traced");
    }
#ifdef __x86_64__
    while (WIFSTOPPED(status)) {
        struct user_regs_struct regs;
        ptrace(PTRACE_SYSCALL, child, 0, 0);
        waitpid(child, &status, 0);
        if (ptrace(PTRACE_GETREGS, child, 0, &regs) == 0 && regs.orig_rax == SYS_getpid) {
            regs.orig_rax = SYS_getppid;
            ptrace(PTRACE_SETREGS, child, 0, &regs);
        }
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        puts("LEAK: a call was rewritten");
    }
#endif
    kill(child, SIGKILL);
    puts("held");
    return 0;
}
