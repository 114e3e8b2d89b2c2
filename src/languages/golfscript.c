/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golfscript - GolfScript 1.0.
 *
 * Every token is a variable, which ':' can set: numbers, strings and operators too.  Strings are
 * arrays of bytes, and so is a block's text; what operators do with two kinds follows the greater:
 * number < array < string < block.  Ruby in strings ("#{...}") is not run: there is none.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/map.h"
#include "languages/num.h"

enum kind { NUMBER, ARRAY, STRING, BLOCK };

struct value {
    enum kind kind;
    struct num num;
    struct seq *seq; /* of all others */
};

struct seq { /* shared, and never changed while it is */
    size_t refs, len, cap;
    struct value *items; /* ARRAY */
    char *bytes;         /* STRING, BLOCK: NUL-terminated */
    struct code *code;   /* BLOCK, once it ran */
    struct seq *next;    /* while it is freed */
};

/* A block's tokens. */
struct code {
    size_t len, cap;
    struct step {
        enum { STEP_RUN, STEP_SET, STEP_PUSH } kind;
        size_t variable;    /* STEP_RUN, STEP_SET */
        struct value block; /* STEP_PUSH */
    } * steps;
};

struct golfscript;
typedef void builtin(struct golfscript *g);

struct variable {
    builtin *run; /* NULL: a value, or nothing */
    bool has_value;
    struct value value;
};

struct golfscript {
    struct value *stack;
    size_t depth, stack_cap;
    size_t *marks; /* of '[' */
    size_t mark_count, mark_cap;
    struct names names;
    struct variable *variables; /* by a token's number */
    size_t variable_count, variable_cap;
    uint64_t random;
    const char *floor;
};

/* --- values --- */

static struct value number(int64_t n)
{
    return (struct value){NUMBER, num_of(n), NULL};
}

static struct value number_of(struct num n)
{
    return (struct value){NUMBER, n, NULL};
}

static struct value seq_new(enum kind kind)
{
    struct seq *s = allocate(1, sizeof(*s));
    s->refs = 1;
    return (struct value){kind, num_of(0), s};
}

static struct value value_copy(struct value v)
{
    if (v.seq) {
        v.seq->refs++;
    } else {
        num_copy(v.num);
    }
    return v;
}

static struct seq *unref_onto(struct value v, struct seq *doomed)
{
    if (!v.seq) {
        num_done(&v.num);
    } else if (--v.seq->refs == 0) {
        v.seq->next = doomed;
        return v.seq;
    }
    return doomed;
}

/* Without recursion: arrays may be nested as deep as memory goes. */
static void value_done(struct value v)
{
    struct seq *doomed = unref_onto(v, NULL);
    while (doomed) {
        struct seq *s = doomed;
        doomed = s->next;
        for (size_t i = 0; s->items && i < s->len; i++) {
            doomed = unref_onto(s->items[i], doomed);
        }
        for (size_t i = 0; s->code && i < s->code->len; i++) {
            if (s->code->steps[i].kind == STEP_PUSH) {
                doomed = unref_onto(s->code->steps[i].block, doomed);
            }
        }
        if (s->code) {
            free(s->code->steps);
            free(s->code);
        }
        free(s->items);
        free(s->bytes);
        free(s);
    }
}

static void bytes_add(struct value to, const char *bytes, size_t len)
{
    struct seq *s = to.seq;
    s->bytes = grown(s->bytes, &s->cap, s->len + len + 1, 1);
    if (len > 0) {
        memcpy(s->bytes + s->len, bytes, len);
    }
    s->len += len;
    s->bytes[s->len] = '\0';
}

struct place {
    const struct seq *array;
    size_t at;
};

static void seq_add(struct value to, struct value item);

/* What is in an array and in those in it, into a string; without recursion, too. */
static void flatten(struct value to, const struct seq *array)
{
    struct place *places = NULL;
    size_t count = 1, cap = 0;
    places = grown(places, &cap, count, sizeof(*places));
    places[0] = (struct place){array, 0};
    while (count > 0) {
        struct place *p = &places[count - 1];
        if (!p->array || p->at == p->array->len) {
            count--;
            continue;
        }
        struct value item = p->array->items[p->at++];
        if (item.kind != ARRAY) {
            seq_add(to, value_copy(item));
            continue;
        }
        places = grown(places, &cap, count + 1, sizeof(*places));
        places[count++] = (struct place){item.seq, 0};
    }
    free(places);
}

/* Takes `item` over.  Bytes alone go into a string or block. */
static void seq_add(struct value to, struct value item)
{
    struct seq *s = to.seq;
    if (to.kind == ARRAY) {
        s->items = grown(s->items, &s->cap, s->len + 1, sizeof(*s->items));
        s->items[s->len++] = item;
        return;
    }
    if (item.kind == NUMBER) {
        char byte = (char)num_low(item.num);
        bytes_add(to, &byte, 1);
    } else if (item.kind == ARRAY) {
        flatten(to, item.seq);
    } else {
        bytes_add(to, item.seq->bytes, item.seq->len);
    }
    value_done(item);
}

static struct value bytes_new(enum kind kind, const char *bytes, size_t len)
{
    struct value v = seq_new(kind);
    bytes_add(v, bytes, len);
    return v;
}

static struct value seq_get(struct value v, size_t i)
{
    return v.kind == ARRAY ? value_copy(v.seq->items[i]) : number((unsigned char)v.seq->bytes[i]);
}

static struct value seq_slice(struct value v, size_t from, size_t to)
{
    struct value part = seq_new(v.kind);
    if (v.kind != ARRAY) {
        bytes_add(part, to > from ? v.seq->bytes + from : NULL, to > from ? to - from : 0);
        return part;
    }
    for (size_t i = from; i < to; i++) {
        seq_add(part, value_copy(v.seq->items[i]));
    }
    return part;
}

