/* SPDX-License-Identifier: Apache-2.0 */
#include "model/version_text.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "model/semver.h"

/* "12.", and not the 64 of "x86_64." nor the end of a sentence. */
static const char *first_dotted(const char *text)
{
    for (const char *p = text; *p != '\0';) {
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && p[digits] == '.' && isdigit((unsigned char)p[digits + 1])) {
            return p;
        }
        p += digits > 0 ? digits : 1;
    }
    return NULL;
}

bool version_text_find(const char *text, const char *after, struct semver *ret)
{
    if (after != NULL) {
        text = strstr(text, after);
        if (text == NULL) {
            return false;
        }
        text += strlen(after);
    }
    const char *dotted = first_dotted(text);
    return semver_coerce(dotted != NULL ? dotted : text, ret);
}
