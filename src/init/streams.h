#pragma once
/*
 * streams - what the program will have as stdin, stdout and stderr.
 *
 * They lie at 0, 1 and 2 of init itself, which shares them with the program's process until that
 * has become the program.
 */
#include <stdbool.h>

struct err;
struct fence;
struct start;

/* Makes pipes and sends their other ends to the server: HELLO. */
int streams_open(const struct fence *f, struct err *e);
/*
 * What START wants instead of, or made of, these pipes; by the program's user, whose a pty must be.
 * *ret_master is its master, else -1.
 */
int streams_set(const struct start *s, int *ret_master, struct err *e);
/* Once the program has them: who writes to what it does not read must hear of it. */
void streams_close(const struct start *s);
