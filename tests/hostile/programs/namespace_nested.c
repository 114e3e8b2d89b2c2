/*
 * threat: D1
 * defence: the filter refuses new namespaces; max_user_namespaces is 0
 * tries: become root of a user namespace of its own by unshare and by clone
 * must: refused
 * shows: all capabilities, over namespaces that few kernel bugs survive
 * off: filter+nested
 * control: bare
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void in_child(const char *what, int flags)
{
    fflush(stdout);
    if (fork() == 0) {
        if (unshare(flags) == 0) {
            printf("LEAK: unshare %s\n", what);
            fflush(stdout);
        }
        _exit(0);
    }
    wait(0);
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        _exit(0);
    }
    if (pid > 0) {
        printf("LEAK: clone %s\n", what);
        wait(0);
    }
}
int main(void)
{
    in_child("user", CLONE_NEWUSER);
    in_child("user and mount", CLONE_NEWUSER | CLONE_NEWNS);
    in_child("user and net", CLONE_NEWUSER | CLONE_NEWNET);
    in_child("all", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC);
    puts("held");
    return 0;
}
