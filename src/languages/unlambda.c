/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unlambda - functions of one argument and nothing else: `FG applies, s k i v are combinators, .x
 * and r print, @ reads, ?x and | look at what was read, c gives the continuation, d delays, e ends.
 *
 * What is evaluated is never changed, so values, programs and continuations are one kind of cell
 * with counted references, and no cell can reach itself.  A continuation is a list of what is left
 * to do; nothing here recurses, however deep a program is.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "languages/common.h"

enum kind {
    /* Values that a program names. */
    I,
    K,
    S,
    V,
    C,
    D,
    E,
    PRINT, /* code */
    READ,
    IS_CHAR, /* code */
    SAY_CHAR,
    /* Values that are made. */
    K1,      /* `kX */
    S1,      /* `sX */
    S2,      /* ``sXY */
    CONT,    /* of a list of what is left */
    PROMISE, /* `dF */
    /* `FG, which is to be evaluated. */
    APPLY,
    /* What is left to do, and behind it the rest. */
    ARGUMENT, /* evaluates x and calls the value with it; d delays it */
    CALL,     /* calls x with the value */
};

struct cell {
    size_t refs;
    enum kind kind;
    int32_t code;
    struct cell *x, *y; /* of the free list: x is the next */
};

struct unlambda {
    struct cell *free;
    struct cell *now;  /* what is evaluated, or the value */
    struct cell *left; /* what is to be done with it; NULL: nothing */
    int32_t seen;      /* the character that was read last; -1: none */
};

/* --- cells ------------------------------------------------------------------------------------ */

/* Takes the references of the caller. */
static struct cell *cell_new(struct unlambda *u, enum kind kind, struct cell *x, struct cell *y)
{
    struct cell *cell = u->free;
    if (!cell) {
        enum { CELLS = 1000 };
        struct cell *block = allocate(CELLS, sizeof(*block));
        for (size_t i = 0; i < CELLS; i++) {
            block[i].x = u->free;
            u->free = &block[i];
        }
        cell = u->free;
    }
    u->free = cell->x;
    *cell = (struct cell){.refs = 1, .kind = kind, .x = x, .y = y};
    return cell;
}

static struct cell *hold(struct cell *cell)
{
    if (cell) {
        cell->refs++;
    }
    return cell;
}

/* What has fallen, and whose y is to be dropped yet, is a list through x. */
static void drop(struct unlambda *u, struct cell *cell)
{
    struct cell *falling = NULL;
    for (;;) {
        if (cell && --cell->refs == 0) {
            struct cell *x = cell->x;
            cell->x = falling;
            falling = cell;
            cell = x;
        } else if (falling) {
            struct cell *gone = falling;
            falling = gone->x;
            cell = gone->y;
            gone->x = u->free;
            u->free = gone;
        } else {
            return;
        }
    }
}

/* --- the program ------------------------------------------------------------------------------ */

struct token {
    char letter;
    int32_t code;
    size_t at;
};

static struct token token_read(const struct source *source, size_t *at)
{
    struct token token = {.letter = source->text[*at], .code = '\n', .at = *at};
    (*at)++;
    if (token.letter == '.' || token.letter == '?') {
        if (*at == source->len) {
            fail_at(source, token.at, "a character is expected behind '%c'", token.letter);
        }
        token.code = char_decode(source->text, source->len, at);
    }
    return token;
}

static size_t tokens_read(const struct source *source, struct token **ret)
{
    size_t count = 0, cap = 0;
    for (size_t at = 0; at < source->len;) {
        if (source->text[at] == '#') {
            while (at < source->len && source->text[at] != '\n') {
                at++;
            }
        } else if (isspace((unsigned char)source->text[at])) {
            at++;
        } else {
            *ret = grown(*ret, &cap, count + 1, sizeof(**ret));
            (*ret)[count++] = token_read(source, &at);
        }
    }
    return count;
}

static struct cell *cell_named(struct unlambda *u, const struct source *source, struct token token)
{
    static const struct {
        char letter;
        enum kind kind;
    } names[] = {{'i', I},     {'k', K},    {'s', S},       {'v', V},
                 {'c', C},     {'d', D},    {'e', E},       {'.', PRINT},
                 {'r', PRINT}, {'@', READ}, {'?', IS_CHAR}, {'|', SAY_CHAR}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].letter == tolower((unsigned char)token.letter)) {
            struct cell *cell = cell_new(u, names[i].kind, NULL, NULL);
            cell->code = token.code;
            return cell;
        }
    }
    fail_at(source, token.at, "there is no function of this name");
}

