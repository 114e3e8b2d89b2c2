#pragma once
/*
 * program - the user's program: one process from the first unpacked file to the program's end.
 */
#include <stdint.h>
#include <sys/types.h>

struct err;
struct fence;
struct start;

struct program {
    pid_t pid;
    uint64_t started_ns; /* CLOCK_MONOTONIC when GO was heard */
    uint64_t cpu_ns;     /* what unpacking had used up by then */
};

/*
 * Unpacks the files, says READY, waits for GO and starts the program, which gets init's 0 to 2.
 * `stack` (its upper end) is where the child runs until then.
 */
int program_start(struct start *s, const struct fence *f, void *stack, struct program *ret,
                  struct err *e);
