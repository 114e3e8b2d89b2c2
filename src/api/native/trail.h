#pragma once
/*
 * trail - how far a watcher has come in an execution, and what is next.  Pure.
 *
 * An execution is a row of legs: its compilation (0), then its run (1), or its tests (1, 2, ...).
 * What is told of each is its beginning, its output, its end.  A trail is the place in that row; as
 * text it is the id of the event that leads there.
 */
#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"

#define TRAIL_TEXT_MAX 72
#define TRAIL_COMPILE  0
#define TRAIL_RUN      1

enum trail_at { TRAIL_START, TRAIL_IN, TRAIL_PAST, TRAIL_END };

struct trail { /* zeroed: the start */
    enum trail_at at;
    size_t leg;
    size_t out, err; /* bytes of its stdout and stderr that are told */
};

struct trail_leg {
    bool over;
    const char *out, *err; /* as printed */
    size_t out_len, err_len;
};

struct trail_view {
    bool over; /* the execution: no leg comes any more */
    /* False: that leg is not there (yet). */
    bool (*leg)(void *ctx, size_t leg, struct trail_leg *ret);
    void *ctx;
};

enum trail_event { TRAIL_LEG, TRAIL_OUTPUT, TRAIL_LEG_OVER, TRAIL_FINISHED };

struct trail_step {
    enum trail_event event;
    size_t leg;
    enum engine_stream stream; /* of output: whole characters, where they are characters */
    const char *data;
    size_t len;
};

/* Goes one step on; false: there is nothing to tell now. */
bool trail_next(struct trail *t, const struct trail_view *view, struct trail_step *ret);

void trail_write(const struct trail *t, char ret[TRAIL_TEXT_MAX]);
bool trail_read(const char *text, struct trail *ret); /* false: it is none */
