/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_tree.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "fuzz.h"
#include "fuzz_dir.h"
#include "packages/layer_opaque.h"
#include "packages/layer_stream.h"
#include "packages/layer_tidy.h"
#include "packages/tree_writer.h"

struct written {
    struct fuzz_dir dir;
    int result;
    struct err e;
    bool is_layer;
    char digest[STORE_DIGEST_CHARS + 1];
};

bool fuzz_tree_digest(int dir_fd, char ret[STORE_DIGEST_CHARS + 1])
{
    struct layer layer;
    struct err e;
    bool opaque = false;
    REQUIRE(layer_opaque_get(dir_fd, "", &opaque, &e) == 0);
    if (opaque) {
        REQUIRE(layer_tidy(dir_fd, &e) == -ERR_INVALID);
        return false;
    }
    REQUIRE(layer_tidy(dir_fd, &e) == 0);
    REQUIRE(layer_stream(dir_fd, NULL, &layer, &e) == 0);
    memcpy(ret, layer.digest, sizeof(layer.digest));
    return true;
}

static void write_stream(const char *stream, size_t len, size_t piece,
                         struct tree_writer_options options, struct written *ret)
{
    fuzz_dir_make(&ret->dir);
    options.dir_fd = ret->dir.fd;
    struct tree_writer *w = tree_writer_new(&options);
    int r = 0;
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        int before = r;
        r = tree_writer_add(w, stream + at, part, &ret->e);
        REQUIRE(before == 0 || r == before); /* it takes no more after an error */
    }
    ret->result = tree_writer_end(w, &ret->e);
    REQUIRE(r == 0 || r == ret->result);
    REQUIRE(ret->result == 0 || ret->e.text[0] != '\0');
    fuzz_dir_look(&ret->dir);
    REQUIRE(tree_writer_bytes(w) <= options.max_bytes);
    REQUIRE(tree_writer_inodes(w) <= options.max_inodes);
    REQUIRE(ret->dir.names <= tree_writer_inodes(w));
    tree_writer_free(w);
    ret->is_layer = ret->result == 0 && fuzz_tree_digest(ret->dir.fd, ret->digest);
}

void fuzz_tree_check(const void *stream, size_t len, size_t piece,
                     const struct tree_writer_options *options)
{
    struct written one = {0}, other = {0};
    write_stream(stream, len, len + 1, *options, &one);
    write_stream(stream, len, piece, *options, &other);
    REQUIRE(one.result == other.result);
    REQUIRE(strcmp(one.e.text, other.e.text) == 0);
    REQUIRE(one.is_layer == other.is_layer && strcmp(one.digest, other.digest) == 0);
    fuzz_dir_remove(&one.dir);
    fuzz_dir_remove(&other.dir);
}
