/*
 * threat: D9
 * defence: no capabilities, filter
 * tries: mount, unmount, pivot, chroot, and the new mount API
 * must: refused
 * off: filter+nested
 * control: bare
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    printf("%s: %s\n", r >= 0 ? "LEAK" : "held", what);
}
int main(void)
{
    mkdir("/tmp/m", 0755);
    tell("tmpfs", mount("none", "/tmp/m", "tmpfs", 0, 0));
    tell("proc", mount("proc", "/tmp/m", "proc", 0, 0));
    tell("bind", mount("/", "/tmp/m", 0, MS_BIND, 0));
    tell("remount", mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0));
    tell("umount", umount2("/proc", MNT_DETACH));
    tell("pivot_root", syscall(SYS_pivot_root, ".", "."));
    tell("chroot", chroot("/tmp"));
    tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    tell("open_tree", syscall(SYS_open_tree, -100, "/", 1));
    tell("unshare mount", unshare(CLONE_NEWNS));
    tell("unshare user", unshare(CLONE_NEWUSER));
    tell("unshare all", unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID));
    return 0;
}
