/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a judge0.conf with sections: a line is [section], key = value, or a comment behind #
 * or ;.  A value may stand in quotes, which are taken off; behind a blank, # and ; begin a comment.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/judge0_text.h"

struct span {
    const char *at;
    size_t len;
};

static struct span trim(const char *start, const char *stop)
{
    while (start < stop && isspace((unsigned char)*start)) {
        start++;
    }
    while (stop > start && isspace((unsigned char)stop[-1])) {
        stop--;
    }
    return (struct span){start, (size_t)(stop - start)};
}

static char *lower(struct span s)
{
    char *copy = xstrndup(s.at, s.len);
    for (char *c = copy; *c; c++) {
        char small = (char)tolower((unsigned char)*c);
        *c = small;
    }
    return copy;
}

static struct span without_comment(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool behind_blank = i == 0 || isblank((unsigned char)s.at[i - 1]);
        if (behind_blank && (s.at[i] == '#' || s.at[i] == ';')) {
            return trim(s.at, s.at + i);
        }
    }
    return s;
}

static char *value_read(struct span s)
{
    if (s.len && (*s.at == '"' || *s.at == '\'')) {
        const char *close = memchr(s.at + 1, *s.at, s.len - 1);
        if (close) {
            return xstrndup(s.at + 1, (size_t)(close - s.at - 1));
        }
    }
    s = without_comment(s);
    return xstrndup(s.at, s.len);
}

static int key_read(const struct judge0_source *s, struct span l, const char *section,
                    struct judge0_text *ret, struct err *e)
{
    const char *equals = memchr(l.at, '=', l.len);
    struct span key = equals ? trim(l.at, equals) : l;
    if (!equals || key.len == 0) {
        return err_set(e, ERR_INVALID, "%s:%u: '%.*s' is neither [section] nor key = value",
                       s->name, s->line, l.len < 60 ? (int)l.len : 60, l.at);
    }
    struct judge0_setting setting = {.section = xstrdup(section),
                                     .name = xstrndup(key.at, key.len),
                                     .value = value_read(trim(equals + 1, l.at + l.len)),
                                     .line = s->line};
    return judge0_text_add(ret, s, setting, e);
}

int judge0_sections_parse(struct judge0_source *s, struct judge0_text *ret, struct err *e)
{
    AUTO(mem_freep) char *section = xstrdup("");
    for (; s->at < s->end; s->line++) {
        const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
        const char *stop = newline ? newline : s->end;
        struct span l = trim(s->at, stop);
        s->at = newline ? newline + 1 : s->end;
        if (l.len == 0 || *l.at == '#' || *l.at == ';') {
            continue;
        }
        l = *l.at == '[' ? without_comment(l) : l;
        if (*l.at == '[' && l.at[l.len - 1] == ']') {
            mem_freep(&section);
            section = lower(trim(l.at + 1, l.at + l.len - 1));
            continue;
        }
        int r = key_read(s, l, section, ret, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}
