/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shell form of a judge0.conf.  Judge0 sources the file; here the assignments are read as a
 * POSIX shell would make them, and whatever only a shell could know is refused: a value that is
 * silently another one than before is worse than an error at the start.
 *
 * Lines may end with CR LF: a value that ends with CR is never what somebody means.
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/judge0_text.h"

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char peek(const struct judge0_source *s, size_t ahead)
{
    if ((size_t)(s->end - s->at) <= ahead) {
        return '\0';
    }
    return s->at[ahead];
}

static bool at_newline(const struct judge0_source *s)
{
    return peek(s, 0) == '\n' || (peek(s, 0) == '\r' && peek(s, 1) == '\n');
}

static void newline_take(struct judge0_source *s)
{
    s->at += peek(s, 0) == '\r' ? 2 : 1;
    s->line++;
}

static int needs_shell(const struct judge0_source *s, struct err *e)
{
    size_t len = 0, left = (size_t)(s->end - s->at);
    while (len < left && len < 40 && s->at[len] != '\n' && s->at[len] != '\r') {
        len++;
    }
    return err_set(e, ERR_INVALID,
                   "%s:%u: '%.*s' needs a shell, and the file is read without one; write "
                   "NAME=value, in single quotes if it holds more than letters",
                   s->name, s->line, (int)len, s->at);
}

static int too_long(const struct judge0_source *s, struct err *e)
{
    return err_set(e, ERR_LIMIT, "%s:%u: a value is longer than %d bytes", s->name, s->line,
                   JUDGE0_TEXT_VALUE_MAX);
}

/* $NAME or ${NAME} at the cursor: what the last line that assigned it gave. */
static int variable_take(struct judge0_source *s, const struct judge0_text *t, struct buf *value,
                         struct err *e)
{
    bool braced = peek(s, 1) == '{';
    const char *name = s->at + (braced ? 2 : 1), *end = name;
    while (end < s->end && is_name(*end)) {
        end++;
    }
    size_t len = (size_t)(end - name);
    if (len == 0 || !is_name_start(*name) || (braced && (end == s->end || *end != '}'))) {
        return needs_shell(s, e);
    }
    for (size_t i = t->count; i-- > 0;) {
        if (strlen(t->settings[i].name) == len && memcmp(t->settings[i].name, name, len) == 0) {
            buf_add_str(value, t->settings[i].value);
            s->at = end + braced;
            return value->len <= JUDGE0_TEXT_VALUE_MAX ? 0 : too_long(s, e);
        }
    }
    return err_set(e, ERR_INVALID,
                   "%s:%u: $%.*s is not assigned above it, and the environment is not looked at; "
                   "write the value itself",
                   s->name, s->line, len < 60 ? (int)len : 60, name);
}

/* A dollar sign: a variable, or itself where nothing follows that it could begin. */
static int dollar_take(struct judge0_source *s, const struct judge0_text *t, bool quoted,
                       struct buf *value, struct err *e)
{
    char next = peek(s, 1);
    if (is_name_start(next) || next == '{') {
        return variable_take(s, t, value, e);
    }
    bool special = next && (isdigit((unsigned char)next) || strchr("(@*#?-$!", next));
    if (special || (!quoted && (next == '\'' || next == '"'))) {
        return needs_shell(s, e);
    }
    buf_add_char(value, '$');
    s->at++;
    return 0;
}

/* A backslash: the end of the line goes, the next byte stays as it is. */
static void backslash_take(struct judge0_source *s, bool quoted, struct buf *value)
{
    s->at++;
    if (s->at == s->end) {
        buf_add_char(value, '\\');
    } else if (at_newline(s)) {
        newline_take(s);
    } else {
        if (quoted && !strchr("$`\"\\", *s->at)) {
            buf_add_char(value, '\\');
        }
        s->line += *s->at == '\n';
        buf_add_char(value, *s->at++);
    }
}

static int unclosed(const struct judge0_source *s, char quote, unsigned line, struct err *e)
{
    return err_set(e, ERR_INVALID, "%s:%u: the quote %c is not closed", s->name, line, quote);
}

