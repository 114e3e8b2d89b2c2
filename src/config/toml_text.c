/* SPDX-License-Identifier: Apache-2.0 */
#include "config/toml_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((*text > 0 && *text < ' ' && *text != '\t' && *text != '\n') || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static void escaped_add(struct buf *ret, const char *text)
{
    buf_add_char(ret, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            buf_add_char(ret, '\\');
            buf_add_char(ret, *text);
        } else if (*text == '\n') {
            buf_add_str(ret, "\\n");
        } else if ((*text > 0 && *text < ' ') || *text == 0x7f) {
            buf_add_fmt(ret, "\\u%04x", (unsigned)*text);
        } else {
            buf_add_char(ret, *text);
        }
    }
    buf_add_char(ret, '"');
}

void toml_text_add(struct buf *ret, const char *text)
{
    bool escapes = strpbrk(text, "\"\\") != NULL, lines = strchr(text, '\n') != NULL;
    size_t len = strlen(text);
    bool quote_last = len > 0 && text[len - 1] == '\'';
    /* NOLINTNEXTLINE(bugprone-branch-clone): the last way is the first one's, too */
    if (has_controls(text) || (!escapes && !lines)) {
        escaped_add(ret, text);
    } else if (!lines && strchr(text, '\'') == NULL) {
        buf_add_fmt(ret, "'%s'", text);
    } else if (strstr(text, "'''") == NULL && !quote_last) {
        buf_add_fmt(ret, "'''%s%s'''", lines ? "\n" : "", text);
    } else {
        escaped_add(ret, text);
    }
}
