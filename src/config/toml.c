/* SPDX-License-Identifier: Apache-2.0 */
#include "config/toml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

struct parser {
    const char *name;
    const char *at, *end;
    unsigned line;
    const char *table; /* what the last [table] line said; belongs to `out` */
    struct toml out;
    struct err *e;
};

#define FAIL(p, fmt, ...)                                                                          \
    err_set((p)->e, ERR_INVALID, "%s:%u: " fmt, (p)->name, (p)->line, ##__VA_ARGS__)

static void value_done(struct toml_value *v)
{
    free(v->text);
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i].text);
    }
    free(v->items);
    *v = (struct toml_value){0};
}

void toml_done(struct toml *t)
{
    for (size_t i = 0; i < t->entry_count; i++) {
        free(t->entries[i].key);
        value_done(&t->entries[i].value);
    }
    for (size_t i = 0; i < t->table_count; i++) {
        free(t->tables[i].name);
    }
    free(t->entries);
    free(t->tables);
    *t = (struct toml){0};
}

const char *toml_type_name(enum toml_type type)
{
    static const char *const names[] = {
        [TOML_STRING] = "a string",
        [TOML_INTEGER] = "an integer",
        [TOML_BOOL] = "true or false",
        [TOML_ARRAY] = "an array",
    };
    return names[type];
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Once for the whole file, so that nothing below has to think of bytes that no TOML may hold. */
static int bytes_check(struct parser *p)
{
    size_t len = (size_t)(p->end - p->at);
    if (len > TOML_BYTES_MAX) {
        return FAIL(p, "the file is larger than %zu bytes", TOML_BYTES_MAX);
    }
    if (!utf8_valid(p->at, len)) {
        return FAIL(p, "the file is not UTF-8 text; save it as UTF-8");
    }
    for (const char *c = p->at; c < p->end; c++) {
        unsigned char byte = (unsigned char)*c;
        bool line_end = byte == '\n' || (byte == '\r' && c + 1 < p->end && c[1] == '\n');
        if ((byte < ' ' && byte != '\t' && !line_end) || byte == 0x7f) {
            return FAIL(p, "control character 0x%02x; remove it", byte);
        }
        p->line += byte == '\n';
    }
    p->line = 1;
    return 0;
}

static char peek(const struct parser *p)
{
    if (p->at == p->end) {
        return '\0';
    }
    return *p->at;
}

static bool eat(struct parser *p, char c)
{
    if (peek(p) != c || p->at == p->end) {
        return false;
    }
    p->line += c == '\n' ? 1 : 0;
    p->at++;
    return true;
}

static void skip_blanks(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t') {
        p->at++;
    }
}

/* Blanks, a comment, and the end of the line: false when something else stands there. */
static bool skip_line_end(struct parser *p)
{
    skip_blanks(p);
    if (peek(p) == '#') {
        while (p->at < p->end && *p->at != '\n') {
            p->at++;
        }
    }
    eat(p, '\r');
    return p->at == p->end || eat(p, '\n');
}

static void skip_lines(struct parser *p)
{
    const char *before = NULL;
    while (p->at != before && p->at < p->end) {
        before = p->at;
        skip_blanks(p);
        char c = peek(p);
        if (c == '#' || c == '\r' || c == '\n') {
            skip_line_end(p);
        }
    }
}

