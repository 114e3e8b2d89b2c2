/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/prefer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SECONDS_MAX 1000000

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* To the comma behind this preference; commas in quotes are none. */
static const char *next_of(const char *p)
{
    bool quoted = false;
    for (; *p != '\0' && (*p != ',' || quoted); p++) {
        quoted = *p == '"' ? !quoted : quoted;
        p += *p == '\\' && p[1] != '\0';
    }
    return *p == ',' ? p + 1 : p;
}

static bool read_wait(const char *p, uint64_t *ret)
{
    if (strncasecmp(p, "wait", 4) != 0) {
        return false;
    }
    p = skip_blanks(p + 4);
    if (*p != '=') {
        return false;
    }
    p = skip_blanks(p + 1);
    p += *p == '"';
    if (!isdigit((unsigned char)*p)) {
        return false;
    }
    uint64_t seconds = 0;
    for (; isdigit((unsigned char)*p); p++) {
        seconds = seconds < SECONDS_MAX ? seconds * 10 + (uint64_t)(*p - '0') : seconds;
    }
    *ret = seconds;
    return true;
}

struct prefer prefer_parse(const char *text)
{
    struct prefer found = {0};
    for (const char *p = text; p != NULL && *p != '\0' && !found.waits; p = next_of(p)) {
        found.waits = read_wait(skip_blanks(p), &found.wait_s);
    }
    return found;
}
