/* SPDX-License-Identifier: Apache-2.0 */
#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_as(int dir, const char *path, struct open_how how)
{
    long fd;
    do {
        fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    } while (fd < 0 && errno == EAGAIN); /* something on the way was renamed meanwhile */
    return (int)fd;
}

int below_open(int dir, const char *path, int flags, mode_t mode)
{
    return open_as(dir, path,
                   (struct open_how){
                       .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
                       .mode = mode,
                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                                  RESOLVE_NO_XDEV,
                   });
}

int below_look(int dir, const char *path)
{
    return open_as(dir, path,
                   (struct open_how){
                       .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
                       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
                   });
}
