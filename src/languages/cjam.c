/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cjam - CJam 0.6.5.
 *
 * A program is parsed into operators once, blocks too.  Strings are lists of characters; a
 * character is a Unicode one, and what arithmetic makes of it beyond those keeps 16 bits, as Java's
 * have.  A program that fails prints what is on its stack, as one that ends does.  There is no
 * network, so "g" of a string fails; capital letters are those of Latin, Greek and Cyrillic.
 */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "languages/common.h"
#include "languages/num.h"

enum kind { INTEGER, BIG, REAL, CHARACTER, LIST, BLOCK };

struct value {
    enum kind kind;
    union {
        int64_t integer;
        struct big *big; /* never what 64 bits can hold */
        double real;
        int32_t code;
        struct list *list;
        struct block *block;
    };
};

struct list { /* shared, and never changed while it is */
    size_t refs, len, cap;
    struct value *items;
    struct list *next; /* while it is freed */
};

struct block {
    size_t refs;
    struct text text; /* as the program has it, braces too */
    size_t count, cap;
    struct op *ops;
};

struct cjam;

struct builtin {
    const char *name;
    int takes; /* operands, for those that other operators can use; else 0 */
    void (*run)(struct cjam *x);
};

struct op {
    enum {
        OP_PUSH,
        OP_VARIABLE,
        OP_SET,
        OP_BUILTIN,
        OP_EXPONENT, /* e10 */
        OP_EACH,     /* :op of one */
        OP_FOLD,     /* :op of two */
        OP_WITH,     /* f */
        OP_FOR,      /* fA */
        OP_VECTOR,   /* . */
    } kind;
    int takes, letter;
    const struct builtin *builtin;
    struct value value; /* OP_PUSH, OP_EXPONENT; the block of OP_WITH and OP_VECTOR */
    struct op *inner;   /* the operator of the others; NULL: it is a block */
};

struct set { /* values by what they are, each with another one that belongs to it */
    struct set_slot {
        struct value key, value;
        uint64_t hash;
        bool taken;
    } * slots;
    size_t count, cap; /* cap is 0 or a power of two */
};

struct memo {
    struct set known;
    struct value block;
    int64_t takes;
};

struct cjam {
    struct value *stack;
    size_t depth, stack_cap;
    size_t *marks; /* of '[' and of what collects */
    size_t mark_count, mark_cap;
    struct value variables[26];
    struct memo *memo;
    const struct builtin *current;
    char **args;
    bool input_ended;
    uint64_t random;
    const char *floor;
};

struct reader {
    struct cjam *x;
    struct source source;
    size_t at;
};

/* --- values --- */

static struct value integer(int64_t n)
{
    return (struct value){INTEGER, {.integer = n}};
}

static struct value real(double d)
{
    return (struct value){REAL, {.real = d}};
}

static struct value whole(struct num n)
{
    return num_is_small(n) ? integer(n.small) : (struct value){BIG, {.big = n.big}};
}

static struct value character(int64_t code)
{
    bool fits = code >= 0 && code <= 0x10ffff;
    return (struct value){CHARACTER, {.code = (int32_t)(fits ? code : code & 0xffff)}};
}

static struct value list_new(void)
{
    struct list *l = allocate(1, sizeof(*l));
    l->refs = 1;
    return (struct value){LIST, {.list = l}};
}

static bool is_whole(struct value v)
{
    return v.kind == INTEGER || v.kind == BIG;
}

static bool is_number(struct value v)
{
    return is_whole(v) || v.kind == REAL;
}

/* A look at a whole number. */
static struct num num_in(struct value v)
{
    return v.kind == BIG ? (struct num){v.big, 0} : num_of(v.integer);
}

static struct value value_copy(struct value v)
{
    if (v.kind == LIST) {
        v.list->refs++;
    } else if (v.kind == BLOCK) {
        v.block->refs++;
    } else if (v.kind == BIG) {
        num_copy(num_in(v));
    }
    return v;
}

static void block_unref(struct block *b);

static struct list *unref_onto(struct value v, struct list *doomed)
{
    if (v.kind == LIST && --v.list->refs == 0) {
        v.list->next = doomed;
        return v.list;
    }
    if (v.kind == BLOCK) {
        block_unref(v.block);
    } else if (v.kind == BIG) {
        struct num n = num_in(v);
        num_done(&n);
    }
    return doomed;
}

/* Without recursion: lists may be nested as deep as memory goes. */
static void value_done(struct value v)
{
    struct list *doomed = unref_onto(v, NULL);
    while (doomed) {
        struct list *l = doomed;
        doomed = l->next;
        for (size_t i = 0; i < l->len; i++) {
            doomed = unref_onto(l->items[i], doomed);
        }
        free(l->items);
        free(l);
    }
}

static void op_done(struct op *op)
{
    value_done(op->value);
    if (op->inner) {
        op_done(op->inner);
        free(op->inner);
    }
}

/* As deep as blocks are nested in a program, which the parser bounds. */
static void block_unref(struct block *b)
{
    if (--b->refs > 0) {
        return;
    }
    for (size_t i = 0; i < b->count; i++) {
        op_done(&b->ops[i]);
    }
    free(b->ops);
    text_done(&b->text);
    free(b);
}

/* Takes `item` over. */
static void list_add(struct value to, struct value item)
{
    struct list *l = to.list;
    l->items = grown(l->items, &l->cap, l->len + 1, sizeof(*l->items));
    l->items[l->len++] = item;
}

static void list_add_part(struct value to, struct value from, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        list_add(to, value_copy(from.list->items[i]));
    }
}

static struct value list_part(struct value from, size_t first, size_t end)
{
    struct value part = list_new();
    list_add_part(part, from, first, end);
    return part;
}

static struct value list_of(struct value item)
{
    struct value l = list_new();
    list_add(l, item);
    return l;
}

static struct value pair(struct value first, struct value second)
{
    struct value l = list_of(first);
    list_add(l, second);
    return l;
}

static struct value string_of(const char *text, size_t len)
{
    struct value s = list_new();
    for (size_t at = 0; at < len;) {
        list_add(s, character(char_decode(text, len, &at)));
    }
    return s;
}

static struct value text_value(struct text *t)
{
    struct value s = string_of(t->data, t->len);
    text_done(t);
    return s;
}

static bool is_string(struct value v)
{
    if (v.kind != LIST) {
        return false;
    }
    for (size_t i = 0; i < v.list->len; i++) {
        if (v.list->items[i].kind != CHARACTER) {
            return false;
        }
    }
    return true;
}

/* What is no list becomes one of itself; takes `v` over. */
static struct value as_list(struct value v)
{
    return v.kind == LIST ? v : list_of(v);
}

/* The same to change it. */
static struct value as_own_list(struct value v)
{
    v = as_list(v);
    if (v.list->refs == 1) {
        return v;
    }
    struct value own = list_part(v, 0, v.list->len);
    value_done(v);
    return own;
}

/* --- text --- */

/* The fewest digits that are read as the same number; *ret_exponent: of the first. */
static int real_digits(double d, char digits[24], int *ret_exponent)
{
    char text[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, d);
        if (strtod(text, NULL) == d) {
            break;
        }
    }
    int count = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (isdigit((unsigned char)*p)) {
            digits[count++] = *p;
        }
    }
    *ret_exponent = *p ? atoi(p + 1) : 0;
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    return count;
}

