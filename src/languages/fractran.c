/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fractran - FRACTRAN.  The file has the number to begin with and then the fractions, all between
 * white space or commas; without a number at its head, that is the first of stdin.  Each number
 * that comes about is printed on a line, the first too.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/num.h"

struct fraction {
    struct num over, under;
};

struct fractran {
    struct fraction *fractions;
    size_t count, cap;
    struct num n;
    bool has_start;
};

static bool is_gap(char c)
{
    return isspace((unsigned char)c) || c == ',';
}

static struct num number_parse(const struct source *source, size_t *at)
{
    size_t start = *at;
    while (isdigit((unsigned char)source->text[*at])) {
        (*at)++;
    }
    struct num n = num_parse(source->text + start, *at - start);
    if (num_sign(n) <= 0) {
        fail_at(source, start, "a number above 0 is expected");
    }
    return n;
}

static void reduce(struct fraction *f)
{
    struct num a = num_copy(f->over), b = num_copy(f->under);
    while (num_sign(b) != 0) {
        struct num rest;
        num_divide(a, b, false, NULL, &rest);
        num_done(&a);
        a = b;
        b = rest;
    }
    struct num over, under;
    num_divide(f->over, a, false, &over, NULL);
    num_divide(f->under, a, false, &under, NULL);
    num_done(&f->over);
    num_done(&f->under);
    num_done(&a);
    *f = (struct fraction){over, under};
}

static void item_parse(struct fractran *f, const struct source *source, size_t *at)
{
    size_t start = *at;
    struct fraction item = {number_parse(source, at), num_of(1)};
    if (source->text[*at] == '/') {
        (*at)++;
        item.under = number_parse(source, at);
        reduce(&item);
    } else if (!f->has_start && f->count == 0) {
        f->n = item.over;
        f->has_start = true;
        return;
    }
    if (*at < source->len && !is_gap(source->text[*at])) {
        fail_at(source, start, "no fraction");
    }
    f->fractions = grown(f->fractions, &f->cap, f->count + 1, sizeof(*f->fractions));
    f->fractions[f->count++] = item;
}

static void program_parse(struct fractran *f, const struct source *source)
{
    for (size_t at = 0; at < source->len;) {
        if (is_gap(source->text[at])) {
            at++;
        } else {
            item_parse(f, source, &at);
        }
    }
    if (!f->has_start) {
        struct text line = {0};
        text_read_line(&line);
        text_add_byte(&line, '\0');
        struct source input = {line.data, line.len - 1};
        size_t at = strspn(line.data, " \t");
        f->n = number_parse(&input, &at);
        text_done(&line);
    }
}

static bool step(struct fractran *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct num q, rest;
        num_divide(f->n, f->fractions[i].under, false, &q, &rest);
        bool fits = num_sign(rest) == 0;
        num_done(&rest);
        if (fits) {
            num_done(&f->n);
            f->n = num_mul(q, f->fractions[i].over);
        }
        num_done(&q);
        if (fits) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "fractran 1.0.0");
    struct fractran f = {0};
    program_parse(&f, &source);
    struct text line = {0};
    do {
        line.len = 0;
        num_print(f.n, &line);
        text_add_byte(&line, '\n');
        write_text(line.data, line.len);
    } while (step(&f));
    text_done(&line);
    for (size_t i = 0; i < f.count; i++) {
        num_done(&f.fractions[i].over);
        num_done(&f.fractions[i].under);
    }
    num_done(&f.n);
    free(f.fractions);
    free(source.text);
    return 0;
}
