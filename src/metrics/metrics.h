#pragma once
/*
 * metrics - counts and times for Prometheus, from one table (metrics.def), always on.
 *
 * A sample costs one look into a hash table and no allocation once its labels were seen.  Label
 * values come from tables of ours (routes, languages, verdicts), never from clients' free text; a
 * metric has METRICS_SERIES_MAX series at most, what is beyond is counted under "other".
 * Loop thread only.  `m` may be NULL everywhere: nothing is counted then.
 */
#include <stdint.h>

struct buf;
struct metrics;

#define METRICS_SERIES_MAX 2000
#define METRICS_LABELS_MAX 4

enum metric {
#define X(id, type, name, labels, buckets, help) METRIC_##id,
#include "metrics/metrics.def"
#undef X
    METRICS_COUNT
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* NULL is fine */

/* The label values, in the order of the table, as many as it names there. */
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__})
#define METRIC_NO_LABELS   ((const char *const *)0)

/* A counter. */
void metrics_add(struct metrics *m, enum metric id, const char *const *labels, double n);
/* A gauge. */
void metrics_set(struct metrics *m, enum metric id, const char *const *labels, double value);
/* A histogram of seconds. */
void metrics_observe(struct metrics *m, enum metric id, const char *const *labels, double seconds);
void metrics_observe_ns(struct metrics *m, enum metric id, const char *const *labels, uint64_t ns);

/*
 * The time that the share q (0.99) of the last observations did not pass: the last 256 of each
 * series.  labels NULL: of all series together.  NAN: none yet.
 */
double metrics_quantile(const struct metrics *m, enum metric id, const char *const *labels,
                        double q);

/* Called at the start of each metrics_write, to set gauges that are known only when asked. */
void metrics_on_write(struct metrics *m, void (*fn)(void *ctx), void *ctx);
/* Text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/ */
void metrics_write(struct metrics *m, struct buf *ret);
