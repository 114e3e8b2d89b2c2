#pragma once
/*
 * program - the user's program: one process from the first unpacked file to the program's end; or,
 * when it is warm, from before there are files.
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
};

/*
 * Unpacks the files, says READY, waits for GO and starts the program, which gets init's 0 to 2.
 * `stack` (its upper end) is where the child runs until then.
 */
int program_start(struct start *s, const struct fence *f, void *stack, struct program *ret,
                  struct err *e);
/* Makes the FIFO that a WARM names, and starts its program, which gets init's 0 to 2. */
int program_warm(struct start *s, const struct fence *f, void *stack, struct program *ret,
                 struct err *e);
/* Unpacks the files of a START as the program's user, in the place of the FIFO `wait`. */
int program_unpack(struct start *s, const struct fence *f, const char *wait, void *stack,
                   struct err *e);
