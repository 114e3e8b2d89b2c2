/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whitespace - Whitespace 0.3: space, tab and line feed are the program, all else is comment.
 * Numbers have no end, characters are Unicode's, the heap is where numbers are stored.  Reading at
 * the end of the input is an error, as it was in the original.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/map.h"
#include "languages/num.h"

enum code {
    PUSH,
    DUPLICATE,
    COPY,
    SWAP,
    DISCARD,
    SLIDE,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MODULO,
    STORE,
    RETRIEVE,
    MARK,
    CALL,
    JUMP,
    JUMP_ZERO,
    JUMP_NEGATIVE,
    RETURN,
    END,
    PUT_CHAR,
    PUT_NUMBER,
    GET_CHAR,
    GET_NUMBER
};

/* In letters: S space, T tab, L line feed.  What follows: 'n' a number, 'l' a label. */
static const struct {
    const char *letters;
    char operand;
} commands[] = {
    [PUSH] = {"SS", 'n'},       [DUPLICATE] = {"SLS", 0},   [COPY] = {"STS", 'n'},
    [SWAP] = {"SLT", 0},        [DISCARD] = {"SLL", 0},     [SLIDE] = {"STL", 'n'},
    [ADD] = {"TSSS", 0},        [SUBTRACT] = {"TSST", 0},   [MULTIPLY] = {"TSSL", 0},
    [DIVIDE] = {"TSTS", 0},     [MODULO] = {"TSTT", 0},     [STORE] = {"TTS", 0},
    [RETRIEVE] = {"TTT", 0},    [MARK] = {"LSS", 'l'},      [CALL] = {"LST", 'l'},
    [JUMP] = {"LSL", 'l'},      [JUMP_ZERO] = {"LTS", 'l'}, [JUMP_NEGATIVE] = {"LTT", 'l'},
    [RETURN] = {"LTL", 0},      [END] = {"LLL", 0},         [PUT_CHAR] = {"TLSS", 0},
    [PUT_NUMBER] = {"TLST", 0}, [GET_CHAR] = {"TLTS", 0},   [GET_NUMBER] = {"TLTT", 0},
};
enum { UNMARKED = -1 };

struct instruction {
    enum code code;
    struct num number;
    size_t label, offset;
};

struct machine {
    const struct source *source;
    size_t offset; /* parsing: where; running: of the instruction */
    struct instruction *program;
    size_t len, cap, at;
    struct names labels;
    size_t *marks; /* of each label: the instruction there */
    size_t marks_cap, marks_len;
    struct num *stack;
    size_t depth, stack_cap;
    size_t *calls;
    size_t call_count, call_cap;
    struct map heap;
};

/* The next letter, or 0 at the end. */
static char letter_next(struct machine *m)
{
    while (m->offset < m->source->len) {
        char c = m->source->text[m->offset++];
        if (c == ' ' || c == '\t' || c == '\n') {
            return (char)(c == ' ' ? 'S' : c == '\t' ? 'T' : 'L');
        }
    }
    return 0;
}

/* The letters before the next line feed. */
static void letters_read(struct machine *m, struct text *ret)
{
    char letter;
    while ((letter = letter_next(m)) != 'L') {
        if (!letter) {
            fail_at(m->source, m->offset, "a number or label does not end");
        }
        text_add_byte(ret, letter);
    }
}

static struct num number_of(const struct text *letters)
{
    struct num n = num_of(0);
    for (size_t i = 1; i < letters->len; i++) {
        struct num twice = num_add(n, n);
        num_done(&n);
        n = num_add(twice, num_of(letters->data[i] == 'T'));
        num_done(&twice);
    }
    if (letters->len > 0 && letters->data[0] == 'T') {
        struct num positive = n;
        n = num_negate(positive);
        num_done(&positive);
    }
    return n;
}

