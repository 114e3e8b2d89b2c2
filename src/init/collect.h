#pragma once
/*
 * collect - what a dead program left below the working directory, as a boxarchive into a pipe.
 *
 * Runs in a process of its own, as the program's user, when every process of the box is dead: no
 * name can change under its hands.  Files and directories; with "." also links, as links.  What
 * is neither (sockets, pipes, devices) is left out.
 */
#include <stdbool.h>
#include <stdint.h>

struct err;

/* `names` ends with NULL.  ERR_LIMIT when the archive would be larger than `max` bytes. */
int collect(char *const *names, int out_fd, uint64_t max, uint64_t weaken, struct err *e);
/* Regular files, as many as fit into `max` bytes of data; *ret_missed: one was left out. */
int collect_some(char *const *names, int out_fd, uint64_t max, uint64_t weaken, bool *ret_missed,
                 struct err *e);
