/* SPDX-License-Identifier: Apache-2.0 */
/*
 * false - FALSE: lambdas in brackets, 26 variables, numbers of 32 bits.  O and B stand for the two
 * letters that are not ASCII, o with a stroke (pick) and sharp s (flush).  Characters are
 * Unicode's.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

enum { PICK = 0xf8, FLUSH = 0xdf, VARIABLES = 26 };

/* What runs: a lambda; and, for '#', whose turn is next when it ends. */
struct frame {
    size_t back;
    int32_t condition, body;
    enum { CALL, CONDITION, BODY } kind;
};

struct interpreter {
    const struct source *source;
    size_t *ends; /* of each '[': behind its ']'; else 0 */
    size_t at;
    int32_t *stack;
    size_t depth, stack_cap;
    struct frame *frames;
    size_t frame_count, frame_cap;
    int32_t variables[VARIABLES];
};

static size_t skip_to(const struct source *source, size_t at, char end)
{
    const char *found = memchr(source->text + at, end, source->len - at);
    if (found) {
        return (size_t)(found - source->text) + 1;
    }
    fail_at(source, at, "'%c' is missing", end);
}

static void lambdas_match(struct interpreter *in)
{
    const struct source *source = in->source;
    size_t *open = NULL, count = 0, cap = 0;
    in->ends = allocate(source->len + 1, sizeof(*in->ends));
    for (size_t i = 0; i < source->len;) {
        char c = source->text[i++];
        if (c == '"' || c == '{') {
            i = skip_to(source, i, c == '{' ? '}' : '"');
        } else if (c == '\'') {
            if (i < source->len) {
                char_decode(source->text, source->len, &i);
            }
        } else if (c == '[') {
            open = grown(open, &cap, count + 1, sizeof(*open));
            open[count++] = i - 1;
        } else if (c == ']') {
            if (count == 0) {
                fail_at(source, i - 1, "']' without '['");
            }
            in->ends[open[--count]] = i;
        }
    }
    if (count > 0) {
        fail_at(source, open[count - 1], "'[' without ']'");
    }
    free(open);
}

static void push(struct interpreter *in, int64_t value)
{
    in->stack = grown(in->stack, &in->stack_cap, in->depth + 1, sizeof(*in->stack));
    in->stack[in->depth++] = (int32_t)value;
}

static int32_t pop(struct interpreter *in)
{
    if (in->depth == 0) {
        fail_at(in->source, in->at - 1, "the stack is empty");
    }
    return in->stack[--in->depth];
}

static void call(struct interpreter *in, int32_t lambda, struct frame frame)
{
    if (lambda < 0 || (size_t)lambda >= in->source->len || in->ends[lambda] == 0) {
        fail_at(in->source, in->at - 1, "%" PRId32 " is no lambda", lambda);
    }
    in->frames = grown(in->frames, &in->frame_cap, in->frame_count + 1, sizeof(*in->frames));
    in->frames[in->frame_count++] = frame;
    in->at = (size_t)lambda + 1;
}

/* At a ']'. */
static void lambda_end(struct interpreter *in)
{
    if (in->frame_count == 0) {
        fail_at(in->source, in->at - 1, "']' outside of a lambda");
    }
    struct frame f = in->frames[--in->frame_count];
    if (f.kind == CONDITION && pop(in) != 0) {
        call(in, f.body, (struct frame){f.back, f.condition, f.body, BODY});
    } else if (f.kind == BODY) {
        call(in, f.condition, (struct frame){f.back, f.condition, f.body, CONDITION});
    } else {
        in->at = f.back;
    }
}

static int32_t *variable_popped(struct interpreter *in)
{
    size_t which = (size_t)pop(in);
    if (which >= VARIABLES) {
        fail_at(in->source, in->at - 1, "this number is no variable");
    }
    return &in->variables[which];
}

static void arithmetic_run(struct interpreter *in, int32_t op)
{
    int64_t b = pop(in), a = pop(in);
    if (op == '/' && b == 0) {
        fail_at(in->source, in->at - 1, "division by zero");
    }
    int64_t result = op == '+'   ? a + b
                     : op == '-' ? a - b
                     : op == '*' ? a * b
                     : op == '/' ? a / b
                     : op == '=' ? -(a == b)
                     : op == '>' ? -(a > b)
                     : op == '&' ? (a & b)
                                 : (a | b);
    push(in, (int32_t)(uint32_t)(uint64_t)result);
}

