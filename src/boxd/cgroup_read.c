/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/cgroup_read.h"

#include <errno.h>
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

/* Takes the digits at *p; false without one and on overflow. */
static bool take_number(const char **p, const char *end, uint64_t *ret)
{
    const char *start = *p;
    uint64_t number = 0;
    for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(**p - '0'), &number)) {
            return false;
        }
    }
    *ret = number;
    return *p > start;
}

static bool take_char(const char **p, const char *end, char c)
{
    if (*p >= end || **p != c) {
        return false;
    }
    (*p)++;
    return true;
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
}

bool cgroup_parse_number(const char *text, size_t len, uint64_t *ret)
{
    const char *p = text, *end = text + len;
    uint64_t number;
    if (!take_number(&p, end, &number) || !take_char(&p, end, '\n') || p != end) {
        return false;
    }
    *ret = number;
    return true;
}

bool cgroup_parse_key(const char *text, size_t len, const char *key, uint64_t *ret)
{
    const char *p = text, *end = text + len;
    size_t key_len = strlen(key);
    bool found = false;
    uint64_t number, wanted = 0;
    while (p < end) {
        const char *line = p;
        while (p < end && is_key_char(*p)) {
            p++;
        }
        bool same = (size_t)(p - line) == key_len && memcmp(line, key, key_len) == 0;
        if (p == line || !take_char(&p, end, ' ') || !take_number(&p, end, &number) ||
            !take_char(&p, end, '\n') || (same && found)) {
            return false;
        }
        if (same) {
            found = true;
            wanted = number;
        }
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

static int open_to_read(int dir, const char *file, int *ret_fd, struct err *e)
{
    *ret_fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return *ret_fd < 0 ? err_sys(e, "open '%s'", file) : 0;
}

int cgroup_read_number(int dir, const char *file, uint64_t *ret, struct err *e)
{
    char text[FILE_MAX];
    size_t len = 0;
    AUTO(fd_closep) int fd = -1;
    int r = open_to_read(dir, file, &fd, e);
    r = r < 0 ? r : read_at_start(fd, file, text, &len, e);
    if (r == 0 && !cgroup_parse_number(text, len, ret)) {
        return err_set(e, ERR_INVALID, "'%s' is not a number", file);
    }
    return r;
}

int cgroup_reread_key(int fd, const char *file, const char *key, uint64_t *ret, struct err *e)
{
    char text[FILE_MAX];
    size_t len = 0;
    int r = read_at_start(fd, file, text, &len, e);
    if (r == 0 && !cgroup_parse_key(text, len, key, ret)) {
        return err_set(e, ERR_INVALID, "'%s' has no line '%s NUMBER', or other lines", file, key);
    }
    return r;
}

int cgroup_read_key(int dir, const char *file, const char *key, uint64_t *ret, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = open_to_read(dir, file, &fd, e);
    return r < 0 ? r : cgroup_reread_key(fd, file, key, ret, e);
}

int kernel_write(int dir, const char *file, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return err_sys(e, "open '%s'", file);
    }
    ssize_t len = (ssize_t)strlen(text);
    return write(fd, text, (size_t)len) != len ? err_sys(e, "write '%s' to '%s'", text, file) : 0;
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
