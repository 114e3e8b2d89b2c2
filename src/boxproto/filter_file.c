/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/filter_file.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

int filter_file_check(int fd, struct err *e)
{
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    struct stat st;
    if (fstat(fd, &st) < 0 || (fcntl(fd, F_GET_SEALS) & seals) != seals || st.st_size == 0) {
        return err_set(e, ERR_INVALID, "descriptor %d holds no sealed filter", fd);
    }
    return 0;
}

int filter_file_load(int fd, void *scratch, size_t cap, struct err *e)
{
    int r = filter_file_check(fd, e);
    if (r < 0) {
        return r;
    }
    ssize_t size = pread(fd, scratch, cap, 0);
    if (size < 0) {
        return err_sys(e, "reading the system call filter");
    }
    size_t count = (size_t)size / sizeof(struct sock_filter);
    if (count == 0 || count > BPF_MAXINSNS || (size_t)size % sizeof(struct sock_filter) != 0) {
        return err_set(e, ERR_INVALID, "%zd bytes are no system call filter", size);
    }
    struct sock_fprog program = {.len = (unsigned short)count, .filter = scratch};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) <
        0) {
        return err_sys(e, "loading the system call filter");
    }
    return 0;
}
