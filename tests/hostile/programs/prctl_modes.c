/*
 * threat: D11
 * defence: the filter refuses PR_SET_MM; no capabilities; locked secure bits
 * tries: move its own memory map, become dumpable for others, keep capabilities, unlock bits
 * must: refused
 * shows: PR_SET_MM with an odd pointer: the kernel's own EINVAL instead of EPERM
 * off: filter-arguments+caps
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <sys/prctl.h>
#define ASK(...)                                                                                   \
    do {                                                                                           \
        errno = 0;                                                                                 \
        if (prctl(__VA_ARGS__) >= 0 || errno != EPERM) {                                           \
            printf("LEAK: prctl(" #__VA_ARGS__ "): errno %d\n", errno);                            \
        }                                                                                          \
    } while (0)
int main(void)
{
    static unsigned size;
    ASK(PR_SET_MM, PR_SET_MM_START_BRK, 4096, 0, 0);
    ASK(PR_SET_MM, PR_SET_MM_EXE_FILE, 0, 0, 0);
    ASK(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0);
    ASK(0x100000000 | PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0);
    ASK(PR_SET_SECUREBITS, 0, 0, 0, 0);
    ASK(PR_CAPBSET_DROP, 0, 0, 0, 0);
    ASK(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 5, 0, 0);
    /* There is no way back from this one. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        puts("LEAK: no_new_privs can be had off");
    }
    puts("held");
    return 0;
}
