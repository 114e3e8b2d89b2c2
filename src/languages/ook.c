/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ook - Ook!: brainfuck, each command two words.  A word is "Ook" with '.', '?' or '!' behind it;
 * what is no such word is comment, so that the short form (".?" alone) is not read.
 */
#include <stdlib.h>
#include <string.h>

#include "languages/tape.h"

static char command_of(char first, char second)
{
    static const char *const pairs[] = {".?>", "?.<", "..+", "!!-", "!..", ".!,", "!?[", "?!]"};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i][0] == first && pairs[i][1] == second) {
            return pairs[i][2];
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "ook 1.0.0");
    struct tape_program p = {.source = &source};
    char first = 0;
    size_t at = 0;
    for (size_t i = 0; i + 3 < source.len; i++) {
        char mark = source.text[i + 3];
        if (strncmp(source.text + i, "Ook", 3) != 0 || !mark || !strchr(".?!", mark)) {
            continue;
        }
        at = i;
        if (!first) {
            first = mark;
            continue;
        }
        char command = command_of(first, mark);
        if (!command) {
            fail_at(&source, i, "\"Ook%c Ook%c\" is no command", first, mark);
        }
        tape_add(&p, command, i);
        first = 0;
    }
    if (first) {
        fail_at(&source, at, "half a command: a word is missing behind \"Ook%c\"", first);
    }
    tape_run(&p);
    free(source.text);
    return 0;
}
