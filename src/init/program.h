#pragma once
/*
 * program - the user's program: one process from before there is a START to the program's end.
 */
#include <stdint.h>
#include <sys/types.h>

struct err;
struct fence;
struct start;

struct program {
    pid_t pid;
    uint64_t started_ns; /* CLOCK_MONOTONIC when GO was heard */
    uint64_t cpu_ns;     /* what children of init had used up by then */
    int master;          /* of its pty, or -1 */
};

/*
 * A process behind the fence, made before there is anything to do, waits for START or WARM and
 * becomes its program, which gets init's 0 to 2: after READY and GO; of a WARM, once it has made
 * the FIFO.  `stack` (its upper end) is where the process runs until then.
 */
int program_start(struct start *s, const struct fence *f, void *stack, struct program *ret,
                  struct err *e);
/* Unpacks the files of a START as the program's user, in the place of the FIFO `wait`. */
int program_unpack(struct start *s, const struct fence *f, const char *wait, void *stack,
                   struct err *e);
