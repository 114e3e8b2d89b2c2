#pragma once
/*
 * unknown - runtimes that were asked for and are not there: the log says by which command each
 * could be installed, once for each name.
 */
#include <stddef.h>
#include <stdint.h>

struct log;
struct recipes;

#define UNKNOWN_NAMES_MAX 64 /* whoever may send requests chooses them */

struct unknown {
    int packages_fd;         /* not taken; -1: no recipes but those of this program */
    struct recipes *recipes; /* NULL: nobody asked yet */
    uint64_t read_ns;        /* CLOCK_MONOTONIC */
    char *told[UNKNOWN_NAMES_MAX];
    size_t count;
};

/* All that are known, of the operator's own as they were at most a second ago; valid until the next
 * call. */
const struct recipes *unknown_recipes(struct unknown *u);
/* `range`: NULL or "" for any. */
void unknown_tell(struct unknown *u, const struct log *log, const char *name, const char *range);
void unknown_done(struct unknown *u);
