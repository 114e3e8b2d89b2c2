/*
 * threat: D9
 * defence: no mounts, by filter, Landlock and missing rights; no nested user namespace
 * tries: become root of a user namespace and mount cgroup, proc and sysfs in it
 * must: refused at the first step
 * shows: with one of them mounted release_agent and core_pattern come next
 * off: filter+nested+landlock
 * control: bare
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
static void try_mount(const char *type, const char *options)
{
    if (mount("none", "/tmp/belljar-m", type, 0, options) == 0) {
        printf("LEAK: mounted %s\n", type);
        umount("/tmp/belljar-m");
    }
}
int main(void)
{
    mkdir("/tmp/belljar-m", 0755);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWNET | CLONE_NEWIPC) == 0) {
        puts("LEAK: namespaces of its own");
    }
    try_mount("tmpfs", 0);
    try_mount("cgroup2", 0);
    try_mount("cgroup", "rdma");
    try_mount("cgroup", "none,name=belljar-test");
    try_mount("proc", 0);
    try_mount("sysfs", 0);
    try_mount("mqueue", 0);
    try_mount("debugfs", 0);
    try_mount("tracefs", 0);
    try_mount("securityfs", 0);
    try_mount("binfmt_misc", 0);
    rmdir("/tmp/belljar-m");
    puts("held");
    return 0;
}
