/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thue - Thue: rules "left::=right", a rule of white space alone, then the text they are applied
 * to.  Which rule, and where, is left to chance.  "~text" on the right prints the text (a newline
 * when it is empty) and deletes the left; ":::" puts a line of the input there.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

struct rule {
    const char *left, *right;
    size_t left_len, right_len;
};

struct thue {
    struct rule *rules;
    size_t count, cap;
    struct text text;
    uint64_t random;
};

static bool is_blank(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)s[i])) {
            return false;
        }
    }
    return true;
}

static size_t line_length(const struct source *source, size_t at)
{
    const char *end = memchr(source->text + at, '\n', source->len - at);
    size_t len = end ? (size_t)(end - source->text) - at : source->len - at;
    return len > 0 && source->text[at + len - 1] == '\r' ? len - 1 : len;
}

static size_t line_next(const struct source *source, size_t at)
{
    const char *end = memchr(source->text + at, '\n', source->len - at);
    return end ? (size_t)(end - source->text) + 1 : source->len;
}

/* false: this line ends the rules. */
static bool rule_parse(struct thue *t, const struct source *source, size_t at)
{
    size_t len = line_length(source, at);
    const char *line = source->text + at;
    const char *sign = memmem(line, len, "::=", 3);
    if (!sign) {
        if (!is_blank(line, len)) {
            fail_at(source, at, "neither a rule (left::=right) nor blank");
        }
        return true;
    }
    size_t left_len = (size_t)(sign - line), right_len = len - left_len - 3;
    if (left_len == 0 || is_blank(line, left_len)) {
        if (!is_blank(sign + 3, right_len)) {
            fail_at(source, at, "a rule with nothing on its left");
        }
        return false;
    }
    t->rules = grown(t->rules, &t->cap, t->count + 1, sizeof(*t->rules));
    t->rules[t->count++] = (struct rule){line, sign + 3, left_len, right_len};
    return true;
}

static void program_parse(struct thue *t, const struct source *source)
{
    size_t at = 0;
    while (at < source->len && rule_parse(t, source, at)) {
        at = line_next(source, at);
    }
    if (at >= source->len) {
        fail_at(source, at, "the line \"::=\" that ends the rules is missing");
    }
    for (at = line_next(source, at); at < source->len; at = line_next(source, at)) {
        text_add(&t->text, source->text + at, line_length(source, at));
    }
}

static void replace(struct text *t, size_t at, size_t len, const char *with, size_t with_len)
{
    t->data = grown(t->data, &t->cap, t->len + with_len, 1);
    memmove(t->data + at + with_len, t->data + at + len, t->len - at - len);
    if (with_len > 0) {
        memcpy(t->data + at, with, with_len);
    }
    t->len = t->len - len + with_len;
}

static void rule_apply(struct thue *t, const struct rule *rule, size_t at)
{
    if (rule->right_len > 0 && rule->right[0] == '~') {
        if (rule->right_len == 1) {
            write_str("\n");
        }
        write_text(rule->right + 1, rule->right_len - 1);
        replace(&t->text, at, rule->left_len, "", 0);
    } else if (rule->right_len == 3 && memcmp(rule->right, ":::", 3) == 0) {
        struct text line = {0};
        text_read_line(&line);
        replace(&t->text, at, rule->left_len, line.data, line.len);
        text_done(&line);
    } else {
        replace(&t->text, at, rule->left_len, rule->right, rule->right_len);
    }
}

/* A place where the rule fits, searched from a place left to chance on. */
static const char *place_find(struct thue *t, const struct rule *rule)
{
    if (t->text.len < rule->left_len) {
        return NULL;
    }
    size_t start = random_next(&t->random) % t->text.len;
    const char *found =
        memmem(t->text.data + start, t->text.len - start, rule->left, rule->left_len);
    return found ? found : memmem(t->text.data, t->text.len, rule->left, rule->left_len);
}

static bool step(struct thue *t)
{
    size_t first = t->count ? random_next(&t->random) % t->count : 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rules[(first + i) % t->count];
        const char *found = place_find(t, rule);
        if (found) {
            rule_apply(t, rule, (size_t)(found - t->text.data));
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "thue 1.0.0");
    struct thue t = {0};
    program_parse(&t, &source);
    while (step(&t)) {
    }
    text_done(&t.text);
    free(t.rules);
    free(source.text);
    return 0;
}