/* As Java writes them: "0.5", "100.0", "1.0E10". */
static void real_print(double d, struct text *to)
{
    if (!isfinite(d)) {
        text_add_str(to, isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (signbit(d)) {
        text_add_byte(to, '-');
        d = -d;
    }
    char digits[24], tail[16] = "";
    int exponent, count = real_digits(d, digits, &exponent), point = exponent + 1;
    if (d != 0 && (d < 1e-3 || d >= 1e7)) {
        snprintf(tail, sizeof(tail), "E%d", exponent);
        point = 1;
    }
    if (point <= 0) {
        text_add_byte(to, '0');
    }
    for (int i = 0; i < point; i++) {
        text_add_byte(to, i < count ? digits[i] : '0');
    }
    text_add_byte(to, '.');
    for (int i = point; i < 0; i++) {
        text_add_byte(to, '0');
    }
    int first = point > 0 ? point : 0;
    if (first >= count) {
        text_add_byte(to, '0');
    } else {
        text_add(to, digits + first, (size_t)(count - first));
    }
    text_add_str(to, tail);
}

static void scalar_print(struct value v, struct text *to)
{
    if (is_whole(v)) {
        num_print(num_in(v), to);
    } else if (v.kind == REAL) {
        real_print(v.real, to);
    } else if (v.kind == CHARACTER) {
        text_add_char(to, v.code);
    } else {
        text_add(to, v.block->text.data, v.block->text.len);
    }
}

struct place {
    const struct list *list;
    size_t at;
};

/* Calls fn for all that is in a list and in those in it; without recursion, too. */
static void walk(struct value v, void (*fn)(void *ctx, struct value item), void *ctx)
{
    if (v.kind != LIST) {
        fn(ctx, v);
        return;
    }
    struct place *places = NULL;
    size_t count = 1, cap = 0;
    places = grown(places, &cap, count, sizeof(*places));
    places[0] = (struct place){v.list, 0};
    while (count > 0) {
        struct place *p = &places[count - 1];
        if (p->at == p->list->len) {
            count--;
            continue;
        }
        struct value item = p->list->items[p->at++];
        if (item.kind != LIST) {
            fn(ctx, item);
            continue;
        }
        places = grown(places, &cap, count + 1, sizeof(*places));
        places[count++] = (struct place){item.list, 0};
    }
    free(places);
}

static void walk_print(void *ctx, struct value item)
{
    scalar_print(item, ctx);
}

static struct text show(struct value v)
{
    struct text t = {0};
    walk(v, walk_print, &t);
    return t;
}

static void stack_dump(struct cjam *x)
{
    for (size_t i = 0; i < x->depth; i++) {
        struct text t = show(x->stack[i]);
        write_text(t.data, t.len);
        text_done(&t);
    }
}

__attribute__((noreturn, format(printf, 2, 3))) static void stop(struct cjam *x, const char *fmt,
                                                                 ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    stack_dump(x);
    fail("%s", text);
}

static const char *kind_name(struct value v)
{
    static const char *const names[] = {"integer",   "integer", "double",
                                        "character", "list",    "block"};
    return names[v.kind];
}

__attribute__((noreturn)) static void refuse(struct cjam *x, struct value a)
{
    stop(x, "'%s' takes no %s", x->current ? x->current->name : ":", kind_name(a));
}

__attribute__((noreturn)) static void refuse_both(struct cjam *x, struct value a, struct value b)
{
    stop(x, "'%s' takes no %s and %s", x->current ? x->current->name : ":", kind_name(a),
         kind_name(b));
}

static void recursion_check(struct cjam *x)
{
    if (stack_is_low(x->floor)) {
        stop(x, "nested too deep");
    }
}

static void string_inspect(struct value v, struct text *to)
{
    const struct list *l = v.list;
    text_add_byte(to, '"');
    for (size_t i = 0; i < l->len; i++) {
        int32_t c = l->items[i].code, next = i + 1 < l->len ? l->items[i + 1].code : '"';
        if (c == '"' || (c == '\\' && (next == '"' || next == '\\'))) {
            text_add_byte(to, '\\');
        }
        text_add_char(to, c);
    }
    text_add_byte(to, '"');
}

static void real_inspect(double d, struct text *to)
{
    if (!isfinite(d)) {
        text_add_str(to, isnan(d) ? "0d0/" : d < 0 ? "-1d0/" : "1d0/");
        return;
    }
    size_t start = to->len;
    real_print(d, to);
    for (size_t i = start; i < to->len; i++) {
        to->data[i] = (char)tolower((unsigned char)to->data[i]);
    }
}

/* As a program would write it. */
static void inspect(struct cjam *x, struct value v, struct text *to)
{
    recursion_check(x);
    if (is_string(v)) {
        string_inspect(v, to);
    } else if (v.kind == LIST) {
        text_add_byte(to, '[');
        for (size_t i = 0; i < v.list->len; i++) {
            if (i > 0) {
                text_add_byte(to, ' ');
            }
            inspect(x, v.list->items[i], to);
        }
        text_add_byte(to, ']');
    } else if (v.kind == REAL) {
        real_inspect(v.real, to);
    } else {
        if (v.kind == CHARACTER) {
            text_add_byte(to, '\'');
        }
        scalar_print(v, to);
    }
}

/* --- conversions --- */

static int64_t real_to_integer(double d)
{
    return isnan(d) ? 0 : d >= 0x1p63 ? INT64_MAX : d < -0x1p63 ? INT64_MIN : (int64_t)d;
}

static double real_of_num(struct num n)
{
    if (num_is_small(n)) {
        return (double)n.small;
    }
    struct text t = {0};
    num_print(n, &t);
    text_add_byte(&t, '\0');
    double d = strtod(t.data, NULL);
    text_done(&t);
    return d;
}

static struct num num_of_text(struct cjam *x, const struct text *t)
{
    size_t start = t->len > 0 && (t->data[0] == '-' || t->data[0] == '+');
    bool good = t->len > start;
    for (size_t i = start; i < t->len; i++) {
        good = good && isdigit((unsigned char)t->data[i]);
    }
    if (!good) {
        stop(x, "\"%.*s\" is no integer", t->len < 40 ? (int)t->len : 40, t->data ? t->data : "");
    }
    size_t plus = t->data[0] == '+';
    return num_parse(t->data + plus, t->len - plus);
}

/* A number, a character's number or a string's; the caller owns it. */
static struct num to_num(struct cjam *x, struct value v)
{
    if (is_whole(v)) {
        return num_copy(num_in(v));
    }
    if (v.kind == REAL) {
        return num_of(real_to_integer(v.real));
    }
    if (v.kind == CHARACTER) {
        return num_of(v.code);
    }
    if (!is_string(v)) {
        stop(x, "%s is no number", kind_name(v));
    }
    struct text t = show(v);
    struct num n = num_of_text(x, &t);
    text_done(&t);
    return n;
}

static int64_t to_integer(struct cjam *x, struct value v)
{
    struct num n = to_num(x, v);
    int64_t low = (int64_t)num_low(n);
    num_done(&n);
    return low;
}

static double to_real(struct cjam *x, struct value v)
{
    if (v.kind == REAL) {
        return v.real;
    }
    if (is_whole(v)) {
        return real_of_num(num_in(v));
    }
    if (!is_string(v)) {
        return (double)to_integer(x, v);
    }
    struct text t = show(v);
    text_add_byte(&t, '\0');
    char *end;
    double d = strtod(t.data, &end);
    end += strspn(end, " \t\r\n");
    if (end == t.data || *end != '\0') {
        stop(x, "\"%.40s\" is no number", t.data);
    }
    text_done(&t);
    return d;
}

static bool to_bool(struct cjam *x, struct value v)
{
    switch (v.kind) {
    case INTEGER:
        return v.integer != 0;
    case BIG:
        return true;
    case REAL:
        return v.real != 0;
    case CHARACTER:
        return v.code != 0;
    case LIST:
        return v.list->len > 0;
    case BLOCK:
    default:
        stop(x, "a block is neither true nor false");
    }
}

/* A count that memory may be taken for. */
static size_t to_size(struct cjam *x, struct value v)
{
    int64_t n = to_integer(x, v);
    if (n < 0 || n > INT32_MAX) {
        stop(x, "a size of %lld", (long long)n);
    }
    return (size_t)n;
}

/* --- order and sameness --- */

static int compare_reals(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return (isnan(a) != 0) - (isnan(b) != 0);
    }
    return a < b ? -1 : a > b ? 1 : (signbit(b) != 0) - (signbit(a) != 0);
}

static int compare(struct cjam *x, struct value a, struct value b)
{
    recursion_check(x);
    if (a.kind == LIST && b.kind == LIST) {
        size_t n = a.list->len, m = b.list->len;
        for (size_t i = 0; i < n && i < m; i++) {
            int order = compare(x, a.list->items[i], b.list->items[i]);
            if (order != 0) {
                return order;
            }
        }
        return (n > m) - (n < m);
    }
    bool numbers = is_number(a) && is_number(b);
    if (numbers && (a.kind == REAL || b.kind == REAL)) {
        return compare_reals(to_real(x, a), to_real(x, b));
    }
    if (numbers) {
        return num_compare(num_in(a), num_in(b));
    }
    if (a.kind > CHARACTER || b.kind > CHARACTER) {
        stop(x, "there is no order of %s and %s", kind_name(a), kind_name(b));
    }
    int64_t i = to_integer(x, a), j = to_integer(x, b);
    return (i > j) - (i < j);
}

/* The same kind and contents; unlike compare, it takes everything. */
static bool same(struct cjam *x, struct value a, struct value b)
{
    if (a.kind != b.kind) {
        return false;
    }
    if (a.kind == BLOCK) {
        return a.block == b.block;
    }
    if (a.kind != LIST) {
        return compare(x, a, b) == 0;
    }
    recursion_check(x);
    if (a.list->len != b.list->len) {
        return false;
    }
    for (size_t i = 0; i < a.list->len; i++) {
        if (!same(x, a.list->items[i], b.list->items[i])) {
            return false;
        }
    }
    return true;
}

static uint64_t mixed(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(struct cjam *x, struct value v)
{
    uint64_t hash = (uint64_t)v.kind + 1;
    if (is_whole(v)) {
        return mixed(hash, num_low(num_in(v)));
    }
    if (v.kind == REAL) {
        uint64_t bits = 0;
        double d = isnan(v.real) ? (double)NAN : v.real;
        memcpy(&bits, &d, sizeof(bits));
        return mixed(hash, bits);
    }
    if (v.kind == CHARACTER) {
        return mixed(hash, (uint64_t)v.code);
    }
    if (v.kind == BLOCK) {
        return mixed(hash, (uint64_t)(uintptr_t)v.block);
    }
    recursion_check(x);
    for (size_t i = 0; i < v.list->len; i++) {
        hash = mixed(hash, hash_of(x, v.list->items[i]));
    }
    return mixed(hash, v.list->len);
}

static struct set_slot *set_place(struct cjam *x, const struct set *s, struct value key,
                                  uint64_t hash)
{
    size_t at = (size_t)hash & (s->cap - 1);
    while (s->slots[at].taken && (s->slots[at].hash != hash || !same(x, s->slots[at].key, key))) {
        at = (at + 1) & (s->cap - 1);
    }
    return &s->slots[at];
}

static void set_grow(struct set *s)
{
    struct set bigger = {.cap = s->cap ? s->cap * 2 : 16, .count = s->count};
    bigger.slots = allocate(bigger.cap, sizeof(*bigger.slots));
    for (size_t i = 0; i < s->cap; i++) {
        size_t at = (size_t)s->slots[i].hash & (bigger.cap - 1);
        while (s->slots[i].taken && bigger.slots[at].taken) {
            at = (at + 1) & (bigger.cap - 1);
        }
        if (s->slots[i].taken) {
            bigger.slots[at] = s->slots[i];
        }
    }
    free(s->slots);
    *s = bigger;
}

static const struct set_slot *set_find(struct cjam *x, const struct set *s, struct value key)
{
    if (s->cap == 0) {
        return NULL;
    }
    const struct set_slot *slot = set_place(x, s, key, hash_of(x, key));
    return slot->taken ? slot : NULL;
}

/* Takes both over; false: the key is there already, and keeps the value that it has. */
static bool set_put(struct cjam *x, struct set *s, struct value key, struct value value)
{
    if (s->count * 2 >= s->cap) {
        set_grow(s);
    }
    uint64_t hash = hash_of(x, key);
    struct set_slot *slot = set_place(x, s, key, hash);
    if (slot->taken) {
        value_done(key);
        value_done(value);
        return false;
    }
    *slot = (struct set_slot){key, value, hash, true};
    s->count++;
    return true;
}

static void set_done(struct set *s)
{
    for (size_t i = 0; i < s->cap; i++) {
        value_done(s->slots[i].key);
        value_done(s->slots[i].value);
    }
    free(s->slots);
    *s = (struct set){0};
}

static struct set set_of(struct cjam *x, struct value list)
{
    struct set s = {0};
    for (size_t i = 0; i < list.list->len; i++) {
        set_put(x, &s, value_copy(list.list->items[i]), integer(0));
    }
    return s;
}

/* The place of an item in a list, or -1. */
static int64_t place_of(struct cjam *x, struct value list, struct value item)
{
    for (size_t i = 0; i < list.list->len; i++) {
        if (same(x, list.list->items[i], item)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool has_at(struct cjam *x, struct value list, size_t at, struct value part)
{
    if (part.list->len > list.list->len - at) {
        return false;
    }
    for (size_t i = 0; i < part.list->len; i++) {
        if (!same(x, list.list->items[at + i], part.list->items[i])) {
            return false;
        }
    }
    return true;
}

/* --- the stack --- */

static void push(struct cjam *x, struct value v)
{
    x->stack = grown(x->stack, &x->stack_cap, x->depth + 1, sizeof(*x->stack));
    x->stack[x->depth++] = v;
}

static struct value pop(struct cjam *x)
{
    if (x->depth == 0) {
        stop(x, "the stack is empty");
    }
    x->depth--;
    for (size_t i = x->mark_count; i > 0 && x->marks[i - 1] > x->depth; i--) {
        x->marks[i - 1] = x->depth;
    }
    return x->stack[x->depth];
}

static struct value peek(struct cjam *x)
{
    if (x->depth == 0) {
        stop(x, "the stack is empty");
    }
    return x->stack[x->depth - 1];
}

static bool pop_bool(struct cjam *x)
{
    struct value v = pop(x);
    bool yes = to_bool(x, v);
    value_done(v);
    return yes;
}

static void mark(struct cjam *x)
{
    x->marks = grown(x->marks, &x->mark_cap, x->mark_count + 1, sizeof(*x->marks));
    x->marks[x->mark_count++] = x->depth;
}

static void collect(struct cjam *x)
{
    size_t from = x->mark_count ? x->marks[--x->mark_count] : 0;
    struct value l = list_new();
    for (size_t i = from; i < x->depth; i++) {
        list_add(l, x->stack[i]);
    }
    x->depth = from;
    push(x, l);
}

/* --- programs --- */

static struct block *block_parse(struct reader *r, bool is_inner);
static const struct builtin *builtin_find(const char *name, size_t len);

static char look(const struct reader *r)
{
    return r->source.text[r->at];
}

static bool at_end(const struct reader *r)
{
    return r->at >= r->source.len;
}

static bool begins_number(char c)
{
    return isdigit((unsigned char)c) || c == '-' || c == '.';
}

__attribute__((noreturn)) static void bad(const struct reader *r, const char *what)
{
    stop(r->x, "line %zu: %s", line_at(&r->source, r->at), what);
}

static struct value number_parse(struct reader *r)
{
    size_t start = r->at, points = 0;
    for (; isdigit((unsigned char)look(r)) || look(r) == '.' || (look(r) == '-' && r->at == start);
         r->at++) {
        points += look(r) == '.';
    }
    const char *text = r->source.text + start;
    size_t len = r->at - start;
    if (points > 1 || (points + (text[0] == '-')) == len) {
        bad(r, "no number");
    }
    if (points == 0) {
        return whole(num_parse(text, len));
    }
    struct text t = {0};
    text_add(&t, text, len);
    text_add_byte(&t, '\0');
    struct value v = real(strtod(t.data, NULL));
    text_done(&t);
    return v;
}

static struct value string_parse(struct reader *r)
{
    struct text t = {0};
    while (look(r) != '"') {
        if (look(r) == '\\' &&
            (r->source.text[r->at + 1] == '"' || r->source.text[r->at + 1] == '\\')) {
            r->at++;
        }
        if (at_end(r)) {
            bad(r, "a string without its end");
        }
        text_add_byte(&t, r->source.text[r->at++]);
    }
    r->at++;
    return text_value(&t);
}

static struct op op_parse(struct reader *r);

static struct op *op_parse_inner(struct reader *r, bool only_two)
{
    struct op op = op_parse(r);
    if (op.takes != 2 && (only_two || op.takes != 1)) {
        bad(r, "this operator cannot stand there");
    }
    struct op *inner = allocate(1, sizeof(*inner));
    *inner = op;
    return inner;
}

static struct op push_op(struct value v)
{
    return (struct op){.kind = OP_PUSH, .value = v};
}

static struct op block_op(struct reader *r)
{
    return push_op((struct value){BLOCK, {.block = block_parse(r, true)}});
}

/* Behind 'f' and '.': an operator of two or a block. */
static struct op with_parse(struct reader *r, int kind)
{
    struct op op = {.kind = kind, .takes = 2};
    if (look(r) == '{') {
        r->at++;
        op.value = block_op(r).value;
    } else {
        op.inner = op_parse_inner(r, true);
    }
    return op;
}

static struct op prefix_parse(struct reader *r, char c)
{
    char next = look(r);
    bool is_letter = isupper((unsigned char)next);
    if (at_end(r)) {
        bad(r, "an operator that is not finished");
    }
    if (c == '.') {
        return with_parse(r, OP_VECTOR);
    }
    if (is_letter) {
        r->at++;
        return (struct op){
            .kind = c == ':' ? OP_SET : OP_FOR, .letter = next - 'A', .takes = c == ':' ? 0 : 2};
    }
    if (c == 'f') {
        return with_parse(r, OP_WITH);
    }
    struct op op = {.takes = 1, .inner = op_parse_inner(r, false)};
    op.kind = op.inner->takes == 1 ? OP_EACH : OP_FOLD;
    return op;
}

static struct op builtin_parse(struct reader *r, char c)
{
    size_t start = r->at - 1, len = 1;
    if (c == 'e' || c == 'm') {
        if (at_end(r)) {
            bad(r, "an operator that is not finished");
        }
        if (c == 'e' && begins_number(look(r))) {
            return (struct op){.kind = OP_EXPONENT, .takes = 1, .value = number_parse(r)};
        }
        bool is_minus = c == 'm' && begins_number(look(r));
        if (is_minus) {
            return (struct op){.kind = OP_BUILTIN, .takes = 2, .builtin = builtin_find("-", 1)};
        }
        r->at++;
        len = 2;
    }
    const struct builtin *b = builtin_find(r->source.text + start, len);
    if (!b) {
        bad(r, "no such operator");
    }
    return (struct op){.kind = OP_BUILTIN, .takes = b->takes, .builtin = b};
}

static struct op op_parse(struct reader *r)
{
    if (stack_is_low(r->x->floor)) {
        bad(r, "nested too deep");
    }
    char c = r->source.text[r->at++];
    char next = look(r);
    bool negative = c == '-' && (isdigit((unsigned char)next) || next == '.');
    if (isdigit((unsigned char)c) || negative || (c == '.' && isdigit((unsigned char)next))) {
        r->at--;
        return push_op(number_parse(r));
    }
    if (isupper((unsigned char)c)) {
        return (struct op){.kind = OP_VARIABLE, .letter = c - 'A'};
    }
    if (c == '"') {
        return push_op(string_parse(r));
    }
    if (c == '\'') {
        if (at_end(r)) {
            bad(r, "a character is missing");
        }
        return push_op(character(char_decode(r->source.text, r->source.len, &r->at)));
    }
    if (c == '{') {
        return block_op(r);
    }
    return c == 'f' || c == ':' || c == '.' ? prefix_parse(r, c) : builtin_parse(r, c);
}

/* Behind its '{' up to its '}', or a whole program. */
static struct block *block_parse(struct reader *r, bool is_inner)
{
    size_t start = r->at - is_inner;
    struct block *b = allocate(1, sizeof(*b));
    b->refs = 1;
    for (;;) {
        if (at_end(r)) {
            if (is_inner) {
                bad(r, "a block without its end");
            }
            break;
        }
        char c = look(r);
        if (c == '}') {
            r->at++;
            if (!is_inner) {
                bad(r, "a '}' too many");
            }
            break;
        }
        if (strchr(" \t\r\n", c) && c) {
            r->at++;
        } else if (c == 'e' && r->source.text[r->at + 1] == '#') {
            while (!at_end(r) && look(r) != '\n') {
                r->at++;
            }
        } else {
            struct op op = op_parse(r);
            b->ops = grown(b->ops, &b->cap, b->count + 1, sizeof(*b->ops));
            b->ops[b->count++] = op;
        }
    }
    text_add(&b->text, r->source.text + start, r->at - start);
    return b;
}

/* --- running --- */

static void op_run(struct cjam *x, const struct op *op);

/* Whoever calls it holds the block. */
static void block_run(struct cjam *x, const struct block *b)
{
    recursion_check(x);
    for (size_t i = 0; i < b->count; i++) {
        op_run(x, &b->ops[i]);
    }
}

static void run_inner(struct cjam *x, const struct op *op)
{
    if (op->inner) {
        op_run(x, op->inner);
    } else {
        block_run(x, op->value.block);
    }
}

static void variable_set(struct cjam *x, int letter, struct value v)
{
    value_done(x->variables[letter]);
    x->variables[letter] = v;
}

static void run_variable(struct cjam *x, int letter)
{
    struct value v = value_copy(x->variables[letter]);
    if (v.kind != BLOCK) {
        push(x, v);
        return;
    }
    block_run(x, v.block); /* which may set the variable */
    value_done(v);
}

static void run_each(struct cjam *x, const struct op *op)
{
    struct value a = pop(x);
    if (a.kind != LIST) {
        refuse(x, a);
    }
    bool folds = op->kind == OP_FOLD;
    if (folds && a.list->len == 0) {
        stop(x, "an empty list is folded");
    }
    if (!folds) {
        mark(x);
    }
    for (size_t i = 0; i < a.list->len; i++) {
        push(x, value_copy(a.list->items[i]));
        if (!folds || i > 0) {
            op_run(x, op->inner);
        }
    }
    if (!folds) {
        collect(x);
    }
    value_done(a);
}

static void run_with(struct cjam *x, const struct op *op)
{
    struct value b = pop(x), a = pop(x);
    bool first = a.kind == LIST;
    struct value list = first ? a : b;
    if (list.kind != LIST) {
        refuse_both(x, a, b);
    }
    mark(x);
    for (size_t i = 0; i < list.list->len; i++) {
        push(x, value_copy(first ? list.list->items[i] : a));
        push(x, value_copy(first ? b : list.list->items[i]));
        run_inner(x, op);
    }
    collect(x);
    value_done(a);
    value_done(b);
}

static void run_vector(struct cjam *x, const struct op *op)
{
    struct value b = pop(x), a = pop(x);
    if (a.kind != LIST || b.kind != LIST) {
        refuse_both(x, a, b);
    }
    size_t n = a.list->len, m = b.list->len;
    mark(x);
    for (size_t i = 0; i < n || i < m; i++) {
        if (i < n) {
            push(x, value_copy(a.list->items[i]));
        }
        if (i < m) {
            push(x, value_copy(b.list->items[i]));
        }
        if (i < n && i < m) {
            run_inner(x, op);
        }
    }
    collect(x);
    value_done(a);
    value_done(b);
}

static void run_for(struct cjam *x, const struct op *op)
{
    struct value block = pop(x), over = pop(x);
    if (block.kind != BLOCK) {
        struct value swapped = block;
        block = over;
        over = swapped;
    }
    if (block.kind != BLOCK || (!is_number(over) && over.kind != LIST)) {
        refuse_both(x, over, block);
    }
    int64_t end = over.kind == LIST ? (int64_t)over.list->len : to_integer(x, over);
    for (int64_t i = 0; i < end; i++) {
        variable_set(x, op->letter,
                     over.kind == LIST ? value_copy(over.list->items[i]) : integer(i));
        block_run(x, block.block);
    }
    value_done(block);
    value_done(over);
}

/* A number times ten to the power of a whole one, exactly. */
static struct value scaled(double d, int64_t exponent)
{
    char digits[24], text[64];
    int own, count = real_digits(fabs(d), digits, &own);
    if (!isfinite(d) || d == 0) {
        return real(d);
    }
    int64_t most = exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : exponent;
    snprintf(text, sizeof(text), "%s%.*se%lld", d < 0 ? "-" : "", count, digits,
             (long long)(most + own - (count - 1)));
    return real(strtod(text, NULL));
}

static void run_exponent(struct cjam *x, const struct op *op)
{
    struct value a = pop(x);
    if (!is_number(a) || op->value.kind == BIG) {
        refuse(x, a);
    }
    if (op->value.kind == REAL) {
        push(x, real(to_real(x, a) * pow(10, op->value.real)));
    } else if (a.kind == REAL || op->value.integer < 0) {
        push(x, scaled(to_real(x, a), op->value.integer));
    } else {
        struct num scale = num_power(num_of(10), (uint64_t)op->value.integer);
        push(x, whole(num_mul(num_in(a), scale)));
        num_done(&scale);
    }
    value_done(a);
}

static void op_run(struct cjam *x, const struct op *op)
{
    switch (op->kind) {
    case OP_PUSH:
        push(x, value_copy(op->value));
        break;
    case OP_VARIABLE:
        run_variable(x, op->letter);
        break;
    case OP_SET:
        variable_set(x, op->letter, value_copy(peek(x)));
        break;
    case OP_BUILTIN:
        x->current = op->builtin;
        op->builtin->run(x);
        break;
    case OP_EXPONENT:
        run_exponent(x, op);
        break;
    case OP_EACH:
    case OP_FOLD:
        run_each(x, op);
        break;
    case OP_WITH:
        run_with(x, op);
        break;
    case OP_FOR:
        run_for(x, op);
        break;
    case OP_VECTOR:
        run_vector(x, op);
        break;
    }
}

/* --- arithmetic --- */

static bool any(struct value a, struct value b, enum kind kind)
{
    return a.kind == kind || b.kind == kind;
}

/* Two operands, and of a list and something else the list first. */
static void pop_list_first(struct cjam *x, struct value *ret_a, struct value *ret_b)
{
    struct value b = pop(x), a = pop(x);
    bool swap = b.kind == LIST && a.kind != LIST;
    *ret_a = swap ? b : a;
    *ret_b = swap ? a : b;
}

static void run_plus(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (any(a, b, LIST) || (a.kind == CHARACTER && b.kind == CHARACTER)) {
        struct value all = as_own_list(a), more = as_list(b);
        list_add_part(all, more, 0, more.list->len);
        push(x, all);
        value_done(more);
        return;
    }
    if (any(a, b, BLOCK)) {
        refuse_both(x, a, b);
    }
    if (any(a, b, CHARACTER)) {
        push(x, character((int64_t)((uint64_t)to_integer(x, a) + (uint64_t)to_integer(x, b))));
    } else if (any(a, b, REAL)) {
        push(x, real(to_real(x, a) + to_real(x, b)));
    } else {
        push(x, whole(num_add(num_in(a), num_in(b))));
    }
    value_done(a);
    value_done(b);
}

/* To `to`: the items of `from` that are, or are not, in `other`. */
static void select_by(struct cjam *x, struct value to, struct value from, struct value other,
                      bool is_in)
{
    struct set s = set_of(x, other);
    for (size_t i = 0; i < from.list->len; i++) {
        if ((set_find(x, &s, from.list->items[i]) != NULL) == is_in) {
            list_add(to, value_copy(from.list->items[i]));
        }
    }
    set_done(&s);
}

static void run_minus(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (any(a, b, BLOCK)) {
        refuse_both(x, a, b);
    }
    if (any(a, b, LIST)) {
        struct value rest = list_new();
        a = as_list(a);
        b = as_list(b);
        select_by(x, rest, a, b, false);
        push(x, rest);
    } else if (a.kind == CHARACTER && b.kind == CHARACTER) {
        push(x, integer((int64_t)a.code - b.code));
    } else if (a.kind == CHARACTER) {
        push(x, character((int64_t)((uint64_t)a.code - (uint64_t)to_integer(x, b))));
    } else if (b.kind == CHARACTER) {
        refuse_both(x, a, b);
    } else if (any(a, b, REAL)) {
        push(x, real(to_real(x, a) - to_real(x, b)));
    } else {
        push(x, whole(num_sub(num_in(a), num_in(b))));
    }
    value_done(a);
    value_done(b);
}

static struct value repeat(struct cjam *x, struct value list, struct value times)
{
    size_t n = to_size(x, times);
    struct value all = list_new();
    for (size_t i = 0; i < n && list.list->len > 0; i++) {
        list_add_part(all, list, 0, list.list->len);
    }
    return all;
}

static struct value join(struct value list, struct value by)
{
    struct value all = list_new();
    for (size_t i = 0; i < list.list->len; i++) {
        if (i > 0) {
            list_add_part(all, by, 0, by.list->len);
        }
        struct value item = as_list(value_copy(list.list->items[i]));
        list_add_part(all, item, 0, item.list->len);
        value_done(item);
    }
    return all;
}

static void fold(struct cjam *x, struct value list, struct block *block)
{
    if (list.list->len == 0) {
        stop(x, "an empty list is folded");
    }
    for (size_t i = 0; i < list.list->len; i++) {
        push(x, value_copy(list.list->items[i]));
        if (i > 0) {
            block_run(x, block);
        }
    }
}

/* A list or character, or else a block, with a number, or else a list. */
static void multiply_mixed(struct cjam *x, struct value a, struct value b)
{
    if (a.kind == BLOCK && is_number(b)) {
        for (int64_t n = to_integer(x, b); n > 0; n--) {
            block_run(x, a.block);
        }
    } else if (a.kind == LIST && b.kind == BLOCK) {
        fold(x, a, b.block);
    } else if (a.kind <= LIST && is_number(b)) {
        a = as_list(value_copy(a));
        push(x, repeat(x, a, b));
        value_done(a);
    } else if (a.kind == LIST && (b.kind == LIST || b.kind == CHARACTER)) {
        b = as_list(value_copy(b));
        push(x, join(a, b));
        value_done(b);
    } else {
        refuse_both(x, a, b);
    }
}

static void run_times(struct cjam *x)
{
    struct value a, b;
    pop_list_first(x, &a, &b);
    if (is_number(a) && !is_number(b)) {
        struct value swapped = a;
        a = b;
        b = swapped;
    }
    if (!is_number(a)) {
        multiply_mixed(x, a, b);
    } else if (any(a, b, REAL)) {
        push(x, real(to_real(x, a) * to_real(x, b)));
    } else {
        push(x, whole(num_mul(num_in(a), num_in(b))));
    }
    value_done(a);
    value_done(b);
}

static struct value split(struct cjam *x, struct value list, struct value by, bool no_empty)
{
    struct value all = list_new();
    size_t len = list.list->len, width = by.list->len, start = 0;
    if (width == 0 && len > 0) {
        stop(x, "a list is split by an empty one");
    }
    for (size_t i = 0; i <= len;) {
        bool is_end = i == len;
        if (!is_end && !has_at(x, list, i, by)) {
            i++;
            continue;
        }
        if (i > start || !no_empty) {
            list_add(all, list_part(list, start, i));
        }
        i += is_end ? 1 : width;
        start = i;
    }
    return all;
}

static struct value pieces(struct cjam *x, struct value list, struct value size)
{
    int64_t n = to_integer(x, size);
    if (n <= 0) {
        stop(x, "pieces of size %lld", (long long)n);
    }
    struct value all = list_new();
    size_t len = list.list->len;
    for (size_t i = 0; i < len;) {
        size_t end = (uint64_t)n < len - i ? i + (size_t)n : len;
        list_add(all, list_part(list, i, end));
        i = end;
    }
    return all;
}

static struct value every(struct cjam *x, struct value list, struct value step)
{
    int64_t n = to_integer(x, step);
    if (n == 0) {
        stop(x, "every item of step 0");
    }
    uint64_t jump = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    size_t len = list.list->len;
    struct value some = list_new();
    for (uint64_t i = 0; i<len; i = jump> len - i ? len : i + jump) {
        list_add(some, value_copy(list.list->items[n < 0 ? len - 1 - i : i]));
    }
    return some;
}

static void each(struct cjam *x, struct value over, struct block *block)
{
    int64_t end = over.kind == LIST ? (int64_t)over.list->len : to_integer(x, over);
    for (int64_t i = 0; i < end; i++) {
        push(x, over.kind == LIST ? value_copy(over.list->items[i]) : integer(i));
        block_run(x, block);
    }
}

/* Of '/' and '%', where their operands are not both numbers. */
static void divide_mixed(struct cjam *x, struct value a, struct value b, bool is_percent)
{
    if (b.kind == BLOCK && (a.kind == LIST || is_number(a))) {
        if (is_percent) {
            mark(x);
        }
        each(x, a, b.block);
        if (is_percent) {
            collect(x);
        }
    } else if (a.kind == LIST && is_number(b)) {
        push(x, is_percent ? every(x, a, b) : pieces(x, a, b));
    } else if (a.kind == LIST && (b.kind == LIST || b.kind == CHARACTER)) {
        b = as_list(value_copy(b));
        push(x, split(x, a, b, is_percent));
        value_done(b);
    } else {
        refuse_both(x, a, b);
    }
}

static void zero_check(struct cjam *x, struct value v)
{
    if (v.kind == INTEGER && v.integer == 0) {
        stop(x, "division by zero");
    }
}

static struct value remainder_of(struct cjam *x, struct value a, struct value b)
{
    if (any(a, b, REAL)) {
        return real(fmod(to_real(x, a), to_real(x, b)));
    }
    zero_check(x, b);
    bool is_modulus = any(a, b, BIG); /* Java's mod of great numbers is never below 0 */
    if (is_modulus && num_sign(num_in(b)) < 0) {
        stop(x, "a modulus below 0");
    }
    struct num r;
    num_divide(num_in(a), num_in(b), is_modulus, NULL, &r);
    return whole(r);
}

static struct value quotient_of(struct cjam *x, struct value a, struct value b)
{
    if (any(a, b, REAL)) {
        return real(to_real(x, a) / to_real(x, b));
    }
    zero_check(x, b);
    struct num q;
    num_divide(num_in(a), num_in(b), false, &q, NULL);
    return whole(q);
}

static void run_divide_or_modulo(struct cjam *x, bool is_percent)
{
    struct value b = pop(x), a = pop(x);
    if ((a.kind == BLOCK && b.kind != BLOCK) || (is_number(a) && b.kind == LIST)) {
        struct value swapped = a;
        a = b;
        b = swapped;
    }
    if (!is_number(a) || !is_number(b)) {
        divide_mixed(x, a, b, is_percent);
    } else {
        push(x, is_percent ? remainder_of(x, a, b) : quotient_of(x, a, b));
    }
    value_done(a);
    value_done(b);
}

static void run_divide(struct cjam *x)
{
    run_divide_or_modulo(x, false);
}

static void run_modulo(struct cjam *x)
{
    run_divide_or_modulo(x, true);
}

static void run_divide_modulo(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (!is_number(a) || !is_number(b)) {
        refuse_both(x, a, b);
    }
    if (any(a, b, REAL)) {
        double d = to_real(x, a), by = to_real(x, b), rest = fmod(d, by);
        push(x, integer(real_to_integer(floor((d - rest) / by + 0.5))));
        push(x, real(rest));
    } else {
        zero_check(x, b);
        struct num q, r;
        num_divide(num_in(a), num_in(b), false, &q, &r);
        push(x, whole(q));
        push(x, whole(r));
    }
    value_done(a);
    value_done(b);
}

static void run_step(struct cjam *x, bool is_up)
{
    struct value a = pop(x);
    int64_t by = is_up ? 1 : -1;
    if (is_whole(a)) {
        push(x, whole(num_add(num_in(a), num_of(by))));
    } else if (a.kind == REAL) {
        push(x, real(a.real + (double)by));
    } else if (a.kind == CHARACTER) {
        push(x, character(a.code + by));
    } else if (a.kind == LIST && a.list->len > 0) {
        size_t len = a.list->len;
        push(x, list_part(a, !is_up, len - is_up));
        push(x, value_copy(a.list->items[is_up ? len - 1 : 0]));
    } else if (a.kind == LIST) {
        stop(x, "an item is taken from an empty list");
    } else {
        refuse(x, a);
    }
    value_done(a);
}

static void run_left(struct cjam *x)
{
    run_step(x, false);
}

static void run_right(struct cjam *x)
{
    run_step(x, true);
}

/* Of '&' and '|' with a block: runs it where the other is true, or false. */
static void run_if_other(struct cjam *x, struct value a, struct value block, bool when)
{
    if (a.kind == BLOCK) {
        refuse_both(x, a, block);
    }
    if (to_bool(x, a) == when) {
        block_run(x, block.block);
    }
}

static struct value set_apply(struct cjam *x, struct value a, char op, struct value b)
{
    struct value all = list_new(), once = list_new();
    if (op == '&') {
        select_by(x, all, a, b, true);
    } else if (op == '|') {
        list_add_part(all, a, 0, a.list->len);
        list_add_part(all, b, 0, b.list->len);
    } else {
        select_by(x, all, a, b, false);
        select_by(x, all, b, a, false);
    }
    struct set seen = {0};
    for (size_t i = 0; i < all.list->len; i++) {
        if (set_put(x, &seen, value_copy(all.list->items[i]), integer(0))) {
            list_add(once, value_copy(all.list->items[i]));
        }
    }
    set_done(&seen);
    value_done(all);
    return once;
}

static void run_bits(struct cjam *x, char op)
{
    struct value b = pop(x), a = pop(x);
    bool characters = a.kind == CHARACTER && b.kind == CHARACTER;
    if (b.kind == BLOCK && op != '^') {
        run_if_other(x, a, b, op == '&');
    } else if (any(a, b, BLOCK) || (!any(a, b, LIST) && any(a, b, REAL)) ||
               (characters && op != '^')) {
        refuse_both(x, a, b);
    } else if (any(a, b, LIST)) {
        a = as_list(a);
        b = as_list(b);
        push(x, set_apply(x, a, op, b));
    } else {
        struct num i = to_num(x, a), j = to_num(x, b), n = num_bits(i, op, j);
        num_done(&i);
        num_done(&j);
        if (any(a, b, CHARACTER) && !characters) {
            push(x, character((int64_t)num_low(n)));
            num_done(&n);
        } else {
            push(x, whole(n));
        }
    }
    value_done(a);
    value_done(b);
}

static void run_and(struct cjam *x)
{
    run_bits(x, '&');
}

static void run_or(struct cjam *x)
{
    run_bits(x, '|');
}

static void run_xor(struct cjam *x)
{
    run_bits(x, '^');
}

static void find_by_block(struct cjam *x, struct value list, struct block *block, bool wants_item)
{
    for (size_t i = 0; i < list.list->len; i++) {
        push(x, value_copy(list.list->items[i]));
        block_run(x, block);
        if (pop_bool(x)) {
            push(x, wants_item ? value_copy(list.list->items[i]) : integer((int64_t)i));
            return;
        }
    }
    if (!wants_item) {
        push(x, integer(-1));
    }
}

static int64_t place_of_part(struct cjam *x, struct value list, struct value part)
{
    if (part.list->len == 0 && list.list->len > 0) {
        stop(x, "an empty list is looked for");
    }
    for (size_t i = 0; i < list.list->len; i++) {
        if (has_at(x, list, i, part)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static struct value power(struct cjam *x, struct value a, struct value b)
{
    if (any(a, b, REAL) || num_sign(num_in(b)) < 0) {
        return real(pow(to_real(x, a), to_real(x, b)));
    }
    return whole(num_power(num_in(a), to_size(x, b)));
}

static void run_hash(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (is_number(a) && is_number(b)) {
        push(x, power(x, a, b));
    } else if (a.kind == LIST && b.kind == BLOCK) {
        find_by_block(x, a, b.block, false);
    } else if (a.kind == BLOCK && b.kind == LIST) {
        find_by_block(x, b, a.block, false);
    } else if (a.kind == LIST && b.kind == LIST) {
        push(x, integer(place_of_part(x, a, b)));
    } else if (any(a, b, LIST)) {
        push(x, integer(a.kind == LIST ? place_of(x, a, b) : place_of(x, b, a)));
    } else {
        refuse_both(x, a, b);
    }
    value_done(a);
    value_done(b);
}

/* --- comparisons, indices --- */

static size_t index_around(struct cjam *x, struct value n, size_t len)
{
    if (n.kind != INTEGER || len == 0) {
        stop(x, "no index of a list of %zu", len);
    }
    int64_t i = n.integer % (int64_t)len;
    return (size_t)(i < 0 ? i + (int64_t)len : i);
}

static void run_equal(struct cjam *x)
{
    struct value a, b;
    pop_list_first(x, &a, &b);
    if (a.kind == b.kind) {
        push(x, integer(same(x, a, b)));
    } else if (a.kind == LIST && is_number(b)) {
        push(x, value_copy(a.list->items[index_around(x, b, a.list->len)]));
    } else if (a.kind == LIST && b.kind == BLOCK) {
        find_by_block(x, a, b.block, true);
    } else if (any(a, b, LIST) || any(a, b, BLOCK)) {
        refuse_both(x, a, b);
    } else if (any(a, b, REAL) && !any(a, b, CHARACTER)) {
        push(x, integer(to_real(x, a) == to_real(x, b)));
    } else {
        push(x, integer(compare(x, a, b) == 0));
    }
    value_done(a);
    value_done(b);
}

/* Where a list is cut: an index within 0 ... len. */
static size_t cut_of(struct cjam *x, struct value n, size_t len)
{
    if (n.kind != INTEGER) {
        stop(x, "%s is no index", kind_name(n));
    }
    int64_t i =
        n.integer < 0 && n.integer > -(int64_t)len - 1 ? n.integer + (int64_t)len : n.integer;
    return i < 0 ? 0 : (uint64_t)i > len ? len : (size_t)i;
}

static void run_order(struct cjam *x, bool is_less)
{
    struct value b = pop(x), a = pop(x);
    if (is_number(a) && b.kind == LIST) {
        struct value swapped = a;
        a = b;
        b = swapped;
    }
    if (a.kind == LIST && is_number(b)) {
        size_t len = a.list->len, cut = cut_of(x, b, len);
        push(x, is_less ? list_part(a, 0, cut) : list_part(a, cut, len));
    } else {
        int order = compare(x, a, b);
        push(x, integer(is_less ? order < 0 : order > 0));
    }
    value_done(a);
    value_done(b);
}

static void run_less(struct cjam *x)
{
    run_order(x, true);
}

static void run_greater(struct cjam *x)
{
    run_order(x, false);
}

static void run_choose(struct cjam *x, bool wants_less)
{
    struct value b = pop(x), a = pop(x);
    int order = compare(x, a, b);
    bool first = wants_less ? order < 0 : order > 0;
    push(x, first ? a : b);
    value_done(first ? b : a);
}

static void run_least(struct cjam *x)
{
    run_choose(x, true);
}

static void run_most(struct cjam *x)
{
    run_choose(x, false);
}

static void run_set_item(struct cjam *x)
{
    struct value item = pop(x), index = pop(x), list = pop(x);
    if (index.kind == LIST && is_number(list)) {
        struct value swapped = list;
        list = index;
        index = swapped;
    }
    if (list.kind != LIST || !is_number(index)) {
        refuse_both(x, list, index);
    }
    list = as_own_list(list);
    struct value *at = &list.list->items[index_around(x, index, list.list->len)];
    value_done(*at);
    *at = item;
    push(x, list);
    value_done(index);
}

static void run_exchange(struct cjam *x)
{
    struct value of[3];
    of[2] = pop(x);
    of[1] = pop(x);
    of[0] = pop(x);
    size_t which = of[0].kind == LIST ? 0 : of[1].kind == LIST ? 1 : 2;
    struct value list = of[which], i = of[which == 0 ? 1 : 0], j = of[which == 2 ? 1 : 2];
    if (list.kind != LIST || !is_number(i) || !is_number(j)) {
        refuse(x, list);
    }
    list = as_own_list(list);
    struct value *a = &list.list->items[index_around(x, i, list.list->len)];
    struct value *b = &list.list->items[index_around(x, j, list.list->len)], swapped = *a;
    *a = *b;
    *b = swapped;
    push(x, list);
}

static int compare_items(const void *a, const void *b, void *x)
{
    const struct value *i = a, *j = b;
    return compare(x, *i, *j);
}

static struct value sorted(struct cjam *x, struct value list)
{
    struct value own = as_own_list(list);
    sort_stable(own.list->items, own.list->len, sizeof(struct value), compare_items, x);
    return own;
}

struct keyed {
    struct value key, item;
};

static int compare_keyed(const void *a, const void *b, void *x)
{
    const struct keyed *i = a, *j = b;
    return compare(x, i->key, j->key);
}

static struct value sorted_by(struct cjam *x, struct value list, struct block *block)
{
    size_t len = list.list->len;
    struct keyed *all = allocate(len, sizeof(*all));
    for (size_t i = 0; i < len; i++) {
        all[i].item = value_copy(list.list->items[i]);
        push(x, value_copy(all[i].item));
        block_run(x, block);
        all[i].key = pop(x);
    }
    sort_stable(all, len, sizeof(*all), compare_keyed, x);
    struct value result = list_new();
    for (size_t i = 0; i < len; i++) {
        value_done(all[i].key);
        list_add(result, all[i].item);
    }
    free(all);
    return result;
}

static void stack_copy(struct cjam *x, int64_t n)
{
    uint64_t place = n < 0 ? ~(uint64_t)n : x->depth - 1 - (uint64_t)n;
    if (place >= x->depth) {
        stop(x, "the stack has %zu values, not one at %lld", x->depth, (long long)n);
    }
    push(x, value_copy(x->stack[place]));
}

static void run_dollar(struct cjam *x)
{
    struct value a = pop(x);
    if (is_number(a)) {
        stack_copy(x, to_integer(x, a));
        value_done(a);
    } else if (a.kind == LIST) {
        push(x, sorted(x, a));
    } else if (a.kind == BLOCK) {
        struct value list = pop(x);
        if (list.kind != LIST) {
            refuse_both(x, list, a);
        }
        push(x, sorted_by(x, list, a.block));
        value_done(list);
        value_done(a);
    } else {
        refuse(x, a);
    }
}

static struct value range(int64_t end, bool of_characters)
{
    struct value l = list_new();
    for (int64_t i = 0; i < end; i++) {
        list_add(l, of_characters ? character(i) : integer(i));
    }
    return l;
}

static struct value filter(struct cjam *x, struct value over, struct block *block)
{
    struct value some = list_new();
    int64_t end = over.kind == LIST ? (int64_t)over.list->len : to_integer(x, over);
    for (int64_t i = 0; i < end; i++) {
        struct value item = over.kind == LIST ? value_copy(over.list->items[i]) : integer(i);
        push(x, value_copy(item));
        block_run(x, block);
        if (pop_bool(x)) {
            list_add(some, item);
        } else {
            value_done(item);
        }
    }
    return some;
}

static void run_comma(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind == LIST) {
        push(x, integer((int64_t)a.list->len));
    } else if (a.kind == BLOCK) {
        struct value over = pop(x);
        if (over.kind != LIST && !is_number(over)) {
            refuse_both(x, over, a);
        }
        push(x, filter(x, over, a.block));
        value_done(over);
    } else {
        push(x, range((int64_t)to_size(x, a), a.kind == CHARACTER));
    }
    value_done(a);
}

/* --- the stack's own --- */

static void run_copy(struct cjam *x)
{
    push(x, value_copy(peek(x)));
}

static void run_drop(struct cjam *x)
{
    value_done(pop(x));
}

static void run_swap(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    push(x, b);
    push(x, a);
}

static void run_rotate(struct cjam *x)
{
    struct value c = pop(x), b = pop(x), a = pop(x);
    push(x, b);
    push(x, c);
    push(x, a);
}

static void run_wrap(struct cjam *x)
{
    push(x, list_of(pop(x)));
}

/* --- conversions --- */

/* Beyond 64 bits it is the number that its shortest digits are. */
static struct num num_of_real(double d)
{
    if (!(fabs(d) > 9.223372e18) || isinf(d)) {
        return num_of(real_to_integer(d));
    }
    char digits[24];
    int exponent, count = real_digits(fabs(d), digits, &exponent);
    struct num n = num_parse(digits, (size_t)count);
    struct num scale = num_power(num_of(10), (uint64_t)(exponent - (count - 1)));
    struct num all = num_mul(n, scale), result = d < 0 ? num_negate(all) : num_copy(all);
    num_done(&all);
    num_done(&scale);
    num_done(&n);
    return result;
}

static void run_to_integer(struct cjam *x)
{
    struct value a = pop(x);
    push(x, whole(a.kind == REAL ? num_of_real(a.real) : to_num(x, a)));
    value_done(a);
}

static void run_to_real(struct cjam *x)
{
    struct value a = pop(x);
    push(x, real(to_real(x, a)));
    value_done(a);
}

static void run_to_character(struct cjam *x)
{
    struct value a = pop(x);
    if (is_string(a) && a.list->len > 0) {
        push(x, a.list->items[0]);
    } else {
        push(x, character(to_integer(x, a)));
    }
    value_done(a);
}

static void run_to_string(struct cjam *x)
{
    struct value a = pop(x);
    struct text t = show(a);
    push(x, text_value(&t));
    value_done(a);
}

static void run_inspect(struct cjam *x)
{
    struct value a = pop(x);
    struct text t = {0};
    inspect(x, a, &t);
    push(x, text_value(&t));
    value_done(a);
}

static void run_not(struct cjam *x)
{
    push(x, integer(!pop_bool(x)));
}

static void run_text(struct cjam *x, const char *text, size_t len)
{
    struct text t = {0};
    text_add(&t, text, len);
    text_add_byte(&t, '\0');
    struct reader r = {.x = x, .source = {t.data, len}};
    struct block *b = block_parse(&r, false);
    block_run(x, b);
    block_unref(b);
    text_done(&t);
}

static void run_tilde(struct cjam *x)
{
    struct value a = pop(x);
    if (is_whole(a)) {
        struct num minus = num_negate(num_in(a));
        push(x, whole(num_sub(minus, num_of(1))));
        num_done(&minus);
    } else if (a.kind == BLOCK) {
        block_run(x, a.block);
    } else if (is_string(a) || a.kind == CHARACTER) {
        struct text t = show(a);
        run_text(x, t.data ? t.data : "", t.len);
        text_done(&t);
    } else if (a.kind == LIST) {
        for (size_t i = 0; i < a.list->len; i++) {
            push(x, value_copy(a.list->items[i]));
        }
    } else {
        refuse(x, a);
    }
    value_done(a);
}

static struct value digits_of(struct cjam *x, struct num n, struct num base)
{
    struct value digits = list_new();
    struct num rest = num_sign(n) < 0 ? num_negate(n) : num_copy(n);
    struct num by = num_sign(base) < 0 ? num_negate(base) : num_copy(base);
    bool of_ones = num_compare(by, num_of(1)) == 0;
    if (of_ones && !num_is_small(rest)) {
        stop(x, "too many digits");
    }
    while (num_sign(rest) != 0) {
        struct num q, r;
        if (of_ones) {
            q = num_sub(rest, num_of(1));
            r = num_of(1);
        } else {
            num_divide(rest, by, false, &q, &r);
        }
        list_add(digits, whole(r));
        num_done(&rest);
        rest = q;
    }
    if (digits.list->len == 0) {
        list_add(digits, integer(0));
    }
    num_done(&by);
    struct value result = every(x, digits, integer(-1));
    value_done(digits);
    return result;
}

static struct num digits_sum(struct cjam *x, struct value digits, struct num base)
{
    struct num sum = num_of(0), by = num_sign(base) < 0 ? num_negate(base) : num_copy(base);
    for (size_t i = 0; i < digits.list->len; i++) {
        struct num digit = to_num(x, digits.list->items[i]), high = num_mul(sum, by);
        num_done(&sum);
        sum = num_add(high, digit);
        num_done(&high);
        num_done(&digit);
    }
    num_done(&by);
    return sum;
}

static void run_base(struct cjam *x)
{
    struct value a, b;
    pop_list_first(x, &a, &b);
    if (!is_whole(b) || (!is_whole(a) && a.kind != LIST)) {
        refuse_both(x, a, b);
    }
    if (a.kind == LIST) {
        push(x, whole(digits_sum(x, a, num_in(b))));
    } else {
        if (num_sign(num_in(a)) != 0) {
            zero_check(x, b);
        }
        push(x, digits_of(x, num_in(a), num_in(b)));
    }
    value_done(a);
    value_done(b);
}

/* --- control --- */

static void run_value(struct cjam *x, struct value v)
{
    if (v.kind == BLOCK) {
        block_run(x, v.block);
    } else {
        push(x, value_copy(v));
    }
}

static void run_ternary(struct cjam *x)
{
    struct value no = pop(x), yes = pop(x);
    run_value(x, pop_bool(x) ? yes : no);
    value_done(yes);
    value_done(no);
}

static void run_choice(struct cjam *x, bool second_when)
{
    struct value b = pop(x), a = pop(x);
    run_value(x, to_bool(x, a) == second_when ? b : a);
    value_done(a);
    value_done(b);
}

static void run_both(struct cjam *x)
{
    run_choice(x, true);
}

static void run_either(struct cjam *x)
{
    run_choice(x, false);
}

static void run_do_or_sign(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind == BLOCK) {
        do {
            block_run(x, a.block);
        } while (pop_bool(x));
    } else if (a.kind == REAL) {
        push(x, integer((a.real > 0) - (a.real < 0)));
    } else if (is_whole(a)) {
        push(x, integer(num_sign(num_in(a))));
    } else {
        refuse(x, a);
    }
    value_done(a);
}

static void run_do(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind != BLOCK) {
        refuse(x, a);
    }
    do {
        block_run(x, a.block);
    } while (to_bool(x, peek(x)));
    value_done(a);
}

static void run_while(struct cjam *x)
{
    struct value body = pop(x), condition = pop(x);
    if (body.kind != BLOCK || condition.kind != BLOCK) {
        refuse_both(x, condition, body);
    }
    for (;;) {
        block_run(x, condition.block);
        if (!pop_bool(x)) {
            break;
        }
        block_run(x, body.block);
    }
    value_done(body);
    value_done(condition);
}

static void memo_put(struct cjam *x, struct memo *m, struct value key, struct value value)
{
    set_put(x, &m->known, key, value);
}

/* The first values: items by their places, and where there are several operands, lists of those. */
static void memo_begin(struct cjam *x, struct memo *m, struct value places, struct value first,
                       int64_t depth)
{
    if (depth == 0) {
        struct value key = m->takes == 1 ? value_copy(places.list->items[0])
                                         : list_part(places, 0, places.list->len);
        memo_put(x, m, key, value_copy(first));
        return;
    }
    recursion_check(x);
    struct value list = as_list(value_copy(first));
    for (size_t i = 0; i < list.list->len; i++) {
        list_add(places, integer((int64_t)i));
        memo_begin(x, m, places, list.list->items[i], depth - 1);
        places.list->len--;
    }
    value_done(list);
}

static void memo_run(struct cjam *x, struct memo *m)
{
    struct value key;
    if (m->takes == 1) {
        key = pop(x);
    } else {
        if ((uint64_t)m->takes > x->depth) {
            stop(x, "the stack is empty");
        }
        key = list_new();
        for (size_t i = x->depth - (size_t)m->takes; i < x->depth; i++) {
            list_add(key, value_copy(x->stack[i]));
        }
        for (int64_t i = 0; i < m->takes; i++) {
            value_done(pop(x));
        }
    }
    const struct set_slot *found = set_find(x, &m->known, key);
    if (found) {
        push(x, value_copy(found->value));
        value_done(key);
        return;
    }
    if (m->takes == 1) {
        push(x, value_copy(key));
    } else {
        for (size_t i = 0; i < key.list->len; i++) {
            push(x, value_copy(key.list->items[i]));
        }
    }
    block_run(x, m->block.block);
    memo_put(x, m, key, value_copy(peek(x)));
}

static void run_memo(struct cjam *x)
{
    recursion_check(x);
    if (x->memo) {
        memo_run(x, x->memo);
        return;
    }
    struct memo m = {.takes = 1, .block = pop(x)};
    if (m.block.kind == INTEGER) {
        m.takes = (int64_t)to_size(x, m.block);
        m.block = pop(x);
    }
    if (m.block.kind != BLOCK) {
        refuse(x, m.block);
    }
    struct value first = pop(x), places = list_new();
    memo_begin(x, &m, places, first, m.takes);
    value_done(first);
    value_done(places);
    x->memo = &m;
    memo_run(x, &m);
    x->memo = NULL;
    set_done(&m.known);
    value_done(m.block);
}

/* --- input and output --- */

static void input_check(struct cjam *x)
{
    if (x->input_ended) {
        stop(x, "the end of the input was read already");
    }
}

static void run_read_token(struct cjam *x)
{
    input_check(x);
    struct text t = {0};
    int c = getc_unlocked(stdin);
    while (c != EOF && isspace(c)) {
        c = getc_unlocked(stdin);
    }
    while (c != EOF && !isspace(c)) {
        text_add_byte(&t, c);
        c = getc_unlocked(stdin);
    }
    if (c != EOF) {
        ungetc(c, stdin);
    }
    x->input_ended = t.len == 0;
    push(x, text_value(&t));
}

static void run_read_line(struct cjam *x)
{
    input_check(x);
    struct text t = {0};
    if (!text_read_line(&t)) {
        x->input_ended = true;
        text_add_byte(&t, '\n');
    }
    push(x, text_value(&t));
}

static void run_read_all(struct cjam *x)
{
    struct text t = text_of_stdin();
    x->input_ended = true;
    push(x, text_value(&t));
}

static void run_print(struct cjam *x)
{
    struct value a = pop(x);
    struct text t = show(a);
    write_text(t.data, t.len);
    text_done(&t);
    value_done(a);
}

static void run_print_line(struct cjam *x)
{
    run_print(x);
    write_str("\n");
}

static void run_print_inspected(struct cjam *x)
{
    run_inspect(x);
    run_print_line(x);
}

static void run_show_stack(struct cjam *x)
{
    struct text t = {0};
    text_add_str(&t, "\nStack: [");
    for (size_t i = 0; i < x->depth; i++) {
        if (i > 0) {
            text_add_byte(&t, ' ');
        }
        inspect(x, x->stack[i], &t);
    }
    text_add_str(&t, "]\n");
    write_text(t.data, t.len);
    text_done(&t);
}

static void run_args(struct cjam *x)
{
    struct value l = list_new();
    for (char **arg = x->args; *arg; arg++) {
        list_add(l, string_of(*arg, strlen(*arg)));
    }
    push(x, l);
}

static void run_time(struct cjam *x)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    push(x, integer(now.tv_sec * 1000 + now.tv_nsec / 1000000));
}

static void run_local_time(struct cjam *x)
{
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!localtime_r(&now.tv_sec, &t)) {
        stop(x, "no local time");
    }
    const int64_t parts[] = {
        t.tm_year + 1900, t.tm_mon + 1,          t.tm_mday, t.tm_hour,         t.tm_min,
        t.tm_sec,         now.tv_nsec / 1000000, t.tm_wday, t.tm_gmtoff * 1000};
    struct value l = list_new();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        list_add(l, integer(parts[i]));
    }
    push(x, l);
}

/* --- lists --- */

static void run_flatten_onto(void *ctx, struct value item)
{
    const struct value *to = ctx;
    list_add(*to, value_copy(item));
}

static void run_flatten(struct cjam *x)
{
    struct value a = pop(x), l = list_new();
    walk(a, run_flatten_onto, &l);
    push(x, l);
    value_done(a);
}

static struct value pop_list(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind != LIST) {
        refuse(x, a);
    }
    return a;
}

static void run_lengths(struct cjam *x)
{
    struct value a = pop_list(x), l = list_new();
    for (size_t i = 0; i < a.list->len;) {
        size_t end = i + 1;
        while (end < a.list->len && same(x, a.list->items[i], a.list->items[end])) {
            end++;
        }
        list_add(l, pair(integer((int64_t)(end - i)), value_copy(a.list->items[i])));
        i = end;
    }
    push(x, l);
    value_done(a);
}

static void run_unlengths(struct cjam *x)
{
    struct value a = pop_list(x), l = list_new();
    for (size_t i = 0; i < a.list->len; i++) {
        struct value item = a.list->items[i];
        if (item.kind != LIST || item.list->len < 2) {
            stop(x, "a list of pairs is expected");
        }
        for (size_t n = to_size(x, item.list->items[0]); n > 0; n--) {
            list_add(l, value_copy(item.list->items[1]));
        }
    }
    push(x, l);
    value_done(a);
}

static void run_enumerate(struct cjam *x)
{
    struct value a = pop_list(x), l = list_new();
    for (size_t i = 0; i < a.list->len; i++) {
        list_add(l, pair(integer((int64_t)i), value_copy(a.list->items[i])));
    }
    push(x, l);
    value_done(a);
}

static void run_slices(struct cjam *x)
{
    struct value a, b;
    pop_list_first(x, &a, &b);
    if (a.kind != LIST || b.kind != INTEGER) {
        refuse_both(x, a, b);
    }
    struct value l = list_new();
    if (b.integer <= 0) {
        stop(x, "slices of size %lld", (long long)b.integer);
    }
    for (size_t i = 0; (uint64_t)b.integer <= a.list->len - i; i++) {
        list_add(l, list_part(a, i, i + (size_t)b.integer));
    }
    push(x, l);
    value_done(a);
}

static void pad(struct cjam *x, bool is_left)
{
    struct value with = pop(x), size = pop(x), a = pop(x);
    if (a.kind != LIST || size.kind != INTEGER) {
        refuse_both(x, a, size);
    }
    struct value l = list_new();
    size_t len = a.list->len, wanted = to_size(x, size);
    if (!is_left) {
        list_add_part(l, a, 0, len);
    }
    for (size_t i = len; i < wanted; i++) {
        list_add(l, value_copy(with));
    }
    if (is_left) {
        list_add_part(l, a, 0, len);
    }
    push(x, l);
    value_done(a);
    value_done(with);
}

static void run_pad_left(struct cjam *x)
{
    pad(x, true);
}

static void run_pad_right(struct cjam *x)
{
    pad(x, false);
}

static void run_repeat_items(struct cjam *x)
{
    struct value a, b;
    pop_list_first(x, &a, &b);
    if (a.kind != LIST || !is_number(b)) {
        refuse_both(x, a, b);
    }
    struct value l = list_new();
    size_t n = to_size(x, b);
    for (size_t i = 0; i < a.list->len; i++) {
        for (size_t j = 0; j < n; j++) {
            list_add(l, value_copy(a.list->items[i]));
        }
    }
    push(x, l);
    value_done(a);
    value_done(b);
}

static void run_count(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    bool swap = a.kind != LIST;
    struct value list = swap ? b : a, item = swap ? a : b;
    if (list.kind != LIST) {
        refuse_both(x, a, b);
    }
    int64_t n = 0;
    for (size_t i = 0; i < list.list->len; i++) {
        n += same(x, list.list->items[i], item);
    }
    push(x, integer(n));
    value_done(a);
    value_done(b);
}

static void run_translate(struct cjam *x)
{
    struct value to = as_list(pop(x)), from = as_list(pop(x)), a = pop_list(x), l = list_new();
    size_t n = to.list->len;
    for (size_t i = 0; i < a.list->len; i++) {
        int64_t place = place_of(x, from, a.list->items[i]);
        if (place >= 0 && n == 0) {
            stop(x, "an item is replaced by nothing");
        }
        size_t at = (uint64_t)place < n ? (size_t)place : n - 1;
        list_add(l, value_copy(place < 0 ? a.list->items[i] : to.list->items[at]));
    }
    push(x, l);
    value_done(to);
    value_done(from);
    value_done(a);
}

/* The next order of the items; false: it was the last. */
static bool permute(struct cjam *x, struct value list)
{
    struct value *items = list.list->items;
    size_t n = list.list->len, k = n;
    while (k >= 2 && compare(x, items[k - 2], items[k - 1]) >= 0) {
        k--;
    }
    if (k < 2) {
        return false;
    }
    size_t i = n - 1;
    while (compare(x, items[k - 2], items[i]) >= 0) {
        i--;
    }
    struct value swapped = items[k - 2];
    items[k - 2] = items[i];
    items[i] = swapped;
    for (size_t low = k - 1, high = n - 1; low < high; low++, high--) {
        swapped = items[low];
        items[low] = items[high];
        items[high] = swapped;
    }
    return true;
}

/* All orders of a list, from that in which it is; takes it over. */
static struct value permutations(struct cjam *x, struct value list)
{
    struct value all = list_new(), now = as_own_list(list);
    do {
        list_add(all, list_part(now, 0, now.list->len));
    } while (permute(x, now));
    value_done(now);
    return all;
}

static void run_unique_permutations(struct cjam *x)
{
    struct value a = pop(x);
    if (is_number(a)) {
        struct value list = range((int64_t)to_size(x, a), false);
        value_done(a);
        a = list;
    }
    if (a.kind != LIST) {
        refuse(x, a);
    }
    push(x, permutations(x, sorted(x, a)));
}

static struct value factorial(size_t n)
{
    struct num product = num_of(1);
    for (size_t i = 2; i <= n; i++) {
        struct num next = num_mul(product, num_of((int64_t)i));
        num_done(&product);
        product = next;
    }
    return whole(product);
}

static void run_permutations_or_factorial(struct cjam *x)
{
    struct value a = pop(x);
    if (is_number(a)) {
        int64_t n = to_integer(x, a);
        push(x, factorial(n < 0 ? 0 : (size_t)n));
    } else if (a.kind == LIST) {
        struct value all = permutations(x, range((int64_t)a.list->len, false));
        for (size_t i = 0; i < all.list->len; i++) {
            struct list *places = all.list->items[i].list;
            for (size_t j = 0; j < places->len; j++) {
                places->items[j] = value_copy(a.list->items[places->items[j].integer]);
            }
        }
        push(x, all);
    } else {
        refuse(x, a);
    }
    value_done(a);
}

static struct value rotated(struct value list, uint64_t by)
{
    size_t len = list.list->len, cut = len > 1 ? (size_t)(by % len) : 0;
    struct value l = list_part(list, cut, len);
    list_add_part(l, list, 0, cut);
    return l;
}

/* By 2 to the power of `by`; below 0 it goes to the right, and is rounded down. */
static struct value shifted(struct cjam *x, struct value a, int64_t by)
{
    if (a.kind == REAL) {
        return real(ldexp(a.real, (int)(by % 32)));
    }
    if (by > INT32_MAX || by < -INT32_MAX) {
        stop(x, "a shift by %lld", (long long)by);
    }
    if (by < -63 && a.kind == INTEGER) {
        by = -63;
    }
    struct num scale = num_power(num_of(2), (uint64_t)(by < 0 ? -by : by)), n;
    if (by < 0) {
        num_divide(num_in(a), scale, true, &n, NULL);
    } else {
        n = num_mul(num_in(a), scale);
    }
    num_done(&scale);
    return whole(n);
}

static void run_shift(struct cjam *x, bool is_left)
{
    struct value b = pop(x), a = pop(x);
    if (is_number(a) && b.kind == LIST) {
        struct value swapped = a;
        a = b;
        b = swapped;
    }
    if (!is_number(b) || (a.kind != LIST && !is_number(a))) {
        refuse_both(x, a, b);
    }
    int64_t by = to_integer(x, b);
    by = is_left ? by : by == INT64_MIN ? INT64_MAX : -by;
    if (a.kind != LIST) {
        push(x, shifted(x, a, by));
    } else {
        int64_t len = a.list->len ? (int64_t)a.list->len : 1;
        push(x, rotated(a, (uint64_t)((by % len + len) % len)));
    }
    value_done(a);
    value_done(b);
}

static void run_shift_left(struct cjam *x)
{
    run_shift(x, true);
}

static void run_shift_right(struct cjam *x)
{
    run_shift(x, false);
}

static uint64_t random_below(struct cjam *x, uint64_t end)
{
    return random_next(&x->random) % end;
}

static struct value shuffled(struct cjam *x, struct value list)
{
    struct value own = as_own_list(list);
    for (size_t i = own.list->len; i > 1; i--) {
        size_t j = (size_t)random_below(x, i);
        struct value swapped = own.list->items[i - 1];
        own.list->items[i - 1] = own.list->items[j];
        own.list->items[j] = swapped;
    }
    return own;
}

/* Below a number that has more digits than those of one draw. */
static struct value random_big(struct cjam *x, struct num end)
{
    struct num drawn = num_of(0), size = num_of(1), rest;
    while (num_compare(size, end) <= 0) {
        struct num high = num_mul(drawn, num_of(1LL << 32)),
                   more = num_mul(size, num_of(1LL << 32));
        num_done(&drawn);
        num_done(&size);
        drawn = num_add(high, num_of((int64_t)random_below(x, 1ULL << 32)));
        size = more;
        num_done(&high);
    }
    num_divide(drawn, end, true, NULL, &rest);
    num_done(&drawn);
    num_done(&size);
    return whole(rest);
}

static void run_random(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind == LIST) {
        push(x, shuffled(x, a));
        return;
    }
    if (a.kind == REAL) {
        push(x, real((double)(random_next(&x->random) >> 11) * 0x1p-53 * a.real));
    } else if (!is_whole(a)) {
        refuse(x, a);
    } else if (num_sign(num_in(a)) <= 0) {
        stop(x, "a random number below one that is not above 0");
    } else {
        push(x, a.kind == BIG ? random_big(x, num_in(a))
                              : integer((int64_t)random_below(x, (uint64_t)a.integer)));
    }
    value_done(a);
}

