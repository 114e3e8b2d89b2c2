#pragma once
/*
 * streams - what the program will have as stdin, stdout and stderr.
 *
 * They lie at 0, 1 and 2 of init itself until the program has started, so the program's process
 * has nothing to move and no number can be in the way.
 */
#include <stdbool.h>

struct err;
struct fence;
struct start;

/* Makes pipes and sends their other ends to the server: HELLO. */
int streams_open(const struct fence *f, struct err *e);
/*
 * What START wants instead of, or made of, these pipes.  *ret_master is a pty's master, else -1.
 */
int streams_set(const struct start *s, const struct fence *f, int *ret_master, struct err *e);
/* Once the program has them: who writes to what it does not read must hear of it. */
void streams_close(const struct start *s);
