/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow - COW, as its first interpreter runs it, whose two oddities programs rely on: the search of a
 * loop's other end leaves out the command next to where it begins (moo: the one before, MOO: the
 * one behind), and MOO counts a moo right behind a MOO twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

enum {
    LOOP_END,
    CELL_LEFT,
    CELL_RIGHT,
    EXECUTE,
    CHARACTER,
    DECREMENT,
    INCREMENT,
    LOOP_BEGIN,
    ZERO,
    REGISTER,
    PRINT_NUMBER,
    READ_NUMBER
};
static const char *const words[] = {"moo", "mOo", "moO", "mOO", "Moo", "MOo",
                                    "MoO", "MOO", "OOO", "MMM", "OOM", "oom"};

struct cow {
    unsigned char *program;
    size_t *jumps; /* of each command: where a loop's other end is; 0: not looked for yet */
    size_t len, cap;
    size_t at;
    int32_t *cells;
    size_t cell, cells_len, cells_cap;
    int32_t held;
    bool holds;
    const struct source *source;
    size_t *offsets;
};

static void program_parse(struct cow *c)
{
    const char *text = c->source->text;
    size_t offsets_cap = 0;
    for (size_t i = 0; i + 3 <= c->source->len; i++) {
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            if (memcmp(text + i, words[w], 3) == 0) {
                c->program = grown(c->program, &c->cap, c->len + 1, 1);
                c->offsets = grown(c->offsets, &offsets_cap, c->len + 1, sizeof(*c->offsets));
                c->offsets[c->len] = i;
                c->program[c->len++] = (unsigned char)w;
                i += 2;
                break;
            }
        }
    }
    c->jumps = allocate(c->len + 1, sizeof(*c->jumps));
}

/* From a moo at `at`: its MOO. */
static size_t begin_find(const struct cow *c, size_t at)
{
    size_t level = 1;
    for (size_t i = at; i >= 2; i--) {
        unsigned char command = c->program[i - 2];
        if (command == LOOP_END) {
            level++;
        } else if (command == LOOP_BEGIN && --level == 0) {
            return i - 2;
        }
    }
    fail_at(c->source, c->offsets[at], "no MOO is before this moo");
}

/* From a MOO at `at`: its moo. */
static size_t end_find(const struct cow *c, size_t at)
{
    int64_t level = 1;
    for (size_t i = at + 2; i < c->len; i++) {
        if (c->program[i] == LOOP_BEGIN) {
            level++;
        } else if (c->program[i] == LOOP_END) {
            level -= c->program[i - 1] == LOOP_BEGIN ? 2 : 1;
        }
        if (level <= 0) {
            return i;
        }
    }
    fail_at(c->source, c->offsets[at], "no moo is behind this MOO");
}

/* The other end of the loop whose end (or begin) is at c->at, which EXECUTE can make any command.
 */
static size_t jump_find(struct cow *c, unsigned char command)
{
    size_t own = c->program[c->at] == command ? c->jumps[c->at] : 0;
    if (own == 0) {
        own = 1 + (command == LOOP_END ? begin_find(c, c->at) : end_find(c, c->at));
        if (c->program[c->at] == command) {
            c->jumps[c->at] = own;
        }
    }
    return own - 1;
}

static void cell_right(struct cow *c)
{
    if (++c->cell == c->cells_len) {
        c->cells = grown(c->cells, &c->cells_cap, c->cells_len + 1, sizeof(*c->cells));
        c->cells[c->cells_len++] = 0;
    }
}

static int32_t number_read(void)
{
    struct text line = {0};
    if (!text_read_line(&line)) {
        return 0;
    }
    text_add_byte(&line, '\0');
    long value = strtol(line.data, NULL, 10);
    text_done(&line);
    return (int32_t)value;
}

static void input_or_output(int32_t *cell)
{
    if (*cell != 0) {
        putc_unlocked((unsigned char)*cell, stdout);
    } else {
        *cell = getc_unlocked(stdin);
    }
}

static void hold(struct cow *c, int32_t *cell)
{
    if (c->holds) {
        *cell = c->held;
    } else {
        c->held = *cell;
    }
    c->holds = !c->holds;
}

/* false: the program is over. */
static bool command_run(struct cow *c, int64_t command)
{
    int32_t *cell = &c->cells[c->cell];
    switch (command) {
    case LOOP_END:
        c->at = jump_find(c, LOOP_END);
        return true; /* the MOO there looks at the cell */
    case CELL_LEFT:
        if (c->cell == 0) {
            fail_at(c->source, c->offsets[c->at], "there is no cell before the first");
        }
        c->cell--;
        break;
    case CELL_RIGHT:
        cell_right(c);
        break;
    case EXECUTE:
        return *cell != EXECUTE && command_run(c, *cell);
    case CHARACTER:
        input_or_output(cell);
        break;
    case DECREMENT:
        *cell = (int32_t)((uint32_t)*cell - 1);
        break;
    case INCREMENT:
        *cell = (int32_t)((uint32_t)*cell + 1);
        break;
    case LOOP_BEGIN:
        c->at = *cell == 0 ? jump_find(c, LOOP_BEGIN) : c->at;
        break;
    case ZERO:
        *cell = 0;
        break;
    case REGISTER:
        hold(c, cell);
        break;
    case PRINT_NUMBER:
        printf("%d\n", (int)*cell);
        break;
    case READ_NUMBER:
        *cell = number_read();
        break;
    default:
        return false;
    }
    c->at++;
    return true;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "cow 1.0.0");
    struct cow c = {.source = &source};
    program_parse(&c);
    c.cells = grown(NULL, &c.cells_cap, 1, sizeof(*c.cells));
    c.cells[0] = 0;
    c.cells_len = 1;
    while (c.at < c.len && command_run(&c, c.program[c.at])) {
    }
    free(c.cells);
    free(c.program);
    free(c.jumps);
    free(c.offsets);
    free(source.text);
    return 0;
}