static void run_random_item(struct cjam *x)
{
    struct value a = pop_list(x);
    if (a.list->len == 0) {
        stop(x, "an item of an empty list");
    }
    push(x, value_copy(a.list->items[random_below(x, a.list->len)]));
    value_done(a);
}

static void run_abs_or_zip(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind == REAL) {
        push(x, real(fabs(a.real)));
    } else if (is_whole(a)) {
        push(x, whole(num_sign(num_in(a)) < 0 ? num_negate(num_in(a)) : num_copy(num_in(a))));
    } else if (a.kind == LIST) {
        struct value columns = list_new();
        for (size_t i = 0; i < a.list->len; i++) {
            struct value row = as_list(value_copy(a.list->items[i]));
            for (size_t j = 0; j < row.list->len; j++) {
                if (j == columns.list->len) {
                    list_add(columns, list_new());
                }
                list_add(columns.list->items[j], value_copy(row.list->items[j]));
            }
            value_done(row);
        }
        push(x, columns);
    } else {
        refuse(x, a);
    }
    value_done(a);
}

static void run_product(struct cjam *x)
{
    struct value a, b, all = list_new();
    pop_list_first(x, &a, &b);
    if (a.kind == INTEGER && b.kind == INTEGER) {
        a = range((int64_t)to_size(x, a), false);
    }
    if (a.kind != LIST || (b.kind != LIST && b.kind != INTEGER)) {
        refuse_both(x, a, b);
    }
    if (b.kind == LIST) {
        for (size_t i = 0; i < a.list->len; i++) {
            for (size_t j = 0; j < b.list->len; j++) {
                list_add(all, pair(value_copy(a.list->items[i]), value_copy(b.list->items[j])));
            }
        }
    } else {
        list_add(all, list_new());
        for (size_t n = to_size(x, b); n > 0 && all.list->len > 0; n--) {
            struct value longer = list_new();
            for (size_t i = 0; i < all.list->len * a.list->len; i++) {
                struct value start = all.list->items[i / a.list->len];
                struct value one = list_part(start, 0, start.list->len);
                list_add(one, value_copy(a.list->items[i % a.list->len]));
                list_add(longer, one);
            }
            value_done(all);
            all = longer;
        }
    }
    push(x, all);
    value_done(a);
    value_done(b);
}

