/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/http.h"

/* Where in the text a string that begins at `i` ends: the position of its last quote. */
static size_t string_end(const char *text, size_t len, size_t i)
{
    for (i++; i < len && text[i] != '"'; i++) {
        if (text[i] == '\\') {
            i++;
        }
    }
    return i;
}

int json_scan(const char *text, size_t len, struct err *e)
{
    size_t depth = 0, values = 1;
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '"':
            i = string_end(text, len, i);
            break;
        case '[':
        case '{':
            depth++;
            values++;
            break;
        case ']':
        case '}':
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        default:
            break;
        }
        if (depth > JSON_DEPTH_MAX) {
            return err_set(e, ERR_LIMIT, "bad JSON: nested deeper than %d levels", JSON_DEPTH_MAX);
        }
        if (values > JSON_VALUES_MAX) {
            return err_set(e, ERR_LIMIT, "bad JSON: more than %d values", JSON_VALUES_MAX);
        }
    }
    return 0;
}

static json_t *load(const char *text, size_t len, size_t flags, json_error_t *error)
{
    return json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | flags, error);
}

static int parsed(json_t *value, const json_error_t *error, json_t **ret, struct err *e)
{
    if (value == NULL) {
        return err_set(e, ERR_INVALID, "bad JSON: %s (line %d, column %d)", error->text,
                       error->line, error->column);
    }
    *ret = value;
    return 0;
}

int json_parse(const char *text, size_t len, json_t **ret, struct err *e)
{
    int r = json_scan(text, len, e);
    if (r < 0) {
        return r;
    }
    json_error_t error;
    json_t *value = load(text, len, JSON_DECODE_INT_AS_REAL, &error);
    return parsed(value, &error, ret, e);
}

int json_parse_exact(const char *text, size_t len, json_t **ret, struct err *e)
{
    int r = json_scan(text, len, e);
    if (r < 0) {
        return r;
    }
    json_error_t error;
    json_t *value = load(text, len, 0, &error);
    if (value == NULL && json_error_code(&error) == json_error_numeric_overflow) {
        value = load(text, len, JSON_DECODE_INT_AS_REAL, &error);
    }
    return parsed(value, &error, ret, e);
}

void json_freep(json_t **v)
{
    json_decref(*v);
}

void json_respond(struct http_request *r, unsigned status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    http_respond(r, status, "application/json; charset=utf-8", text,
                 text != NULL ? strlen(text) : 0);
}

void json_respond_message(struct http_request *r, unsigned status, const char *fmt, ...)
{
    AUTO(buf_done) struct buf text = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(&text, fmt, ap);
    va_end(ap);
    json_respond(r, status, json_pack("{s:o}", "message", json_repaired(text.data, text.len)));
}

json_t *json_repaired(const char *data, size_t len)
{
    if (len == 0) {
        return json_string("");
    }
    if (utf8_valid(data, len)) {
        return json_stringn_nocheck(data, len);
    }
    AUTO(buf_done) struct buf repaired = {0};
    utf8_repair(data, len, &repaired);
    return json_stringn_nocheck(repaired.data, repaired.len);
}

/* What stands for a byte that a JSON string cannot have as it is. */
static const char *escape_of(unsigned char c, char room[8])
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf(room, 8, "\\u%04x", c);
        return room;
    }
}

void json_write_string(struct buf *ret, const char *data, size_t len)
{
    size_t from = 0;
    char room[8];
    buf_reserve(ret, len + 2);
    buf_add_char(ret, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_add(ret, data + from, i - from);
        buf_add_str(ret, escape_of(c, room));
        from = i + 1;
    }
    buf_add(ret, data + from, len - from);
    buf_add_char(ret, '"');
}

json_t *json_string_or_null(const char *s)
{
    return s != NULL ? json_string(s) : json_null();
}

json_t *json_strv(char *const *v)
{
    json_t *array = json_array();
    for (size_t i = 0; v != NULL && v[i] != NULL; i++) {
        json_array_append_new(array, json_string(v[i]));
    }
    return array;
}
