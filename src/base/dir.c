/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dir.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

int dir_open(int parent_fd, const char *name, DIR **ret, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        return err_sys(e, "open directory '%s'", name);
    }
    (void)TAKE(&fd, -1);
    *ret = dir;
    return 0;
}

const struct dirent *dir_next(DIR *dir)
{
    const struct dirent *entry;
    do {
        entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): one stream has one reader */
    } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry;
}

void dir_closep(DIR **dir)
{
    if (*dir) {
        closedir(*dir);
        *dir = NULL;
    }
}
