/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slashes - ///: all text is printed, but for "/pattern/replacement/", which then changes what is
 * left of the program until no pattern is in it; a backslash makes the next character plain.
 */
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

struct slashes {
    struct text rest;
    size_t at;
};

/* Up to the '/' behind it; false: the program ends before. */
static bool part_read(struct slashes *s, struct text *to)
{
    for (; s->at < s->rest.len; s->at++) {
        char c = s->rest.data[s->at];
        if (c == '/') {
            s->at++;
            return true;
        }
        s->at += c == '\\';
        if (s->at < s->rest.len) {
            text_add_byte(to, s->rest.data[s->at]);
        }
    }
    return false;
}

/* In front of `from` there is no pattern; with each replacement there may be one that ends in it.
 */
static bool replace_one(struct text *t, const struct text *pattern, const struct text *by,
                        size_t *from)
{
    size_t place = 0;
    if (pattern->len > 0) {
        const char *found =
            t->len > 0 ? memmem(t->data + *from, t->len - *from, pattern->data, pattern->len)
                       : NULL;
        if (!found) {
            return false;
        }
        place = (size_t)(found - t->data);
    }
    size_t tail = place + pattern->len;
    t->data = grown(t->data, &t->cap, t->len + by->len, 1);
    if (t->len > tail) {
        memmove(t->data + place + by->len, t->data + tail, t->len - tail);
    }
    if (by->len > 0) {
        memcpy(t->data + place, by->data, by->len);
    }
    t->len = t->len - pattern->len + by->len;
    *from = place >= pattern->len ? place - pattern->len : 0;
    return true;
}

static void replace_all(struct slashes *s, const struct text *pattern, const struct text *by)
{
    struct text rest = {0};
    text_add(&rest, s->rest.data + s->at, s->rest.len - s->at);
    text_done(&s->rest);
    for (size_t from = 0; replace_one(&rest, pattern, by, &from);) {
    }
    *s = (struct slashes){.rest = rest};
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "slashes 1.0.0");
    struct slashes s = {0};
    text_add(&s.rest, source.text, source.len);
    free(source.text);
    while (s.at < s.rest.len) {
        char c = s.rest.data[s.at++];
        if (c == '/') {
            struct text pattern = {0}, by = {0};
            if (part_read(&s, &pattern) && part_read(&s, &by)) {
                replace_all(&s, &pattern, &by);
            }
            text_done(&pattern);
            text_done(&by);
        } else if (c != '\\') {
            write_text(&c, 1);
        } else if (s.at < s.rest.len) {
            write_text(&s.rest.data[s.at++], 1);
        }
    }
    text_done(&s.rest);
    return 0;
}
