/* SPDX-License-Identifier: Apache-2.0 */
/* spoon - brainfuck's commands in a prefix code of 0 and 1.  All other characters are comment. */
#include <stdlib.h>
#include <string.h>

#include "languages/tape.h"

/* '#' dumps the tape in the original, which nobody's output is; it does nothing here. */
static const struct {
    const char *bits;
    char command;
} codes[] = {{"1", '+'},        {"000", '-'},     {"010", '>'},    {"011", '<'},
             {"0011", ']'},     {"00100", '['},   {"001010", '.'}, {"0010110", ','},
             {"00101110", '#'}, {"00101111", '!'}};

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "spoon 1.0.0");
    struct tape_program p = {.source = &source};
    char bits[10] = "";
    size_t len = 0;
    for (size_t i = 0; i < source.len; i++) {
        if (source.text[i] != '0' && source.text[i] != '1') {
            continue;
        }
        bits[len++] = source.text[i];
        bits[len] = '\0';
        for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
            if (strcmp(codes[c].bits, bits) == 0) {
                tape_add(&p, codes[c].command, i);
                len = 0;
                break;
            }
        }
    }
    if (len > 0) {
        fail_at(&source, source.len, "\"%s\" at the end is no command", bits);
    }
    tape_run(&p);
    free(source.text);
    return 0;
}