static void rotate(struct interpreter *in)
{
    int32_t c = pop(in), b = pop(in), a = pop(in);
    push(in, b);
    push(in, c);
    push(in, a);
}

static void stack_run(struct interpreter *in, int32_t op)
{
    int32_t top = pop(in);
    switch (op) {
    case '$':
        push(in, top);
        push(in, top);
        break;
    case '\\': {
        int32_t below = pop(in);
        push(in, top);
        push(in, below);
        break;
    }
    case '_':
        push(in, -(int64_t)top);
        break;
    case '~':
        push(in, ~top);
        break;
    case 'O':
    case PICK:
        if (top < 0 || (size_t)top >= in->depth) {
            fail_at(in->source, in->at - 1, "the stack has no number %" PRId32, top);
        }
        push(in, in->stack[in->depth - 1 - (size_t)top]);
        break;
    default: /* '%' */
        break;
    }
}

static void control_run(struct interpreter *in, int32_t op)
{
    int32_t lambda = pop(in);
    if (op == '!') {
        call(in, lambda, (struct frame){in->at, 0, 0, CALL});
    } else if (op == '?') {
        if (pop(in) != 0) {
            call(in, lambda, (struct frame){in->at, 0, 0, CALL});
        }
    } else {
        int32_t condition = pop(in);
        call(in, condition, (struct frame){in->at, condition, lambda, CONDITION});
    }
}

static void literal_run(struct interpreter *in, int32_t op)
{
    const struct source *source = in->source;
    size_t start = in->at;
    if (op == '"') {
        in->at = skip_to(source, start, '"');
        write_text(source->text + start, in->at - 1 - start);
    } else if (op == '{') {
        in->at = skip_to(source, start, '}');
    } else if (op == '[') {
        in->at = in->ends[start - 1];
        push(in, (int64_t)start - 1);
    } else if (op == '\'') {
        if (start >= source->len) {
            fail_at(source, start, "a character is missing");
        }
        push(in, char_decode(source->text, source->len, &in->at));
    } else {
        int64_t n = op - '0';
        while (isdigit((unsigned char)source->text[in->at])) {
            n = (n * 10 + source->text[in->at++] - '0') & UINT32_MAX;
        }
        push(in, (int32_t)(uint32_t)n);
    }
}

static void io_run(struct interpreter *in, int32_t op)
{
    if (op == '.') {
        printf("%" PRId32, pop(in));
    } else if (op == ',') {
        write_char(pop(in));
    } else if (op == '^') {
        push(in, read_char());
    } else {
        fflush(stdout);
    }
}

static void command_run(struct interpreter *in, int32_t op)
{
    static const struct {
        const char *ops;
        void (*run)(struct interpreter *in, int32_t op);
    } kinds[] = {{"\"{['0123456789", literal_run},
                 {"+-*/=>&|", arithmetic_run},
                 {"$%\\_~O", stack_run},
                 {"!?#", control_run},
                 {".,^B", io_run}};
    for (size_t i = 0; op > 0 && op < 128 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strchr(kinds[i].ops, op)) {
            kinds[i].run(in, op);
            return;
        }
    }
    if (op >= 'a' && op <= 'z') {
        push(in, op - 'a');
    } else if (op == ':') {
        int32_t *variable = variable_popped(in);
        *variable = pop(in);
    } else if (op == ';') {
        push(in, *variable_popped(in));
    } else if (op == '@') {
        rotate(in);
    } else if (op == ']') {
        lambda_end(in);
    } else if (op == PICK) {
        stack_run(in, op);
    } else if (op == FLUSH) {
        io_run(in, op);
    } else if (op > ' ') {
        fail_at(in->source, in->at - 1, op == '`' ? "machine code is not run" : "no such command");
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "false 1.0.0");
    struct interpreter in = {.source = &source};
    lambdas_match(&in);
    while (in.at < source.len) {
        command_run(&in, char_decode(source.text, source.len, &in.at));
    }
    free(in.ends);
    free(in.stack);
    free(in.frames);
    free(source.text);
    return 0;
}
