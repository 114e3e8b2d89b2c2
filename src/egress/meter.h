#pragma once
/*
 * meter - how many bytes a second a box may move.  Pure.
 *
 * What is spent beyond what is there is a debt; until it is paid nothing more is moved.
 */
#include <stddef.h>
#include <stdint.h>

struct meter {
    uint64_t rate;  /* bytes a second; not 0, EGRESS_BANDWIDTH_MAX at most */
    int64_t tokens; /* bytes; below 0: the debt */
    uint64_t at_ns;
};

struct meter meter_start(uint64_t rate, uint64_t now_ns);
void meter_spend(struct meter *m, size_t bytes);
/* How long until something may be moved again; 0: now. */
uint64_t meter_wait_ns(struct meter *m, uint64_t now_ns);
