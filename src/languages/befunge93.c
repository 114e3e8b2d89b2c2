/* SPDX-License-Identifier: Apache-2.0 */
/*
 * befunge93 - Befunge-93.  The field is 80 by 25, larger where the program is; cells and the stack
 * hold 64 bits.  A division by zero gives 0, the end of the input -1; what is no command is
 * skipped.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "languages/common.h"

struct befunge {
    int64_t *field;
    size_t width, height;
    size_t x, y;
    int dx, dy;
    bool in_string;
    int64_t *stack;
    size_t depth, stack_cap;
    uint64_t random;
};

static void field_measure(struct befunge *b, const struct source *source)
{
    size_t x = 0, y = 0;
    b->width = 80;
    b->height = 25;
    for (size_t i = 0; i < source->len; i++) {
        x = source->text[i] == '\n' ? 0 : x + 1;
        y += source->text[i] == '\n';
        b->width = x > b->width ? x : b->width;
        b->height = x > 0 && y >= b->height ? y + 1 : b->height;
    }
    if (b->width > SIZE_MAX / sizeof(*b->field) / b->height) {
        fail("the field is too large");
    }
}

static void field_load(struct befunge *b, const struct source *source)
{
    field_measure(b, source);
    b->field = allocate(b->width * b->height, sizeof(*b->field));
    for (size_t i = 0; i < b->width * b->height; i++) {
        b->field[i] = ' ';
    }
    size_t x = 0, y = 0;
    for (size_t i = 0; i < source->len; i++) {
        unsigned char c = (unsigned char)source->text[i];
        if (c == '\n') {
            x = 0;
            y++;
        } else if (c != '\r') {
            b->field[y * b->width + x++] = c;
        }
    }
}

static void push(struct befunge *b, int64_t value)
{
    b->stack = grown(b->stack, &b->stack_cap, b->depth + 1, sizeof(*b->stack));
    b->stack[b->depth++] = value;
}

static int64_t pop(struct befunge *b)
{
    return b->depth > 0 ? b->stack[--b->depth] : 0;
}

static void step(struct befunge *b)
{
    b->x = (b->x + b->width + (size_t)b->dx) % b->width;
    b->y = (b->y + b->height + (size_t)b->dy) % b->height;
}

static void turn(struct befunge *b, int dx, int dy)
{
    b->dx = dx;
    b->dy = dy;
}

static int64_t calculate(char op, int64_t a, int64_t b)
{
    switch (op) {
    case '+':
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case '-':
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case '*':
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case '/':
        return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case '%':
        return b == 0 || b == -1 ? 0 : a % b;
    default:
        return a > b;
    }
}

/* The next number of the input, whatever is before it; -1 when there is none. */
static int64_t number_read(void)
{
    int c = getc_unlocked(stdin), sign = '+';
    while (c != EOF && !isdigit(c)) {
        sign = c;
        c = getc_unlocked(stdin);
    }
    if (c == EOF) {
        return -1;
    }
    uint64_t n = 0;
    for (; c != EOF && isdigit(c); c = getc_unlocked(stdin)) {
        n = n * 10 + (uint64_t)(c - '0');
    }
    ungetc(c, stdin);
    return (int64_t)(sign == '-' ? 0 - n : n);
}

/* The cell that the two topmost numbers name, or NULL. */
static int64_t *cell_popped(struct befunge *b)
{
    uint64_t y = (uint64_t)pop(b), x = (uint64_t)pop(b);
    return x < b->width && y < b->height ? &b->field[y * b->width + x] : NULL;
}

static void direction_run(struct befunge *b, int64_t command)
{
    static const struct {
        signed char dx, dy;
    } ways[] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}};
    size_t way = 0;
    switch (command) {
    case '<':
        way = 1;
        break;
    case '^':
        way = 2;
        break;
    case 'v':
        way = 3;
        break;
    case '?':
        way = random_next(&b->random) >> 62;
        break;
    case '_':
        way = pop(b) ? 1 : 0;
        break;
    case '|':
        way = pop(b) ? 2 : 3;
        break;
    default:
        break;
    }
    turn(b, ways[way].dx, ways[way].dy);
}

static void stack_run(struct befunge *b, int64_t command)
{
    if (command == '$') {
        pop(b);
        return;
    }
    int64_t top = pop(b);
    if (command == ':') {
        push(b, top);
        push(b, top);
    } else if (command == '!') {
        push(b, !top);
    } else if (command == '\\') {
        int64_t below = pop(b);
        push(b, top);
        push(b, below);
    } else {
        push(b, calculate((char)command, pop(b), top));
    }
}

static void field_run(struct befunge *b, int64_t command)
{
    int64_t *cell = cell_popped(b);
    if (command == 'g') {
        push(b, cell ? *cell : 0);
        return;
    }
    int64_t value = pop(b);
    if (cell) {
        *cell = value;
    }
}

static void command_run(struct befunge *b, int64_t command)
{
    switch (command) {
    case '0' ... '9':
        push(b, command - '0');
        break;
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '`':
    case '!':
    case ':':
    case '\\':
    case '$':
        stack_run(b, command);
        break;
    case '>':
    case '<':
    case '^':
    case 'v':
    case '?':
    case '_':
    case '|':
        direction_run(b, command);
        break;
    case '"':
        b->in_string = true;
        break;
    case '.':
        printf("%" PRId64 " ", pop(b));
        break;
    case ',':
        putc_unlocked((unsigned char)pop(b), stdout);
        break;
    case '#':
        step(b);
        break;
    case 'g':
    case 'p':
        field_run(b, command);
        break;
    case '&':
        push(b, number_read());
        break;
    case '~':
        push(b, getc_unlocked(stdin));
        break;
    default:
        break;
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "befunge93 0.2.0");
    struct befunge b = {.dx = 1};
    field_load(&b, &source);
    for (;;) {
        int64_t command = b.field[b.y * b.width + b.x];
        if (b.in_string && command != '"') {
            push(&b, command);
        } else if (b.in_string) {
            b.in_string = false;
        } else if (command == '@') {
            break;
        } else {
            command_run(&b, command);
        }
        step(&b);
    }
    free(b.field);
    free(b.stack);
    free(source.text);
    return 0;
}
