/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as an archive, which belljar-unpack reads and tree_writer writes: as a package, as Debian's
 * control files, and as a layer of an image of which some is not for its user.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxarchive.h"
#include "fuzz.h"
#include "fuzz_tree.h"
#include "packages/tree_writer.h"
#include "unpack/image_user.h"
#include "unpack/unpack.h"

#define STREAM_MAX (1 << 18) /* a hole may be as large as it likes */

static void path_check(const uint8_t *data, size_t size)
{
    char name[600] = "", path[BOXARCHIVE_PATH_MAX + 1], again[BOXARCHIVE_PATH_MAX + 1];
    struct err e;
    memcpy(name, data, size < sizeof(name) - 1 ? size : sizeof(name) - 1);
    if (unpack_path(name, path, &e) == 0 && path[0] != '\0') {
        REQUIRE(boxarchive_check_path(path, &e) == 0);
        REQUIRE(unpack_path(path, again, &e) == 0 && strcmp(path, again) == 0);
    }
}

/* A file that takes STREAM_MAX bytes; what is behind them is an error of its writer. */
static int stream_file(void)
{
    int fd = memfd_create("stream", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(fd >= 0 && ftruncate(fd, STREAM_MAX) == 0);
    REQUIRE(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
    return fd;
}

static void unpack_check(const uint8_t *data, size_t size, const struct unpack_options *options,
                         const struct tree_writer_options *to)
{
    struct err e = {0};
    AUTO(fd_closep) int in = -1;
    AUTO(fd_closep) int out = stream_file();
    REQUIRE(fd_memfd("archive", data, size, false, &in, &e) == 0 && lseek(in, 0, SEEK_SET) == 0);
    int r = unpack(in, out, options, &e);
    REQUIRE(r == 0 || e.text[0] != '\0');
    off_t len = lseek(out, 0, SEEK_CUR);
    REQUIRE(len >= 0);
    AUTO(buf_done) struct buf stream = {0};
    REQUIRE(pread(out, buf_reserve(&stream, STREAM_MAX), (size_t)len, 0) == len);
    fuzz_tree_check(stream.data, (size_t)len, 4099, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tree_writer_options package = {
        .prefix = "", .max_bytes = 1 << 16, .max_inodes = 64};
    static const struct tree_writer_options layer = {
        .prefix = "", .max_bytes = 1 << 16, .max_inodes = 64, .whiteouts = true};
    struct image_user user = {0};
    struct err e;
    REQUIRE(image_user_parse("1000:1000,27", &user, &e) == 0);
    path_check(data, size);
    unpack_check(data, size, &(struct unpack_options){0}, &package);
    unpack_check(data, size, &(struct unpack_options){.deb_control = true, .skip_special = true},
                 &package);
    unpack_check(data, size, &(struct unpack_options){.image_user = &user}, &layer);
    image_user_done(&user);
    return 0;
}
