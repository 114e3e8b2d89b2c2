/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a zip archive, unpacked into an empty directory of a file system in memory: the limits
 * hold for what lies there afterwards, and a name or a link leads nowhere else.
 */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "fuzz.h"
#include "unzip/unzip.h"

#define TOP       "/dev/shm"
#define BYTES_MAX 4096
#define FILES_MAX 16

static void path_check(const char *text)
{
    char path[UNZIP_PATH_MAX + 1], again[UNZIP_PATH_MAX + 1];
    if (!unzip_path(text, path)) {
        return;
    }
    if (path[0] == '/' || !unzip_path(path, again) || strcmp(path, again) != 0) {
        abort();
    }
    if (unzip_link_ok(path, text) && text[0] == '/') {
        abort();
    }
}

static uint64_t bytes, files; /* nftw passes no context */

static int count(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path;
    files += at->level > 0;
    bytes += type == FTW_F || type == FTW_SL ? (uint64_t)st->st_size : 0;
    if ((st->st_mode & (S_ISUID | S_ISGID | S_ISVTX)) != 0 && at->level > 0) {
        abort();
    }
    return 0;
}

static void unpack_check(const uint8_t *data, size_t size)
{
    static const struct unzip_limits limits = {BYTES_MAX, FILES_MAX};
    char dir[] = TOP "/fuzz-unzip-XXXXXX";
    struct unzip_report report;
    struct err e = {0};
    AUTO(fd_closep) int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(fd_closep) int top = open(TOP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!mkdtemp(dir) || chdir(dir) < 0) {
        abort();
    }
    int r = unzip(data, size, &limits, &report, &e);
    bytes = files = 0;
    if (nftw(dir, count, 8, FTW_PHYS) != 0 || bytes > BYTES_MAX || files > FILES_MAX) {
        abort();
    }
    if ((r < 0 && e.text[0] == '\0') || (report.skipped > 0 && report.first.text[0] == '\0')) {
        abort();
    }
    if (fchdir(here) < 0 || tree_remove(top, strrchr(dir, '/') + 1, &e) < 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512] = "";
    memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
    path_check(text);
    unpack_check(data, size);
    return 0;
}
