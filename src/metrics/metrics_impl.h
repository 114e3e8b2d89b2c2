#pragma once
/*
 * metrics_impl - what the files of this directory share: families of series, one for each row of
 * metrics.def.
 */
#include <stdint.h>

#include "base/list.h"
#include "base/table.h"
#include "metrics/metrics.h"

#define BUCKETS_MAX   20
#define KEY_SEPARATOR '\x1f' /* between label values; none of them has it */
#define WRITERS_MAX   8
#define RECENT_MAX    256 /* observations of a series that quantiles are made of */

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct row {
    enum kind kind;
    const char *name, *labels, *buckets, *help;
};

struct series {
    struct table_node node;
    struct list link;
    char *key;      /* the label values, KEY_SEPARATOR between them */
    double value;   /* of a histogram: the sum */
    uint64_t count; /* of a histogram */
    uint64_t buckets[BUCKETS_MAX];
    float *recent; /* the last RECENT_MAX, a ring; NULL: nothing was observed */
};

struct family {
    const struct row *row;
    unsigned label_count, bucket_count;
    char *label_names[METRICS_LABELS_MAX];
    double bounds[BUCKETS_MAX];
    char *bound_texts[BUCKETS_MAX];
    struct table by_key;
    struct list series;
};

struct writer {
    void (*fn)(void *ctx);
    void *ctx;
};

struct metrics {
    struct family families[METRICS_COUNT];
    struct writer writers[WRITERS_MAX];
    unsigned writer_count;
};
