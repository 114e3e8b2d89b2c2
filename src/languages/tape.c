/* SPDX-License-Identifier: Apache-2.0 */
#include "languages/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Runs of a command are one op, and loops that only move or clear are ops of their own: [-] is
 * CLEAR, [->++<] is ADD_TIMES 2 to the next cell and CLEAR, [>>] is SEEK.
 */
enum tape_code { ADD, MOVE, OUT, IN, OPEN, CLOSE, CLEAR, ADD_TIMES, SEEK, END };

struct tape_op {
    enum tape_code code;
    int64_t amount;  /* ADD, MOVE, SEEK; ADD_TIMES: where to, from here */
    size_t partner;  /* OPEN, CLOSE: the other one's index; ADD_TIMES: the factor */
    size_t position; /* in the source */
};

struct tape {
    unsigned char *cells;
    size_t len, at;
};

static void op_add(struct tape_program *p, enum tape_code code, int64_t amount, size_t offset)
{
    if (p->len > 0 && (code == ADD || code == MOVE) && p->ops[p->len - 1].code == code) {
        p->ops[p->len - 1].amount += amount;
        return;
    }
    p->ops = grown(p->ops, &p->cap, p->len + 1, sizeof(*p->ops));
    p->ops[p->len++] = (struct tape_op){code, amount, 0, offset};
}

/* A loop that moves nowhere in sum and takes 1 from its own cell each time: what it adds where. */
static bool loop_flatten(struct tape_program *p, size_t start)
{
    int64_t at = 0, own = 0;
    for (size_t i = start + 1; i < p->len; i++) {
        struct tape_op op = p->ops[i];
        if (op.code == MOVE) {
            at += op.amount;
        } else if (op.code == ADD) {
            own += at == 0 ? op.amount : 0;
        } else {
            return false;
        }
    }
    if (at != 0 || own != -1) {
        return false;
    }
    size_t end = p->len, made = start;
    for (size_t i = start + 1; i < end; i++) {
        struct tape_op op = p->ops[i];
        if (op.code == MOVE) {
            at += op.amount;
        } else if (at != 0) {
            p->ops[made++] = (struct tape_op){ADD_TIMES, at, (unsigned char)op.amount, op.position};
        }
    }
    p->ops[made++] = (struct tape_op){CLEAR, 0, 0, p->ops[start].position};
    p->len = made;
    return true;
}

static void loop_close(struct tape_program *p, size_t offset)
{
    if (p->open_len == 0) {
        fail_at(p->source, offset, "a loop ends that did not begin");
    }
    size_t start = p->open[--p->open_len];
    if (p->len == start + 2 && p->ops[start + 1].code == MOVE) {
        p->ops[start] = (struct tape_op){SEEK, p->ops[start + 1].amount, 0, offset};
        p->len = start + 1;
        return;
    }
    if (p->len > start + 1 && loop_flatten(p, start)) {
        return;
    }
    op_add(p, CLOSE, 0, offset);
    p->ops[p->len - 1].partner = start;
    p->ops[start].partner = p->len - 1;
}

void tape_add(struct tape_program *p, char command, size_t offset)
{
    static const struct {
        char command;
        enum tape_code code;
        int amount;
    } commands[] = {{'+', ADD, 1}, {'-', ADD, -1}, {'>', MOVE, 1}, {'<', MOVE, -1},
                    {'.', OUT, 0}, {',', IN, 0},   {'[', OPEN, 0}, {'!', END, 0}};
    if (command == ']') {
        loop_close(p, offset);
        return;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].command == command) {
            op_add(p, commands[i].code, commands[i].amount, offset);
        }
    }
    if (command == '[') {
        p->open = grown(p->open, &p->open_cap, p->open_len + 1, sizeof(*p->open));
        p->open[p->open_len++] = p->len - 1;
    }
}

/* The cell `amount` from here; there is room for it then. */
static size_t tape_reach(struct tape *t, const struct tape_program *p, const struct tape_op *op)
{
    if (op->amount < 0 && (uint64_t)-op->amount > t->at) {
        fail_at(p->source, op->position,
                "the pointer left the tape: there is no cell before the first");
    }
    size_t to = t->at + (size_t)op->amount;
    if (to >= t->len) {
        size_t old = t->len;
        t->cells = grown(t->cells, &t->len, to + 1, 1);
        memset(t->cells + old, 0, t->len - old);
    }
    return to;
}

static void tape_in(struct tape *t)
{
    int c = getc_unlocked(stdin);
    t->cells[t->at] = c == EOF ? 0 : (unsigned char)c;
}

static void tape_loop(struct tape_program *p, struct tape *t)
{
    for (const struct tape_op *op = p->ops; op->code != END; op++) {
        unsigned char *cell = &t->cells[t->at];
        switch (op->code) {
        case ADD:
            *cell = (unsigned char)(*cell + op->amount);
            break;
        case MOVE:
            t->at = tape_reach(t, p, op);
            break;
        case OUT:
            putc_unlocked(*cell, stdout);
            break;
        case IN:
            tape_in(t);
            break;
        case OPEN:
            op = *cell ? op : &p->ops[op->partner];
            break;
        case CLOSE:
            op = *cell ? &p->ops[op->partner] : op;
            break;
        case CLEAR:
            *cell = 0;
            break;
        case ADD_TIMES:
            if (*cell) {
                size_t to = tape_reach(t, p, op);
                t->cells[to] = (unsigned char)(t->cells[to] + t->cells[t->at] * op->partner);
            }
            break;
        case SEEK:
            while (t->cells[t->at]) {
                t->at = tape_reach(t, p, op);
            }
            break;
        case END:
            break;
        }
    }
}

void tape_run(struct tape_program *p)
{
    if (p->open_len > 0) {
        fail_at(p->source, p->ops[p->open[p->open_len - 1]].position, "a loop does not end");
    }
    op_add(p, END, 0, 0);
    struct tape t = {0};
    t.cells = grown(NULL, &t.len, 1 << 15, 1);
    memset(t.cells, 0, t.len);
    tape_loop(p, &t);
    free(t.cells);
    free(p->open);
    free(p->ops);
}