static bool is_true(struct value v)
{
    return v.kind == NUMBER ? num_sign(v.num) != 0 : v.seq->len > 0;
}

static void recursion_check(const struct golfscript *g)
{
    if (stack_is_low(g->floor)) {
        fail("nested too deep");
    }
}

/* By contents, whatever kind of array it is; numbers come before arrays. */
static int compare(const struct golfscript *g, struct value a, struct value b)
{
    recursion_check(g);
    if (a.kind == NUMBER || b.kind == NUMBER) {
        return a.kind == b.kind ? num_compare(a.num, b.num) : a.kind == NUMBER ? -1 : 1;
    }
    size_t common = a.seq->len < b.seq->len ? a.seq->len : b.seq->len;
    int order = 0;
    if (a.kind != ARRAY && b.kind != ARRAY) {
        order = common ? memcmp(a.seq->bytes, b.seq->bytes, common) : 0;
    } else {
        for (size_t i = 0; i < common && order == 0; i++) {
            struct value x = seq_get(a, i), y = seq_get(b, i);
            order = compare(g, x, y);
            value_done(x);
            value_done(y);
        }
    }
    return order ? order : (a.seq->len > b.seq->len) - (a.seq->len < b.seq->len);
}

/* As print shows it. */
static void show(const struct golfscript *g, struct value v, struct text *to)
{
    recursion_check(g);
    if (v.kind == NUMBER) {
        num_print(v.num, to);
    } else if (v.kind == ARRAY) {
        for (size_t i = 0; i < v.seq->len; i++) {
            show(g, v.seq->items[i], to);
        }
    } else if (v.kind == STRING) {
        text_add(to, v.seq->bytes, v.seq->len);
    } else {
        text_add_byte(to, '{');
        text_add(to, v.seq->bytes, v.seq->len);
        text_add_byte(to, '}');
    }
}

static void string_inspect(struct value v, struct text *to)
{
    static const char escapes[] = "\nn\tt\rr\ff\vv\bb\aa\033e\"\"\\\\";
    text_add_byte(to, '"');
    for (size_t i = 0; i < v.seq->len; i++) {
        char c = v.seq->bytes[i], next = v.seq->bytes[i + 1];
        const char *escape = escapes;
        while (*escape && *escape != c) {
            escape += 2;
        }
        if (*escape) {
            text_add_byte(to, '\\');
            text_add_byte(to, escape[1]);
        } else if (c == '#' && (next == '{' || next == '$' || next == '@')) {
            text_add_str(to, "\\#");
        } else if (c < ' ' || c == 127) { /* as are all bytes beyond ASCII */
            char hex[8];
            snprintf(hex, sizeof(hex), "\\x%02X", (unsigned char)c);
            text_add_str(to, hex);
        } else {
            text_add_byte(to, c);
        }
    }
    text_add_byte(to, '"');
}

/* As a program would write it. */
static void inspect(const struct golfscript *g, struct value v, struct text *to)
{
    recursion_check(g);
    if (v.kind == STRING) {
        string_inspect(v, to);
    } else if (v.kind == ARRAY) {
        text_add_byte(to, '[');
        for (size_t i = 0; i < v.seq->len; i++) {
            if (i > 0) {
                text_add_byte(to, ' ');
            }
            inspect(g, v.seq->items[i], to);
        }
        text_add_byte(to, ']');
    } else {
        show(g, v, to);
    }
}

static struct value text_value(enum kind kind, struct text *t)
{
    struct value v = bytes_new(kind, t->data, t->len);
    text_done(t);
    return v;
}

/* --- the stack --- */

static void push(struct golfscript *g, struct value v)
{
    g->stack = grown(g->stack, &g->stack_cap, g->depth + 1, sizeof(*g->stack));
    g->stack[g->depth++] = v;
}

static void marks_lower(struct golfscript *g)
{
    for (size_t i = g->mark_count; i > 0 && g->marks[i - 1] > g->depth; i--) {
        g->marks[i - 1] = g->depth;
    }
}

static struct value pop(struct golfscript *g)
{
    if (g->depth == 0) {
        fail("the stack is empty");
    }
    struct value v = g->stack[--g->depth];
    marks_lower(g);
    return v;
}

static bool pop_true(struct golfscript *g)
{
    struct value v = pop(g);
    bool yes = is_true(v);
    value_done(v);
    return yes;
}

static struct num pop_number(struct golfscript *g)
{
    struct value v = pop(g);
    if (v.kind != NUMBER) {
        fail("a number is expected");
    }
    return v.num;
}

/* --- programs --- */

static size_t token_length(const char *s, size_t len)
{
    size_t n = 1;
    if (isalpha((unsigned char)s[0]) || s[0] == '_') {
        while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_')) {
            n++;
        }
    } else if (s[0] == '"' || s[0] == '\'') {
        while (n < len && s[n] != s[0]) {
            n += s[n] == '\\' && n + 1 < len ? 2 : 1;
        }
        n = n < len ? n + 1 : len;
    } else if (isdigit((unsigned char)s[0]) ||
               (s[0] == '-' && len > 1 && isdigit((unsigned char)s[1]))) {
        while (n < len && isdigit((unsigned char)s[n])) {
            n++;
        }
    } else if (s[0] == '#') {
        n += strcspn(s + 1, "\r\n");
        n = n < len ? n : len;
    }
    return n;
}

