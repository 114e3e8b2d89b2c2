#pragma once
/*
 * suggest - "did you mean": the word of a list that is nearest to what somebody typed.
 */
#include <stddef.h>

/* Letters to change, add, drop or swap with the neighbour; words over 63 bytes are infinitely far.
 */
unsigned suggest_distance(const char *a, const char *b);

struct suggest {
    const char *typed;
    const char *best; /* NULL: nothing is near enough */
    unsigned distance;
};
/* Begin with {.typed = ...}, offer each word; `best` is then the nearest. */
void suggest_offer(struct suggest *s, const char *word);
