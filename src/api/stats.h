#pragma once
/*
 * stats - how much there is to do, as one object: /stats and /api/v1/stats.
 */
#include <jansson.h>

struct api;

/*
 * For those who decide how many workers there should be: queue_size is how many jobs wait for a
 * slot, running and idle_slots are slots, sessions are interactive programs, which have none; boxes
 * may be more than those that run, finished counts since the start, paused is engine.paused.
 * "percentiles" are about right (they come of the histograms of /metrics) and of the time since the
 * start; null while there was no job.
 */
json_t *stats_json(const struct api *api);
