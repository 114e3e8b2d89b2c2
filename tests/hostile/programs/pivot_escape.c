/*
 * threat: A2
 * defence: no mounts after the box is built: no capability, the filter, no nested user namespace
 * tries: take the masks off /proc, look below mounts, pivot back, in a mount namespace of its own
 * must: refused
 * off: filter+nested
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define REC     0x4000
#define BIND    0x1000
#define DETACH  2
#define PRIVATE (1 << 18)
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    tell("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
    mkdir("/tmp/new", 0755);
    mkdir("/tmp/new/old", 0755);
    tell("private", mount(0, "/", 0, PRIVATE | REC, 0));
    tell("umount a mask", umount2("/proc/kallsyms", DETACH));
    tell("umount /proc", umount2("/proc", DETACH));
    tell("bind", mount("/tmp/new", "/tmp/new", 0, BIND, 0));
    tell("pivot_root", syscall(SYS_pivot_root, "/tmp/new", "/tmp/new/old"));
    tell("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE));
    tell("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp/new", 0));
    struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
    tell("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, &attr, sizeof(attr)));
    puts("held");
    return 0;
}