/* Digits of a base at s[*at], at most `most`. */
static int escape_number(const char *s, size_t len, size_t *at, int base, int most)
{
    int value = 0;
    for (; most > 0 && *at < len && isxdigit((unsigned char)s[*at]); most--, (*at)++) {
        int c = tolower((unsigned char)s[*at]);
        int digit = isdigit(c) ? c - '0' : c - 'a' + 10;
        if (digit >= base) {
            break;
        }
        value = value * base + digit;
    }
    return value;
}

/* Behind a backslash in double quotes. */
static void escape_parse(const char *s, size_t len, size_t *at, struct text *to)
{
    static const char plain[] = "n\nt\tr\rf\fv\vb\ba\ae\033s ";
    char c = s[*at];
    if (c >= '0' && c <= '7') {
        text_add_byte(to, escape_number(s, len, at, 8, 3));
        return;
    }
    (*at)++;
    if (c == 'x' && *at < len && isxdigit((unsigned char)s[*at])) {
        text_add_byte(to, escape_number(s, len, at, 16, 2));
        return;
    }
    if (c == 'u' && *at < len && isxdigit((unsigned char)s[*at])) {
        text_add_char(to, escape_number(s, len, at, 16, 4));
        return;
    }
    for (const char *p = plain; *p; p += 2) {
        if (*p == c) {
            c = p[1];
            break;
        }
    }
    text_add_byte(to, c);
}

static struct value string_parse(const char *s, size_t len)
{
    struct text t = {0};
    char quote = s[0];
    for (size_t i = 1; i < len && s[i] != quote;) {
        if (s[i] != '\\' || i + 1 >= len) {
            text_add_byte(&t, s[i++]);
        } else if (quote == '"') {
            i++;
            escape_parse(s, len, &i, &t);
        } else {
            bool is_escape = s[i + 1] == '\\' || s[i + 1] == '\'';
            text_add(&t, s + i + is_escape, is_escape ? 1 : 2);
            i += 2;
        }
    }
    return text_value(STRING, &t);
}

/* The variable that a token is; its first value, when it is new. */
static size_t variable_of(struct golfscript *g, const char *s, size_t len)
{
    size_t n = names_number(&g->names, s, len);
    if (n < g->variable_count) {
        return n;
    }
    g->variables = grown(g->variables, &g->variable_cap, n + 1, sizeof(*g->variables));
    g->variable_count = n + 1;
    struct variable *v = &g->variables[n];
    *v = (struct variable){0};
    if (s[0] == '"' || s[0] == '\'') {
        v->has_value = true;
        v->value = string_parse(s, len);
    } else if (isdigit((unsigned char)s[0]) || (s[0] == '-' && len > 1)) {
        v->has_value = true;
        v->value = number_of(num_parse(s, len));
    }
    return n;
}

static void code_add(struct code *c, struct step step)
{
    c->steps = grown(c->steps, &c->cap, c->len + 1, sizeof(*c->steps));
    c->steps[c->len++] = step;
}

/* Where the block that begins at `at` ends: its '}', or the end. */
static size_t block_end(const char *s, size_t len, size_t at)
{
    size_t level = 1;
    while (at < len) {
        level += s[at] == '{';
        level -= s[at] == '}';
        if (level == 0) {
            break;
        }
        if (s[at] == ':' && at + 1 < len) { /* a set token is none that opens or closes */
            at++;
        }
        at += token_length(s + at, len - at);
    }
    return at;
}

static struct code *compile(struct golfscript *g, const char *s, size_t len)
{
    struct code *code = allocate(1, sizeof(*code));
    for (size_t at = 0; at < len;) {
        size_t n = token_length(s + at, len - at);
        if (s[at] == '{') {
            size_t end = block_end(s, len, at + 1);
            struct value block = bytes_new(BLOCK, s + at + 1, end - at - 1);
            code_add(code, (struct step){STEP_PUSH, 0, block});
            at = end < len ? end + 1 : len;
        } else if (s[at] == '}') { /* one too many ends the program */
            break;
        } else if (s[at] == ':' && at + 1 < len) {
            size_t name = token_length(s + at + 1, len - at - 1);
            struct step set = {.kind = STEP_SET, .variable = variable_of(g, s + at + 1, name)};
            code_add(code, set);
            at += 1 + name;
        } else {
            if (s[at] != '#' && !isspace((unsigned char)s[at])) {
                code_add(code, (struct step){.variable = variable_of(g, s + at, n)});
            } else if (s[at] != '#') {
                code_add(code, (struct step){.variable = variable_of(g, s + at, 1)});
            }
            at += n;
        }
    }
    return code;
}

static void run(struct golfscript *g, struct value v);

static void step_run(struct golfscript *g, const struct step *step)
{
    if (step->kind == STEP_PUSH) {
        push(g, value_copy(step->block));
        return;
    }
    struct variable *v = &g->variables[step->variable];
    if (step->kind == STEP_SET) {
        if (g->depth == 0) {
            fail("the stack is empty at ':'");
        }
        struct value old = v->has_value ? v->value : number(0);
        *v = (struct variable){NULL, true, value_copy(g->stack[g->depth - 1])};
        value_done(old);
    } else if (v->run) {
        v->run(g);
    } else if (v->has_value) {
        run(g, v->value);
    }
}

/* What a value does where it stands in a program: a block is run, all else goes onto the stack. */
static void run(struct golfscript *g, struct value v)
{
    if (v.kind != BLOCK) {
        push(g, value_copy(v));
        return;
    }
    recursion_check(g);
    value_copy(v); /* it may set the variable that holds it */
    if (!v.seq->code) {
        v.seq->code = compile(g, v.seq->bytes, v.seq->len);
    }
    for (size_t i = 0; i < v.seq->code->len; i++) {
        step_run(g, &v.seq->code->steps[i]);
    }
    value_done(v);
}

