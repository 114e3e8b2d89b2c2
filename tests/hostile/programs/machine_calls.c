/*
 * threat: D4
 * defence: the filter refuses what governs the machine
 * tries: quotas, swap, accounting, modules, kexec, reboot, sync of all disks, old calls
 * must: refused by the filter, whatever the arguments
 * shows: some do something, or look at their arguments, for anybody
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define ASK(call, ...)                                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long r = syscall(call, __VA_ARGS__);                                                       \
        if (r >= 0 || (errno != EPERM && errno != ENOSYS)) {                                       \
            printf("LEAK: " #call ": %ld, errno %d\n", r, errno);                                  \
        }                                                                                          \
    } while (0)
int main(void)
{
    static char zero[512];
    /* Q_SYNC, without a device: of all, and for everybody */
    ASK(SYS_quotactl, 0x80000100, 0, 0, 0);
    ASK(SYS_quotactl_fd, -1, 0x80000100, 0, 0);
    ASK(SYS_sync, 0);
    ASK(SYS_swapon, "/box/none", 0);
    ASK(SYS_swapoff, "/box/none");
    ASK(SYS_acct, "/box/none");
    ASK(SYS_init_module, zero, sizeof(zero), "");
    ASK(SYS_finit_module, -1, "", 0);
    ASK(SYS_delete_module, "none", 0);
    ASK(SYS_kexec_load, 0, 0, 0, 0);
    ASK(SYS_kexec_file_load, -1, -1, 0, 0, 0);
    ASK(SYS_reboot, 0, 0, 0, 0);
    ASK(SYS_vhangup, 0);
    ASK(SYS_lookup_dcookie, 1L, zero, sizeof(zero));
#ifdef __x86_64__
    ASK(SYS_nfsservctl, 0, zero, zero);
    ASK(SYS__sysctl, zero);
    ASK(SYS_uselib, "/box/none");
    ASK(SYS_ustat, 0, zero);
    ASK(SYS_sysfs, 3);
#endif
    puts("held");
    return 0;
}
