#pragma once
/*
 * top_view - what `belljar top` shows, as text.  Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct buf;

struct top_facts {
    const char *url;
    const json_t *stats;       /* NULL: not known (yet) */
    const json_t *boxes;       /* the array; likewise */
    const char *stats_trouble; /* why not; NULL: nothing is wrong */
    const char *boxes_trouble;
    double rate;     /* executions that finish in a second; below 0: not known */
    uint64_t now_ns; /* CLOCK_REALTIME */
};

/* Lines, each ended by '\n'. */
void top_view(const struct top_facts *f, struct buf *ret);
/* The same for a terminal of that size: cut, and over what is there. */
void top_screen(const struct buf *view, size_t rows, size_t columns, struct buf *ret);
