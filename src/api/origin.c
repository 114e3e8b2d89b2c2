/* SPDX-License-Identifier: Apache-2.0 */
#include "api/origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/strv.h"

bool origin_is_host(const char *origin, const char *host)
{
    const char *own = strstr(origin, "://");
    return own != NULL && host != NULL && strcasecmp(own + 3, host) == 0;
}

static bool matches(const char *entry, const char *origin)
{
    return strcmp(entry, "*") == 0 || strcasecmp(entry, origin) == 0 ||
           origin_is_host(origin, entry);
}

/* One of `list` that is not in `other` too.  origin NULL: whether there is such an entry at all. */
static bool is_in(char *const *list, char *const *other, const char *origin)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (!strv_has(other, list[i]) && (origin == NULL || matches(list[i], origin))) {
            return true;
        }
    }
    return false;
}

enum origin_pass origin_passes(char *const *allow, char *const *disallow, const char *origin)
{
    bool only = is_in(allow, disallow, NULL) && !strv_has(allow, "*");
    if (!only && !is_in(disallow, allow, NULL)) {
        return ORIGIN_ANY;
    }
    bool named = (!is_in(allow, disallow, NULL) || is_in(allow, disallow, origin)) &&
                 !is_in(disallow, allow, origin);
    return named ? ORIGIN_NAMED : ORIGIN_NONE;
}