static void run_text(struct golfscript *g, const char *s, size_t len)
{
    struct value block = bytes_new(BLOCK, s, len);
    run(g, block);
    value_done(block);
}

/* --- coercion --- */

static struct value join(struct golfscript *g, struct value array, struct value by);

/* `v` as a greater kind; takes it over. */
static struct value coerce(struct golfscript *g, struct value v, enum kind kind)
{
    if (v.kind == kind) {
        return v;
    }
    struct value to;
    if (v.kind == NUMBER && kind == ARRAY) {
        to = seq_new(ARRAY);
        seq_add(to, v);
        return to;
    }
    if (v.kind == NUMBER) {
        struct text t = {0};
        num_print(v.num, &t);
        to = text_value(kind, &t);
    } else if (v.kind == ARRAY && kind == STRING) {
        to = seq_new(STRING);
        seq_add(to, value_copy(v));
    } else if (v.kind == ARRAY) {
        struct value space = bytes_new(STRING, " ", 1);
        struct value joined = join(g, v, space);
        to = coerce(g, joined, BLOCK);
        value_done(space);
    } else {
        to = bytes_new(kind, v.seq->bytes, v.seq->len);
    }
    value_done(v);
    return to;
}

static void coerce_both(struct golfscript *g, struct value *a, struct value *b)
{
    enum kind kind = a->kind > b->kind ? a->kind : b->kind;
    *a = coerce(g, *a, kind);
    *b = coerce(g, *b, kind);
}

/* Takes both over. */
static struct value add(struct golfscript *g, struct value a, struct value b)
{
    coerce_both(g, &a, &b);
    struct value sum;
    if (a.kind == NUMBER) {
        sum = number_of(num_add(a.num, b.num));
        value_done(a);
    } else {
        sum = a;
        if (a.seq->refs > 1 || a.kind == BLOCK) {
            sum = seq_slice(a, 0, a.seq->len);
            value_done(a);
        }
        if (sum.kind == BLOCK) {
            bytes_add(sum, " ", 1);
        }
        if (sum.kind == ARRAY) {
            for (size_t i = 0; i < b.seq->len; i++) {
                seq_add(sum, value_copy(b.seq->items[i]));
            }
        } else {
            bytes_add(sum, b.seq->bytes, b.seq->len);
        }
    }
    value_done(b);
    return sum;
}

/* Of an array or string by a string or array. */
static struct value join(struct golfscript *g, struct value array, struct value by)
{
    if (array.seq->len == 0) {
        return seq_new(by.kind);
    }
    struct value all = seq_get(array, 0);
    enum kind kind = array.kind == STRING ? STRING : by.kind;
    if (array.kind == STRING) {
        struct value one = seq_new(STRING);
        seq_add(one, all);
        all = one;
    } else if (all.kind < kind) {
        all = coerce(g, all, kind);
    }
    for (size_t i = 1; i < array.seq->len; i++) {
        struct value item = seq_get(array, i);
        if (array.kind == STRING) {
            struct value one = seq_new(STRING);
            seq_add(one, item);
            item = one;
        }
        all = add(g, all, value_copy(by));
        all = add(g, all, item);
    }
    return all;
}

/* --- sets --- */

struct sorted { /* an array's items in order: to look one up in */
    struct value *items;
    size_t len;
};

static int compare_items(const void *a, const void *b, void *g)
{
    const struct value *x = a, *y = b;
    return compare(g, *x, *y);
}

static struct sorted sorted_new(struct golfscript *g, struct value v)
{
    struct sorted s = {allocate(v.seq->len, sizeof(struct value)), v.seq->len};
    for (size_t i = 0; i < s.len; i++) {
        s.items[i] = seq_get(v, i);
    }
    sort_stable(s.items, s.len, sizeof(*s.items), compare_items, g);
    return s;
}

static void sorted_done(struct sorted *s)
{
    for (size_t i = 0; i < s->len; i++) {
        value_done(s->items[i]);
    }
    free(s->items);
}