/* --- numbers --- */

static int64_t pop_integer(struct cjam *x)
{
    struct value a = pop(x);
    if (a.kind != INTEGER) {
        refuse(x, a);
    }
    return a.integer;
}

static double pop_real(struct cjam *x)
{
    struct value a = pop(x);
    if (!is_number(a)) {
        refuse(x, a);
    }
    double d = to_real(x, a);
    value_done(a);
    return d;
}

static void run_is_prime(struct cjam *x)
{
    int64_t n = pop_integer(x);
    bool is_prime = n == 2 || n == 3 || (n > 4 && n % 2 != 0);
    for (int64_t i = 3; is_prime && i <= n / i; i += 2) {
        is_prime = n % i != 0;
    }
    push(x, integer(is_prime));
}

static void factors(struct cjam *x, bool counted)
{
    int64_t n = pop_integer(x);
    struct value l = list_new();
    for (int64_t i = 2; n >= 4 && i <= n / i; i += i == 2 ? 1 : 2) {
        int64_t count = 0;
        for (; n % i == 0; n /= i) {
            count++;
            if (!counted) {
                list_add(l, integer(i));
            }
        }
        if (counted && count > 0) {
            list_add(l, pair(integer(i), integer(count)));
        }
    }
    if (n > 1 || l.list->len == 0) {
        list_add(l, counted ? pair(integer(n), integer(1)) : integer(n));
    }
    push(x, l);
}