static const char *text_of(const struct buf *b)
{
    return b->data ? b->data : "";
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Between quotes, where a dot is no more than a dot. */
static void quoted_key_add(struct parser *p, struct buf *ret)
{
    char quote = *p->at;
    const char *start = p->at + 1, *end = start;
    while (end < p->end && (is_key_char(*end) || *end == '.' || *end == '+')) {
        end++;
    }
    if (end == p->end || *end != quote) {
        return;
    }
    for (const char *c = start; c < end; c++) {
        buf_add_char(ret, (char)(*c == '.' ? TOML_KEY_DOT : *c));
    }
    p->at = end + 1;
}

static void bare_key_add(struct parser *p, struct buf *ret)
{
    const char *start = p->at;
    while (p->at < p->end && is_key_char(*p->at)) {
        p->at++;
    }
    buf_add(ret, start, (size_t)(p->at - start));
}

/* Keys with dots between them, appended to `ret`. */
static int key_parse(struct parser *p, struct buf *ret)
{
    size_t room = TOML_KEY_MAX - ret->len, first = ret->len;
    for (;;) {
        bool quoted = peek(p) == '"' || peek(p) == '\'';
        size_t before = ret->len;
        if (quoted) {
            quoted_key_add(p, ret);
        } else {
            bare_key_add(p, ret);
        }
        if (ret->len == before && quoted) {
            return FAIL(p, "a key in quotes is of letters, digits and - _ . + here");
        }
        if (ret->len == before) {
            return FAIL(p, "a key is missing; write: key = value, or [table]");
        }
        if (ret->len - first + 1 > room) {
            return FAIL(p, "the key is longer than %d bytes", TOML_KEY_MAX);
        }
        if (!eat(p, '.')) {
            return 0;
        }
        buf_add_char(ret, '.');
    }
}

enum relation { UNRELATED, SAME, ABOVE, BELOW };

/* ABOVE: "a" or "a.b" to "a.b.c". */
static enum relation relation_of(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b) {
        return SAME;
    }
    return *a == '\0' && *b == '.' ? ABOVE : *b == '\0' && *a == '.' ? BELOW : UNRELATED;
}

static int key_check(struct parser *p, const char *key, size_t table_len)
{
    for (size_t i = 0; i < p->out.entry_count; i++) {
        const struct toml_entry *other = &p->out.entries[i];
        enum relation relation = relation_of(other->key, key);
        if (relation == SAME) {
            return FAIL(p, "'%s' is set twice (first in line %u); keep one", key, other->line);
        }
        if (relation != UNRELATED) {
            return FAIL(p,
                        "'%s' does not go with '%s' in line %u: one is a value, the other "
                        "makes it a table",
                        key, other->key, other->line);
        }
    }
    for (size_t i = 0; i < p->out.table_count; i++) {
        const struct toml_table *table = &p->out.tables[i];
        enum relation relation = relation_of(table->name, key);
        bool same = relation == SAME || relation == BELOW;
        if (same || (relation == ABOVE && strlen(table->name) > table_len)) {
            return FAIL(p, "'%s' is a table (line %u); set its keys below [%s]",
                        same ? key : table->name, table->line, table->name);
        }
    }
    return 0;
}

static int table_check(struct parser *p, const char *name)
{
    for (size_t i = 0; i < p->out.table_count; i++) {
        if (strcmp(p->out.tables[i].name, name) == 0) {
            return FAIL(p, "[%s] stands twice (first in line %u); join the two", name,
                        p->out.tables[i].line);
        }
    }
    for (size_t i = 0; i < p->out.entry_count; i++) {
        const struct toml_entry *other = &p->out.entries[i];
        enum relation relation = relation_of(other->key, name);
        bool value = relation == SAME || relation == ABOVE;
        bool dotted = relation == BELOW && strlen(name) > other->table_len;
        if (value || dotted) {
            return FAIL(p, "[%s] does not go with '%s' in line %u", name, other->key, other->line);
        }
    }
    return 0;
}

/* --- strings ---------------------------------------------------------------------------------- */

