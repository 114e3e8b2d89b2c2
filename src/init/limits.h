#pragma once
/*
 * limits - the resource limits of the program (setrlimit), for the calling process.  own_id: init
 * has another id.
 */
#include <stdbool.h>
#include <stdint.h>

struct box_init_start;
struct err;

int limits_set(const struct box_init_start *m, bool own_id, uint64_t weaken, struct err *e);
