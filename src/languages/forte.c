/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forte - Forte: numbers can be redefined, those of lines too, which is how programs loop.
 *
 * What was redefined is followed wherever a number comes about: in the program, in input and as a
 * result.  The next line is that with the lowest number above the last one's.  GET and PUT are of
 * bytes, GET at the end of input gives 256; operators without parentheses group from the right.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/num.h"

struct expression { /* of a tree that is one array: its parts stand before it */
    char op;        /* '+' '-' '*' '/', or 'n': a number */
    size_t left, right;
    struct num number;
};

struct command {
    enum { LET, PRINT, PRINT_STRING, INPUT, GET, PUT, REM, END } kind;
    size_t left, right; /* expressions */
    size_t text, text_len;
    bool no_newline;
};

struct line {
    size_t number; /* an expression */
    size_t first, end;
};

struct redefined { /* where both fit 64 bits */
    int64_t from, to;
    bool taken;
};

struct redefined_big {
    struct num from, to;
};

struct forte {
    struct source source;
    size_t at;
    struct expression *expressions;
    size_t expression_count, expression_cap;
    struct command *commands;
    size_t command_count, command_cap;
    struct line *lines;
    size_t line_count, line_cap;
    struct redefined *numbers; /* a hash table; its size is a power of two */
    size_t number_count, number_cap;
    struct redefined_big *bigs;
    size_t big_count, big_cap;
    const char *floor;
};

/* --- programs --- */

static void skip_blanks(struct forte *f)
{
    while (isblank((unsigned char)f->source.text[f->at]) || f->source.text[f->at] == '\r') {
        f->at++;
    }
}

static void skip_space(struct forte *f)
{
    while (isspace((unsigned char)f->source.text[f->at])) {
        f->at++;
    }
}

static bool take(struct forte *f, char c)
{
    skip_blanks(f);
    bool is = f->source.text[f->at] == c;
    f->at += is;
    return is;
}

static size_t expression_add(struct forte *f, struct expression x)
{
    f->expressions =
        grown(f->expressions, &f->expression_cap, f->expression_count + 1, sizeof(*f->expressions));
    f->expressions[f->expression_count] = x;
    return f->expression_count++;
}

static size_t number_parse(struct forte *f)
{
    size_t start = f->at;
    while (isdigit((unsigned char)f->source.text[f->at])) {
        f->at++;
    }
    if (f->at == start) {
        fail_at(&f->source, start, "a number is expected");
    }
    struct num n = num_parse(f->source.text + start, f->at - start);
    return expression_add(f, (struct expression){.op = 'n', .number = n});
}

static size_t expression_parse(struct forte *f)
{
    if (stack_is_low(f->floor)) {
        fail_at(&f->source, f->at, "nested too deep");
    }
    size_t left;
    if (take(f, '(')) {
        left = expression_parse(f);
        if (!take(f, ')')) {
            fail_at(&f->source, f->at, "a ')' is expected");
        }
    } else {
        left = number_parse(f);
    }
    skip_blanks(f);
    char op = f->source.text[f->at];
    if (op == '\0' || !strchr("+-*/", op)) {
        return left;
    }
    f->at++;
    size_t right = expression_parse(f);
    return expression_add(f, (struct expression){.op = op, .left = left, .right = right});
}

/* In quotes, with what a backslash stands before as it is. */
static void string_parse(struct forte *f, struct command *c)
{
    size_t start = f->at;
    while (f->source.text[f->at] != '"') {
        f->at += f->source.text[f->at] == '\\';
        if (f->at >= f->source.len) {
            fail_at(&f->source, start, "a string without its end");
        }
        f->at++;
    }
    c->kind = PRINT_STRING;
    c->text = start;
    c->text_len = f->at++ - start;
}

/* To the end of the line; one that ends with ':' goes on on the next. */
static void remark_skip(struct forte *f)
{
    char last = '\0';
    for (; f->at < f->source.len; f->at++) {
        char c = f->source.text[f->at];
        if (c == '\n' && last != ':') {
            return;
        }
        last = isspace((unsigned char)c) ? last : c;
    }
}

static int kind_parse(struct forte *f)
{
    static const struct {
        const char *word;
        int kind;
    } words[] = {{"LET", LET}, {"PRINT", PRINT}, {"INPUT", INPUT}, {"GET", GET},
                 {"PUT", PUT}, {"REM", REM},     {"END", END}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);
        if (strncmp(f->source.text + f->at, words[i].word, len) == 0) {
            f->at += len;
            return words[i].kind;
        }
    }
    fail_at(&f->source, f->at, "a command is expected");
}

