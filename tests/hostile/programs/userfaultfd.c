/*
 * threat: D3
 * defence: the filter refuses userfaultfd; no device for it
 * tries: get a userfaultfd, also the kind that is for everybody, also by its device
 * must: refused
 * shows: with one, a race in the kernel can be held open as long as one likes
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define USER_MODE_ONLY 1
int main(void)
{
    if (syscall(SYS_userfaultfd, USER_MODE_ONLY) >= 0) {
        puts("LEAK: userfaultfd for user mode");
    }
    if (syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK) >= 0) {
        puts("LEAK: userfaultfd");
    }
    if (open("/dev/userfaultfd", O_RDWR) >= 0) {
        puts("LEAK: /dev/userfaultfd");
    }
    puts("held");
    return 0;
}
