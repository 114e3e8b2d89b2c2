/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/cast.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strv.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_blank(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_space(data[i])) {
            return false;
        }
    }
    return true;
}

/* --- numbers ----------------------------------------------------------------------------- */

/* Digits with single underscores between them, as Ruby takes them; they go to `ret` without. */
static bool take_digits(const char **p, const char *end, struct buf *ret)
{
    const char *begin = *p;
    while (*p < end) {
        bool between =
            **p == '_' && *p > begin && (*p)[-1] != '_' && *p + 1 < end && is_digit((*p)[1]);
        if (is_digit(**p)) {
            buf_add_char(ret, **p);
        } else if (!between) {
            break;
        }
        ++*p;
    }
    return *p > begin;
}

static void take_sign(const char **p, const char *end, struct buf *ret)
{
    if (*p < end && (**p == '+' || **p == '-')) {
        buf_add_char(ret, *(*p)++);
    }
}

/* Ruby's Float(): a whole text that is a number, but no hexadecimal one. */
static bool number_of_text(const char *data, size_t len, double *ret)
{
    AUTO(buf_done) struct buf plain = {0};
    const char *p = data, *end = data + len;
    while (p < end && is_space(*p)) {
        p++;
    }
    while (p < end && is_space(end[-1])) {
        end--;
    }
    take_sign(&p, end, &plain);
    bool good = take_digits(&p, end, &plain);
    if (p < end && *p == '.') {
        buf_add_char(&plain, *p++);
        good = take_digits(&p, end, &plain);
    }
    if (good && p < end && (*p == 'e' || *p == 'E')) {
        buf_add_char(&plain, *p++);
        take_sign(&p, end, &plain);
        good = take_digits(&p, end, &plain);
    }
    if (!good || p != end) {
        return false;
    }
    *ret = strtod(plain.data, NULL);
    return true;
}

enum cast_number cast_number(const json_t *v, double *ret)
{
    if (json_is_number(v)) {
        *ret = json_number_value(v);
        return NUMBER_GOOD;
    }
    if (json_is_boolean(v)) {
        return NUMBER_BAD;
    }
    if (!json_is_string(v) || text_is_blank(json_string_value(v), json_string_length(v))) {
        return NUMBER_ABSENT;
    }
    bool good = number_of_text(json_string_value(v), json_string_length(v), ret);
    return good ? NUMBER_GOOD : NUMBER_BAD;
}

static bool id_set(long long id, char ret_text[CAST_ID_TEXT], int *ret_id)
{
    snprintf(ret_text, CAST_ID_TEXT, "%lld", id);
    *ret_id = id > 0 && id <= INT_MAX ? (int)id : 0;
    return true;
}

bool cast_id(const json_t *v, char ret_text[CAST_ID_TEXT], int *ret_id)
{
    if (json_is_boolean(v)) {
        return id_set(json_is_true(v), ret_text, ret_id);
    }
    if (json_is_integer(v)) {
        return id_set(json_integer_value(v), ret_text, ret_id);
    }
    if (json_is_real(v)) {
        double id = trunc(json_real_value(v));
        if (fabs(id) < 1e15) {
            return id_set((long long)id, ret_text, ret_id);
        }
        *ret_id = 0;
        snprintf(ret_text, CAST_ID_TEXT, "%.*g", fabs(id) < 1e30 ? 30 : 17, id);
        return true;
    }
    if (!json_is_string(v) || text_is_blank(json_string_value(v), json_string_length(v))) {
        return false;
    }
    /* What is too long for an integer is cut: it is no id either way. */
    return id_set(strtoll(json_string_value(v), NULL, 10), ret_text, ret_id);
}

/* --- booleans and texts ------------------------------------------------------------------ */

bool cast_boolean(const json_t *v, bool absent)
{
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "off", "OFF", NULL};
    if (json_is_string(v)) {
        return json_string_length(v) == 0
                   ? absent
                   : !strv_has((char *const *)(uintptr_t)no, json_string_value(v));
    }
    if (json_is_boolean(v)) {
        return json_is_true(v);
    }
    if (json_is_integer(v)) {
        return json_integer_value(v) != 0;
    }
    return json_is_real(v) || absent;
}

void text_real(double v, struct buf *ret)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v) {
            break;
        }
    }
    buf_add_str(ret, text);
    if (strpbrk(text, ".en") == NULL) { /* n: inf, nan */
        buf_add_str(ret, ".0");
    }
}

bool cast_text(const json_t *v, struct buf *ret)
{
    switch (v != NULL ? json_typeof(v) : JSON_NULL) {
    case JSON_STRING:
        buf_add(ret, json_string_value(v), json_string_length(v));
        return true;
    case JSON_INTEGER:
        buf_add_fmt(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return true;
    case JSON_REAL:
        text_real(json_real_value(v), ret);
        return true;
    case JSON_TRUE:
        buf_add_char(ret, 't');
        return true;
    case JSON_FALSE:
        buf_add_char(ret, 'f');
        return true;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return false;
}
