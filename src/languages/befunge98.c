/* SPDX-License-Identifier: Apache-2.0 */
/*
 * befunge98 - Befunge-98 in two dimensions, cells of 32 bits.  There is all of the language but
 * what it calls optional: i, o, = and t reflect, and so does every fingerprint but NULL and ROMA.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "languages/common.h"

enum { PAGE = 64, HANDPRINT = 0x424c4a52 /* "BLJR" */ };

/* The field is pages in a hash table; what is in none is a space. */
struct page {
    int32_t x, y; /* of its first cell, divided by PAGE */
    int32_t cells[PAGE][PAGE];
};

struct stack {
    int32_t *cells;
    size_t len, cap;
};

struct vector {
    int32_t x, y;
};

struct befunge {
    struct page **pages;
    size_t page_count, page_cap;
    struct page *last;       /* that was used */
    struct vector low, high; /* bounds of what is no space */
    struct vector at, delta, offset;
    struct stack *stacks; /* the last is on top */
    size_t stack_count, stack_cap;
    bool in_string;
    bool has_roma;
    uint64_t random;
};

/* --- the field --- */

static int32_t wrap_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static int32_t wrap_multiply(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

static struct vector sum(struct vector a, struct vector b)
{
    return (struct vector){wrap_add(a.x, b.x), wrap_add(a.y, b.y)};
}

static int32_t page_number(int32_t x)
{
    return (int32_t)((x - ((x % PAGE + PAGE) % PAGE) * (int64_t)1) / PAGE);
}

static size_t page_place(const struct befunge *b, int32_t x, int32_t y)
{
    uint64_t hash = ((uint64_t)(uint32_t)x << 32 | (uint32_t)y) * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(hash >> 20) & (b->page_cap - 1);
    while (b->pages[at] && (b->pages[at]->x != x || b->pages[at]->y != y)) {
        at = (at + 1) & (b->page_cap - 1);
    }
    return at;
}

static void pages_grow(struct befunge *b)
{
    struct befunge bigger = {.page_cap = b->page_cap ? b->page_cap * 2 : 64};
    bigger.pages = allocate(bigger.page_cap, sizeof(struct page *));
    for (size_t i = 0; i < b->page_cap; i++) {
        if (b->pages[i]) {
            bigger.pages[page_place(&bigger, b->pages[i]->x, b->pages[i]->y)] = b->pages[i];
        }
    }
    free(b->pages);
    b->pages = bigger.pages;
    b->page_cap = bigger.page_cap;
}

static struct page *page_of(struct befunge *b, struct vector v, bool make)
{
    int32_t x = page_number(v.x), y = page_number(v.y);
    if (b->last && b->last->x == x && b->last->y == y) {
        return b->last;
    }
    if (b->page_count * 2 >= b->page_cap) {
        pages_grow(b);
    }
    struct page **place = &b->pages[page_place(b, x, y)];
    if (!*place && make) {
        *place = allocate(1, sizeof(**place));
        (*place)->x = x;
        (*place)->y = y;
        for (size_t i = 0; i < (size_t)PAGE * PAGE; i++) {
            (*place)->cells[i / PAGE][i % PAGE] = ' ';
        }
        b->page_count++;
    }
    b->last = *place ? *place : b->last;
    return *place;
}

static size_t within(int32_t x)
{
    return (size_t)((x % PAGE + PAGE) % PAGE);
}

static int32_t get(struct befunge *b, struct vector v)
{
    const struct page *page = page_of(b, v, false);
    return page ? page->cells[within(v.y)][within(v.x)] : ' ';
}

/* The bounds only grow: what is erased at the edge is passed as any space is. */
static void put(struct befunge *b, struct vector v, int32_t value)
{
    if (value == ' ' && !page_of(b, v, false)) {
        return;
    }
    page_of(b, v, true)->cells[within(v.y)][within(v.x)] = value;
    if (value != ' ') {
        b->low.x = v.x < b->low.x ? v.x : b->low.x;
        b->low.y = v.y < b->low.y ? v.y : b->low.y;
        b->high.x = v.x > b->high.x ? v.x : b->high.x;
        b->high.y = v.y > b->high.y ? v.y : b->high.y;
    }
}

static void program_load(struct befunge *b, const struct source *source)
{
    struct vector v = {0, 0};
    for (size_t i = 0; i < source->len; i++) {
        unsigned char c = (unsigned char)source->text[i];
        if (c == '\n' || c == '\r') {
            i += c == '\r' && source->text[i + 1] == '\n';
            v = (struct vector){0, wrap_add(v.y, 1)};
        } else if (c != '\f') {
            put(b, v, c);
            v.x = wrap_add(v.x, 1);
        }
    }
}

static bool is_inside(const struct befunge *b, int64_t x, int64_t y)
{
    return x >= b->low.x && x <= b->high.x && y >= b->low.y && y <= b->high.y;
}

/*
 * One step; from the edge, back to where a line through here comes in at the other side.  How many
 * steps that is is calculated, for a delta of one cell and bounds far away would be a long way.
 */
static void step(struct befunge *b)
{
    int64_t x = b->at.x + (int64_t)b->delta.x, y = b->at.y + (int64_t)b->delta.y;
    if (!is_inside(b, x, y) && is_inside(b, b->at.x, b->at.y) && (b->delta.x || b->delta.y)) {
        int64_t back = INT64_MAX;
        if (b->delta.x != 0) {
            int64_t room =
                b->delta.x > 0 ? (int64_t)b->at.x - b->low.x : (int64_t)b->high.x - b->at.x;
            int64_t steps = room / llabs(b->delta.x);
            back = steps < back ? steps : back;
        }
        if (b->delta.y != 0) {
            int64_t room =
                b->delta.y > 0 ? (int64_t)b->at.y - b->low.y : (int64_t)b->high.y - b->at.y;
            int64_t steps = room / llabs(b->delta.y);
            back = steps < back ? steps : back;
        }
        x = b->at.x - back * b->delta.x;
        y = b->at.y - back * b->delta.y;
    }
    b->at = (struct vector){(int32_t)x, (int32_t)y};
}

/* To the next cell that is an instruction, this one included: over spaces, and what ; encloses. */
static int32_t seek(struct befunge *b)
{
    int32_t c;
    bool skips = false;
    while ((c = get(b, b->at)) == ' ' || c == ';' || skips) {
        skips ^= c == ';';
        step(b);
    }
    return c;
}

/* --- stacks --- */

static struct stack *top(struct befunge *b)
{
    return &b->stacks[b->stack_count - 1];
}

static void push_to(struct stack *s, int32_t value)
{
    s->cells = grown(s->cells, &s->cap, s->len + 1, sizeof(*s->cells));
    s->cells[s->len++] = value;
}

static void push(struct befunge *b, int32_t value)
{
    push_to(top(b), value);
}

static int32_t pop_from(struct stack *s)
{
    return s->len > 0 ? s->cells[--s->len] : 0;
}

static int32_t pop(struct befunge *b)
{
    return pop_from(top(b));
}

static void push_vector(struct befunge *b, struct vector v)
{
    push(b, v.x);
    push(b, v.y);
}

static struct vector pop_vector(struct befunge *b)
{
    int32_t y = pop(b), x = pop(b);
    return (struct vector){x, y};
}

static void reflect(struct befunge *b)
{
    b->delta = (struct vector){wrap_multiply(b->delta.x, -1), wrap_multiply(b->delta.y, -1)};
}

static void stack_add(struct befunge *b)
{
    b->stacks = grown(b->stacks, &b->stack_cap, b->stack_count + 1, sizeof(*b->stacks));
    b->stacks[b->stack_count++] = (struct stack){0};
}

/* Moves the last `count` of `from`, zeros before them when there are not so many. */
static void transfer(struct stack *from, struct stack *to, int64_t count)
{
    int64_t missing = count > (int64_t)from->len ? count - (int64_t)from->len : 0;
    for (int64_t i = 0; i < missing; i++) {
        push_to(to, 0);
    }
    size_t moved = (size_t)(count - missing), start = from->len - moved;
    for (size_t i = 0; i < moved; i++) {
        push_to(to, from->cells[start + i]);
    }
    from->len = start;
}

static void block_begin(struct befunge *b)
{
    int64_t count = pop(b);
    stack_add(b);
    struct stack *from = &b->stacks[b->stack_count - 2], *to = top(b);
    if (count >= 0) {
        transfer(from, to, count);
    }
    for (; count < 0; count++) {
        push_to(from, 0);
    }
    push_to(from, b->offset.x);
    push_to(from, b->offset.y);
    step(b);
    b->offset = b->at;
    b->at = (struct vector){wrap_add(b->at.x, wrap_multiply(b->delta.x, -1)),
                            wrap_add(b->at.y, wrap_multiply(b->delta.y, -1))};
}

static void block_end(struct befunge *b)
{
    if (b->stack_count < 2) {
        reflect(b);
        return;
    }
    int64_t count = pop(b);
    struct stack *from = top(b), *to = from - 1;
    b->offset.y = pop_from(to);
    b->offset.x = pop_from(to);
    if (count >= 0) {
        transfer(from, to, count);
    }
    for (; count < 0 && to->len > 0; count++) {
        to->len--;
    }
    free(from->cells);
    b->stack_count--;
}

static void stack_under(struct befunge *b)
{
    if (b->stack_count < 2) {
        reflect(b);
        return;
    }
    int64_t count = pop(b);
    struct stack *own = top(b), *under = own - 1;
    for (; count > 0; count--) {
        push_to(own, pop_from(under));
    }
    for (; count < 0; count++) {
        push_to(under, pop_from(own));
    }
}

/* --- instructions --- */

static void calculate(struct befunge *b, int32_t op)
{
    int32_t y = pop(b), x = pop(b), result = 0;
    switch (op) {
    case '+':
        result = wrap_add(x, y);
        break;
    case '-':
        result = wrap_add(x, wrap_multiply(y, -1));
        break;
    case '*':
        result = wrap_multiply(x, y);
        break;
    case '/':
        result = y == 0 ? 0 : (int32_t)((int64_t)x / y);
        break;
    case '%':
        result = y == 0 ? 0 : (int32_t)((int64_t)x % y);
        break;
    default:
        result = x > y;
        break;
    }
    push(b, result);
}

static void turn(struct befunge *b, bool is_right)
{
    struct vector d = b->delta;
    b->delta.x = is_right ? wrap_multiply(d.y, -1) : d.y;
    b->delta.y = is_right ? d.x : wrap_multiply(d.x, -1);
}

static void direction_run(struct befunge *b, int32_t op)
{
    static const struct vector ways[] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}};
    int32_t x, y;
    switch (op) {
    case '>':
    case '<':
        b->delta = ways[op == '<'];
        break;
    case '^':
    case 'v':
        b->delta = ways[op == '^' ? 2 : 3];
        break;
    case '?':
        b->delta = ways[random_next(&b->random) >> 62];
        break;
    case '_':
        b->delta = ways[pop(b) != 0];
        break;
    case '|':
        b->delta = ways[pop(b) ? 2 : 3];
        break;
    case '[':
    case ']':
        turn(b, op == ']');
        break;
    case 'r':
        reflect(b);
        break;
    case 'x':
        b->delta = pop_vector(b);
        break;
    default: /* 'w' */
        y = pop(b);
        x = pop(b);
        if (x != y) {
            turn(b, x > y);
        }
    }
}

