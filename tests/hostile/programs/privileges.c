/*
 * threat: A11
 * defence: no capabilities, no_new_privs, nosuid
 * tries: gain an id or a capability: setuid programs, setuid(0), capset, device nodes
 * must: refused
 * off: caps no-new-privs
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    printf("%s: %s\n", r >= 0 ? "LEAK" : "held", what);
}
int main(void)
{
    gid_t none = 0;
    struct timeval tv = {0, 0};
    if (getuid() == 0 || geteuid() == 0 || getgid() == 0) {
        puts("LEAK: uid 0");
    }
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "Cap", 3) == 0 && strspn(line + 8, "0\n") != strlen(line + 8)) {
            printf("LEAK: %s", line);
        }
        if (strncmp(line, "NoNewPrivs:\t0", 13) == 0 || strncmp(line, "Seccomp:\t0", 10) == 0) {
            printf("LEAK: %s", line);
        }
    }
    tell("setuid", setuid(0));
    tell("setuid init", setuid(999));
    tell("setgroups", setgroups(1, &none));
    tell("mknod", mknod("/tmp/sda", S_IFBLK | 0600, makedev(8, 0)));
    tell("mknod null", mknod("/tmp/null", S_IFCHR | 0600, makedev(1, 3)));
    tell("settimeofday", settimeofday(&tv, 0));
    tell("sethostname", sethostname("x", 1));
    tell("chown", chown("/box", 0, 0));
    tell("kvm", open("/dev/kvm", O_RDWR));
    tell("mem", open("/dev/mem", O_RDONLY));
    tell("kmsg", open("/dev/kmsg", O_RDONLY));
    tell("fuse", open("/dev/fuse", O_RDWR));
    return 0;
}
