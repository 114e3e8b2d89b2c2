/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the stream that comes out of the box in which an archive is read. */
#include "fuzz.h"
#include "fuzz_tree.h"
#include "packages/tree_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tree_writer_options plain = {
        .prefix = "", .max_bytes = 2000, .max_inodes = 12};
    static const struct tree_writer_options layer = {
        .prefix = "opt/x", .strip = 1, .max_bytes = 1 << 20, .max_inodes = 60, .whiteouts = true};
    fuzz_tree_check(data, size, 7, &plain);
    fuzz_tree_check(data, size, 19, &layer);
    return 0;
}