static void stack_run(struct befunge *b, int32_t op)
{
    int32_t value, below;
    switch (op) {
    case ':':
        value = pop(b);
        push(b, value);
        push(b, value);
        break;
    case '\\':
        value = pop(b);
        below = pop(b);
        push(b, value);
        push(b, below);
        break;
    case '$':
        pop(b);
        break;
    case '!':
        push(b, !pop(b));
        break;
    case 'n':
        top(b)->len = 0;
        break;
    case '{':
        block_begin(b);
        break;
    case '}':
        block_end(b);
        break;
    default: /* 'u' */
        stack_under(b);
    }
}

static void number_read(struct befunge *b)
{
    int c = getc_unlocked(stdin);
    while (c != EOF && !isdigit(c)) {
        c = getc_unlocked(stdin);
    }
    if (c == EOF) {
        reflect(b);
        return;
    }
    uint32_t n = 0;
    for (; c != EOF && isdigit(c); c = getc_unlocked(stdin)) {
        n = n * 10 + (uint32_t)(c - '0');
    }
    ungetc(c, stdin);
    push(b, (int32_t)n);
}

static void io_run(struct befunge *b, int32_t op)
{
    if (op == '.') {
        printf("%" PRId32 " ", pop(b));
    } else if (op == ',') {
        putc_unlocked((unsigned char)pop(b), stdout);
    } else if (op == '&') {
        number_read(b);
    } else {
        int c = getc_unlocked(stdin);
        if (c == EOF) {
            reflect(b);
        } else {
            push(b, c);
        }
    }
}