static bool sorted_has(struct golfscript *g, const struct sorted *s, struct value item)
{
    size_t low = 0, high = s->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(g, s->items[middle], item);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

/* To `to`: the items of `from` that are, or are not, in `other`. */
static void select_by(struct golfscript *g, struct value to, struct value from, struct value other,
                      bool is_in)
{
    struct sorted s = sorted_new(g, other);
    for (size_t i = 0; i < from.seq->len; i++) {
        struct value item = seq_get(from, i);
        if (sorted_has(g, &s, item) == is_in) {
            seq_add(to, item);
        } else {
            value_done(item);
        }
    }
    sorted_done(&s);
}

struct placed {
    struct value item;
    size_t place;
};

static int compare_placed(const void *a, const void *b, void *g)
{
    const struct placed *x = a, *y = b;
    return compare(g, x->item, y->item);
}

/* Each item once, where it is first; takes v over. */
static struct value unique(struct golfscript *g, struct value v)
{
    size_t len = v.seq->len;
    struct placed *all = allocate(len, sizeof(*all));
    bool *again = allocate(len, sizeof(*again));
    for (size_t i = 0; i < len; i++) {
        all[i] = (struct placed){seq_get(v, i), i};
    }
    sort_stable(all, len, sizeof(*all), compare_placed, g);
    for (size_t i = 1; i < len; i++) {
        again[all[i].place] = compare(g, all[i - 1].item, all[i].item) == 0;
    }
    struct value once = seq_new(v.kind);
    for (size_t i = 0; i < len; i++) {
        value_done(all[i].item);
        if (!again[i]) {
            seq_add(once, seq_get(v, i));
        }
    }
    free(all);
    free(again);
    value_done(v);
    return once;
}

static struct value set_apply(struct golfscript *g, struct value a, char op, struct value b)
{
    struct value set = seq_new(a.kind);
    if (op == '-') {
        select_by(g, set, a, b, false);
        return set;
    }
    if (op == '|') {
        set = add(g, set, add(g, value_copy(a), value_copy(b)));
    } else if (op == '&') {
        select_by(g, set, a, b, true);
    } else {
        select_by(g, set, a, b, false);
        select_by(g, set, b, a, false);
    }
    return unique(g, set);
}

/* --- operators --- */

static void run_set(struct golfscript *g, char op)
{
    struct value b = pop(g), a = pop(g);
    coerce_both(g, &a, &b);
    if (a.kind != NUMBER) {
        push(g, set_apply(g, a, op, b));
    } else if (op == '-') {
        push(g, number_of(num_sub(a.num, b.num)));
    } else {
        push(g, number_of(num_bits(a.num, op, b.num)));
    }
    value_done(a);
    value_done(b);
}

static void run_plus(struct golfscript *g)
{
    struct value b = pop(g), a = pop(g);
    push(g, add(g, a, b));
}

static void run_minus(struct golfscript *g)
{
    run_set(g, '-');
}

static void run_or(struct golfscript *g)
{
    run_set(g, '|');
}

static void run_and(struct golfscript *g)
{
    run_set(g, '&');
}

static void run_xor(struct golfscript *g)
{
    run_set(g, '^');
}

/* Two operands, the greater kind first. */
static void pop_ordered(struct golfscript *g, struct value *ret_a, struct value *ret_b)
{
    struct value b = pop(g), a = pop(g);
    bool swap = a.kind < b.kind;
    *ret_a = swap ? b : a;
    *ret_b = swap ? a : b;
}

static void block_times(struct golfscript *g, struct value block, struct value by)
{
    if (by.kind == NUMBER) {
        for (int64_t n = num_clamp(by.num); n > 0; n--) {
            run(g, block);
        }
        return;
    }
    for (size_t i = 0; i < by.seq->len; i++) {
        push(g, seq_get(by, i));
        if (i > 0) {
            run(g, block);
        }
    }
}

static struct value repeat(struct value v, struct num times)
{
    int64_t count = num_clamp(times);
    if (count < 0) {
        fail("an array is repeated less than 0 times");
    }
    struct value all = seq_new(v.kind);
    for (; count > 0 && v.seq->len > 0; count--) {
        if (v.kind != ARRAY) {
            bytes_add(all, v.seq->bytes, v.seq->len);
            continue;
        }
        for (size_t i = 0; i < v.seq->len; i++) {
            seq_add(all, value_copy(v.seq->items[i]));
        }
    }
    return all;
}

static void run_times(struct golfscript *g)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind == NUMBER) {
        push(g, number_of(num_mul(a.num, b.num)));
    } else if (a.kind == BLOCK) {
        block_times(g, a, b);
    } else if (b.kind == NUMBER) {
        push(g, repeat(a, b.num));
    } else if (a.kind == STRING && b.kind == ARRAY) {
        push(g, join(g, b, a));
    } else {
        push(g, join(g, a, b));
    }
    value_done(a);
    value_done(b);
}

/* Pieces of `size`; from the end when that is below 0. */
static struct value pieces(struct value v, struct num size)
{
    int64_t n = num_clamp(size);
    if (n == 0) {
        fail("pieces of size 0");
    }
    uint64_t step = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    struct value all = seq_new(ARRAY), from = value_copy(v);
    if (n < 0) {
        value_done(from);
        from = seq_new(v.kind);
        for (size_t i = v.seq->len; i-- > 0;) {
            seq_add(from, seq_get(v, i));
        }
    }
    for (size_t i = 0; i < from.seq->len;) {
        size_t rest = from.seq->len - i, len = step < rest ? (size_t)step : rest;
        seq_add(all, seq_slice(from, i, i + len));
        i += len;
    }
    value_done(from);
    return all;
}

static bool seq_has_at(struct golfscript *g, struct value v, size_t at, struct value part)
{
    if (v.kind != ARRAY && part.kind != ARRAY) {
        return memcmp(v.seq->bytes + at, part.seq->bytes, part.seq->len) == 0;
    }
    for (size_t i = 0; i < part.seq->len; i++) {
        struct value x = seq_get(v, at + i), y = seq_get(part, i);
        bool same = compare(g, x, y) == 0;
        value_done(x);
        value_done(y);
        if (!same) {
            return false;
        }
    }
    return true;
}

static struct value split(struct golfscript *g, struct value v, struct value by, bool no_empty)
{
    if (by.seq->len == 0) {
        return pieces(v, num_of(1));
    }
    struct value all = seq_new(ARRAY), part = seq_new(by.kind);
    size_t i = 0;
    while (i <= v.seq->len) {
        bool is_end = i == v.seq->len;
        if (is_end || (i + by.seq->len <= v.seq->len && seq_has_at(g, v, i, by))) {
            if (no_empty && part.seq->len == 0) {
                value_done(part);
            } else {
                seq_add(all, part);
            }
            part = seq_new(by.kind);
            i += is_end ? 1 : by.seq->len;
        } else {
            seq_add(part, seq_get(v, i++));
        }
    }
    value_done(part);
    return all;
}

static void each(struct golfscript *g, struct value block, struct value v)
{
    for (size_t i = 0; i < v.seq->len; i++) {
        push(g, seq_get(v, i));
        run(g, block);
    }
}

static struct value unfold(struct golfscript *g, struct value condition, struct value body)
{
    struct value all = seq_new(ARRAY);
    for (;;) {
        struct value top = pop(g);
        push(g, value_copy(top));
        push(g, top);
        run(g, condition);
        if (!pop_true(g)) {
            break;
        }
        top = pop(g);
        seq_add(all, value_copy(top));
        push(g, top);
        run(g, body);
    }
    value_done(pop(g));
    return all;
}

