/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers as an export has them: a record that is read is written as the same bytes; a layer that is
 * taken has a digest, and the stream that has this digest makes the same tree.
 */
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "fuzz.h"
#include "fuzz_dir.h"
#include "fuzz_tree.h"
#include "packages/layer_record.h"
#include "packages/layer_stream.h"
#include "packages/layer_unpack.h"
#include "packages/stream_in.h"

#define BYTES_MAX 4096

static void record_check(const uint8_t *data, size_t size)
{
    struct layer_record record;
    size_t used = 0;
    struct err e;
    char again[LAYER_RECORD_BYTES + LAYER_PATH_MAX];
    if (layer_record_parse(data, size, &record, &used, &e) == 1) {
        REQUIRE(used <= size && layer_path_check(record.path, &e) == 0);
        REQUIRE(layer_record_write(record.type, record.mode, record.path, record.size, again) ==
                used);
        REQUIRE(memcmp(again, data, used) == 0);
    }
}

/* Returns what is left of BYTES_MAX; less than 0: it is no layer. */
static int64_t layer_put(const void *data, size_t size, int dir_fd)
{
    struct err e = {0};
    AUTO(fd_closep) int fd = -1;
    uint64_t bytes = BYTES_MAX;
    REQUIRE(fd_memfd("layer", data, size, false, &fd, &e) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    struct stream_in *in = stream_in_new(fd);
    int r = layer_unpack(in, dir_fd, &bytes, &e);
    stream_in_free(in);
    REQUIRE((r == 0 || e.text[0] != '\0') && bytes <= BYTES_MAX);
    return r < 0 ? r : (int64_t)bytes;
}

static int add(void *ctx, const void *data, size_t len, struct err *e)
{
    (void)e;
    buf_add(ctx, data, len);
    return 0;
}

static void layer_check(const uint8_t *data, size_t size)
{
    AUTO(fuzz_dir_remove) struct fuzz_dir one;
    AUTO(fuzz_dir_remove) struct fuzz_dir other;
    AUTO(buf_done) struct buf stream = {0};
    const struct layer_sink sink = {add, &stream};
    struct layer layer;
    struct err e;
    char digest[STORE_DIGEST_CHARS + 1], again[STORE_DIGEST_CHARS + 1];
    fuzz_dir_make(&one);
    fuzz_dir_make(&other);
    int64_t left = layer_put(data, size, one.fd);
    REQUIRE(left < 0 || layer_put(data, size, -1) >= 0);
    fuzz_dir_look(&one);
    if (left >= 0 && fuzz_tree_digest(one.fd, digest)) {
        REQUIRE(layer_stream(one.fd, &sink, &layer, &e) == 0);
        REQUIRE(layer_put(stream.data, stream.len, other.fd) >= left);
        REQUIRE(fuzz_tree_digest(other.fd, again) && strcmp(digest, again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    record_check(data, size);
    layer_check(data, size);
    return 0;
}