/* From its end on: each '`' takes the two expressions that were met last. */
static struct cell *program_parse(struct unlambda *u, const struct source *source)
{
    struct token *tokens = NULL;
    size_t count = tokens_read(source, &tokens), depth = 0;
    struct cell **stack = allocate(count + 1, sizeof(struct cell *));
    for (size_t i = count; i-- > 0;) {
        if (tokens[i].letter != '`') {
            stack[depth++] = cell_named(u, source, tokens[i]);
        } else if (depth < 2) {
            fail_at(source, tokens[i].at, "the program ends before what this '`' applies");
        } else {
            depth--;
            stack[depth - 1] = cell_new(u, APPLY, stack[depth], stack[depth - 1]);
        }
    }
    if (depth != 1) {
        fail("%s", depth == 0 ? "there is no program" : "something follows the program");
    }
    struct cell *program = stack[0];
    free(stack);
    free(tokens);
    return program;
}

/* --- running ---------------------------------------------------------------------------------- */

/* What is evaluated next; takes the reference. */
static void become(struct unlambda *u, struct cell *cell)
{
    drop(u, u->now);
    u->now = cell;
}

static void later(struct unlambda *u, enum kind kind, struct cell *x)
{
    u->left = cell_new(u, kind, x, u->left);
}

/* `FA, where f is a value. */
static void become_call(struct unlambda *u, struct cell *f, struct cell *argument)
{
    later(u, CALL, f);
    become(u, argument);
}

static struct cell *char_read(struct unlambda *u)
{
    u->seen = read_char();
    return cell_new(u, u->seen >= 0 ? I : V, NULL, NULL);
}

static struct cell *char_printer(struct unlambda *u)
{
    struct cell *cell = cell_new(u, u->seen >= 0 ? PRINT : V, NULL, NULL);
    cell->code = u->seen;
    return cell;
}

/* ``sXYZ is ``XZ`YZ; what is a value already evaluates to itself. */
static void substitute(struct unlambda *u, const struct cell *f)
{
    struct cell *left = cell_new(u, APPLY, hold(f->x), hold(u->now));
    struct cell *right = cell_new(u, APPLY, hold(f->y), hold(u->now));
    become(u, cell_new(u, APPLY, left, right));
}

static void resume(struct unlambda *u, const struct cell *f)
{
    struct cell *left = hold(f->x);
    drop(u, u->left);
    u->left = left;
}

/* The value is what f is called with; false: the program has asked for its end. */
static bool call(struct unlambda *u, const struct cell *f)
{
    switch (f->kind) {
    case K:
    case S:
    case D:
        u->now = cell_new(u, f->kind == K ? K1 : f->kind == S ? S1 : PROMISE, u->now, NULL);
        return true;
    case K1:
        become(u, hold(f->x));
        return true;
    case S1:
        u->now = cell_new(u, S2, hold(f->x), u->now);
        return true;
    case S2:
        substitute(u, f);
        return true;
    case V:
        become(u, cell_new(u, V, NULL, NULL));
        return true;
    case PRINT:
        write_char(f->code);
        return true;
    case C:
        become_call(u, hold(u->now), cell_new(u, CONT, hold(u->left), NULL));
        return true;
    case CONT:
        resume(u, f);
        return true;
    case PROMISE:
        later(u, ARGUMENT, hold(u->now));
        become(u, hold(f->x));
        return true;
    case READ:
        become_call(u, hold(u->now), char_read(u));
        return true;
    case IS_CHAR:
        become_call(u, hold(u->now), cell_new(u, u->seen == f->code ? I : V, NULL, NULL));
        return true;
    case SAY_CHAR:
        become_call(u, hold(u->now), char_printer(u));
        return true;
    case E:
        return false;
    case I:
    case APPLY:
    case ARGUMENT:
    case CALL:
        break;
    }
    return true;
}

/* The value meets what is left first. */
static bool go_on(struct unlambda *u, const struct cell *todo)
{
    if (todo->kind == CALL) {
        return call(u, todo->x);
    }
    if (u->now->kind == D) {
        become(u, cell_new(u, PROMISE, hold(todo->x), NULL));
    } else {
        become_call(u, hold(u->now), hold(todo->x));
    }
    return true;
}

static void run(struct unlambda *u)
{
    bool goes_on = true;
    while (goes_on) {
        if (u->now->kind == APPLY) {
            later(u, ARGUMENT, hold(u->now->y));
            become(u, hold(u->now->x));
        } else if (u->left) {
            struct cell *todo = u->left;
            u->left = hold(todo->y);
            goes_on = go_on(u, todo);
            drop(u, todo);
        } else {
            goes_on = false;
        }
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "unlambda 1.0.0");
    struct unlambda u = {.seen = -1};
    u.now = program_parse(&u, &source);
    free(source.text);
    run(&u);
    return 0;
}
