/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/weaken.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static const char *const switch_words[] = {
#define X(name, word, what) [WEAKEN_##name] = (word),
#include "boxproto/weaken.def"
#undef X
};

static int switch_find(const char *word, size_t len, uint64_t *ret_bit, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(switch_words); i++) {
        if (strlen(switch_words[i]) == len && memcmp(switch_words[i], word, len) == 0) {
            *ret_bit = UINT64_C(1) << i;
            return 0;
        }
    }
    return err_set(e, ERR_INVALID,
                   "BELLJAR_WEAKEN: '%.*s' is no switch; src/boxproto/weaken.def lists them",
                   (int)len, word);
}

int weaken_parse(const char *words, uint64_t *ret_mask, struct err *e)
{
    uint64_t mask = 0;
    while (*words) {
        size_t len = strcspn(words, ",");
        uint64_t bit = 0;
        int r = switch_find(words, len, &bit, e);
        if (r < 0) {
            return r;
        }
        mask |= bit;
        words += len;
        words += *words == ',';
    }
    *ret_mask = mask;
    return 0;
}

int weaken_asked(uint64_t *ret_mask, struct err *e)
{
    const char *words = getenv("BELLJAR_WEAKEN"); /* NOLINT(concurrency-mt-unsafe) */
    return weaken_parse(words ? words : "", ret_mask, e);
}
