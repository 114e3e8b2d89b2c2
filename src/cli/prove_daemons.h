#pragma once
/*
 * prove_daemons - the privileges of the processes themselves, as the kernel tells them: server,
 * boxd and its helpers, and the init and the program of a box that runs.
 */
#include <stddef.h>

#include "cli/prove_row.h"

struct err;
struct prove_run;

#define PROVE_DAEMONS_MAX 8

/* One row for each kind of process; *ret_count of them. */
int prove_daemons(struct prove_run *run, struct prove_row ret[PROVE_DAEMONS_MAX], size_t *ret_count,
                  struct err *e);
