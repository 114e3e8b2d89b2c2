/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/js.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool js_truthy(const json_t *v)
{
    if (json_is_number(v)) {
        return json_number_value(v) != 0;
    }
    if (json_is_string(v)) {
        return json_string_length(v) > 0;
    }
    return v != NULL && !json_is_null(v) && !json_is_false(v);
}

/* The fewest digits that read back as the same number, without a point; *ret_exponent is of the
 * first. */
static void shortest_digits(double v, char ret_digits[32], int *ret_exponent)
{
    char text[40];
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, v);
        if (strtod(text, NULL) == v) {
            break;
        }
    }
    const char *e = strchr(text, 'e');
    size_t n = 0;
    for (const char *p = text; p < e; p++) {
        if (*p != '.') {
            ret_digits[n++] = *p;
        }
    }
    ret_digits[n] = '\0';
    *ret_exponent = (int)strtol(e + 1, NULL, 10);
}

static void add_zeros(struct buf *ret, int count)
{
    for (int i = 0; i < count; i++) {
        buf_add_char(ret, '0');
    }
}

/* ECMA-262, Number::toString: decimal for exponents from -6 to 20, else d.ddde+x. */
static void js_number(double v, struct buf *ret)
{
    char digits[32];
    int exponent;
    if (v == 0) {
        buf_add_char(ret, '0');
        return;
    }
    if (v < 0) {
        buf_add_char(ret, '-');
        v = -v;
    }
    shortest_digits(v, digits, &exponent);
    int count = (int)strlen(digits);
    if (exponent > 20 || exponent < -6) {
        buf_add_fmt(ret, "%c%s%se%+d", digits[0], count > 1 ? "." : "", digits + 1, exponent);
    } else if (exponent < 0) {
        buf_add_str(ret, "0.");
        add_zeros(ret, -exponent - 1);
        buf_add_str(ret, digits);
    } else if (count <= exponent + 1) {
        buf_add_str(ret, digits);
        add_zeros(ret, exponent + 1 - count);
    } else {
        buf_add_fmt(ret, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
    }
}

static void js_array(const json_t *v, struct buf *ret)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *item = json_array_get(v, i);
        if (i > 0) {
            buf_add_char(ret, ',');
        }
        if (!json_is_null(item)) {
            js_string(item, ret);
        }
    }
}

void js_string(const json_t *v,
               struct buf *ret) /* NOLINT(misc-no-recursion): as deep as json_scan allows */
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        buf_add(ret, json_string_value(v), json_string_length(v));
        return;
    case JSON_INTEGER:
    case JSON_REAL:
        js_number(json_number_value(v), ret);
        return;
    case JSON_ARRAY:
        js_array(v, ret);
        return;
    case JSON_TRUE:
        buf_add_str(ret, "true");
        return;
    case JSON_FALSE:
        buf_add_str(ret, "false");
        return;
    case JSON_NULL:
        buf_add_str(ret, "null");
        return;
    case JSON_OBJECT:
        buf_add_str(ret, "[object Object]");
        return;
    }
}