static void utf8_put(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(b, (char)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    buf_add_char(b, (char)(leads[more] | (c >> (6 * more))));
    while (more-- > 0) {
        buf_add_char(b, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
    }
}

static int unicode_parse(struct parser *p, int digits, struct buf *ret)
{
    uint32_t c = 0;
    for (int i = 0; i < digits; i++, p->at++) {
        static const char hex[] = "0123456789abcdef";
        char low = (char)(peek(p) | 0x20);
        const char *digit = peek(p) && p->at < p->end ? strchr(hex, low) : NULL;
        if (!digit || (peek(p) < '0')) {
            return FAIL(p, "\\%c needs %d hexadecimal digits", digits == 4 ? 'u' : 'U', digits);
        }
        c = c << 4 | (uint32_t)(digit - hex);
    }
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return FAIL(p, "\\%c%0*X is no character that a string may hold", digits == 4 ? 'u' : 'U',
                    digits, c);
    }
    utf8_put(ret, c);
    return 0;
}

static int escape_parse(struct parser *p, struct buf *ret)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";

    char c = peek(p);
    p->at += p->at < p->end;
    if (c == 'u' || c == 'U') {
        return unicode_parse(p, c == 'u' ? 4 : 8, ret);
    }
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter) {
        return FAIL(p, "unknown escape in a string; write \\\\ for a backslash, or use 'single "
                       "quotes'");
    }
    buf_add_char(ret, meanings[letter - letters]);
    return 0;
}

/* Up to a byte that means something in a string of this quote, or the end. */
static void plain_copy(struct parser *p, char quote, struct buf *ret)
{
    const char *start = p->at;
    while (p->at < p->end && *p->at != quote && *p->at != '\\' && *p->at != '\n' &&
           *p->at != '\r') {
        p->at++;
    }
    if (p->at < p->end && *p->at == '\\' && quote == '\'') {
        p->at++;
    }
    buf_add(ret, start, (size_t)(p->at - start));
}

static int line_string_parse(struct parser *p, char quote, struct buf *ret)
{
    p->at++;
    while (!eat(p, quote)) {
        if (p->at == p->end || *p->at == '\n' || *p->at == '\r') {
            return FAIL(p,
                        "the string does not end on its line; add the closing %c, or write "
                        "%c%c%c for one of several lines",
                        quote, quote, quote, quote);
        }
        int r = quote == '"' && eat(p, '\\') ? escape_parse(p, ret) : 0;
        if (r < 0) {
            return r;
        }
        plain_copy(p, quote, ret);
    }
    return 0;
}

/* A backslash that ends its line: it and all white space behind it are nothing. */
static bool skip_folded(struct parser *p)
{
    const char *at = p->at + 1;
    while (at < p->end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    if (at == p->end || (*at != '\n' && *at != '\r')) {
        return false;
    }
    for (p->at = at; p->at < p->end && strchr(" \t\r\n", *p->at);) {
        eat(p, *p->at);
    }
    return true;
}

/* Quotes within the string, of which there may be two in a row, or its end, before which there may
 * be two as well. */
static bool quotes_end(struct parser *p, char quote, struct buf *ret)
{
    size_t count = 0;
    while (count < 5 && eat(p, quote)) {
        count++;
    }
    bool ends = count >= 3;
    for (size_t i = ends ? 3 : 0; i < count; i++) {
        buf_add_char(ret, quote);
    }
    return ends;
}

static int lines_string_parse(struct parser *p, char quote, struct buf *ret)
{
    unsigned first_line = p->line;
    p->at += 3;
    eat(p, '\r');
    eat(p, '\n');
    while (p->at < p->end) {
        char c = *p->at;
        int r = 0;
        if (c == quote) {
            if (quotes_end(p, quote, ret)) {
                return 0;
            }
        } else if (c == '\r') {
            p->at++; /* the line's end is the \n behind it */
        } else if (c == '\n') {
            eat(p, c);
            buf_add_char(ret, c);
        } else if (c == '\\' && quote == '"' && !skip_folded(p)) {
            p->at++;
            r = escape_parse(p, ret);
        }
        if (r < 0) {
            return r;
        }
        plain_copy(p, quote, ret);
    }
    return FAIL(p, "the string that begins in line %u does not end; add %c%c%c", first_line, quote,
                quote, quote);
}

static int string_parse(struct parser *p, char **ret)
{
    AUTO(buf_done) struct buf text = {0};
    char quote = *p->at;
    bool lines = p->end - p->at >= 3 && p->at[1] == quote && p->at[2] == quote;
    int r = lines ? lines_string_parse(p, quote, &text) : line_string_parse(p, quote, &text);
    if (r < 0) {
        return r;
    }
    *ret = text.data ? buf_take(&text) : xstrdup("");
    return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool ends_value(char c)
{
    return c == '\0' || strchr(" \t\r\n,]#", c);
}

/* Digits with single _ between them; the sign is read already.  False: it is no such number. */
static bool digits_read(const char *text, size_t len, bool negative, int64_t *ret)
{
    int64_t n = 0;
    if (len == 0 || (text[0] == '0' && len > 1) || text[len - 1] == '_') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!digit && (text[i] != '_' || i == 0 || text[i - 1] == '_')) {
            return false;
        }
        int64_t d = digit ? text[i] - '0' : 0;
        if (digit && (__builtin_mul_overflow(n, 10, &n) ||
                      __builtin_add_overflow(n, negative ? -d : d, &n))) {
            return false;
        }
    }
    *ret = n;
    return true;
}

