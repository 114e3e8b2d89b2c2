/* SPDX-License-Identifier: Apache-2.0 */
/*
 * underload - Underload: a stack of strings and ~ : ! * a ^ S ( ).  White space is skipped; any
 * other character is an error.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

struct string { /* shared, and never changed while it is */
    size_t refs;
    struct text text;
};

struct frame {
    struct string *code;
    size_t at;
};

struct underload {
    struct string **stack;
    size_t depth, stack_cap;
    struct frame *frames;
    size_t frame_count, frame_cap;
};

static struct string *string_new(const char *data, size_t len)
{
    struct string *s = allocate(1, sizeof(*s));
    s->refs = 1;
    text_add(&s->text, data, len);
    return s;
}

static void string_unref(struct string *s)
{
    if (--s->refs == 0) {
        text_done(&s->text);
        free(s);
    }
}

static void push(struct underload *u, struct string *s)
{
    u->stack = grown(u->stack, &u->stack_cap, u->depth + 1, sizeof(struct string *));
    u->stack[u->depth++] = s;
}

static struct string *pop(struct underload *u, char command)
{
    if (u->depth == 0) {
        fail("the stack is empty at '%c'", command);
    }
    return u->stack[--u->depth];
}

static void call(struct underload *u, struct string *code)
{
    struct frame *top = u->frame_count ? &u->frames[u->frame_count - 1] : NULL;
    if (top && top->at == top->code->text.len) { /* nothing to come back to */
        string_unref(top->code);
        *top = (struct frame){code, 0};
        return;
    }
    u->frames = grown(u->frames, &u->frame_cap, u->frame_count + 1, sizeof(*u->frames));
    u->frames[u->frame_count++] = (struct frame){code, 0};
}

/* Behind a '(': pushes what is inside. */
static void literal_push(struct underload *u, struct frame *f)
{
    const struct text *t = &f->code->text;
    size_t start = f->at, level = 1;
    for (; f->at < t->len; f->at++) {
        char c = t->data[f->at];
        level += c == '(';
        level -= c == ')';
        if (level == 0) {
            push(u, string_new(t->data + start, f->at - start));
            f->at++;
            return;
        }
    }
    fail("a '(' without its ')'");
}

static void concatenate(struct underload *u)
{
    struct string *b = pop(u, '*'), *a = pop(u, '*');
    if (a->refs > 1) {
        struct string *own = string_new(a->text.data, a->text.len);
        string_unref(a);
        a = own;
    }
    text_add(&a->text, b->text.data, b->text.len);
    string_unref(b);
    push(u, a);
}

static void enclose(struct underload *u)
{
    struct string *s = pop(u, 'a'), *enclosed = string_new("(", 1);
    text_add(&enclosed->text, s->text.data, s->text.len);
    text_add_byte(&enclosed->text, ')');
    string_unref(s);
    push(u, enclosed);
}

static void swap(struct underload *u)
{
    struct string *b = pop(u, '~'), *a = pop(u, '~');
    push(u, b);
    push(u, a);
}

static void print(struct underload *u)
{
    struct string *s = pop(u, 'S');
    write_text(s->text.data, s->text.len);
    string_unref(s);
}

static void duplicate(struct underload *u)
{
    struct string *s = pop(u, ':');
    s->refs++;
    push(u, s);
    push(u, s);
}

static void command_run(struct underload *u, struct frame *f, char command)
{
    switch (command) {
    case '(':
        literal_push(u, f);
        break;
    case '~':
        swap(u);
        break;
    case ':':
        duplicate(u);
        break;
    case '!':
        string_unref(pop(u, '!'));
        break;
    case '*':
        concatenate(u);
        break;
    case 'a':
        enclose(u);
        break;
    case '^':
        call(u, pop(u, '^'));
        break;
    case 'S':
        print(u);
        break;
    default:
        if (!isspace((unsigned char)command)) {
            fail("'%c' is no command", command);
        }
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "underload 1.0.0");
    struct underload u = {0};
    call(&u, string_new(source.text, source.len));
    while (u.frame_count > 0) {
        struct frame *f = &u.frames[u.frame_count - 1];
        if (f->at == f->code->text.len) {
            string_unref(f->code);
            u.frame_count--;
            continue;
        }
        char command = f->code->text.data[f->at++];
        command_run(&u, f, command);
    }
    while (u.depth > 0) {
        string_unref(pop(&u, 0));
    }
    free(u.stack);
    free(u.frames);
    free(source.text);
    return 0;
}
