#pragma once
/*
 * boxes - GET /api/v1/admin/boxes for people: one line a box, one line a caller.
 */
#include <stdint.h>

#include <jansson.h>

struct buf;

#define BOXES_PATH "/api/v1/admin/boxes"

/* now_ns: of CLOCK_REALTIME. */
void boxes_table(const json_t *boxes, uint64_t now_ns, struct buf *ret);
/* Who has most of them, at most `max` callers, busiest first. */
void boxes_callers_table(const json_t *boxes, size_t max, struct buf *ret);