static struct command command_parse(struct forte *f)
{
    struct command c = {.kind = kind_parse(f)};
    if (c.kind == REM) {
        remark_skip(f);
    } else if (c.kind == PRINT && take(f, '"')) {
        string_parse(f, &c);
    } else if (c.kind != END) {
        c.left = expression_parse(f);
    }
    if (c.kind == LET) {
        if (!take(f, '=')) {
            fail_at(&f->source, f->at, "a '=' is expected");
        }
        c.right = expression_parse(f);
    }
    c.no_newline = (c.kind == PRINT || c.kind == PRINT_STRING) && take(f, ';');
    return c;
}

static void line_parse(struct forte *f)
{
    struct line line = {.number = number_parse(f), .first = f->command_count};
    do {
        skip_space(f);
        struct command c = command_parse(f);
        f->commands = grown(f->commands, &f->command_cap, f->command_count + 1, sizeof(c));
        f->commands[f->command_count++] = c;
    } while (take(f, ':'));
    line.end = f->command_count;
    f->lines = grown(f->lines, &f->line_cap, f->line_count + 1, sizeof(line));
    f->lines[f->line_count++] = line;
}

/* --- redefined numbers --- */

static size_t number_place(const struct forte *f, int64_t n)
{
    uint64_t hash = (uint64_t)n * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(hash ^ hash >> 32) & (f->number_cap - 1);
    while (f->numbers[at].taken && f->numbers[at].from != n) {
        at = (at + 1) & (f->number_cap - 1);
    }
    return at;
}

static void numbers_grow(struct forte *f)
{
    struct forte bigger = {.number_cap = f->number_cap ? f->number_cap * 2 : 64};
    bigger.numbers = allocate(bigger.number_cap, sizeof(*bigger.numbers));
    for (size_t i = 0; i < f->number_cap; i++) {
        if (f->numbers[i].taken) {
            bigger.numbers[number_place(&bigger, f->numbers[i].from)] = f->numbers[i];
        }
    }
    free(f->numbers);
    f->numbers = bigger.numbers;
    f->number_cap = bigger.number_cap;
}

static struct redefined *small_find(const struct forte *f, struct num n)
{
    if (!num_is_small(n) || f->number_cap == 0) {
        return NULL;
    }
    struct redefined *found = &f->numbers[number_place(f, n.small)];
    return found->taken ? found : NULL;
}

static struct redefined_big *big_find(const struct forte *f, struct num n)
{
    for (size_t i = 0; i < f->big_count; i++) {
        if (num_compare(f->bigs[i].from, n) == 0) {
            return &f->bigs[i];
        }
    }
    return NULL;
}

/*
 * What a number is by now; takes it over.  Only numbers that are not redefined are ever redefined,
 * and as such ones, so this comes to an end.
 */
static struct num meaning(const struct forte *f, struct num n)
{
    struct redefined *first = small_find(f, n);
    for (;;) {
        struct redefined *small = small_find(f, n);
        struct redefined_big *big = small ? NULL : big_find(f, n);
        if (small) {
            n = num_of(small->to);
        } else if (big) {
            num_done(&n);
            n = num_copy(big->to);
        } else {
            break;
        }
    }
    if (first && num_is_small(n)) { /* the next time at one step */
        first->to = n.small;
    }
    return n;
}

/* Takes both over; both mean themselves. */
static void redefine(struct forte *f, struct num from, struct num to)
{
    if (num_compare(from, to) == 0) {
        num_done(&from);
        num_done(&to);
        return;
    }
    if (!num_is_small(from) || !num_is_small(to)) {
        f->bigs = grown(f->bigs, &f->big_cap, f->big_count + 1, sizeof(*f->bigs));
        f->bigs[f->big_count++] = (struct redefined_big){from, to};
        return;
    }
    if (f->number_count * 4 >= f->number_cap * 3) {
        numbers_grow(f);
    }
    f->numbers[number_place(f, from.small)] = (struct redefined){from.small, to.small, true};
    f->number_count++;
}

/* --- running --- */

