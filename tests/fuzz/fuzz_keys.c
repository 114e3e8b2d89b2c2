/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as keys.json: what is taken and written again is the same, and shows no hash to people. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "fuzz.h"
#include "keys/keys_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(mem_freep) struct key *all = NULL;
    AUTO(mem_freep) struct key *again = NULL;
    AUTO(buf_done) struct buf first = {0};
    AUTO(buf_done) struct buf second = {0};
    AUTO(buf_done) struct buf shown = {0};
    size_t count = 0, count_again = 0;
    struct err e = {0};
    if (keys_text_read((const char *)data, size, &all, &count, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && all == NULL);
        return 0;
    }
    REQUIRE(count <= KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(key_name_is_good(all[i].name));
    }
    keys_text_write(all, count, true, &first);
    REQUIRE(keys_text_read(first.data, first.len, &again, &count_again, &e) == 0);
    keys_text_write(again, count_again, true, &second);
    REQUIRE(count == count_again && first.len == second.len);
    REQUIRE(memcmp(first.data, second.data, first.len) == 0);
    keys_text_write(all, count, false, &shown);
    REQUIRE(strstr(shown.data, "\"sha256\":") == NULL);
    return 0;
}