static int word_parse(struct parser *p, struct toml_value *ret)
{
    const char *start = p->at;
    while (p->at < p->end && !ends_value(*p->at)) {
        p->at++;
    }
    size_t len = (size_t)(p->at - start);
    if ((len == 4 && memcmp(start, "true", 4) == 0) ||
        (len == 5 && memcmp(start, "false", 5) == 0)) {
        *ret = (struct toml_value){.type = TOML_BOOL, .truth = len == 4};
        return 0;
    }
    if (len == 0) {
        return FAIL(p, "a value is missing; write: key = value");
    }
    bool sign = *start == '-' || *start == '+';
    int64_t number = 0;
    if (!digits_read(start + sign, len - sign, *start == '-', &number)) {
        return FAIL(p,
                    "'%.*s' is no value; write an integer such as 65_536, true, false, or a "
                    "\"string\"",
                    len > 40 ? 40 : (int)len, start);
    }
    *ret = (struct toml_value){.type = TOML_INTEGER, .number = number};
    return 0;
}

static int scalar_parse(struct parser *p, struct toml_value *ret)
{
    if (p->at < p->end && (*p->at == '"' || *p->at == '\'')) {
        char *text = NULL;
        int r = string_parse(p, &text);
        if (r == 0) {
            *ret = (struct toml_value){.type = TOML_STRING, .text = text};
        }
        return r;
    }
    if (peek(p) == '[') {
        return FAIL(p, "an array in an array is not read here");
    }
    if (peek(p) == '{') {
        return FAIL(p, "inline tables are not read here; use a [table]");
    }
    return word_parse(p, ret);
}

static int item_parse(struct parser *p, struct toml_value *array)
{
    struct toml_value item = {0};
    if (array->count == TOML_ITEMS_MAX) {
        return FAIL(p, "the array has more than %d items", TOML_ITEMS_MAX);
    }
    int r = scalar_parse(p, &item);
    if (r < 0) {
        return r;
    }
    if (array->count > 0 && array->items[0].type != item.type) {
        value_done(&item);
        return FAIL(p, "the items of an array are of one type; the first one is %s",
                    toml_type_name(array->items[0].type));
    }
    if ((array->count & (array->count - 1)) == 0) {
        size_t room = array->count ? array->count * 2 : 1;
        array->items = xreallocarray(array->items, room, sizeof(*array->items));
    }
    array->items[array->count++] = item;
    return 0;
}