static void run_divide(struct golfscript *g)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind == NUMBER) {
        struct num q;
        num_divide(a.num, b.num, true, &q, NULL);
        push(g, number_of(q));
    } else if (a.kind == BLOCK && b.kind == NUMBER) {
        fail("a block is divided by a number");
    } else if (a.kind == BLOCK && b.kind == BLOCK) {
        push(g, unfold(g, a, b));
    } else if (a.kind == BLOCK) {
        each(g, a, b);
    } else if (b.kind == NUMBER) {
        push(g, pieces(a, b.num));
    } else {
        push(g, split(g, a, b, false));
    }
    value_done(a);
    value_done(b);
}

static struct value map(struct golfscript *g, struct value block, struct value v)
{
    struct value all = seq_new(v.kind == STRING ? STRING : ARRAY);
    for (size_t i = 0; i < v.seq->len; i++) {
        size_t below = g->depth;
        push(g, seq_get(v, i));
        run(g, block);
        for (size_t n = below; n < g->depth; n++) {
            seq_add(all, g->stack[n]);
        }
        if (g->depth > below) {
            g->depth = below;
            marks_lower(g);
        }
    }
    return all;
}

/* Every step-th item; from the last one when that is below 0. */
static struct value every(struct value v, struct num step)
{
    int64_t n = num_clamp(step);
    if (n == 0) {
        fail("every item of step 0");
    }
    uint64_t jump = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    struct value some = seq_new(v.kind);
    for (uint64_t i = 0; i < v.seq->len; i = i + jump < i ? UINT64_MAX : i + jump) {
        seq_add(some, seq_get(v, n < 0 ? v.seq->len - 1 - (size_t)i : (size_t)i));
    }
    return some;
}

static void run_modulo(struct golfscript *g)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind == NUMBER) {
        struct num r;
        num_divide(a.num, b.num, true, NULL, &r);
        push(g, number_of(r));
    } else if (a.kind == BLOCK && b.kind == NUMBER) {
        fail("'%%' of a block and a number");
    } else if (a.kind == BLOCK) {
        push(g, map(g, a, b));
    } else if (b.kind == NUMBER) {
        push(g, every(a, b.num));
    } else {
        push(g, split(g, a, b, true));
    }
    value_done(a);
    value_done(b);
}

/* Where an index that may count from the end points: below 0 or beyond `len` it points nowhere. */
static int64_t index_of(struct num n, size_t len)
{
    int64_t i = num_clamp(n);
    return i < 0 && i >= -(int64_t)len ? i + (int64_t)len : i;
}

static void run_equal(struct golfscript *g)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind != NUMBER && b.kind == NUMBER) {
        int64_t i = index_of(b.num, a.seq->len);
        if (i >= 0 && (uint64_t)i < a.seq->len) {
            push(g, seq_get(a, (size_t)i));
        }
    } else {
        push(g, number(compare(g, a, b) == 0));
    }
    value_done(a);
    value_done(b);
}

/* Where an array is cut: an index within 0 ... len. */
static size_t cut_of(struct num n, size_t len)
{
    int64_t i = index_of(n, len);
    return i < 0 ? 0 : (uint64_t)i > len ? len : (size_t)i;
}

static void run_order(struct golfscript *g, bool is_less)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind != NUMBER && b.kind == NUMBER) {
        size_t cut = cut_of(b.num, a.seq->len);
        push(g, is_less ? seq_slice(a, 0, cut) : seq_slice(a, cut, a.seq->len));
    } else {
        int order = compare(g, a, b);
        push(g, number(is_less ? order < 0 : order > 0));
    }
    value_done(a);
    value_done(b);
}

static void run_less(struct golfscript *g)
{
    run_order(g, true);
}

static void run_greater(struct golfscript *g)
{
    run_order(g, false);
}

static struct value power(struct num a, struct num b)
{
    if (num_sign(b) < 0) {
        if (a.big || (a.small != 1 && a.small != -1)) {
            fail("a power below 0 is no integer");
        }
        return number(a.small == 1 || num_low(b) % 2 == 0 ? 1 : -1);
    }
    if (b.big && (a.big || a.small > 1 || a.small < -1)) {
        fail("a power has too many digits");
    }
    return number_of(num_power(a, num_low(b)));
}

static int64_t place_of(struct golfscript *g, struct value v, struct value item)
{
    if (v.kind == STRING && item.kind == STRING) {
        const char *found = item.seq->len
                                ? memmem(v.seq->bytes, v.seq->len, item.seq->bytes, item.seq->len)
                                : v.seq->bytes;
        return found ? found - v.seq->bytes : -1;
    }
    for (size_t i = 0; i < v.seq->len; i++) {
        struct value x = seq_get(v, i);
        bool same = compare(g, x, item) == 0;
        value_done(x);
        if (same) {
            return (int64_t)i;
        }
    }
    return -1;
}

static void find(struct golfscript *g, struct value block, struct value v)
{
    for (size_t i = 0; i < v.seq->len; i++) {
        push(g, seq_get(v, i));
        run(g, block);
        if (pop_true(g)) {
            push(g, seq_get(v, i));
            return;
        }
    }
}

static void run_question(struct golfscript *g)
{
    struct value a, b;
    pop_ordered(g, &a, &b);
    if (a.kind == NUMBER) {
        push(g, power(a.num, b.num));
    } else if (a.kind == BLOCK && b.kind == NUMBER) {
        fail("'?' of a block and a number");
    } else if (a.kind == BLOCK) {
        find(g, a, b);
    } else if (a.kind == STRING && b.kind == ARRAY) {
        push(g, number(place_of(g, b, a)));
    } else {
        push(g, number(place_of(g, a, b)));
    }
    value_done(a);
    value_done(b);
}

