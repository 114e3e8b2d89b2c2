/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_load.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int filter_load(int memfd)
{
    static struct sock_filter code[BPF_MAXINSNS];
    ssize_t len = pread(memfd, code, sizeof(code), 0);
    if (len <= 0 || (size_t)len % sizeof(code[0]) != 0) {
        errno = len < 0 ? errno : EINVAL;
        return -1;
    }
    struct sock_fprog program = {(unsigned short)((size_t)len / sizeof(code[0])), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -1;
    }
    unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0 ? 0 : -1;
}