static int array_parse(struct parser *p, struct toml_value *ret)
{
    AUTO(value_done) struct toml_value array = {.type = TOML_ARRAY};
    unsigned first_line = p->line;
    eat(p, '[');
    for (bool more = true;; more = eat(p, ',')) {
        skip_lines(p);
        if (eat(p, ']')) {
            break;
        }
        if (p->at == p->end) {
            return FAIL(p, "the array that begins in line %u does not end; add ]", first_line);
        }
        if (!more) {
            return FAIL(p, "a comma is missing in the array that begins in line %u", first_line);
        }
        int r = item_parse(p, &array);
        if (r < 0) {
            return r;
        }
        skip_lines(p);
    }
    *ret = TAKE(&array, (struct toml_value){0});
    return 0;
}

/* --- lines ------------------------------------------------------------------------------------ */

static int table_parse(struct parser *p)
{
    AUTO(buf_done) struct buf name = {0};
    eat(p, '[');
    if (peek(p) == '[') {
        return FAIL(p, "arrays of tables are not read here; use [table.name]");
    }
    skip_blanks(p);
    int r = key_parse(p, &name);
    if (r < 0) {
        return r;
    }
    skip_blanks(p);
    if (!eat(p, ']')) {
        return FAIL(p, "the table's name does not end; write [%s]", name.data);
    }
    r = table_check(p, text_of(&name));
    if (r < 0) {
        return r;
    }
    if (p->out.table_count == TOML_ENTRIES_MAX) {
        return FAIL(p, "more than %d tables", TOML_ENTRIES_MAX);
    }
    p->out.tables = xreallocarray(p->out.tables, p->out.table_count + 1, sizeof(*p->out.tables));
    struct toml_table *table = &p->out.tables[p->out.table_count++];
    *table = (struct toml_table){.name = buf_take(&name), .line = p->line};
    p->table = table->name;
    return 0;
}

static int entry_parse(struct parser *p)
{
    AUTO(buf_done) struct buf key = {0};
    AUTO(value_done) struct toml_value value = {0};
    size_t table_len = p->table ? strlen(p->table) : 0;
    unsigned line = p->line;

    if (p->table) {
        buf_add_fmt(&key, "%s.", p->table);
    }
    int r = key_parse(p, &key);
    if (r < 0) {
        return r;
    }
    skip_blanks(p);
    if (!eat(p, '=')) {
        return FAIL(p, "= is missing after '%s'; write: %s = value", key.data, key.data);
    }
    r = key_check(p, text_of(&key), table_len);
    if (r < 0) {
        return r;
    }
    skip_blanks(p);
    r = peek(p) == '[' ? array_parse(p, &value) : scalar_parse(p, &value);
    if (r < 0) {
        return r;
    }
    if (p->out.entry_count == TOML_ENTRIES_MAX) {
        return FAIL(p, "more than %d keys", TOML_ENTRIES_MAX);
    }
    if ((p->out.entry_count & (p->out.entry_count - 1)) == 0) {
        size_t room = p->out.entry_count ? p->out.entry_count * 2 : 1;
        p->out.entries = xreallocarray(p->out.entries, room, sizeof(*p->out.entries));
    }
    p->out.entries[p->out.entry_count++] = (struct toml_entry){
        .key = buf_take(&key),
        .table_len = table_len,
        .line = line,
        .value = TAKE(&value, (struct toml_value){0}),
    };
    return 0;
}

int toml_parse(const char *name, const char *data, size_t len, struct toml *ret, struct err *e)
{
    struct parser p = {.name = name, .at = data, .end = len ? data + len : data, .line = 1, .e = e};
    int r = len ? bytes_check(&p) : 0;
    for (skip_lines(&p); r == 0 && p.at < p.end; skip_lines(&p)) {
        r = peek(&p) == '[' ? table_parse(&p) : entry_parse(&p);
        if (r == 0 && !skip_line_end(&p)) {
            r = err_set(e, ERR_INVALID,
                        "%s:%u: something stands behind the end; begin a new line "
                        "or write # before it",
                        name, p.line);
        }
    }
    if (r < 0) {
        toml_done(&p.out);
        return r;
    }
    *ret = p.out;
    return 0;
}