static size_t label_of(struct machine *m, const struct text *letters)
{
    size_t label = names_number(&m->labels, letters->data ? letters->data : "", letters->len);
    m->marks = grown(m->marks, &m->marks_cap, label + 1, sizeof(*m->marks));
    if (label == m->marks_len) {
        m->marks[m->marks_len++] = (size_t)UNMARKED;
    }
    return label;
}

/* Adds the next instruction; false: the program ends. */
static bool instruction_parse(struct machine *m)
{
    char letters[5] = "";
    size_t start = m->offset;
    for (size_t len = 0; len < 4; len++) {
        letters[len] = letter_next(m);
        if (!letters[len]) {
            if (len > 0) {
                fail_at(m->source, start, "half an instruction at the end");
            }
            return false;
        }
        for (enum code code = PUSH; code <= GET_NUMBER; code++) {
            if (strcmp(commands[code].letters, letters) != 0) {
                continue;
            }
            struct instruction in = {.code = code, .offset = start};
            struct text operand = {0};
            if (commands[code].operand) {
                letters_read(m, &operand);
            }
            if (commands[code].operand == 'n') {
                in.number = number_of(&operand);
            } else if (commands[code].operand == 'l') {
                in.label = label_of(m, &operand);
            }
            text_done(&operand);
            if (code == MARK && m->marks[in.label] == (size_t)UNMARKED) {
                m->marks[in.label] = m->len;
            }
            m->program = grown(m->program, &m->cap, m->len + 1, sizeof(*m->program));
            m->program[m->len++] = in;
            return true;
        }
    }
    fail_at(m->source, start, "no instruction begins with %s (S space, T tab, L line feed)",
            letters);
}

static void push(struct machine *m, struct num n)
{
    m->stack = grown(m->stack, &m->stack_cap, m->depth + 1, sizeof(*m->stack));
    m->stack[m->depth++] = n;
}

static struct num pop(struct machine *m)
{
    if (m->depth == 0) {
        fail_at(m->source, m->offset, "the stack is empty");
    }
    return m->stack[--m->depth];
}

static void arithmetic(struct machine *m, enum code code)
{
    struct num b = pop(m), a = pop(m), result = num_of(0);
    if (code == ADD) {
        result = num_add(a, b);
    } else if (code == SUBTRACT) {
        result = num_sub(a, b);
    } else if (code == MULTIPLY) {
        result = num_mul(a, b);
    } else if (num_sign(b) == 0) {
        fail_at(m->source, m->offset, "division by zero");
    } else {
        bool is_quotient = code == DIVIDE;
        num_divide(a, b, true, is_quotient ? &result : NULL, is_quotient ? NULL : &result);
    }
    num_done(&a);
    num_done(&b);
    push(m, result);
}

static struct num *heap_at(struct machine *m, struct num address)
{
    if (!num_is_small(address) || address.small < 0) {
        fail_at(m->source, m->offset, "no such address of the heap");
    }
    return map_at(&m->heap, address.small);
}

static void store(struct machine *m, struct num address, struct num value)
{
    struct num *cell = heap_at(m, address);
    num_done(cell);
    *cell = value;
}

static struct num number_read(struct machine *m)
{
    struct text line = {0};
    bool got = text_read_line(&line);
    text_add_byte(&line, '\0');
    char *start = line.data + strspn(line.data, " \t");
    size_t len =
        (start[0] == '-' || start[0] == '+') + strspn(start + strspn(start, "+-"), "0123456789");
    if (!got || len == 0 || !isdigit((unsigned char)start[len - 1])) {
        fail_at(m->source, m->offset, got ? "the input is no number" : "the input is at its end");
    }
    bool plus = start[0] == '+';
    struct num n = num_parse(start + plus, len - plus);
    text_done(&line);
    return n;
}

