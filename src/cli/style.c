/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ESC "\033["

static const struct {
    const char *on, *off;
} codes[] = {
    [STYLE_NONE] = {"", ""},
    [STYLE_BOLD] = {ESC "1m", ESC "22m"},
    [STYLE_RED] = {ESC "31m", ESC "39m"},
    [STYLE_GREEN] = {ESC "32m", ESC "39m"},
    [STYLE_YELLOW] = {ESC "33m", ESC "39m"},
    [STYLE_GRAY] = {ESC "90m", ESC "39m"},
    [STYLE_BOLD_RED] = {ESC "1m" ESC "31m", ESC "39m" ESC "22m"},
    [STYLE_BOLD_GREEN] = {ESC "1m" ESC "32m", ESC "39m" ESC "22m"},
    [STYLE_BOLD_YELLOW] = {ESC "1m" ESC "33m", ESC "39m" ESC "22m"},
    [STYLE_RED_BOLD] = {ESC "31m" ESC "1m", ESC "22m" ESC "39m"},
    [STYLE_GREEN_BOLD] = {ESC "32m" ESC "1m", ESC "22m" ESC "39m"},
};

bool style_wanted(int fd)
{
    const char *force = secure_getenv("FORCE_COLOR"), *term = secure_getenv("TERM");
    if (force) {
        return strcmp(force, "0") != 0 && strcmp(force, "false") != 0;
    }
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

void style_put(FILE *out, bool wanted, enum style style, const char *text)
{
    fprintf(out, "%s%s%s", wanted ? codes[style].on : "", text, wanted ? codes[style].off : "");
}