static void field_run(struct befunge *b, int32_t op)
{
    if (op == '\'') {
        step(b);
        push(b, get(b, b->at));
    } else if (op == 's') {
        step(b);
        put(b, b->at, pop(b));
    } else if (op == 'g') {
        push(b, get(b, sum(pop_vector(b), b->offset)));
    } else {
        struct vector v = sum(pop_vector(b), b->offset);
        put(b, v, pop(b));
    }
}

/* Fingerprints: a number of letters, each a digit of 256. */
static void fingerprint_run(struct befunge *b, int32_t op)
{
    int32_t count = pop(b);
    uint32_t id = 0;
    for (int32_t i = 0; i < count; i++) {
        id = id << 8;
        id = (uint32_t)wrap_add((int32_t)id, pop(b));
    }
    bool is_roma = id == 0x524f4d41, is_null = id == 0x4e554c4c;
    if (!is_roma && !is_null) {
        reflect(b);
        return;
    }
    b->has_roma = is_roma && op == '(';
    if (op == '(') {
        push(b, (int32_t)id);
        push(b, 1);
    }
}

static void letter_run(struct befunge *b, int32_t op)
{
    static const struct {
        char letter;
        int32_t value;
    } roma[] = {{'I', 1}, {'V', 5}, {'X', 10}, {'L', 50}, {'C', 100}, {'D', 500}, {'M', 1000}};
    for (size_t i = 0; b->has_roma && i < sizeof(roma) / sizeof(roma[0]); i++) {
        if (roma[i].letter == op) {
            push(b, roma[i].value);
            return;
        }
    }
    reflect(b);
}

