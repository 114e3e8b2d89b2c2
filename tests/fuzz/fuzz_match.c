/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern in the first line, a path in the second: what is to be collected must be what a slower
 * and simpler reading of the rules says.
 */
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fuzz.h"
#include "init/match.h"

/* Steps grow with the power of the stars. */
#define SIMPLE_MAX 24

static bool ends(char c)
{
    return c == '\0' || c == '/';
}

static bool simple_name(const char *p, const char *n)
{
    if (ends(*p)) {
        return ends(*n);
    }
    if (*p == '*' && simple_name(p + 1, n)) {
        return true;
    }
    return !ends(*n) && (*p == '*'               ? simple_name(p, n + 1)
                         : *p == '?' || *p == *n ? simple_name(p + 1, n + 1)
                                                 : false);
}

static enum match simple_path(const char *p, const char *n)
{
    if (!simple_name(p, n)) {
        return MATCH_NONE;
    }
    p = strchrnul(p, '/');
    n = strchrnul(n, '/');
    if (*p == '\0' || *n == '\0') {
        return *p == '\0' ? MATCH_ALL : MATCH_ABOVE;
    }
    return simple_path(p + 1, n + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(mem_freep) char *pattern = xmemdup(data, size);
    char *path = strchr(pattern, '\n');
    if (path == NULL) {
        return 0;
    }
    *path++ = '\0';
    char *const both[] = {pattern, (char[]){"none/such"}, NULL};
    enum match m = match_path(pattern, path);
    REQUIRE(match_any(both, path) >= m);
    if (strlen(pattern) <= SIMPLE_MAX && strlen(path) <= SIMPLE_MAX && strcmp(pattern, ".") != 0) {
        REQUIRE(m == simple_path(pattern, path));
    }
    return 0;
}
