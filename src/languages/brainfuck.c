/* SPDX-License-Identifier: Apache-2.0 */
/* brainfuck - see tape.h for the machine.  All but its eight commands is comment. */
#include <stdlib.h>

#include "languages/tape.h"

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "brainfuck 2.7.3");
    struct tape_program p = {.source = &source};
    for (size_t i = 0; i < source.len; i++) {
        char c = source.text[i];
        if (c != '!') {
            tape_add(&p, c, i);
        }
    }
    tape_run(&p);
    free(source.text);
    return 0;
}
