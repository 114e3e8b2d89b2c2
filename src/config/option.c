/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "config/toml.h"
#include "config/units.h"

#define NUMBER(t, field, key, preset, min, max, names, help)                                       \
    {                                                                                              \
        t, offsetof(struct config, field), key, preset, min, max, NULL, names, help                \
    }
#define OTHER(t, field, key, preset, names, help)                                                  \
    {                                                                                              \
        t, offsetof(struct config, field), key, preset, 0, 0, NULL, names, help                    \
    }
#define ROW_UINT(...)                          NUMBER(OPTION_UINT, __VA_ARGS__)
#define ROW_MS(...)                            NUMBER(OPTION_MS, __VA_ARGS__)
#define ROW_BYTES(...)                         NUMBER(OPTION_BYTES, __VA_ARGS__)
#define ROW_BOOL(f, k, p, min, max, n, h)      OTHER(OPTION_BOOL, f, k, p, n, h)
#define ROW_STRING(f, k, p, min, max, n, h)    OTHER(OPTION_STRING, f, k, p, n, h)
#define ROW_CPUS(f, k, p, min, max, n, h)      OTHER(OPTION_CPUS, f, k, p, n, h)
#define ROW_LIST(f, k, p, min, max, n, h)      OTHER(OPTION_LIST, f, k, p, n, h)
#define ROW_LINES(f, k, p, min, max, n, h)     OTHER(OPTION_LINES, f, k, p, n, h)
#define ROW_ADDRESSES(f, k, p, min, max, n, h) OTHER(OPTION_ADDRESSES, f, k, p, n, h)
#define ROW_ENUM(field, key, preset, word_list, max, names, help)                                  \
    {                                                                                              \
        OPTION_ENUM, offsetof(struct config, field), key, preset, 0, 0, word_list, names, help     \
    }

const struct option options[] = {
#define X(type, ...) ROW_##type(__VA_ARGS__),
#include "config/options.def"
#undef X
};
const size_t option_count = ARRAY_LEN(options);

