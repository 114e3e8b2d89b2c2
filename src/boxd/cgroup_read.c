/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/cgroup_read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

/* cpu.stat, the longest that is read here, has about 300 bytes. */
#define FILE_MAX 1024

bool cgroup_parse_number(const char *text, size_t len, uint64_t *ret)
{
    uint64_t number = 0;
    if (len < 2 || text[len - 1] != '\n') {
        return false;
    }
    for (const char *p = text; p < text + len - 1; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number)) {
            return false;
        }
    }
    *ret = number;
    return true;
}

bool cgroup_parse_key(const char *text, size_t len, const char *key, uint64_t *ret)
{
    bool found = false;
    uint64_t number, wanted = 0;
    for (const char *line = text, *next, *end = text + len; line < end; line = next) {
        const char *space = memchr(line, ' ', (size_t)(end - line));
        const char *last = memchr(line, '\n', (size_t)(end - line));
        if (!last || !space || space > last || space == line) {
            return false;
        }
        next = last + 1;
        size_t key_len = strspn(line, "abcdefghijklmnopqrstuvwxyz_.");
        bool same = key_len == strlen(key) && memcmp(line, key, key_len) == 0;
        if (line + key_len != space++ || (same && found) ||
            !cgroup_parse_number(space, (size_t)(next - space), &number)) {
            return false;
        }
        found |= same;
        wanted = same ? number : wanted;
    }
    if (found) {
        *ret = wanted;
    }
    return found;
}

/* One read gives all of such a file; `ret` has FILE_MAX bytes and no NUL. */
static int read_at_start(int fd, const char *file, char *ret, size_t *ret_len, struct err *e)
{
    ssize_t n = pread(fd, ret, FILE_MAX, 0);
    if (n < 0) {
        return err_sys(e, "read '%s'", file);
    }
    if (n == FILE_MAX) {
        return err_set(e, ERR_INVALID, "'%s' is longer than such a file is", file);
    }
    *ret_len = (size_t)n;
    return 0;
}

int cgroup_open(int dir, const char *file, int flags, int *ret_fd, struct err *e)
{
    int fd = openat(dir, file, flags | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return err_sys(e, "open '%s'", file);
    }
    *ret_fd = fd;
    return 0;
}

int cgroup_read(int fd, const char *file, const char *key, uint64_t *ret, struct err *e)
{
    char text[FILE_MAX];
    size_t len = 0;
    int r = read_at_start(fd, file, text, &len, e);
    if (r < 0) {
        return r;
    }
    if (key ? cgroup_parse_key(text, len, key, ret) : cgroup_parse_number(text, len, ret)) {
        return 0;
    }
    return err_set(e, ERR_INVALID, "'%s' is no number, or has no line '%s NUMBER'", file,
                   key ? key : "");
}

int cgroup_write(int fd, const char *file, const char *text, struct err *e)
{
    ssize_t len = (ssize_t)strlen(text);
    return write(fd, text, (size_t)len) != len ? err_sys(e, "write '%s' to '%s'", text, file) : 0;
}

int kernel_write(int dir, const char *file, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = cgroup_open(dir, file, O_WRONLY, &fd, e);
    return r < 0 ? r : cgroup_write(fd, file, text, e);
}

int kernel_write_number(int dir, const char *file, uint64_t number, struct err *e)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    return kernel_write(dir, file, text, e);
}

bool cgroup_file_exists(int dir, const char *file)
{
    return faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
