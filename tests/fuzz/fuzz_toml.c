/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a file of our TOML: what parses must have unique keys, text without NUL and arrays of
 * one type; what does not must name a line.
 */
#include <string.h>

#include "base/err.h"
#include "config/toml.h"
#include "fuzz.h"

static void value_check(const struct toml_value *v)
{
    if ((v->type == TOML_STRING) != (v->text != NULL) || (v->type != TOML_ARRAY && v->items)) {
        abort();
    }
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i].type != v->items[0].type || v->items[i].type == TOML_ARRAY) {
            abort();
        }
        value_check(&v->items[i]);
    }
}

static void toml_check(const struct toml *t)
{
    for (size_t i = 0; i < t->entry_count; i++) {
        if (strlen(t->entries[i].key) > TOML_KEY_MAX) {
            abort();
        }
        value_check(&t->entries[i].value);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(t->entries[i].key, t->entries[j].key) == 0) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toml t = {0};
    struct err e = {0};
    if (toml_parse("f", (const char *)data, size, &t, &e) == 0) {
        toml_check(&t);
    } else if (strncmp(e.text, "f:", 2) != 0 || t.entries) {
        abort();
    }
    toml_done(&t);
    return 0;
}