const struct option *option_find(const char *key)
{
    for (size_t i = 0; i < option_count; i++) {
        if (strcmp(options[i].key, key) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* --- names ------------------------------------------------------------------------------------ */

void option_own_flag(const struct option *o, char ret[OPTION_NAME_MAX])
{
    snprintf(ret, OPTION_NAME_MAX, "--%s", o->key);
    for (char *c = ret; *c; c++) {
        if (*c == '.' || *c == '_') {
            *c = '-';
        }
    }
}

void option_own_variable(const struct option *o, char ret[OPTION_NAME_MAX])
{
    snprintf(ret, OPTION_NAME_MAX, "BELLJAR_%s", o->key);
    for (char *c = ret; *c; c++) {
        char upper = (char)toupper((unsigned char)*c);
        if (*c == '.') {
            upper = '_';
        }
        *c = upper;
    }
}

bool option_name_next(const char **at, struct option_name *ret)
{
    const char *start = *at + strspn(*at, " ");
    size_t len = strcspn(start, " ");
    if (len == 0) {
        return false;
    }
    *ret = (struct option_name){.scale = 1, .is_flag = *start == '-'};
    snprintf(ret->text, sizeof(ret->text), "%.*s", (int)len, start);
    char *mark = strpbrk(ret->text, "*@");
    if (mark && *mark == '*') {
        ret->scale = strtoull(mark + 1, NULL, 10);
    } else if (mark) {
        snprintf(ret->host, sizeof(ret->host), "%s", mark + 1);
    }
    if (mark) {
        *mark = '\0';
    }
    *at = start + len;
    return true;
}

void *option_field(const struct option *o, struct config *c)
{
    return (char *)c + o->offset;
}

const void *option_field_const(const struct option *o, const struct config *c)
{
    return (const char *)c + o->offset;
}

const char *option_value_word(const struct option *o)
{
    static const char *const words[] = {
        [OPTION_UINT] = "N",     [OPTION_MS] = "TIME",     [OPTION_BYTES] = "SIZE",
        [OPTION_BOOL] = NULL,    [OPTION_STRING] = "TEXT", [OPTION_CPUS] = "CPUS",
        [OPTION_ENUM] = "WORD",  [OPTION_LIST] = "TEXT",   [OPTION_ADDRESSES] = "ADDR:PORT",
        [OPTION_LINES] = "TEXT",
    };
    return words[o->type];
}

/* "auto, full, limits or none" */
static void words_list(const char *words, struct buf *ret)
{
    for (const char *word = words; *word;) {
        size_t len = strcspn(word, "|");
        const char *next = word[len] ? word + len + 1 : word + len;
        const char *gap = word == words ? "" : *next ? ", " : " or ";
        buf_add_fmt(ret, "%s%.*s", gap, (int)len, word);
        word = next;
    }
}

void option_range(const struct option *o, struct buf *ret)
{
    switch (o->type) {
    case OPTION_UINT:
        buf_add_fmt(ret, "%" PRIu64 " to %" PRIu64, o->min, o->max);
        return;
    case OPTION_MS:
        buf_add_fmt(ret, "%" PRIu64 " to %" PRIu64 " milliseconds, or with a unit: 500ms, 2s, 1m",
                    o->min, o->max);
        return;
    case OPTION_BYTES:
        buf_add_fmt(ret, "%" PRIu64 " to %" PRIu64 " bytes, or with a unit: 64K, 64M, 1G", o->min,
                    o->max);
        return;
    case OPTION_BOOL:
        buf_add_str(ret, "true or false");
        return;
    case OPTION_CPUS:
        buf_add_str(ret, "0 (all), or 0.01 to 4096");
        return;
    case OPTION_ENUM:
        words_list(o->words, ret);
        return;
    case OPTION_ADDRESSES:
        buf_add_str(ret, "ADDR:PORT such as 127.0.0.1:2358 or [::1]:2358");
        return;
    case OPTION_STRING:
    case OPTION_LIST:
    case OPTION_LINES:
        buf_add_str(ret, "any text");
        return;
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static int refuse(const struct option *o, const char *text, const char *what, struct err *e)
{
    AUTO(buf_done) struct buf range = {0};
    option_range(o, &range);
    return err_set(e, ERR_INVALID, "%s is '%.60s', which is %s; give %s", o->key, text, what,
                   range.data);
}

static int number_read(const struct option *o, const char *text, uint64_t *field, struct err *e)
{
    bool (*const parse)(const char *, uint64_t *) = o->type == OPTION_MS      ? units_parse_ms
                                                    : o->type == OPTION_BYTES ? units_parse_bytes
                                                                              : units_parse_count;
    uint64_t n = 0;
    if (!parse(text, &n)) {
        uint64_t ignored;
        bool negative = text[0] == '-' && parse(text + 1, &ignored);
        return refuse(o, text, negative ? "out of range" : "not a number that can be used", e);
    }
    if (n < o->min || n > o->max) {
        return refuse(o, text, "out of range", e);
    }
    *field = n;
    return 0;
}

static int bool_read(const struct option *o, const char *text, bool *field, struct err *e)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        for (size_t truth = 0; truth < 2; truth++) {
            if (strcasecmp(text, words[i][truth]) == 0) {
                *field = truth;
                return 0;
            }
        }
    }
    return refuse(o, text, "neither", e);
}

static int enum_read(const struct option *o, const char *text, int *field, struct err *e)
{
    size_t len = strlen(text);
    int index = 0;
    for (const char *word = o->words; *word; index++) {
        size_t word_len = strcspn(word, "|");
        if (len == word_len && strncasecmp(text, word, len) == 0) {
            *field = index;
            return 0;
        }
        word += word_len + (word[word_len] == '|');
    }
    return refuse(o, text, "not one of its words", e);
}

static int string_read(const struct option *o, const char *text, char **field, struct err *e)
{
    uint64_t milli = 0;
    if (o->type == OPTION_CPUS && !units_parse_milli(text, &milli)) {
        return refuse(o, text, "not a number of CPUs", e);
    }
    if (o->type == OPTION_CPUS && milli != 0 && (milli < 10 || milli > 4096000)) {
        return refuse(o, text, "out of range", e);
    }
    free(*field);
    *field = xstrdup(text);
    return 0;
}

/* ADDR:PORT, where an IPv6 address stands in brackets; whether it exists is for bind(2) to say. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    if (!colon || colon == text || !units_parse_count(colon + 1, &port) || port > 65535) {
        return false;
    }
    size_t host = (size_t)(colon - text);
    if (text[0] == '[') {
        return host > 2 && text[host - 1] == ']';
    }
    return strcspn(text, ":[]/ ") == host;
}

/* Commas part the items, so that one variable can hold several; line ends, where items may have
 * commas. */
static int list_read(const struct option *o, const char *text, bool append, char ***field,
                     struct err *e)
{
    AUTO(strv_freep) char **items = strv_split(text, o->type == OPTION_LINES ? "\n" : ", \t");
    for (char **item = items; item && *item; item++) {
        if (o->type == OPTION_ADDRESSES && !is_address(*item)) {
            return refuse(o, *item, "no address to listen on", e);
        }
    }
    if (!append) {
        strv_free(*field);
        *field = NULL;
    }
    strv_add_all(field, items);
    return 0;
}

int option_read(const struct option *o, const char *text, bool append, struct config *c,
                struct err *e)
{
    void *field = option_field(o, c);
    switch (o->type) {
    case OPTION_UINT:
    case OPTION_MS:
    case OPTION_BYTES:
        return number_read(o, text, field, e);
    case OPTION_BOOL:
        return bool_read(o, text, field, e);
    case OPTION_ENUM:
        return enum_read(o, text, field, e);
    case OPTION_STRING:
    case OPTION_CPUS:
        return string_read(o, text, field, e);
    case OPTION_LIST:
    case OPTION_LINES:
    case OPTION_ADDRESSES:
        return list_read(o, text, append, field, e);
    }
    return err_set(e, ERR_BUG, "%s has no type", o->key);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Whether a file may say `value` for this option: numbers are not written as strings, and so on. */
static bool toml_fits(const struct option *o, const struct toml_value *value)
{
    bool string = value->type == TOML_STRING, integer = value->type == TOML_INTEGER;
    switch (o->type) {
    case OPTION_UINT:
        return integer;
    case OPTION_MS:
    case OPTION_BYTES:
    case OPTION_CPUS:
        return integer || string;
    case OPTION_BOOL:
        return value->type == TOML_BOOL;
    case OPTION_STRING:
    case OPTION_ENUM:
        return string;
    case OPTION_LIST:
    case OPTION_LINES:
    case OPTION_ADDRESSES:
        return string || (value->type == TOML_ARRAY &&
                          (value->count == 0 || value->items[0].type == TOML_STRING));
    }
    return false;
}

static int toml_refuse(const struct option *o, const struct toml_value *value, struct err *e)
{
    static const char *const wanted[] = {
        [OPTION_UINT] = "an integer",
        [OPTION_MS] = "an integer, or a string such as \"2s\"",
        [OPTION_BYTES] = "an integer, or a string such as \"64M\"",
        [OPTION_BOOL] = "true or false, without quotes",
        [OPTION_STRING] = "a string",
        [OPTION_CPUS] = "an integer, or a string such as \"0.5\"",
        [OPTION_ENUM] = "a string",
        [OPTION_LIST] = "an array of strings",
        [OPTION_LINES] = "an array of strings",
        [OPTION_ADDRESSES] = "an array of strings",
    };
    return err_set(e, ERR_INVALID, "%s takes %s, not %s%s", o->key, wanted[o->type],
                   toml_type_name(value->type), value->type == TOML_ARRAY ? " of others" : "");
}

int option_read_toml(const struct option *o, const struct toml_value *value, struct config *c,
                     struct err *e)
{
    if (!toml_fits(o, value)) {
        return toml_refuse(o, value, e);
    }
    if (value->type == TOML_STRING) {
        return option_read(o, value->text, false, c, e);
    }
    if (value->type == TOML_BOOL) {
        return option_read(o, value->truth ? "true" : "false", false, c, e);
    }
    if (value->type == TOML_INTEGER) {
        char text[24];
        snprintf(text, sizeof(text), "%" PRId64, value->number);
        return option_read(o, text, false, c, e);
    }
    int r = option_read(o, "", false, c, e);
    for (size_t i = 0; r == 0 && i < value->count; i++) {
        r = option_read(o, value->items[i].text, true, c, e);
    }
    return r;
}

/* --- printing --------------------------------------------------------------------------------- */

static void string_print(const char *text, struct buf *ret)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";

    buf_add_char(ret, '"');
    for (const char *c = text; *c; c++) {
        const char *special = strchr(meanings, *c);
        if (special) {
            buf_add_fmt(ret, "\\%c", letters[special - meanings]);
        } else if ((unsigned char)*c < ' ' || *c == 0x7f) {
            buf_add_fmt(ret, "\\u%04x", (unsigned char)*c);
        } else {
            buf_add_char(ret, *c);
        }
    }
    buf_add_char(ret, '"');
}

static void enum_print(const struct option *o, int value, struct buf *ret)
{
    const char *word = o->words;
    for (; value > 0; value--) {
        word += strcspn(word, "|") + 1;
    }
    buf_add_fmt(ret, "\"%.*s\"", (int)strcspn(word, "|"), word);
}

static void list_print(char *const *list, struct buf *ret)
{
    buf_add_char(ret, '[');
    for (char *const *item = list; item && *item; item++) {
        buf_add_str(ret, item == list ? "" : ", ");
        string_print(*item, ret);
    }
    buf_add_char(ret, ']');
}

void option_print(const struct option *o, const struct config *c, struct buf *ret)
{
    const void *field = option_field_const(o, c);
    switch (o->type) {
    case OPTION_UINT:
    case OPTION_MS:
    case OPTION_BYTES:
        buf_add_fmt(ret, "%" PRIu64, *(const uint64_t *)field);
        return;
    case OPTION_BOOL:
        buf_add_str(ret, *(const bool *)field ? "true" : "false");
        return;
    case OPTION_STRING:
    case OPTION_CPUS:
        string_print(*(char *const *)field, ret);
        return;
    case OPTION_ENUM:
        enum_print(o, *(const int *)field, ret);
        return;
    case OPTION_LIST:
    case OPTION_LINES:
    case OPTION_ADDRESSES:
        list_print(*(char **const *)field, ret);
        return;
    }
}

void option_free(const struct option *o, struct config *c)
{
    if (o->type == OPTION_STRING || o->type == OPTION_CPUS) {
        mem_freep(option_field(o, c));
    } else if (o->type == OPTION_LIST || o->type == OPTION_LINES || o->type == OPTION_ADDRESSES) {
        strv_freep(option_field(o, c));
    }
}
