/* SPDX-License-Identifier: Apache-2.0 */
#include "config/units.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Digits from *text on; false when there is none or the number does not fit. */
static bool digits_read(const char **text, uint64_t *ret)
{
    const char *c = *text;
    uint64_t n = 0;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*c - '0'), &n)) {
            return false;
        }
    }
    if (c == *text) {
        return false;
    }
    *text = c;
    *ret = n;
    return true;
}

/* ".25" times factor; false when that is no whole number, or more than six digits are given. */
static bool fraction_read(const char *text, uint64_t factor, uint64_t *ret)
{
    uint64_t digits = 0, scale = 1;
    for (text++; *text >= '0' && *text <= '9'; text++, scale *= 10) {
        if (scale == 1000000) {
            return false;
        }
        digits = digits * 10 + (uint64_t)(*text - '0');
    }
    if (scale == 1 || factor * digits % scale != 0) {
        return false;
    }
    *ret = factor * digits / scale;
    return true;
}

bool units_parse_count(const char *text, uint64_t *ret)
{
    uint64_t n = 0;
    if (!digits_read(&text, &n) || *text) {
        return false;
    }
    *ret = n;
    return true;
}

static bool parse(const char *text, const struct unit *units, size_t count, uint64_t *ret)
{
    uint64_t whole = 0;
    if (!digits_read(&text, &whole)) {
        return false;
    }
    const char *point = *text == '.' ? text : NULL;
    const char *name = text + (point ? 1 + strspn(text + 1, "0123456789") : 0);
    const struct unit *unit = NULL;
    for (size_t i = 0; i < count && !unit; i++) {
        unit = strcasecmp(units[i].name, name) == 0 ? &units[i] : NULL;
    }
    uint64_t n = 0, part = 0;
    if (!unit || (point && !fraction_read(point, unit->factor, &part)) ||
        __builtin_mul_overflow(whole, unit->factor, &n) || __builtin_add_overflow(n, part, &n)) {
        return false;
    }
    *ret = n;
    return true;
}

bool units_parse_ms(const char *text, uint64_t *ret)
{
    static const struct unit units[] = {
        {"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000},
    };
    return parse(text, units, ARRAY_LEN(units), ret);
}

bool units_parse_bytes(const char *text, uint64_t *ret)
{
    static const struct unit units[] = {
        {"", 1},
        {"b", 1},
        {"k", UINT64_C(1) << 10},
        {"kb", UINT64_C(1) << 10},
        {"kib", UINT64_C(1) << 10},
        {"m", UINT64_C(1) << 20},
        {"mb", UINT64_C(1) << 20},
        {"mib", UINT64_C(1) << 20},
        {"g", UINT64_C(1) << 30},
        {"gb", UINT64_C(1) << 30},
        {"gib", UINT64_C(1) << 30},
        {"t", UINT64_C(1) << 40},
        {"tb", UINT64_C(1) << 40},
        {"tib", UINT64_C(1) << 40},
    };
    return parse(text, units, ARRAY_LEN(units), ret);
}

bool units_parse_milli(const char *text, uint64_t *ret)
{
    static const struct unit cpus = {"", 1000};
    return parse(text, &cpus, 1, ret);
}
