#pragma once
/*
 * tape - brainfuck's machine, for all languages that are brainfuck in other letters: cells of 8
 * bits that wrap, as many to the right as a program wants, none left of the first; the end of the
 * input reads as 0.
 */
#include <stddef.h>

#include "languages/common.h"

struct tape_program {
    const struct source *source;
    struct tape_op *ops;
    size_t len, cap;
    size_t *open; /* brackets not closed yet */
    size_t open_len, open_cap;
};

/* One of "+-<>.,[]", or '!' for the end of the program, that stands at `offset`. */
void tape_add(struct tape_program *p, char command, size_t offset);
void tape_run(struct tape_program *p);
