/*
 * threat: B6
 * defence: filter
 * tries: trace a child, read and write its memory, steal its descriptors
 * must: refused
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    char byte = 0;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};
    puts(ptrace(PTRACE_ATTACH, child, 0, 0) == 0 ? "LEAK: attach" : "held: attach");
    puts(process_vm_readv(child, &local, 1, &remote, 1, 0) >= 0 ? "LEAK: readv" : "held: readv");
    puts(process_vm_writev(child, &local, 1, &remote, 1, 0) >= 0 ? "LEAK: writev" : "held: writev");
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    puts(pidfd >= 0 && syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0 ? "LEAK: getfd" : "held: getfd");
    kill(child, SIGKILL);
    return 0;
}
