/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "metrics/metrics_impl.h"

/* The shorter form where it is the same number: 0.1, not 0.10000000000000001. */
static void value_add(struct buf *ret, double v)
{
    char text[32];
    snprintf(text, sizeof(text), "%.15g", v);
    if (strtod(text, NULL) < v || strtod(text, NULL) > v) {
        snprintf(text, sizeof(text), "%.17g", v);
    }
    buf_add_fmt(ret, " %s\n", text);
}

static void escaped_add(struct buf *ret, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            buf_add_str(ret, "\\n");
            continue;
        }
        if (text[i] == '\\' || text[i] == '"') {
            buf_add_char(ret, '\\');
        }
        buf_add_char(ret, text[i]);
    }
}

/* {language="c",le="0.5"}; `le` NULL: none. */
static void labels_add(struct buf *ret, const struct family *f, const struct series *s,
                       const char *le)
{
    const char *value = s->key;
    if (f->label_count == 0 && !le) {
        return;
    }
    buf_add_char(ret, '{');
    for (unsigned i = 0; i < f->label_count; i++) {
        size_t len = strcspn(value, (const char[]){KEY_SEPARATOR, 0});
        buf_add_fmt(ret, "%s%s=\"", i > 0 ? "," : "", f->label_names[i]);
        escaped_add(ret, value, len);
        buf_add_char(ret, '"');
        value += len + 1;
    }
    if (le) {
        buf_add_fmt(ret, "%sle=\"%s\"", f->label_count > 0 ? "," : "", le);
    }
    buf_add_char(ret, '}');
}

static void sample_add(struct buf *ret, const struct family *f, const struct series *s,
                       const char *suffix, const char *le, double value)
{
    buf_add_fmt(ret, "%s%s", f->row->name, suffix);
    labels_add(ret, f, s, le);
    value_add(ret, value);
}

static void histogram_add(struct buf *ret, const struct family *f, const struct series *s)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < f->bucket_count; i++) {
        sum += s->buckets[i];
        sample_add(ret, f, s, "_bucket", f->bound_texts[i], (double)sum);
    }
    sample_add(ret, f, s, "_bucket", "+Inf", (double)s->count);
    sample_add(ret, f, s, "_sum", NULL, s->value);
    sample_add(ret, f, s, "_count", NULL, (double)s->count);
}

static void family_add(struct buf *ret, const struct family *f)
{
    static const char *const kinds[] = {
        [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
    if (list_empty(&f->series)) {
        return;
    }
    buf_add_fmt(ret, "# HELP %s %s\n# TYPE %s %s\n", f->row->name, f->row->help, f->row->name,
                kinds[f->row->kind]);
    LIST_FOR_EACH (node, &f->series) {
        const struct series *s = LIST_ITEM(node, struct series, link);
        if (f->row->kind == HISTOGRAM) {
            histogram_add(ret, f, s);
        } else {
            sample_add(ret, f, s, "", NULL, s->value);
        }
    }
}

void metrics_write(struct metrics *m, struct buf *ret)
{
    if (!m) {
        return;
    }
    for (unsigned i = 0; i < m->writer_count; i++) {
        m->writers[i].fn(m->writers[i].ctx);
    }
    for (size_t i = 0; i < METRICS_COUNT; i++) {
        family_add(ret, &m->families[i]);
    }
}