static void run_factors(struct cjam *x)
{
    factors(x, false);
}

static void run_counted_factors(struct cjam *x)
{
    factors(x, true);
}

static void run_round(struct cjam *x)
{
    struct value a = pop(x);
    if (!is_number(a)) {
        refuse(x, a);
    }
    push(x, a.kind == REAL ? integer(real_to_integer(floor(a.real + 0.5))) : a);
}

static void run_round_to(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (!is_number(a) || b.kind != INTEGER) {
        refuse_both(x, a, b);
    }
    double scale = pow(10, (double)b.integer);
    double d = (double)real_to_integer(floor(to_real(x, a) * scale + 0.5)) / scale;
    bool stays = a.kind == REAL && b.integer > 0;
    push(x, stays ? real(d) : integer(real_to_integer(floor(d + 0.5))));
    value_done(a);
}

static void run_sine(struct cjam *x)
{
    push(x, real(sin(pop_real(x))));
}

static void run_cosine(struct cjam *x)
{
    push(x, real(cos(pop_real(x))));
}

static void run_tangent(struct cjam *x)
{
    push(x, real(tan(pop_real(x))));
}

static void run_arc_sine(struct cjam *x)
{
    push(x, real(asin(pop_real(x))));
}

static void run_arc_cosine(struct cjam *x)
{
    push(x, real(acos(pop_real(x))));
}