struct keyed {
    struct value key, item;
};

static int compare_keyed(const void *a, const void *b, void *g)
{
    const struct keyed *x = a, *y = b;
    return compare(g, x->key, y->key);
}

static struct value sort_by(struct golfscript *g, struct value block, struct value v)
{
    size_t len = v.seq->len;
    struct keyed *all = allocate(len, sizeof(*all));
    for (size_t i = 0; i < len; i++) {
        all[i].item = seq_get(v, i);
        all[i].key = value_copy(all[i].item);
        if (block.kind == BLOCK) {
            push(g, all[i].key);
            run(g, block);
            all[i].key = pop(g);
        }
    }
    sort_stable(all, len, sizeof(*all), compare_keyed, g);
    struct value sorted = seq_new(v.kind);
    for (size_t i = 0; i < len; i++) {
        value_done(all[i].key);
        seq_add(sorted, all[i].item);
    }
    free(all);
    return sorted;
}

/* The n-th value from the top; from the bottom when n is below 0. */
static void stack_copy(struct golfscript *g, struct num n)
{
    int64_t i = num_clamp(n);
    uint64_t place = i < 0 ? ~(uint64_t)i : g->depth - 1 - (uint64_t)i;
    if (place < g->depth) {
        push(g, value_copy(g->stack[place]));
    }
}

static void run_dollar(struct golfscript *g)
{
    struct value a = pop(g);
    if (a.kind == NUMBER) {
        stack_copy(g, a.num);
        value_done(a);
        return;
    }
    struct value v = a.kind == BLOCK ? pop(g) : value_copy(a);
    if (v.kind == NUMBER) {
        fail("a number cannot be sorted");
    }
    push(g, sort_by(g, a, v));
    value_done(a);
    value_done(v);
}

static struct value filter(struct golfscript *g, struct value block, struct value v)
{
    struct value some = seq_new(v.kind);
    for (size_t i = 0; i < v.seq->len; i++) {
        push(g, seq_get(v, i));
        run(g, block);
        if (pop_true(g)) {
            seq_add(some, seq_get(v, i));
        }
    }
    return some;
}

static void run_comma(struct golfscript *g)
{
    struct value a = pop(g);
    if (a.kind == BLOCK) {
        struct value v = pop(g);
        if (v.kind == NUMBER) {
            fail("a number cannot be filtered");
        }
        push(g, filter(g, a, v));
        value_done(v);
    } else if (a.kind == NUMBER) {
        struct value range = seq_new(ARRAY);
        int64_t end = num_clamp(a.num);
        for (int64_t i = 0; i < end; i++) {
            seq_add(range, number(i));
        }
        push(g, range);
    } else {
        push(g, number((int64_t)a.seq->len));
    }
    value_done(a);
}

static void run_parenthesis(struct golfscript *g, bool is_left)
{
    struct value a = pop(g);
    if (a.kind == NUMBER) {
        push(g, number_of(is_left ? num_sub(a.num, num_of(1)) : num_add(a.num, num_of(1))));
    } else if (a.seq->len == 0) {
        fail("an item is taken from an empty array");
    } else {
        size_t len = a.seq->len;
        push(g, is_left ? seq_slice(a, 1, len) : seq_slice(a, 0, len - 1));
        push(g, seq_get(a, is_left ? 0 : len - 1));
    }
    value_done(a);
}

static void run_left(struct golfscript *g)
{
    run_parenthesis(g, true);
}

static void run_right(struct golfscript *g)
{
    run_parenthesis(g, false);
}

static void run_mark(struct golfscript *g)
{
    g->marks = grown(g->marks, &g->mark_cap, g->mark_count + 1, sizeof(*g->marks));
    g->marks[g->mark_count++] = g->depth;
}

static void run_collect(struct golfscript *g)
{
    size_t from = g->mark_count ? g->marks[--g->mark_count] : 0;
    struct value array = seq_new(ARRAY);
    for (size_t i = from; i < g->depth; i++) {
        seq_add(array, g->stack[i]);
    }
    g->depth = from;
    push(g, array);
}

static void run_tilde(struct golfscript *g)
{
    struct value a = pop(g);
    if (a.kind == NUMBER) {
        struct num minus = num_negate(a.num);
        push(g, number_of(num_sub(minus, num_of(1))));
        num_done(&minus);
    } else if (a.kind == ARRAY) {
        for (size_t i = 0; i < a.seq->len; i++) {
            push(g, value_copy(a.seq->items[i]));
        }
    } else if (a.kind == STRING) {
        run_text(g, a.seq->bytes, a.seq->len);
    } else {
        run(g, a);
    }
    value_done(a);
}

static void run_inspect(struct golfscript *g)
{
    struct value a = pop(g);
    struct text t = {0};
    inspect(g, a, &t);
    value_done(a);
    push(g, text_value(STRING, &t));
}

/* The one operator that an empty stack does not stop. */
static void run_drop(struct golfscript *g)
{
    if (g->depth > 0) {
        value_done(pop(g));
    }
}

static void run_copy(struct golfscript *g)
{
    struct value a = pop(g);
    push(g, value_copy(a));
    push(g, a);
}

static void run_swap(struct golfscript *g)
{
    struct value b = pop(g), a = pop(g);
    push(g, b);
    push(g, a);
}

static void run_rotate(struct golfscript *g)
{
    struct value c = pop(g), b = pop(g), a = pop(g);
    push(g, b);
    push(g, c);
    push(g, a);
}

