/*
 * threat: D11
 * defence: the filter refuses what one process does to another, and odd modes of the CPU
 * tries: kcmp, memory of other processes, NUMA, secret memory, I/O ports, segments
 * must: refused, for itself too
 * shows: kcmp orders kernel addresses; the others are rare code that exploits like
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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
    static char page[8192];
    static unsigned long mask = 1;
    struct iovec part = {page, 16};
    long self = getpid();
    ASK(SYS_kcmp, self, self, 0, 0, 1);
    ASK(SYS_process_vm_readv, self, &part, 1, &part, 1, 0);
    ASK(SYS_process_vm_writev, self, &part, 1, &part, 1, 0);
    ASK(440 /* process_madvise */, -1, &part, 1, 4, 0);
    ASK(448 /* process_mrelease */, -1, 0);
    ASK(438 /* pidfd_getfd */, -1, 0, 0);
    ASK(447 /* memfd_secret */, 0);
    ASK(SYS_mbind, page, 4096, 0, 0, 0, 0);
    ASK(SYS_set_mempolicy, 0, 0, 0);
    ASK(SYS_get_mempolicy, page, 0, 0, 0, 0);
    ASK(SYS_migrate_pages, self, 8, &mask, &mask);
    ASK(SYS_move_pages, self, 0, 0, 0, 0, 0);
#ifdef __x86_64__
    ASK(SYS_modify_ldt, 0, page, sizeof(page));
    ASK(SYS_iopl, 0);
    ASK(SYS_ioperm, 0x80, 1, 0);
#endif
    puts("held");
    return 0;
}
