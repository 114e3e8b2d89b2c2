#pragma once
/*
 * collect - what a dead program left below the working directory, as a boxarchive into a pipe.
 *
 * Runs in a process of its own, as the program's user, when every process of the box is dead: no
 * name can change under its hands.  Files and directories; with "." also links, as links.  What
 * is neither (sockets, pipes, devices) is left out.
 */
#include <stdint.h>

struct err;

/* `names` ends with NULL.  ERR_LIMIT when the archive would be larger than `max` bytes. */
int collect(char *const *names, int out_fd, uint64_t max, struct err *e);