static void run_not(struct golfscript *g)
{
    push(g, number(!pop_true(g)));
}

static void run_rand(struct golfscript *g)
{
    struct num n = pop_number(g);
    int64_t below = num_clamp(n);
    num_done(&n);
    push(g, number(below > 1 ? (int64_t)(random_next(&g->random) % (uint64_t)below) : 0));
}

static void run_abs(struct golfscript *g)
{
    struct num n = pop_number(g);
    push(g, number_of(num_sign(n) < 0 ? num_negate(n) : num_copy(n)));
    num_done(&n);
}

static void run_print(struct golfscript *g)
{
    struct value a = pop(g);
    struct text t = {0};
    show(g, a, &t);
    write_text(t.data, t.len);
    text_done(&t);
    value_done(a);
}

static void run_if(struct golfscript *g)
{
    struct value no = pop(g), yes = pop(g);
    run(g, pop_true(g) ? yes : no);
    value_done(yes);
    value_done(no);
}

static void run_do(struct golfscript *g)
{
    struct value body = pop(g);
    do {
        run(g, body);
    } while (pop_true(g));
    value_done(body);
}

static void loop(struct golfscript *g, bool while_true)
{
    struct value body = pop(g), condition = pop(g);
    for (;;) {
        run(g, condition);
        if (pop_true(g) != while_true) {
            break;
        }
        run(g, body);
    }
    value_done(body);
    value_done(condition);
}

static void run_while(struct golfscript *g)
{
    loop(g, true);
}

static void run_until(struct golfscript *g)
{
    loop(g, false);
}

static void run_zip(struct golfscript *g)
{
    struct value rows = pop(g), columns = seq_new(ARRAY);
    if (rows.kind == NUMBER) {
        fail("zip of a number");
    }
    for (size_t i = 0; i < rows.seq->len; i++) {
        struct value row = seq_get(rows, i);
        if (row.kind == NUMBER) {
            fail("zip of an array with a number in it");
        }
        for (size_t j = 0; j < row.seq->len; j++) {
            if (j == columns.seq->len) {
                seq_add(columns, seq_new(rows.seq->items[0].kind));
            }
            seq_add(columns.seq->items[j], seq_get(row, j));
        }
        value_done(row);
    }
    value_done(rows);
    push(g, columns);
}

static struct value digits_of(struct num n, struct num base)
{
    if (num_compare(base, num_of(2)) < 0) {
        fail("a base below 2");
    }
    struct value reversed = seq_new(ARRAY);
    struct num rest = num_sign(n) < 0 ? num_negate(n) : num_copy(n);
    while (num_sign(rest) != 0) {
        struct num q, r;
        num_divide(rest, base, true, &q, &r);
        seq_add(reversed, number_of(r));
        num_done(&rest);
        rest = q;
    }
    struct value digits = every(reversed, num_of(-1));
    value_done(reversed);
    return digits;
}

static struct num digits_sum(struct value digits, struct num base)
{
    struct num sum = num_of(0);
    for (size_t i = 0; i < digits.seq->len; i++) {
        struct value digit = seq_get(digits, i);
        if (digit.kind != NUMBER) {
            fail("a digit that is no number");
        }
        struct num high = num_mul(sum, base);
        num_done(&sum);
        sum = num_add(high, digit.num);
        num_done(&high);
        value_done(digit);
    }
    return sum;
}

static void run_base(struct golfscript *g)
{
    struct num base = pop_number(g);
    struct value a = pop(g);
    push(g, a.kind == NUMBER ? digits_of(a.num, base) : number_of(digits_sum(a, base)));
    value_done(a);
    num_done(&base);
}

static const struct {
    const char *name;
    builtin *run;
} builtins[] = {
    {"[", run_mark},     {"]", run_collect}, {"~", run_tilde},     {"`", run_inspect},
    {";", run_drop},     {".", run_copy},    {"\\", run_swap},     {"@", run_rotate},
    {"+", run_plus},     {"-", run_minus},   {"|", run_or},        {"&", run_and},
    {"^", run_xor},      {"*", run_times},   {"/", run_divide},    {"%", run_modulo},
    {"=", run_equal},    {"<", run_less},    {">", run_greater},   {"!", run_not},
    {"?", run_question}, {"$", run_dollar},  {",", run_comma},     {")", run_right},
    {"(", run_left},     {"rand", run_rand}, {"abs", run_abs},     {"print", run_print},
    {"if", run_if},      {"do", run_do},     {"while", run_while}, {"until", run_until},
    {"zip", run_zip},    {"base", run_base},
};

static const char prelude[] =
    "\"\\n\":n;{print n print}:puts;{`puts}:p;{1$if}:and;{1$\\if}:or;{\\!!{!}*}:xor;";

static void begin(struct golfscript *g)
{
    g->floor = stack_floor();
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        size_t n = variable_of(g, builtins[i].name, strlen(builtins[i].name));
        g->variables[n].run = builtins[i].run;
    }
    run_text(g, prelude, strlen(prelude));
}

static void end(struct golfscript *g)
{
    while (g->depth > 0) {
        value_done(pop(g));
    }
    for (size_t i = 0; i < g->variable_count; i++) {
        if (g->variables[i].has_value) {
            value_done(g->variables[i].value);
        }
    }
    names_done(&g->names);
    free(g->variables);
    free(g->stack);
    free(g->marks);
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "golfscript 1.0.0");
    struct golfscript g = {0};
    begin(&g);
    struct text input = text_of_stdin();
    push(&g, text_value(STRING, &input));
    run_text(&g, source.text, source.len);
    g.mark_count = 0;
    run_collect(&g);
    run_text(&g, "puts", 4);
    end(&g);
    free(source.text);
    return 0;
}
