/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stats.h"

#include <math.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "engine/engine.h"
#include "metrics/metrics.h"

#define MS_PER_S 1000.0

static json_t *ms_or_null(double seconds)
{
    return isnan(seconds) ? json_null()
                          : json_real(round(seconds * MS_PER_S * MS_PER_S) / MS_PER_S);
}

static json_t *percentiles_of(const struct metrics *m, enum metric id, const char *const *labels)
{
    return json_pack("{s:o,s:o,s:o}", "p50", ms_or_null(metrics_quantile(m, id, labels, 0.5)),
                     "p90", ms_or_null(metrics_quantile(m, id, labels, 0.9)), "p99",
                     ms_or_null(metrics_quantile(m, id, labels, 0.99)));
}

static json_t *percentiles(const struct metrics *m)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "queue_ms",
                     percentiles_of(m, METRIC_JOB_QUEUE_SECONDS, NULL), "box_start_ms",
                     percentiles_of(m, METRIC_BOX_START_SECONDS, NULL), "run_ms",
                     percentiles_of(m, METRIC_STAGE_SECONDS, METRIC_LABELS("run")), "total_ms",
                     percentiles_of(m, METRIC_JOB_SECONDS, NULL));
}

json_t *stats_json(const struct api *api)
{
    struct engine_stats s = engine_stats(api->engine);
    unsigned idle = s.slots > s.running ? s.slots - s.running : 0;
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:b,s:o}", "queue_size", (int)s.queued,
                     "running", (int)s.running, "idle_slots", (int)idle, "slots", (int)s.slots,
                     "sessions", (int)s.sessions, "sessions_max", (int)s.sessions_max, "boxes",
                     (int)s.boxes, "finished", (json_int_t)s.finished, "paused", s.paused,
                     "percentiles", percentiles(api->metrics));
}
