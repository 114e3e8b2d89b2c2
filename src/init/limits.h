#pragma once
/*
 * limits - the resource limits of the program (setrlimit), for the calling process.
 */
#include <stdbool.h>
#include <stdint.h>

struct box_init_start;
struct err;

/* What is the same for every program: init sets it for itself, and its children inherit it. */
int limits_set_common(uint64_t weaken, struct err *e);
/* own_id: init has another id. */
int limits_set(const struct box_init_start *m, bool own_id, uint64_t weaken, struct err *e);