static void run_arc_tangent(struct cjam *x)
{
    push(x, real(atan(pop_real(x))));
}

static void run_arc_tangent2(struct cjam *x)
{
    double b = pop_real(x), a = pop_real(x);
    push(x, real(atan2(a, b)));
}

static void run_hypotenuse(struct cjam *x)
{
    double b = pop_real(x), a = pop_real(x);
    push(x, real(hypot(a, b)));
}

static void run_root(struct cjam *x)
{
    push(x, real(sqrt(pop_real(x))));
}

/* Newton's way from above: it falls until it is the root. */
static void run_integer_root(struct cjam *x)
{
    struct value a = pop(x);
    if (!is_number(a)) {
        refuse(x, a);
    }
    struct num n = a.kind == REAL ? num_of_real(a.real) : num_copy(num_in(a));
    if (num_sign(n) < 0) {
        stop(x, "the square root of a number below 0");
    }
    struct num root = num_copy(n);
    if (num_compare(n, num_of(1)) > 0) {
        struct text digits = {0};
        num_print(n, &digits);
        num_done(&root);
        root = num_power(num_of(10), (digits.len + 1) / 2);
        text_done(&digits);
    }
    while (num_sign(n) > 0) {
        struct num q, sum, next;
        num_divide(n, root, true, &q, NULL);
        sum = num_add(root, q);
        num_divide(sum, num_of(2), true, &next, NULL);
        num_done(&q);
        num_done(&sum);
        bool falls = num_compare(next, root) < 0;
        struct num other = falls ? root : next;
        root = falls ? next : root;
        num_done(&other);
        if (!falls) {
            break;
        }
    }
    push(x, whole(root));
    num_done(&n);
    value_done(a);
}

