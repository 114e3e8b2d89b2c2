#pragma once
/*
 * semver_text - the piece of grammar that versions and ranges share: up to three numbers or
 * wildcards, then a prerelease and build metadata.  For semver.c and semver_range.c only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "model/semver.h"

#define SEMVER_NUMBER_MAX ((UINT64_C(1) << 53) - 1) /* JavaScript's largest safe integer */

struct semver_partial {
    struct semver version; /* wildcards and what is missing are 0 */
    unsigned fixed;        /* how many numbers stand before the first wildcard: 0 to 3 */
    bool full;             /* all three are numbers */
};

/* Reads "1", "1.x", "1.2.3-rc.1+b" at *p and moves *p behind it; false when it is none. */
bool semver_partial_read(const char **p, struct semver_partial *ret);
