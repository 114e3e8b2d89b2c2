/*
 * threat: D4
 * defence: filter
 * tries: call what the kernel's exploits go through
 * must: refused or unknown
 * control: bare
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TRY(...)                                                                                   \
    printf("%s: " #__VA_ARGS__ "\n",                                                               \
           syscall(__VA_ARGS__) >= 0 || (errno != EPERM && errno != ENOSYS) ? "LEAK" : "held")
int main(void)
{
    static char zero[256];
    TRY(SYS_io_uring_setup, 1, zero);
    TRY(SYS_bpf, 0, zero, sizeof(zero));
    TRY(SYS_perf_event_open, zero, 0, -1, -1, 0);
    TRY(SYS_userfaultfd, 1);
    TRY(SYS_keyctl, 0, -3, 1);
    TRY(SYS_add_key, "user", "x", "y", 1, -4);
    TRY(SYS_request_key, "user", "x", 0, 0);
    TRY(SYS_kexec_load, 0, 0, 0, 0);
    TRY(SYS_init_module, zero, 0, "");
    TRY(SYS_open_by_handle_at, -100, zero, 0);
    TRY(SYS_name_to_handle_at, -100, "/", zero, zero, 0);
    TRY(SYS_syslog, 3, zero, 10);
    TRY(SYS_quotactl, 0, 0, 0, 0);
    TRY(SYS_kcmp, 1, 1, 0, 0, 0);
    TRY(SYS_acct, 0);
    TRY(SYS_reboot, 0, 0, 0, 0);
    TRY(SYS_swapon, "/x", 0);
    TRY(SYS_fanotify_init, 0, 0);
    TRY(SYS_personality, 0x0400000);
    TRY(999999);
    return 0;
}
