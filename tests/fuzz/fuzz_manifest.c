/* SPDX-License-Identifier: Apache-2.0 */
/* What the store says of an installed runtime: what is read is written as it was. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "fuzz.h"
#include "packages/manifest.h"

static void manifest_freep(struct manifest **m)
{
    manifest_free(*m);
}

static void write_again(const struct manifest *m)
{
    AUTO(buf_done) struct buf first = {0};
    AUTO(buf_done) struct buf second = {0};
    AUTO(manifest_freep) struct manifest *again = NULL;
    struct err e;
    manifest_write(m, &first);
    REQUIRE(manifest_parse_bare("again", first.data, first.len, &again, &e) == 0);
    REQUIRE(strcmp(m->recipe_text, again->recipe_text) == 0);
    REQUIRE(m->layer_count == again->layer_count && m->part_count == again->part_count);
    manifest_write(again, &second);
    REQUIRE(strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(manifest_freep) struct manifest *bare = NULL;
    AUTO(manifest_freep) struct manifest *m = NULL;
    struct err e = {0};
    if (manifest_parse_bare("m", (const char *)data, size, &bare, &e) < 0) {
        REQUIRE(!bare && e.text[0] != '\0');
        return 0;
    }
    REQUIRE(bare->layer_count <= MANIFEST_LAYERS_MAX && bare->own_layer_count <= bare->layer_count);
    write_again(bare);
    if (manifest_parse("m", (const char *)data, size, &m, &e) == 0) {
        REQUIRE(m->recipe);
        write_again(m);
    }
    return 0;
}
