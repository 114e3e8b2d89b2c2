/* SPDX-License-Identifier: Apache-2.0 */
#include "config/suggest.h"

#include <limits.h>
#include <string.h>

#define WORD_MAX 63

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment, three rows at a time. */
unsigned suggest_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    if (la > WORD_MAX || lb > WORD_MAX) {
        return UINT_MAX;
    }
    unsigned rows[3][WORD_MAX + 1];
    for (unsigned j = 0; j <= lb; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= la; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned change = a[i - 1] != b[j - 1];
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < row[j]) {
                row[j] = above2[j - 2] + 1;
            }
        }
    }
    return rows[la % 3][lb];
}

void suggest_offer(struct suggest *s, const char *word)
{
    size_t len = strlen(s->typed);
    unsigned allowed = len < 4 ? 1 : len < 9 ? 2 : 3;
    unsigned distance = suggest_distance(s->typed, word);
    if (distance <= allowed && (!s->best || distance < s->distance)) {
        s->best = word;
        s->distance = distance;
    }
}
