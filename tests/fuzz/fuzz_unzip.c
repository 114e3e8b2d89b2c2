/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a zip archive, unpacked into an empty directory of a file system in memory: the limits
 * hold for what lies there afterwards, and a name or a link leads nowhere else.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "fuzz.h"
#include "fuzz_dir.h"
#include "unzip/unzip.h"

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

static void unpack_check(const uint8_t *data, size_t size)
{
    static const struct unzip_limits limits = {BYTES_MAX, FILES_MAX};
    AUTO(fuzz_dir_remove) struct fuzz_dir dir;
    struct unzip_report report;
    struct err e = {0};
    AUTO(fd_closep) int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fuzz_dir_make(&dir);
    REQUIRE(fchdir(dir.fd) == 0);
    int r = unzip(data, size, &limits, &report, &e);
    fuzz_dir_look(&dir);
    REQUIRE(dir.bytes <= BYTES_MAX && dir.names <= FILES_MAX);
    REQUIRE((r == 0 || e.text[0] != '\0') && (report.skipped == 0 || report.first.text[0] != '\0'));
    REQUIRE(fchdir(here) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512] = "";
    memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
    path_check(text);
    unpack_check(data, size);
    return 0;
}
