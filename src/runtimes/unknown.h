#pragma once
/*
 * unknown - runtimes that were asked for and are not there: the log says by which command each
 * could be installed, once for each name.
 */
#include <stddef.h>

struct log;

#define UNKNOWN_NAMES_MAX 64 /* whoever may send requests chooses them */

struct unknown {
    char *told[UNKNOWN_NAMES_MAX];
    size_t count;
};

/* `range`: NULL or "" for any. */
void unknown_tell(struct unknown *u, const struct log *log, const char *name, const char *range);
void unknown_done(struct unknown *u);
