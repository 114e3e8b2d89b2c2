/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/filter_program.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "sandbox/filter_thin.h"

void filter_program_freep(scmp_filter_ctx *ctx)
{
    seccomp_release(*ctx);
}

int filter_program_failed(int r, const char *what, struct err *e)
{
    errno = -r;
    return err_sys(e, "building the system call filter: %s", what);
}

int filter_program_new(uint32_t otherwise, uint32_t foreign, scmp_filter_ctx *ret, struct err *e)
{
    AUTO(filter_program_freep) scmp_filter_ctx ctx = seccomp_init(otherwise);
    if (!ctx) {
        return err_set(e, ERR_IO, "building the system call filter: seccomp_init failed");
    }
    int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, foreign);
    if (r < 0) {
        return filter_program_failed(r, "action for foreign architectures", e);
    }
    r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r < 0) {
        return filter_program_failed(r, "binary tree", e);
    }
    *ret = TAKE(&ctx, NULL);
    return 0;
}

/* libseccomp writes to a descriptor only. */
int filter_program_bytes(scmp_filter_ctx ctx, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "memfd for the system call filter");
    }
    int r = seccomp_export_bpf(ctx, fd);
    if (r < 0) {
        return filter_program_failed(r, "export", e);
    }
    if (lseek(fd, 0, SEEK_SET) < 0) {
        return err_sys(e, "lseek in the system call filter");
    }
    AUTO(buf_done) struct buf code = {0};
    r = fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &code, e);
    if (r < 0) {
        return r;
    }
    struct sock_filter *first = (struct sock_filter *)(void *)code.data;
    size_t count = filter_thin(first, code.len / sizeof(*first));
    buf_add(ret, first, count * sizeof(*first));
    return 0;
}
