/* SPDX-License-Identifier: Apache-2.0 */
#include "config/judge0_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

void judge0_text_done(struct judge0_text *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->settings[i].section);
        free(t->settings[i].name);
        free(t->settings[i].value);
    }
    free(t->settings);
    *t = (struct judge0_text){0};
}

int judge0_text_add(struct judge0_text *t, const struct judge0_source *where,
                    struct judge0_setting setting, struct err *e)
{
    t->settings = xreallocarray(t->settings, t->count + 1, sizeof(*t->settings));
    t->settings[t->count++] = setting;
    if (t->count > JUDGE0_TEXT_COUNT_MAX) {
        return err_set(e, ERR_LIMIT, "%s:%u: more than %d settings", where->name, setting.line,
                       JUDGE0_TEXT_COUNT_MAX);
    }
    if (strlen(setting.value) > JUDGE0_TEXT_VALUE_MAX) {
        return err_set(e, ERR_LIMIT, "%s:%u: the value of %.*s is longer than %d bytes",
                       where->name, setting.line, JUDGE0_TEXT_NAME_MAX, setting.name,
                       JUDGE0_TEXT_VALUE_MAX);
    }
    return 0;
}

struct line {
    const char *at;
    size_t len;
};

/* The next line, without blanks around it; false at the end. */
static bool line_next(const char **at, const char *end, struct line *ret)
{
    if (*at == end) {
        return false;
    }
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    const char *start = *at, *stop = newline ? newline : end;
    *at = newline ? newline + 1 : end;
    while (start < stop && isspace((unsigned char)*start)) {
        start++;
    }
    while (stop > start && isspace((unsigned char)stop[-1])) {
        stop--;
    }
    *ret = (struct line){start, (size_t)(stop - start)};
    return true;
}

/* "[name]" alone: with blanks it could be the shell's [. */
static bool is_header(const struct line *l)
{
    if (l->len < 3 || l->at[0] != '[' || l->at[l->len - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i < l->len - 1; i++) {
        if (!isalnum((unsigned char)l->at[i]) && !strchr("_-.", l->at[i])) {
            return false;
        }
    }
    return true;
}

/* "key = value" or "key=value": the shell's names are in capitals, and nothing parts them from =.
 */
static bool is_key(const struct line *l)
{
    size_t len = 0;
    bool has_small = false;
    while (len < l->len && (isalnum((unsigned char)l->at[len]) || l->at[len] == '_')) {
        has_small = has_small || islower((unsigned char)l->at[len]);
        len++;
    }
    size_t equals = len;
    while (equals < l->len && (l->at[equals] == ' ' || l->at[equals] == '\t')) {
        equals++;
    }
    return len && equals < l->len && l->at[equals] == '=' && (has_small || equals > len);
}

/* A header anywhere, or a first line that no shell would take for an assignment. */
static bool has_sections(const char *at, const char *end)
{
    struct line l = {0};
    bool is_first = true;
    while (line_next(&at, end, &l)) {
        if (l.len == 0 || *l.at == '#' || *l.at == ';') {
            continue;
        }
        if (is_header(&l) || (is_first && is_key(&l))) {
            return true;
        }
        is_first = false;
    }
    return false;
}

int judge0_text_parse(const char *name, const char *data, size_t len, struct judge0_text *ret,
                      struct err *e)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t skip = len >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
    if (len > JUDGE0_TEXT_BYTES_MAX) {
        return err_set(e, ERR_LIMIT, "%s:1: the file is larger than 1 MiB", name);
    }
    if (len && memchr(data, '\0', len)) {
        return err_set(e, ERR_INVALID, "%s:1: a byte of the file is 0; it is no text", name);
    }
    struct judge0_source source = {name, len ? data + skip : "", len ? data + len : "", 1};
    source.end = len ? source.end : source.at;
    AUTO(judge0_text_done)
    struct judge0_text text = {.has_sections = has_sections(source.at, source.end)};
    int r = text.has_sections ? judge0_sections_parse(&source, &text, e)
                              : judge0_shell_parse(&source, &text, e);
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&text, (struct judge0_text){0});
    return 0;
}
