/*
 * threat: A12
 * defence: six device nodes of its own, nodev elsewhere, no CAP_MKNOD, the filter
 * tries: open the host's devices, and make nodes for them in every writable place
 * must: they are not there, and cannot be made
 * control: bare
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
static void make(const char *dir, const char *name, mode_t kind, unsigned major, unsigned minor)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (mknod(path, kind | 0666, makedev(major, minor)) == 0) {
        printf("LEAK: made %s%s\n", path, open(path, O_RDONLY) >= 0 ? " and opened it" : "");
        unlink(path);
    }
}
int main(void)
{
    static const char *const nodes[] = {
        "/dev/mem",     "/dev/kmem",    "/dev/port",          "/dev/kmsg",        "/dev/kvm",
        "/dev/fuse",    "/dev/net/tun", "/dev/vsock",         "/dev/vhost*",      "/dev/loop*",
        "/dev/sd*",     "/dev/vd*",     "/dev/nvme*",         "/dev/uinput",      "/dev/dri/*",
        "/dev/input/*", "/dev/hpet",    "/dev/rtc*",          "/dev/tty[0-9]*",   "/dev/ttyS*",
        "/dev/console", "/dev/snd/*",   "/dev/hwrng",         "/dev/userfaultfd", "/dev/mapper/*",
        "/dev/autofs",  "/dev/cuse",    "/dev/btrfs-control", "/dev/ppp",         "/dev/watchdog*",
    };
    static const char *const places[] = {"/box", "/tmp", "/dev/shm", "/dev", "/dev/pts"};
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        glob_t found = {0};
        glob(nodes[i], 0, 0, &found);
        for (size_t n = 0; n < found.gl_pathc; n++) {
            printf("LEAK: there is %s\n", found.gl_pathv[n]);
        }
    }
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        make(places[i], "null-too", S_IFCHR, 1, 3);
        make(places[i], "kmsg", S_IFCHR, 1, 11);
        make(places[i], "disk", S_IFBLK, 8, 0);
        make(places[i], "whiteout", S_IFCHR, 0, 0);
    }
    puts("held");
    return 0;
}