static void run_exp(struct cjam *x)
{
    push(x, real(exp(pop_real(x))));
}

static void run_log(struct cjam *x)
{
    push(x, real(log(pop_real(x))));
}

static void run_log_base(struct cjam *x)
{
    double b = pop_real(x), a = pop_real(x);
    push(x, real(b == 10 ? log10(a) : log(a) / log(b)));
}

static void run_floor(struct cjam *x)
{
    push(x, integer(real_to_integer(floor(pop_real(x)))));
}

static void run_ceiling(struct cjam *x)
{
    push(x, integer(real_to_integer(ceil(pop_real(x)))));
}

/* --- letters, formats --- */

struct letters { /* small ones, and how far off their capitals are */
    int32_t first, last, distance;
};

static const struct letters small_letters[] = {
    {'a', 'z', 32},     {0xe0, 0xf6, 32},   {0xf8, 0xfe, 32},   {0x3b1, 0x3c1, 32},
    {0x3c3, 0x3cb, 32}, {0x430, 0x44f, 32}, {0x450, 0x45f, 80},
};

static int32_t letter_turned(int32_t code, bool to_capital)
{
    for (size_t i = 0; i < sizeof(small_letters) / sizeof(small_letters[0]); i++) {
        const struct letters *l = &small_letters[i];
        int32_t off = to_capital ? 0 : l->distance;
        if (code >= l->first - off && code <= l->last - off) {
            return to_capital ? code - l->distance : code + l->distance;
        }
    }
    return code;
}