static int quoted_take(struct judge0_source *s, const struct judge0_text *t, struct buf *value,
                       struct err *e)
{
    char quote = *s->at++;
    unsigned line = s->line;
    for (int r = 0; s->at < s->end && *s->at != quote;) {
        if (quote == '"' && *s->at == '`') {
            return needs_shell(s, e);
        }
        if (quote == '"' && *s->at == '$') {
            r = dollar_take(s, t, true, value, e);
        } else if (quote == '"' && *s->at == '\\') {
            backslash_take(s, true, value);
        } else {
            s->line += *s->at == '\n';
            buf_add_char(value, *s->at++);
        }
        if (r < 0) {
            return r;
        }
    }
    if (s->at == s->end) {
        return unclosed(s, quote, line, e);
    }
    s->at++;
    return 0;
}

/* Up to the blank, the line's end or the semicolon that ends the word. */
static int value_take(struct judge0_source *s, const struct judge0_text *t, struct buf *value,
                      struct err *e)
{
    int r = 0;
    bool tilde = true; /* would be a home here: at the start, and behind each colon */
    while (r == 0 && s->at < s->end && !at_newline(s) && !strchr(" \t;", *s->at)) {
        char c = *s->at;
        if (strchr("`|&<>()", c) || (c == '~' && tilde)) {
            return needs_shell(s, e);
        }
        tilde = c == ':';
        if (c == '\'' || c == '"') {
            r = quoted_take(s, t, value, e);
        } else if (c == '$') {
            r = dollar_take(s, t, false, value, e);
        } else if (c == '\\') {
            backslash_take(s, false, value);
        } else {
            buf_add_char(value, c);
            s->at++;
        }
    }
    return r;
}

static bool word_ends(const struct judge0_source *s)
{
    return s->at == s->end || at_newline(s) || strchr(" \t;", *s->at);
}

/* NAME=value, or NAME alone behind export. */
static int word_take(struct judge0_source *s, struct judge0_text *t, bool exported, struct err *e)
{
    struct judge0_source start = *s;
    while (s->at < s->end && is_name(*s->at)) {
        s->at++;
    }
    size_t len = (size_t)(s->at - start.at);
    bool named = len && is_name_start(*start.at);
    if (named && exported && word_ends(s)) {
        return 0;
    }
    if (!named || peek(s, 0) != '=') {
        return needs_shell(&start, e);
    }
    s->at++;
    AUTO(buf_done) struct buf value = {0};
    int r = value_take(s, t, &value, e);
    if (r < 0) {
        return r;
    }
    struct judge0_setting setting = {.section = xstrdup(""),
                                     .name = xstrndup(start.at, len),
                                     .value = value.data ? buf_take(&value) : xstrdup(""),
                                     .line = start.line};
    return judge0_text_add(t, s, setting, e);
}

static bool export_take(struct judge0_source *s)
{
    static const char word[] = "export";
    size_t len = sizeof(word) - 1;
    bool is = (size_t)(s->end - s->at) > len && memcmp(s->at, word, len) == 0 &&
              (s->at[len] == ' ' || s->at[len] == '\t');
    s->at += is ? len : 0;
    return is;
}

/* Blanks, comments and continued lines; true when a new command begins behind them. */
static bool gap_take(struct judge0_source *s)
{
    bool ended = false;
    while (s->at < s->end) {
        if (at_newline(s)) {
            newline_take(s);
            ended = true;
        } else if (*s->at == '\\' &&
                   (peek(s, 1) == '\n' || (peek(s, 1) == '\r' && peek(s, 2) == '\n'))) {
            s->at++;
            newline_take(s);
        } else if (*s->at == '#') {
            const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
            s->at = newline ? newline : s->end;
        } else if (strchr(" \t;", *s->at)) {
            ended = ended || *s->at == ';';
            s->at++;
        } else {
            break;
        }
    }
    return ended;
}

int judge0_shell_parse(struct judge0_source *s, struct judge0_text *ret, struct err *e)
{
    bool exported = false;
    bool first = true; /* word of a command */
    for (gap_take(s); s->at < s->end;) {
        if (first && export_take(s)) {
            exported = true;
        } else {
            int r = word_take(s, ret, exported, e);
            if (r < 0) {
                return r;
            }
        }
        first = gap_take(s);
        exported = exported && !first;
    }
    return 0;
}
