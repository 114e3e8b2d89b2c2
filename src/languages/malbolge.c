/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malbolge - Malbolge as its first interpreter runs it, whose '<' prints and '/' reads, whatever
 * its specification says.  White space of the file is left out; the end of the input reads as
 * 59048.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

enum { CELLS = 59049, TOP_TRIT = 19683, PRINTABLE = 94 };

/* What a cell means where it stands, and what it becomes once it ran: the language's two tables. */
static const char meaning[] = "+b(29e*j1VMEKLyC})8&m#~W>qxdRp0wkrUo[D7,XTcA\"lI"
                              ".v%{gJh4G\\-=O@5`_3i<?Z';FNQuY]szf$!BS/|t:Pn6^Ha";
static const char becoming[] = "5z]&gqtyfr$(we4{WP)H-Zn,[%\\3dL+Q;>U!pJS72FhOA1C"
                               "B6v^=I_0/8|jsb9m<.TVac`uY*MK'X~xDl}REokN:#?G\"i@";

static unsigned crazy(unsigned x, unsigned y)
{
    static const unsigned char table[3][3] = {{1, 0, 0}, {1, 0, 2}, {2, 2, 1}};
    unsigned result = 0;
    for (unsigned unit = 1; unit < CELLS; unit *= 3) {
        result += unit * table[y / unit % 3][x / unit % 3];
    }
    return result;
}

static void program_load(unsigned *memory, const struct source *source)
{
    size_t len = 0;
    for (size_t i = 0; i < source->len; i++) {
        unsigned char c = (unsigned char)source->text[i];
        if (isspace(c)) {
            continue;
        }
        if (len == CELLS) {
            fail_at(source, i, "the program is longer than memory, %d characters", CELLS);
        }
        if (c < 33 || c > 126 || !strchr("ji*p</vo", meaning[(c - 33 + len) % PRINTABLE])) {
            fail_at(source, i, "character %zu is no instruction where it stands", len + 1);
        }
        memory[len++] = c;
    }
    if (len < 2) {
        fail("a program has two characters at least");
    }
    for (; len < CELLS; len++) {
        memory[len] = crazy(memory[len - 1], memory[len - 2]);
    }
}

static unsigned input_read(void)
{
    int c = getc_unlocked(stdin);
    return c == EOF ? CELLS - 1 : (unsigned)c;
}

static void run(unsigned *memory)
{
    unsigned a = 0, c = 0, d = 0;
    while (memory[c] >= 33 && memory[c] <= 126) {
        switch (meaning[(memory[c] - 33 + c) % PRINTABLE]) {
        case 'j':
            d = memory[d];
            break;
        case 'i':
            c = memory[d];
            break;
        case '*':
            a = memory[d] = memory[d] / 3 + memory[d] % 3 * TOP_TRIT;
            break;
        case 'p':
            a = memory[d] = crazy(a, memory[d]);
            break;
        case '<':
            putc_unlocked((unsigned char)a, stdout);
            break;
        case '/':
            a = input_read();
            break;
        case 'v':
            return;
        default:
            break;
        }
        if (memory[c] < 33 || memory[c] > 126) {
            fail("a jump to a cell that is no character");
        }
        memory[c] = (unsigned char)becoming[memory[c] - 33];
        c = (c + 1) % CELLS;
        d = (d + 1) % CELLS;
    }
    fail("cell %u is no instruction", c); /* where the original stands still for ever */
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "malbolge 1.0.0");
    unsigned *memory = allocate(CELLS, sizeof(*memory));
    program_load(memory, &source);
    run(memory);
    free(memory);
    free(source.text);
    return 0;
}
