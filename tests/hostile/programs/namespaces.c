/*
 * threat: D1
 * defence: filter, nested namespaces at 0
 * tries: make and join namespaces by clone, clone3, unshare and setns
 * must: refused; clone3 does not exist
 * control: bare
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r == 0) {
        _exit(0); /* the child of a clone that worked */
    }
    printf("%s: %s\n", r > 0 ? "LEAK" : "held", what);
    fflush(stdout);
}
int main(void)
{
    static const unsigned long flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
                                          CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        tell("clone", syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0));
        struct clone_args args = {.flags = flags[i], .exit_signal = SIGCHLD};
        tell("clone3", syscall(SYS_clone3, &args, sizeof(args)));
        if (unshare((int)flags[i]) == 0) {
            puts("LEAK: unshare");
        }
    }
    struct clone_args plain = {.exit_signal = SIGCHLD};
    long r = syscall(SYS_clone3, &plain, sizeof(plain));
    if (r >= 0 || errno != ENOSYS) {
        tell("plain clone3", r >= 0 ? r : 1);
    }
    int fd = open("/proc/self/ns/user", O_RDONLY);
    puts(setns(fd, 0) == 0 ? "LEAK: setns" : "held: setns");
    return 0;
}
