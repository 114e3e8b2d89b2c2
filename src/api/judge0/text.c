/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0xe2;
}

/* Those of JSON that are shorter than \u00xx. */
static const char short_escapes[] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

static void escape(unsigned c, struct buf *ret)
{
    if (c < sizeof(short_escapes) && short_escapes[c] != '\0') {
        char pair[] = {'\\', short_escapes[c]};
        buf_add(ret, pair, sizeof(pair));
    } else {
        static const char digits[] = "0123456789abcdef";
        char text[] = {
            '\\',          'u', digits[c >> 12 & 15], digits[c >> 8 & 15], digits[c >> 4 & 15],
            digits[c & 15]};
        buf_add(ret, text, sizeof(text)); /* there may be millions of them */
    }
}

/* U+2028 and U+2029 end a line in JavaScript: they are E2 80 A8 and E2 80 A9. */
static bool is_line_end(const char *p, const char *end)
{
    return end - p >= 3 && memcmp(p, "\xe2\x80", 2) == 0 && ((unsigned char)p[2] & 0xfe) == 0xa8;
}

void text_string(const char *data, size_t len, struct buf *ret)
{
    const char *end = data + len;
    buf_add_char(ret, '"');
    for (const char *p = data; p < end;) {
        const char *plain = p;
        while (p < end && is_plain((unsigned char)*p)) {
            p++;
        }
        buf_add(ret, plain, (size_t)(p - plain));
        if (p == end) {
            break;
        }
        if (is_line_end(p, end)) {
            escape(0x2000 | ((unsigned char)p[2] & 0x3f), ret);
            p += 3;
        } else if ((unsigned char)*p == 0xe2) {
            buf_add_char(ret, *p++);
        } else {
            escape((unsigned char)*p++, ret);
        }
    }
    buf_add_char(ret, '"');
}

#define DECIMALS 6

void text_decimal(double value, struct buf *ret)
{
    uint64_t millionths = value > 0 ? (uint64_t)llround(value * 1e6) : 0;
    char text[40];
    int len = snprintf(text, sizeof(text), "\"%" PRIu64 ".%06" PRIu64, millionths / 1000000,
                       millionths % 1000000);
    for (int spare = DECIMALS - 1; spare > 0 && text[len - 1] == '0'; spare--) {
        len--;
    }
    buf_add(ret, text, (size_t)len);
    buf_add_char(ret, '"');
}

void text_time(uint64_t ns, struct buf *ret)
{
    if (ns == 0) {
        buf_add_str(ret, "null");
        return;
    }
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_add_fmt(ret, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\"", tm.tm_year + 1900, tm.tm_mon + 1,
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                (unsigned)(ns % NS_PER_S / NS_PER_MS));
}

void text_value(const json_t *value, struct buf *ret)
{
    if (json_is_string(value)) {
        text_string(json_string_value(value), json_string_length(value), ret);
    } else if (json_is_boolean(value)) {
        buf_add_str(ret, json_is_true(value) ? "true" : "false");
    } else if (json_is_integer(value)) {
        buf_add_fmt(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        buf_add_str(ret, "null");
    }
}
