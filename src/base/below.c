/* SPDX-License-Identifier: Apache-2.0 */
#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int below_open(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    long fd;
    do {
        fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    } while (fd < 0 && errno == EAGAIN); /* something on the way was renamed meanwhile */
    return (int)fd;
}
