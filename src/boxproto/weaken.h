#pragma once
/*
 * weaken - the switches of a test build that leave out one defence each (weaken.def).
 *
 * In any other build weakened() is the constant false: nothing of a switch is compiled in, and
 * BELLJAR_WEAKEN is not read.  The mask has a bit (1 << enum weaken) for each switch that is on;
 * the launcher reads it from the environment once, boxd has it from its configuration, init from
 * argv.
 */
#include <stdbool.h>
#include <stdint.h>

enum weaken {
#define X(name, word, what) WEAKEN_##name,
#include "boxproto/weaken.def"
#undef X
    WEAKEN_COUNT,
};
_Static_assert(WEAKEN_COUNT <= 64, "the mask has 64 bits");

/* A limit that is left out is so many times as wide. */
#define WEAKEN_FACTOR 8

struct err;

#ifdef BELLJAR_WEAKEN
#define WEAKEN_BUILD true
static inline bool weakened(uint64_t mask, enum weaken w)
{
    return (mask >> w & 1) != 0;
}
/* Of "filter,landlock"; ERR_INVALID names a word that is no switch. */
int weaken_parse(const char *words, uint64_t *ret_mask, struct err *e);
/* Of BELLJAR_WEAKEN in the environment. */
int weaken_asked(uint64_t *ret_mask, struct err *e);
#else
#define WEAKEN_BUILD      false
#define weakened(mask, w) ((void)(mask), (void)(w), false)
static inline int weaken_asked(uint64_t *ret_mask, struct err *e)
{
    (void)e;
    *ret_mask = 0;
    return 0;
}
#endif

static inline uint64_t weaken_limit(uint64_t mask, enum weaken w, uint64_t limit)
{
    return weakened(mask, w) && limit < UINT64_MAX / WEAKEN_FACTOR ? limit * WEAKEN_FACTOR : limit;
}