static struct num evaluate(const struct forte *f, size_t expression)
{
    const struct expression *x = &f->expressions[expression];
    if (x->op == 'n') {
        return meaning(f, num_copy(x->number));
    }
    if (stack_is_low(f->floor)) {
        fail("nested too deep");
    }
    struct num a = evaluate(f, x->left), b = evaluate(f, x->right), n;
    if (x->op == '+') {
        n = num_add(a, b);
    } else if (x->op == '-') {
        n = num_sub(a, b);
    } else if (x->op == '*') {
        n = num_mul(a, b);
    } else {
        num_divide(a, b, true, &n, NULL);
    }
    num_done(&a);
    num_done(&b);
    return meaning(f, n);
}

/* The number that a line of input begins with; 0 when there is none. */
static struct num input_read(void)
{
    struct text t = {0};
    text_read_line(&t);
    text_add_byte(&t, '\0');
    size_t at = strspn(t.data, " \t"), digits = at + (t.data[at] == '-');
    size_t count = strspn(t.data + digits, "0123456789");
    struct num n = count ? num_parse(t.data + at, digits - at + count) : num_of(0);
    text_done(&t);
    return n;
}

static void print(const struct forte *f, const struct command *c)
{
    struct text t = {0};
    if (c->kind == PRINT) {
        struct num n = evaluate(f, c->left);
        num_print(n, &t);
        num_done(&n);
    }
    for (size_t i = 0; i < c->text_len; i++) {
        i += f->source.text[c->text + i] == '\\';
        text_add_byte(&t, f->source.text[c->text + i]);
    }
    if (!c->no_newline) {
        text_add_byte(&t, '\n');
    }
    write_text(t.data, t.len);
    text_done(&t);
}

static void command_run(struct forte *f, const struct command *c)
{
    if (c->kind == LET) {
        struct num from = evaluate(f, c->left);
        redefine(f, from, evaluate(f, c->right));
    } else if (c->kind == INPUT) {
        struct num from = evaluate(f, c->left);
        redefine(f, from, meaning(f, input_read()));
    } else if (c->kind == GET) {
        struct num from = evaluate(f, c->left);
        int byte = getc_unlocked(stdin);
        redefine(f, from, meaning(f, num_of(byte == EOF ? 256 : byte)));
    } else if (c->kind == PUT) {
        struct num n = evaluate(f, c->left);
        char byte = (char)num_low(n);
        write_text(&byte, 1);
        num_done(&n);
    } else if (c->kind == PRINT || c->kind == PRINT_STRING) {
        print(f, c);
    }
}

/* The line with the lowest number from `from` on, the first of equals; *ret_number is that. */
static const struct line *line_find(const struct forte *f, struct num from, struct num *ret_number)
{
    const struct line *best = NULL;
    struct num lowest = num_of(0);
    for (size_t i = 0; i < f->line_count; i++) {
        struct num n = evaluate(f, f->lines[i].number);
        if (num_compare(n, from) >= 0 && (!best || num_compare(n, lowest) < 0)) {
            num_done(&lowest);
            lowest = n;
            best = &f->lines[i];
        } else {
            num_done(&n);
        }
    }
    *ret_number = lowest;
    return best;
}

static void run(struct forte *f)
{
    struct num next = num_of(0), number;
    const struct line *line;
    while ((line = line_find(f, next, &number)) != NULL) {
        num_done(&next);
        next = num_add(number, num_of(1));
        num_done(&number);
        for (size_t i = line->first; i < line->end; i++) {
            if (f->commands[i].kind == END) {
                num_done(&next);
                return;
            }
            command_run(f, &f->commands[i]);
        }
    }
    fail("no line is left, and there was no END");
}

static void done(struct forte *f)
{
    for (size_t i = 0; i < f->expression_count; i++) {
        num_done(&f->expressions[i].number);
    }
    for (size_t i = 0; i < f->big_count; i++) {
        num_done(&f->bigs[i].from);
        num_done(&f->bigs[i].to);
    }
    free(f->expressions);
    free(f->commands);
    free(f->lines);
    free(f->numbers);
    free(f->bigs);
    free(f->source.text);
}

int main(int argc, char **argv)
{
    struct forte f = {.source = program_read(argc, argv, "forte 1.0.0"), .floor = stack_floor()};
    for (skip_space(&f); f.at < f.source.len; skip_space(&f)) {
        line_parse(&f);
    }
    run(&f);
    done(&f);
    return 0;
}