static void turn_letters(struct cjam *x, bool to_capital)
{
    struct value a = pop(x);
    if (a.kind == CHARACTER) {
        push(x, character(letter_turned(a.code, to_capital)));
        return;
    }
    if (!is_string(a)) {
        refuse(x, a);
    }
    a = as_own_list(a);
    for (size_t i = 0; i < a.list->len; i++) {
        a.list->items[i].code = letter_turned(a.list->items[i].code, to_capital);
    }
    push(x, a);
}

static void run_capitals(struct cjam *x)
{
    turn_letters(x, true);
}

static void run_small_letters(struct cjam *x)
{
    turn_letters(x, false);
}

struct format {
    char flags[8];
    int width, precision; /* -1: none */
    char conversion;
};

/* Behind a '%': [place$][flags][width][.precision]conversion; the place is counted from 1. */
static struct format format_parse(struct cjam *x, const char **at, size_t *place)
{
    struct format f = {.precision = -1};
    char *end;
    size_t digits = strspn(*at, "0123456789");
    if (digits > 0 && (*at)[digits] == '$') {
        *place = strtoul(*at, NULL, 10) - 1;
        *at += digits + 1;
    }
    size_t flags = strspn(*at, "-#+ 0");
    if (flags >= sizeof(f.flags)) {
        stop(x, "a format with too many flags");
    }
    memcpy(f.flags, *at, flags);
    *at += flags;
    f.width = (int)strtoul(*at, &end, 10) & 0xffff;
    *at = end;
    if (**at == '.') {
        f.precision = (int)strtoul(*at + 1, &end, 10) & 0xff;
        *at = end;
    }
    f.conversion = **at;
    *at += f.conversion != '\0';
    return f;
}

static void padded_add(struct text *to, const struct format *f, const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i++) {
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    bool is_left = strchr(f->flags, '-') != NULL;
    bool zeros = strchr(f->flags, '0') && strchr("dxXofeEgG", f->conversion);
    size_t sign = zeros && len > 0 && strchr("-+ ", text[0]) ? 1 : 0;
    size_t missing = (size_t)f->width > width ? (size_t)f->width - width : 0;
    text_add(to, text, sign);
    for (size_t i = 0; !is_left && i < missing; i++) {
        text_add_byte(to, zeros ? '0' : ' ');
    }
    text_add(to, text + sign, len - sign);
    for (size_t i = 0; is_left && i < missing; i++) {
        text_add_byte(to, ' ');
    }
}

static void integer_format(struct cjam *x, struct value v, const struct format *f, struct text *to)
{
    if (!is_whole(v)) {
        stop(x, "'%%%c' takes no %s", f->conversion, kind_name(v));
    }
    if (f->conversion == 'd') {
        if (num_sign(num_in(v)) >= 0 && strpbrk(f->flags, "+ ")) {
            text_add_byte(to, strchr(f->flags, '+') ? '+' : ' ');
        }
        num_print(num_in(v), to);
        return;
    }
    char line[32];
    bool has_prefix = strchr(f->flags, '#') != NULL;
    if (v.kind == BIG) {
        stop(x, "'%%%c' of a number of more than 64 bits", f->conversion);
    }
    char *end = line;
    if (f->conversion == 'o') {
        end += snprintf(line, sizeof(line), has_prefix ? "%#llo" : "%llo",
                        (unsigned long long)v.integer);
    } else if (f->conversion == 'x') {
        end += snprintf(line, sizeof(line), has_prefix ? "%#llx" : "%llx",
                        (unsigned long long)v.integer);
    } else {
        end += snprintf(line, sizeof(line), has_prefix ? "%#llX" : "%llX",
                        (unsigned long long)v.integer);
    }
    text_add(to, line, (size_t)(end - line));
}

static void real_format(struct cjam *x, struct value v, const struct format *f, struct text *to)
{
    if (v.kind != REAL) {
        stop(x, "'%%%c' takes no %s", f->conversion, kind_name(v));
    }
    char line[700];
    int precision = f->precision < 0 ? 6 : f->precision;
    if (v.real >= 0 && strpbrk(f->flags, "+ ")) {
        text_add_byte(to, strchr(f->flags, '+') ? '+' : ' ');
    }
    if (f->conversion == 'f') {
        snprintf(line, sizeof(line), "%.*f", precision, v.real);
    } else {
        snprintf(line, sizeof(line), f->conversion == 'E' ? "%.*E" : "%.*e", precision, v.real);
    }
    text_add_str(to, line);
}

static void value_format(struct cjam *x, struct value v, const struct format *f, struct text *to)
{
    struct text t = {0};
    if (f->conversion == 's' || f->conversion == 'S') {
        t = show(v);
    } else if (f->conversion == 'c') {
        text_add_char(&t, is_whole(v) || v.kind == CHARACTER ? to_integer(x, v) : -1);
    } else if (strchr("dxXo", f->conversion)) {
        integer_format(x, v, f, &t);
    } else if (strchr("feE", f->conversion)) {
        real_format(x, v, f, &t);
    } else {
        stop(x, "no format '%%%c'", f->conversion);
    }
    padded_add(to, f, t.data, t.len);
    text_done(&t);
}

static void run_format(struct cjam *x)
{
    struct value b = pop(x), a = pop(x);
    if (!is_string(a)) {
        struct value swapped = a;
        a = b;
        b = swapped;
    }
    if (!is_string(a)) {
        refuse_both(x, a, b);
    }
    struct text pattern = show(a), result = {0};
    text_add_byte(&pattern, '\0');
    b = as_list(b);
    size_t next = 0;
    for (const char *p = pattern.data; p < pattern.data + pattern.len - 1;) {
        if (*p != '%') {
            text_add_byte(&result, *p++);
            continue;
        }
        size_t place = SIZE_MAX;
        p++;
        struct format f = format_parse(x, &p, &place);
        if (f.conversion == '%' || f.conversion == 'n' || f.conversion == '\0') {
            text_add_byte(&result, f.conversion == 'n' ? '\n' : '%');
            continue;
        }
        place = place == SIZE_MAX ? next++ : place;
        if (place >= b.list->len) {
            stop(x, "a format without its value");
        }
        value_format(x, b.list->items[place], &f, &result);
    }
    push(x, text_value(&result));
    text_done(&pattern);
    value_done(a);
    value_done(b);
}

/* --- the whole --- */

static const struct builtin builtins[] = {
    {"+", 2, run_plus},
    {"-", 2, run_minus},
    {"*", 2, run_times},
    {"/", 2, run_divide},
    {"%", 2, run_modulo},
    {"&", 2, run_and},
    {"|", 2, run_or},
    {"^", 2, run_xor},
    {"#", 2, run_hash},
    {"=", 2, run_equal},
    {"<", 2, run_less},
    {">", 2, run_greater},
    {"(", 1, run_left},
    {")", 1, run_right},
    {"$", 1, run_dollar},
    {",", 1, run_comma},
    {"!", 1, run_not},
    {"~", 1, run_tilde},
    {"`", 1, run_inspect},
    {"_", 1, run_copy},
    {";", 1, run_drop},
    {"\\", 2, run_swap},
    {"@", 0, run_rotate},
    {"?", 3, run_ternary},
    {"[", 0, mark},
    {"]", 0, collect},
    {"a", 1, run_wrap},
    {"b", 2, run_base},
    {"c", 1, run_to_character},
    {"d", 1, run_to_real},
    {"g", 1, run_do_or_sign},
    {"h", 1, run_do},
    {"i", 1, run_to_integer},
    {"j", 0, run_memo},
    {"l", 0, run_read_line},
    {"n", 1, run_print_line},
    {"o", 1, run_print},
    {"p", 1, run_print_inspected},
    {"q", 0, run_read_all},
    {"r", 0, run_read_token},
    {"s", 1, run_to_string},
    {"t", 3, run_set_item},
    {"w", 2, run_while},
    {"z", 1, run_abs_or_zip},
    {"ea", 0, run_args},
    {"ed", 0, run_show_stack},
    {"ee", 1, run_enumerate},
    {"el", 1, run_small_letters},
    {"er", 3, run_translate},
    {"es", 0, run_time},
    {"et", 0, run_local_time},
    {"eu", 1, run_capitals},
    {"ew", 2, run_slices},
    {"e!", 1, run_unique_permutations},
    {"e%", 2, run_format},
    {"e&", 2, run_both},
    {"e*", 2, run_repeat_items},
    {"e<", 2, run_least},
    {"e=", 2, run_count},
    {"e>", 2, run_most},
    {"e[", 3, run_pad_left},
    {"e\\", 3, run_exchange},
    {"e]", 3, run_pad_right},
    {"e_", 1, run_flatten},
    {"e`", 1, run_lengths},
    {"e|", 2, run_either},
    {"e~", 1, run_unlengths},
    {"m!", 1, run_permutations_or_factorial},
    {"m*", 2, run_product},
    {"m<", 2, run_shift_left},
    {"m>", 2, run_shift_right},
    {"m[", 1, run_floor},
    {"m]", 1, run_ceiling},
    {"mC", 1, run_arc_cosine},
    {"mF", 1, run_counted_factors},
    {"mL", 2, run_log_base},
    {"mO", 2, run_round_to},
    {"mQ", 1, run_integer_root},
    {"mR", 1, run_random_item},
    {"mS", 1, run_arc_sine},
    {"mT", 1, run_arc_tangent},
    {"ma", 2, run_arc_tangent2},
    {"mc", 1, run_cosine},
    {"md", 2, run_divide_modulo},
    {"me", 1, run_exp},
    {"mf", 1, run_factors},
    {"mh", 2, run_hypotenuse},
    {"ml", 1, run_log},
    {"mo", 1, run_round},
    {"mp", 1, run_is_prime},
    {"mq", 1, run_root},
    {"mr", 1, run_random},
    {"ms", 1, run_sine},
    {"mt", 1, run_tangent},
};

static const struct builtin *builtin_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strlen(builtins[i].name) == len && memcmp(builtins[i].name, name, len) == 0) {
            return &builtins[i];
        }
    }
    return NULL;
}

static void begin(struct cjam *x, char **args)
{
    static const int64_t last[] = {0, 0, 0, -1, 1, 2, 3}; /* T to Z */
    x->floor = stack_floor();
    x->args = args;
    for (int i = 0; i < 26; i++) {
        char letter = (char)('A' + i);
        x->variables[i] = letter <= 'K'   ? integer(10 + i)
                          : letter == 'N' ? string_of("\n", 1)
                          : letter == 'P' ? real(M_PI)
                          : letter == 'S' ? string_of(" ", 1)
                          : letter >= 'T' ? integer(last[letter - 'T'])
                                          : list_new();
    }
}

static void end(struct cjam *x)
{
    while (x->depth > 0) {
        value_done(pop(x));
    }
    for (int i = 0; i < 26; i++) {
        value_done(x->variables[i]);
    }
    free(x->stack);
    free(x->marks);
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "cjam 0.6.5");
    struct cjam x = {0};
    begin(&x, argv + 2);
    run_text(&x, source.text, source.len);
    stack_dump(&x);
    end(&x);
    free(source.text);
    return 0;
}
