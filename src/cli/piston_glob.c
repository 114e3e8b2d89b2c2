/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/piston_glob.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The end of the alternative at `text`: its comma or the brace that closes; NULL when none closes.
 */
static const char *alternative_end(const char *text)
{
    int depth = 0;
    for (; *text; text++) {
        if (depth == 0 && (*text == ',' || *text == '}')) {
            return text;
        }
        depth += (*text == '{') - (*text == '}');
    }
    return NULL;
}

/* The brace that closes the list at `text` (behind its '{'), if it has a comma at all; else NULL.
 */
static const char *list_end(const char *text)
{
    bool comma = false;
    for (const char *end = alternative_end(text); end; end = alternative_end(end + 1)) {
        if (*end == '}') {
            return comma ? end : NULL;
        }
        comma = true;
    }
    return NULL;
}

bool piston_glob_matches(const char *pattern, const char *name)
{
    if (strlen(pattern) > PISTON_GLOB_MAX) {
        return false;
    }
    for (const char *open = strchr(pattern, '{'); open; open = strchr(open + 1, '{')) {
        const char *close = list_end(open + 1);
        if (!close) {
            continue;
        }
        for (const char *start = open + 1; start <= close;) {
            const char *end = alternative_end(start);
            char one[PISTON_GLOB_MAX + 1];
            snprintf(one, sizeof(one), "%.*s%.*s%s", (int)(open - pattern), pattern,
                     (int)(end - start), start, close + 1);
            if (piston_glob_matches(one, name)) {
                return true;
            }
            start = end + 1;
        }
        return false;
    }
    return fnmatch(pattern, name, FNM_EXTMATCH | FNM_PERIOD | FNM_PATHNAME) == 0;
}
