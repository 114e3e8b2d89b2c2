/* SPDX-License-Identifier: Apache-2.0 */
#include "init/match.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct name {
    const char *at, *end;
};

static struct name first_name(const char *path)
{
    return (struct name){path, strchrnul(path, '/')};
}

/*
 * Without recursion, so that no pattern takes more than the product of both lengths: a mismatch
 * goes back to the last star only, which takes one byte more.
 */
static bool match_name(struct name pattern, struct name name)
{
    const char *p = pattern.at, *n = name.at, *star = NULL, *star_name = NULL;
    while (n < name.end) {
        if (p < pattern.end && *p == '*') {
            star = p++;
            star_name = n;
        } else if (p < pattern.end && (*p == '?' || *p == *n)) {
            p++;
            n++;
        } else if (star) {
            p = star + 1;
            n = ++star_name;
        } else {
            return false;
        }
    }
    while (p < pattern.end && *p == '*') {
        p++;
    }
    return p == pattern.end;
}

enum match match_path(const char *pattern, const char *path)
{
    if (strcmp(pattern, ".") == 0) {
        return MATCH_ALL;
    }
    for (;;) {
        struct name p = first_name(pattern), n = first_name(path);
        if (!match_name(p, n)) {
            return MATCH_NONE;
        }
        if (!*p.end) {
            return MATCH_ALL;
        }
        if (!*n.end) {
            return MATCH_ABOVE;
        }
        pattern = p.end + 1;
        path = n.end + 1;
    }
}

enum match match_any(char *const *patterns, const char *path)
{
    enum match best = MATCH_NONE;
    for (; *patterns && best != MATCH_ALL; patterns++) {
        enum match m = match_path(*patterns, path);
        best = m > best ? m : best;
    }
    return best;
}
