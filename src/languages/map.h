#pragma once
/*
 * map - tables that grow: numbers by a 64-bit key, and names as small numbers.
 * Zero-initialise both.
 */
#include <stddef.h>
#include <stdint.h>

#include "languages/num.h"

struct map {
    struct map_slot {
        int64_t key;
        struct num value;
        bool taken;
    } * slots;
    size_t count, cap; /* cap is 0 or a power of two */
};

/* The place of a key's value; one that is new holds 0.  Valid until the next call. */
struct num *map_at(struct map *m, int64_t key);
/* NULL when there is none. */
struct num *map_find(const struct map *m, int64_t key);
void map_done(struct map *m);

struct names {
    struct name {
        char *text; /* NUL-terminated */
        size_t len;
    } * names;
    size_t count, cap;
    struct map by_hash; /* of the first name with it; the others follow with hash + 1 ... */
};

/* The same number for the same bytes, from 0 on. */
size_t names_number(struct names *n, const char *text, size_t len);
void names_done(struct names *n);
