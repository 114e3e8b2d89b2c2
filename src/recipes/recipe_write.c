/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "config/toml_text.h"
#include "recipes/recipe.h"
#include "recipes/recipe_keys.h"

#define LINE_MAX_CHARS 100

static void words_add(struct buf *ret, char *const *words, const char *separator)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        buf_add_str(ret, i > 0 ? separator : "");
        toml_text_add(ret, words[i]);
    }
}

/* On one line when it fits there. */
static void words_write(struct buf *ret, char *const *words)
{
    size_t start = ret->len;
    buf_add_char(ret, '[');
    words_add(ret, words, ", ");
    buf_add_char(ret, ']');
    if (ret->len - start > LINE_MAX_CHARS || strchr(ret->data + start, '\n') != NULL) {
        ret->len = start;
        buf_add_str(ret, "[\n    ");
        words_add(ret, words, ",\n    ");
        buf_add_str(ret, ",\n]");
    }
}

static void numbers_write(struct buf *ret, const unsigned *numbers)
{
    buf_add_char(ret, '[');
    for (size_t i = 0; numbers[i] != 0; i++) {
        buf_add_fmt(ret, "%s%u", i > 0 ? ", " : "", numbers[i]);
    }
    buf_add_char(ret, ']');
}

/* False: it is as it is without the key. */
static bool pointer_write(struct buf *ret, enum recipe_key_kind kind, const void *value)
{
    if (value == NULL) {
        return false;
    }
    if (kind == KEY_TEXT) {
        toml_text_add(ret, value);
    } else if (kind == KEY_WORDS) {
        words_write(ret, value);
    } else {
        numbers_write(ret, value);
    }
    return true;
}

static bool amount_write(struct buf *ret, uint64_t amount)
{
    if (amount > 0) {
        buf_add_fmt(ret, "%" PRIu64, amount);
    }
    return amount > 0;
}

static bool value_write(struct buf *ret, enum recipe_key_kind kind, const void *field)
{
    switch (kind) {
    case KEY_TEXT:
    case KEY_WORDS:
    case KEY_NUMBERS:
        return pointer_write(ret, kind, *(void *const *)field);
    case KEY_BOOL:
        buf_add_str(ret, "true");
        return *(const bool *)field;
    case KEY_MS:
    case KEY_BYTES:
    case KEY_COUNT:
        return amount_write(ret, *(const uint64_t *)field);
    case KEY_COUNT_32:
        return amount_write(ret, *(const uint32_t *)field);
    case KEY_LIKE:
        break;
    }
    return false;
}

static void key_write(struct buf *ret, const struct recipe *r, const struct recipe_key *key)
{
    const char *dot = strrchr(key->name, '.');
    size_t before = ret->len;
    buf_add_fmt(ret, "%s = ", dot != NULL ? dot + 1 : key->name);
    /* What it would be without the key depends on the rest. */
    bool offer = strcmp(key->name, "host.offer") == 0;
    if (offer && !r->on_host) {
        buf_add_str(ret, "false");
    } else if (key->kind == KEY_LIKE ||
               !value_write(ret, key->kind, (const char *)r + key->offset)) {
        ret->len = before;
        return;
    }
    buf_add_char(ret, '\n');
}

/* The keys that stand in a table, or (len 0) in none. */
static void table_write(struct buf *ret, const struct recipe *r, const char *table, size_t len)
{
    size_t before = ret->len;
    if (len > 0) {
        buf_add_fmt(ret, "\n[%.*s]\n", (int)len, table);
    }
    size_t head = ret->len;
    for (size_t i = 0; i < recipe_key_count; i++) {
        const char *name = recipe_keys[i].name;
        const char *dot = strrchr(name, '.');
        size_t own = dot != NULL ? (size_t)(dot - name) : 0;
        if (own == len && strncmp(name, table, len) == 0) {
            key_write(ret, r, &recipe_keys[i]);
        }
    }
    if (ret->len == head) {
        ret->len = before;
    }
}

static void files_write(struct buf *ret, const struct recipe_file *files)
{
    buf_add_str(ret, files != NULL ? "\n[files]\n" : "");
    for (; files != NULL && files->name != NULL; files++) {
        buf_add_fmt(ret, "\"%s\" = ", files->name);
        toml_text_add(ret, files->text);
        buf_add_char(ret, '\n');
    }
}

void recipe_write(const struct recipe *r, struct buf *ret)
{
    table_write(ret, r, "", 0);
    const char *last = "";
    size_t last_len = 0;
    for (size_t i = 0; i < recipe_key_count; i++) {
        const char *name = recipe_keys[i].name;
        const char *dot = strrchr(name, '.');
        size_t len = dot != NULL ? (size_t)(dot - name) : 0;
        if (len > 0 && (len != last_len || strncmp(last, name, len) != 0)) {
            last = name;
            last_len = len;
            table_write(ret, r, name, len);
        }
    }
    files_write(ret, r->files);
}