/* What 'y' tells, last cell first; sizes are those of the stacks before it began. */
static void information_push(struct befunge *b, int32_t which)
{
    size_t before = top(b)->len;
    time_t now = time(NULL);
    struct tm t = {0};
    gmtime_r(&now, &t);
    push(b, 0); /* no environment, and no arguments */
    push(b, 0);
    push(b, 0);
    push(b, 0);
    for (size_t i = 0; i < b->stack_count; i++) {
        push(b, (int32_t)(i + 1 == b->stack_count ? before : b->stacks[i].len));
    }
    push(b, (int32_t)b->stack_count);
    push(b, t.tm_hour * 65536 + t.tm_min * 256 + t.tm_sec);
    push(b, t.tm_year * 65536 + (t.tm_mon + 1) * 256 + t.tm_mday);
    push_vector(
        b, sum(b->high, (struct vector){wrap_multiply(b->low.x, -1), wrap_multiply(b->low.y, -1)}));
    push_vector(b, b->low);
    push_vector(b, b->offset);
    push_vector(b, b->delta);
    push_vector(b, b->at);
    push(b, 0); /* team */
    push(b, 0); /* pointer */
    push(b, 2); /* dimensions */
    push(b, '/');
    push(b, 0); /* '=' is not there */
    push(b, 100);
    push(b, HANDPRINT);
    push(b, sizeof(int32_t));
    push(b, 0); /* neither t, i, o nor = */
    if (which > 0) {
        struct stack *s = top(b);
        size_t depth = (size_t)which;
        int32_t value = depth <= s->len ? s->cells[s->len - depth] : 0;
        s->len = before;
        push(b, value);
    }
}

static void jump(struct befunge *b)
{
    int64_t count = pop(b);
    struct vector delta = b->delta;
    if (count < 0) {
        reflect(b);
    }
    for (int64_t i = llabs(count); i > 0; i--) {
        step(b);
    }
    b->delta = delta;
}

static void instruction_run(struct befunge *b, int32_t op);

/* The instruction behind, some times, where this one is; then on behind it when it was 0 times. */
static void repeat(struct befunge *b)
{
    int64_t count = pop(b);
    struct vector here = b->at;
    step(b);
    int32_t op = seek(b);
    if (count <= 0) {
        return;
    }
    struct vector there = b->at;
    b->at = here;
    for (int64_t i = 0; i < count; i++) {
        if (op == 'k') { /* it would repeat itself */
            b->at = there;
            repeat(b);
            return;
        }
        instruction_run(b, op);
    }
}

static _Noreturn void quit(int status)
{
    fflush(stdout);
    exit(status & 0xff);
}

static void instruction_run(struct befunge *b, int32_t op)
{
    static const struct {
        const char *ops;
        void (*run)(struct befunge *b, int32_t op);
    } kinds[] = {
        {"+-*/%`", calculate},    {"><^v?_|[]rxw", direction_run},
        {":\\$!n{}u", stack_run}, {".,&~", io_run},
        {"'sgp", field_run},      {"()", fingerprint_run},
    };
    for (size_t i = 0; op > 0 && op < 128 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strchr(kinds[i].ops, op)) {
            kinds[i].run(b, op);
            return;
        }
    }
    if (op >= '0' && op <= '9') {
        push(b, op - '0');
    } else if (op >= 'a' && op <= 'f') {
        push(b, op - 'a' + 10);
    } else if (op >= 'A' && op <= 'Z') {
        letter_run(b, op);
    } else if (op == '"') {
        b->in_string = true;
    } else if (op == '#') {
        step(b);
    } else if (op == 'j') {
        jump(b);
    } else if (op == 'k') {
        repeat(b);
    } else if (op == 'y') {
        information_push(b, pop(b));
    } else if (op == '@') {
        quit(0);
    } else if (op == 'q') {
        quit(pop(b));
    } else if (op != 'z' && op != ' ') {
        reflect(b);
    }
}

/* In a string: spaces in a row are one. */
static void string_run(struct befunge *b)
{
    int32_t c = get(b, b->at);
    if (c == '"') {
        b->in_string = false;
        step(b);
        return;
    }
    push(b, c);
    step(b);
    while (c == ' ' && get(b, b->at) == ' ') {
        step(b);
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "befunge98 1.0.0");
    struct befunge b = {.delta = {1, 0}};
    stack_add(&b);
    program_load(&b, &source);
    for (;;) {
        if (b.in_string) {
            string_run(&b);
            continue;
        }
        instruction_run(&b, seek(&b));
        step(&b);
    }
}
