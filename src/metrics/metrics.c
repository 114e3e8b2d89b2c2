/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "metrics/metrics_impl.h"

#define KEY_SMALL 256
#define OTHER     "other"

static const struct row rows[] = {
#define X(id, type, name, labels, buckets, help) {type, name, labels, buckets, help},
#include "metrics/metrics.def"
#undef X
};

/* --- the table --------------------------------------------------------------------------- */

static unsigned split(const char *words, char **ret, unsigned max)
{
    unsigned count = 0;
    for (const char *p = words; *p && count < max; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        ret[count++] = xstrndup(p, len);
        p += len;
    }
    return count;
}

static void family_init(struct family *f, const struct row *row)
{
    f->row = row;
    list_init(&f->series);
    f->label_count = split(row->labels, f->label_names, METRICS_LABELS_MAX);
    f->bucket_count = split(row->buckets, f->bound_texts, BUCKETS_MAX);
    for (unsigned i = 0; i < f->bucket_count; i++) {
        f->bounds[i] = strtod(f->bound_texts[i], NULL);
    }
}

static void family_done(struct family *f)
{
    LIST_FOR_EACH (node, &f->series) {
        struct series *s = LIST_ITEM(node, struct series, link);
        list_remove(&s->link);
        free(s->key);
        free(s->recent);
        free(s);
    }
    table_done(&f->by_key);
    for (unsigned i = 0; i < f->label_count; i++) {
        free(f->label_names[i]);
    }
    for (unsigned i = 0; i < f->bucket_count; i++) {
        free(f->bound_texts[i]);
    }
}

void metrics_free(struct metrics *m)
{
    if (!m) {
        return;
    }
    for (size_t i = 0; i < METRICS_COUNT; i++) {
        family_done(&m->families[i]);
    }
    free(m);
}

/* --- samples ----------------------------------------------------------------------------- */

static void key_add(struct buf *key, const struct family *f, const char *const *labels)
{
    for (unsigned i = 0; i < f->label_count; i++) {
        buf_add_str(key, labels && labels[i] ? labels[i] : "");
        buf_add_char(key, KEY_SEPARATOR);
    }
    buf_add_char(key, '\0');
}

static struct series *series_of_key(struct family *f, const char *key)
{
    struct table_node *node = table_find(&f->by_key, key);
    if (node) {
        return TABLE_ITEM(node, struct series, node);
    }
    struct series *s = xcalloc(1, sizeof(*s));
    s->key = xstrdup(key);
    list_append(&f->series, &s->link);
    table_add(&f->by_key, &s->node, s->key);
    return s;
}

/* Short labels, which all are, cost no allocation. */
static bool key_fits(char *key, size_t size, const struct family *f, const char *const *labels)
{
    size_t at = 0;
    for (unsigned i = 0; i < f->label_count; i++) {
        const char *text = labels && labels[i] ? labels[i] : "";
        size_t len = strlen(text);
        if (at + len + 2 > size) {
            return false;
        }
        memcpy(key + at, text, len);
        at += len;
        key[at++] = KEY_SEPARATOR;
    }
    key[at] = '\0';
    return true;
}

static struct series *series_find(struct family *f, const char *const *labels)
{
    static const char *const others[METRICS_LABELS_MAX] = {OTHER, OTHER, OTHER, OTHER};
    char small[KEY_SMALL];
    AUTO(buf_done) struct buf large = {0};
    const char *key = small;
    if (!key_fits(small, sizeof(small), f, labels)) {
        key_add(&large, f, labels);
        key = large.data;
    }
    if (f->by_key.count < METRICS_SERIES_MAX || table_find(&f->by_key, key)) {
        return series_of_key(f, key);
    }
    key_fits(small, sizeof(small), f, others);
    return series_of_key(f, small);
}

/* What has no labels is there from the start, with 0: its first event is then an increase too. */
struct metrics *metrics_new(void)
{
    struct metrics *m = xcalloc(1, sizeof(*m));
    for (size_t i = 0; i < METRICS_COUNT; i++) {
        struct family *f = &m->families[i];
        family_init(f, &rows[i]);
        if (f->label_count == 0 && rows[i].kind != GAUGE) {
            series_find(f, METRIC_NO_LABELS);
        }
    }
    return m;
}

void metrics_add(struct metrics *m, enum metric id, const char *const *labels, double n)
{
    if (m) {
        series_find(&m->families[id], labels)->value += n;
    }
}

void metrics_set(struct metrics *m, enum metric id, const char *const *labels, double value)
{
    if (m) {
        series_find(&m->families[id], labels)->value = value;
    }
}

void metrics_observe(struct metrics *m, enum metric id, const char *const *labels, double seconds)
{
    if (!m) {
        return;
    }
    struct family *f = &m->families[id];
    struct series *s = series_find(f, labels);
    unsigned i = 0;
    while (i < f->bucket_count && seconds > f->bounds[i]) {
        i++;
    }
    if (i < f->bucket_count) {
        s->buckets[i]++;
    }
    if (!s->recent) {
        s->recent = xcalloc(RECENT_MAX, sizeof(s->recent[0]));
    }
    s->recent[s->count % RECENT_MAX] = (float)seconds;
    s->count++;
    s->value += seconds;
}

void metrics_observe_ns(struct metrics *m, enum metric id, const char *const *labels, uint64_t ns)
{
    metrics_observe(m, id, labels, (double)ns / NS_PER_S);
}

/* --- what was observed ------------------------------------------------------------------- */

static int float_order(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void recent_add(struct buf *ret, const struct series *s)
{
    size_t count = s->count < RECENT_MAX ? s->count : RECENT_MAX;
    buf_add(ret, s->recent, count * sizeof(s->recent[0]));
}

/* The nearest rank. */
static double quantile_of(struct buf *samples, double q)
{
    size_t count = samples->len / sizeof(float);
    float *all = (float *)(void *)samples->data; /* malloc'd */
    if (count == 0) {
        return NAN;
    }
    qsort(all, count, sizeof(float), float_order);
    size_t rank = (size_t)ceil(q * (double)count);
    return all[rank > 0 ? rank - 1 : 0];
}

double metrics_quantile(const struct metrics *m, enum metric id, const char *const *labels,
                        double q)
{
    if (!m) {
        return NAN;
    }
    const struct family *f = &m->families[id];
    AUTO(buf_done) struct buf samples = {0};
    char key[KEY_SMALL];
    bool one = labels && key_fits(key, sizeof(key), f, labels);
    LIST_FOR_EACH (node, &f->series) {
        const struct series *s = LIST_ITEM(node, struct series, link);
        if (s->recent && (!one || strcmp(s->key, key) == 0)) {
            recent_add(&samples, s);
        }
    }
    return quantile_of(&samples, q);
}

/* --- gauges that are known only when asked ------------------------------------------------ */

void metrics_on_write(struct metrics *m, void (*fn)(void *ctx), void *ctx)
{
    if (m && m->writer_count < WRITERS_MAX) {
        m->writers[m->writer_count++] = (struct writer){fn, ctx};
    }
}
