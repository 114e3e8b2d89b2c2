/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/compare.h"

#include <string.h>

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

/* The length without what is white at the end. */
static size_t trimmed(const char *text, size_t len)
{
    while (len > 0 && is_white(text[len - 1])) {
        len--;
    }
    return len;
}

static size_t line_length(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    return end ? (size_t)(end - text) : len;
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/*
 * Empty lines at the end are white space at the end of the whole.  Without it both texts end in a
 * line that is not empty, so they have ended together when one of them has.
 */
bool compare_lines(const char *expected, size_t expected_len, const char *actual, size_t actual_len)
{
    expected_len = trimmed(expected, expected_len);
    actual_len = trimmed(actual, actual_len);
    if (expected_len == 0 || actual_len == 0 || same(expected, expected_len, actual, actual_len)) {
        return expected_len == actual_len;
    }
    while (expected_len > 0 && actual_len > 0) {
        size_t e = line_length(expected, expected_len), a = line_length(actual, actual_len);
        if (!same(expected, trimmed(expected, e), actual, trimmed(actual, a))) {
            return false;
        }
        e += e < expected_len;
        a += a < actual_len;
        expected += e;
        expected_len -= e;
        actual += a;
        actual_len -= a;
    }
    return expected_len == actual_len;
}
