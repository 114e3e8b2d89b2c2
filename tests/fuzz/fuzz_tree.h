#pragma once
/*
 * fuzz_tree - what must hold of a boxarchive stream that tree_writer puts into a directory.
 */
#include <stdbool.h>
#include <stddef.h>

#include "packages/store.h"

struct tree_writer_options;

/*
 * Writes the stream at once, and in pieces of `piece` bytes into another directory: the outcome is
 * the same, the limits hold, and what was taken is a layer.  `options` without dir_fd.
 */
void fuzz_tree_check(const void *stream, size_t len, size_t piece,
                     const struct tree_writer_options *options);
/* Makes a tree plain, as store_commit does.  False: its top is opaque. */
bool fuzz_tree_digest(int dir_fd, char ret[STORE_DIGEST_CHARS + 1]);
