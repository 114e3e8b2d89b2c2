/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subleq - the machine of one instruction.  The program is integers, between them white space or
 * commas; '#' or ';' begins a comment that ends with the line.  A B C: memory[B] -= memory[A], and
 * when that is not above 0 go on at C.  A = -1 reads a byte (-1 at the end of the input) to B; B =
 * -1 prints memory[A] as a byte; a C below 0 ends the program.  Memory grows as it is used.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

enum { DENSE_MAX = 1 << 28 }; /* addresses; enough for any program, and an end for wrong ones */

struct subleq {
    int64_t *memory;
    size_t len, cap;
    size_t at;
};

static void program_parse(struct subleq *s, const struct source *source)
{
    for (size_t i = 0; i < source->len;) {
        char c = source->text[i];
        if (c == '#' || c == ';') {
            i += strcspn(source->text + i, "\n");
        } else if (isspace((unsigned char)c) || c == ',') {
            i++;
        } else {
            char *end;
            long long value = strtoll(source->text + i, &end, 10);
            if (end == source->text + i) {
                fail_at(source, i, "'%c' is no number", c);
            }
            s->memory = grown(s->memory, &s->cap, s->len + 1, sizeof(*s->memory));
            s->memory[s->len++] = value;
            i = (size_t)(end - source->text);
        }
    }
}

static int64_t *cell(struct subleq *s, int64_t address)
{
    if (address < 0 || address >= DENSE_MAX) {
        fail("there is no address %" PRId64 " (the instruction at %zu)", address, s->at);
    }
    if ((size_t)address >= s->len) {
        s->memory = grown(s->memory, &s->cap, (size_t)address + 1, sizeof(*s->memory));
        memset(s->memory + s->len, 0, ((size_t)address + 1 - s->len) * sizeof(*s->memory));
        s->len = (size_t)address + 1;
    }
    return &s->memory[address];
}

static void instruction_run(struct subleq *s, int64_t *ret_next)
{
    int64_t next = (int64_t)s->at + 3;
    int64_t a = *cell(s, next - 3), b = *cell(s, next - 2), c = *cell(s, next - 1);
    if (a == -1) {
        *cell(s, b) = getc_unlocked(stdin);
    } else if (b == -1) {
        putc_unlocked((unsigned char)*cell(s, a), stdout);
    } else {
        int64_t value = *cell(s, a), *to = cell(s, b);
        *to = (int64_t)((uint64_t)*to - (uint64_t)value);
        next = *to <= 0 ? c : next;
    }
    *ret_next = next;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "subleq 1.0.0");
    struct subleq s = {0};
    program_parse(&s, &source);
    int64_t next = 0;
    while (next >= 0) {
        s.at = (size_t)next;
        instruction_run(&s, &next);
    }
    free(s.memory);
    free(source.text);
    return 0;
}
