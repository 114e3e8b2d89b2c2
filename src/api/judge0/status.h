#pragma once
/*
 * status - Judge0's statuses (contract section 8), and the one that a configuration may add.  Pure.
 */
#include <stddef.h>
#include <stdint.h>

struct config;
struct execution;

struct judge0_status_name {
    int32_t id;
    const char *description;
};

/* While it runs, the execution's own number is still that of its acceptance. */
int32_t status_of(const struct execution *x);
/* "In Queue"; what is above Judge0's own is a memory limit that was configured so. */
const char *status_description(int32_t id);
/* Those that this configuration gives, by id; the count of them. */
#define STATUSES_MAX 15
size_t status_list(const struct config *config, struct judge0_status_name ret[STATUSES_MAX]);