static void input_output(struct machine *m, enum code code)
{
    struct num n = pop(m);
    if (code == PUT_CHAR) {
        write_char(num_is_small(n) ? n.small : -1);
    } else if (code == PUT_NUMBER) {
        struct text t = {0};
        num_print(n, &t);
        write_text(t.data, t.len);
        text_done(&t);
    } else if (code == GET_NUMBER) {
        store(m, n, number_read(m));
    } else {
        int32_t c = read_char();
        if (c < 0) {
            fail_at(m->source, m->offset, "the input is at its end");
        }
        store(m, n, num_of(c));
    }
    num_done(&n);
}

static void stack_run(struct machine *m, const struct instruction *in)
{
    if (in->code == PUSH) {
        push(m, num_copy(in->number));
        return;
    }
    struct num top = pop(m);
    if (in->code == DUPLICATE) {
        push(m, num_copy(top));
        push(m, top);
    } else if (in->code == SWAP) {
        struct num below = pop(m);
        push(m, top);
        push(m, below);
    } else if (in->code == COPY) {
        push(m, top);
        if (!num_is_small(in->number) || (uint64_t)in->number.small >= m->depth) {
            fail_at(m->source, m->offset, "the stack has not so many numbers");
        }
        push(m, num_copy(m->stack[m->depth - 1 - (size_t)in->number.small]));
    } else if (in->code == SLIDE) {
        int64_t count = num_clamp(in->number);
        for (; count != 0 && m->depth > 0; count--) {
            num_done(&m->stack[--m->depth]);
        }
        push(m, top);
    } else {
        num_done(&top);
    }
}

static void jump(struct machine *m, const struct instruction *in)
{
    if (m->marks[in->label] == (size_t)UNMARKED) {
        fail_at(m->source, m->offset, "no such label");
    }
    m->at = m->marks[in->label];
}

static void call(struct machine *m, const struct instruction *in)
{
    m->calls = grown(m->calls, &m->call_cap, m->call_count + 1, sizeof(*m->calls));
    m->calls[m->call_count++] = m->at;
    jump(m, in);
}

static void flow_run(struct machine *m, const struct instruction *in)
{
    if (in->code == CALL) {
        call(m, in);
    } else if (in->code == JUMP) {
        jump(m, in);
    } else if (in->code == RETURN) {
        if (m->call_count == 0) {
            fail_at(m->source, m->offset, "a return without a call");
        }
        m->at = m->calls[--m->call_count];
    } else if (in->code != MARK) {
        struct num n = pop(m);
        int sign = num_sign(n);
        num_done(&n);
        if (in->code == JUMP_ZERO ? sign == 0 : sign < 0) {
            jump(m, in);
        }
    }
}

static void heap_run(struct machine *m, enum code code)
{
    struct num top = pop(m);
    if (code == RETRIEVE) {
        push(m, num_copy(*heap_at(m, top)));
        num_done(&top);
    } else {
        struct num address = pop(m);
        store(m, address, top);
        num_done(&address);
    }
}

static void run(struct machine *m)
{
    while (m->at < m->len) {
        const struct instruction *in = &m->program[m->at++];
        m->offset = in->offset;
        if (in->code == END) {
            return;
        }
        if (in->code <= SLIDE) {
            stack_run(m, in);
        } else if (in->code <= MODULO) {
            arithmetic(m, in->code);
        } else if (in->code <= RETRIEVE) {
            heap_run(m, in->code);
        } else if (in->code <= RETURN) {
            flow_run(m, in);
        } else {
            input_output(m, in->code);
        }
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "whitespace 0.3.0");
    struct machine m = {.source = &source};
    while (instruction_parse(&m)) {
    }
    run(&m);
    for (size_t i = 0; i < m.len; i++) {
        num_done(&m.program[i].number);
    }
    while (m.depth > 0) {
        num_done(&m.stack[--m.depth]);
    }
    map_done(&m.heap);
    names_done(&m.labels);
    free(m.program);
    free(m.marks);
    free(m.stack);
    free(m.calls);
    free(source.text);
    return 0;
}
