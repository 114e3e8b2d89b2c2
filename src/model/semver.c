/* SPDX-License-Identifier: Apache-2.0 */
#include "model/semver.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model/semver_text.h"

static const char *skip_spaces(const char *p)
{
    while (isspace((unsigned char)*p)) {
        p++;
    }
    return p;
}

bool semver_parse(const char *text, struct semver *ret)
{
    struct semver_partial part;
    const char *p = skip_spaces(text);
    p = *p == 'v' ? p + 1 : p;
    if (!semver_partial_read(&p, &part) || !part.full || *skip_spaces(p) != '\0') {
        return false;
    }
    *ret = part.version;
    return true;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static bool is_number(const char *id, size_t len)
{
    return strspn(id, "0123456789") >= len;
}

/* One dot-separated piece each: numbers below words, numbers by value. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    bool a_number = is_number(a, a_len);
    bool b_number = is_number(b, b_len);
    if (a_number != b_number) {
        return a_number ? -1 : 1;
    }
    if (a_number && a_len != b_len) {
        return a_len < b_len ? -1 : 1; /* there are no leading zeros */
    }
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : compare_numbers(a_len, b_len);
}

static int compare_prereleases(const char *a, const char *b)
{
    if (*a == '\0' || *b == '\0') {
        return (*a == '\0') - (*b == '\0'); /* the release comes after all its prereleases */
    }
    for (;;) {
        size_t a_len = strcspn(a, ".");
        size_t b_len = strcspn(b, ".");
        int order = compare_identifiers(a, a_len, b, b_len);
        if (order != 0) {
            return order < 0 ? -1 : 1;
        }
        if (a[a_len] == '\0' || b[b_len] == '\0') {
            return (a[a_len] != '\0') - (b[b_len] != '\0');
        }
        a += a_len + 1;
        b += b_len + 1;
    }
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    int order = compare_numbers(a->major, b->major);
    order = order != 0 ? order : compare_numbers(a->minor, b->minor);
    order = order != 0 ? order : compare_numbers(a->patch, b->patch);
    return order != 0 ? order : compare_prereleases(a->prerelease, b->prerelease);
}

bool semver_coerce(const char *text, struct semver *ret)
{
    uint64_t parts[3] = {0};
    const char *p = text + strcspn(text, "0123456789");
    if (*p == '\0') {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        for (; isdigit((unsigned char)*p); p++) {
            parts[i] = parts[i] * 10 + (uint64_t)(*p - '0');
            if (parts[i] > SEMVER_NUMBER_MAX) {
                return false;
            }
        }
        if (*p != '.' || !isdigit((unsigned char)p[1])) {
            break;
        }
        p++;
    }
    *ret = (struct semver){.major = parts[0], .minor = parts[1], .patch = parts[2]};
    return true;
}

void semver_format(const struct semver *v, char *ret, unsigned long size)
{
    snprintf(ret, size, "%llu.%llu.%llu%s%s", (unsigned long long)v->major,
             (unsigned long long)v->minor, (unsigned long long)v->patch,
             v->prerelease[0] != '\0' ? "-" : "", v->prerelease);
}
