#pragma once
/*
 * rates - how many requests each caller has left: a token bucket for each.
 *
 * A bucket that is full again says nothing and is forgotten; of those that are not there are
 * RATES_MAX at most, then the one that was longest unused goes.  One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATES_MAX 65536

struct rates;

struct rate_left {
    unsigned limit;     /* of a full bucket */
    unsigned remaining; /* requests that may come now */
    uint64_t reset_s;   /* until it is full */
    uint64_t retry_s;   /* until there is one again; 0 when it was not refused */
};

struct rates *rates_new(void);
void rates_free(struct rates *all); /* NULL is fine */
/* False: there is none left.  rate > 0 a second; burst 0: as the rate.  now_ns: any clock that
 * never goes back. */
bool rates_take(struct rates *all, const char *who, double rate, unsigned burst, uint64_t now_ns,
                struct rate_left *ret);
size_t rates_count(const struct rates *all);
