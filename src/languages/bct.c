/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bct - bitwise cyclic tag.  The file's first line of bits is the program, the second the data (or,
 * where there is none, the first line of stdin).  0 deletes the data's first bit; 1x appends x when
 * that first bit is 1.  The program repeats until no data is left.  After the beginning and after
 * each command that changed it the data is printed on a line.
 */
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

struct bits {
    char *data;
    size_t begin, len, cap; /* those at begin ... len - 1 are left */
};

static void bits_add(struct bits *b, char bit)
{
    if (b->begin > 4096 && b->begin > b->len / 2) {
        memmove(b->data, b->data + b->begin, b->len - b->begin);
        b->len -= b->begin;
        b->begin = 0;
    }
    b->data = grown(b->data, &b->cap, b->len + 1, 1);
    b->data[b->len++] = bit;
}

/* The bits of one line; false: the line has none, or there is none. */
static bool line_parse(const struct source *source, size_t *at, struct bits *ret)
{
    while (*at < source->len && source->text[*at] != '\n') {
        char c = source->text[*at];
        if (c == '0' || c == '1') {
            bits_add(ret, c);
        } else if (!strchr(" \t\r", c)) {
            fail_at(source, *at, "'%c' is neither 0 nor 1", c);
        }
        (*at)++;
    }
    (*at)++;
    return ret->len > 0;
}

static void data_print(const struct bits *data)
{
    write_text(data->data + data->begin, data->len - data->begin);
    write_str("\n");
}

static void run(const struct bits *program, struct bits *data)
{
    size_t at = 0;
    data_print(data);
    while (data->begin < data->len) {
        bool is_append = program->data[at] == '1';
        at = (at + 1) % program->len;
        if (!is_append) {
            data->begin++;
            data_print(data);
            continue;
        }
        if (data->data[data->begin] == '1') {
            bits_add(data, program->data[at]);
            data_print(data);
        }
        at = (at + 1) % program->len;
    }
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "bct 1.0.0");
    struct bits program = {0}, data = {0};
    size_t at = 0;
    if (!line_parse(&source, &at, &program)) {
        fail_at(&source, 0, "the first line has no bits: it is the program");
    }
    if (at >= source.len || !line_parse(&source, &at, &data)) {
        struct text line = {0};
        text_read_line(&line);
        struct source input = {line.data, line.len};
        size_t input_at = 0;
        line_parse(&input, &input_at, &data);
        text_done(&line);
    }
    if (data.len > 0) {
        run(&program, &data);
    }
    free(program.data);
    free(data.data);
    free(source.text);
    return 0;
}
