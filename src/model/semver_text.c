/* SPDX-License-Identifier: Apache-2.0 */
#include "model/semver_text.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static bool is_identifier_char(char c)
{
    return isalnum((unsigned char)c) || c == '-';
}

/* A number without leading zeros, or one of x, X and *. */
static bool read_part(const char **p, uint64_t *ret, bool *ret_wild)
{
    const char *s = *p;
    if (*s == 'x' || *s == 'X' || *s == '*') {
        *p = s + 1;
        *ret = 0;
        *ret_wild = true;
        return true;
    }
    if (!isdigit((unsigned char)*s) || (s[0] == '0' && isdigit((unsigned char)s[1]))) {
        return false;
    }
    uint64_t value = 0;
    for (; isdigit((unsigned char)*s); s++) {
        value = value * 10 + (uint64_t)(*s - '0');
        if (value > SEMVER_NUMBER_MAX) {
            return false;
        }
    }
    *p = s;
    *ret = value;
    *ret_wild = false;
    return true;
}

/* Dot-separated identifiers; gives their length, 0 when they are none. */
static size_t identifiers_len(const char *s, bool numbers_are_strict)
{
    size_t at = 0;
    for (;;) {
        size_t start = at;
        size_t digits = 0;
        for (; is_identifier_char(s[at]); at++) {
            digits += isdigit((unsigned char)s[at]) != 0;
        }
        size_t len = at - start;
        if (len == 0 || (numbers_are_strict && digits == len && len > 1 && s[start] == '0')) {
            return 0;
        }
        if (s[at] != '.') {
            return at;
        }
        at++;
    }
}

static bool read_suffixes(const char **p, char *prerelease, size_t size)
{
    if (**p == '-') {
        size_t len = identifiers_len(*p + 1, true);
        if (len == 0 || len >= size) {
            return false;
        }
        memcpy(prerelease, *p + 1, len);
        prerelease[len] = '\0';
        *p += 1 + len;
    }
    if (**p == '+') {
        size_t len = identifiers_len(*p + 1, false);
        *p += 1 + len;
        return len > 0;
    }
    return true;
}

bool semver_partial_read(const char **p, struct semver_partial *ret)
{
    const char *s = *p;
    struct semver_partial part = {0};
    uint64_t *const numbers[] = {&part.version.major, &part.version.minor, &part.version.patch};
    bool wild_seen = false;
    int parts = 0;
    do {
        bool wild;
        uint64_t number;
        if (!read_part(&s, &number, &wild)) {
            return false;
        }
        wild_seen = wild_seen || wild;
        if (!wild_seen) {
            *numbers[parts] = number;
            part.fixed++;
        }
        parts++;
    } while (parts < 3 && *s == '.' && s++);

    /* "1.2-rc" is nothing: a prerelease belongs behind the third part. */
    if (parts == 3 &&
        !read_suffixes(&s, part.version.prerelease, sizeof(part.version.prerelease))) {
        return false;
    }
    part.full = part.fixed == 3;
    if (!part.full) {
        part.version.prerelease[0] = '\0';
    }
    *p = s;
    *ret = part;
    return true;
}
