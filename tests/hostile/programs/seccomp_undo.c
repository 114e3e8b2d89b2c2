/*
 * threat: D7
 * defence: filters of a process only ever add up
 * tries: load filters that allow all, that answer by a supervisor, that trace; then call
 * must: what was refused stays refused
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void call(const char *after)
{
    long self = getpid();
    long r = syscall(SYS_kcmp, self, self, 0, 0, 1);
    if (r >= 0 || errno != EPERM) {
        printf("LEAK: kcmp after %s: %ld, errno %d\n", after, r, r < 0 ? errno : 0);
        fflush(stdout);
    }
}
static long load(unsigned action, unsigned flags)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, action)};
    struct sock_fprog program = {.len = 1, .filter = code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
static void child(unsigned action, const char *what)
{
    if (fork() == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        load(action, 0);
        call(what);
        _exit(0);
    }
    wait(0);
}
int main(void)
{
    call("nothing");
    child(SECCOMP_RET_ALLOW, "allow");
    child(SECCOMP_RET_LOG, "log");
    child(SECCOMP_RET_TRACE | 1, "trace");
    if (prctl(PR_SET_SECCOMP, 0, 0, 0, 0) == 0 || syscall(SYS_seccomp, 0, 0, 0) == 0) {
        puts("LEAK: another mode of seccomp");
    }
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2) {
        puts("LEAK: no filter");
    }
    puts("held");
    return 0;
}
