/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "api/common.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxproto.h"
#include "engine/engine.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

#define STATM_MAX 256

static void gauge(struct metrics *m, enum metric id, double value)
{
    metrics_set(m, id, METRIC_NO_LABELS, value);
}

static void engine_gauges(struct metrics *m, const struct engine *engine)
{
    struct engine_stats s = engine_stats(engine);
    gauge(m, METRIC_SLOTS, s.slots);
    gauge(m, METRIC_SLOTS_BUSY, s.running);
    gauge(m, METRIC_SESSIONS, s.sessions);
    gauge(m, METRIC_QUEUE, s.queued);
    metrics_set(m, METRIC_SPARES, METRIC_LABELS("plain"), s.spares.plain);
    metrics_set(m, METRIC_SPARES, METRIC_LABELS("warm"), s.spares.warm);
    gauge(m, METRIC_SPARES_BYTES, (double)s.spares.memory_bytes);
    gauge(m, METRIC_SPARES_TOO_LARGE, s.spares.too_large);
    gauge(m, METRIC_COMPILE_CACHE_BYTES, (double)s.product_bytes);
    gauge(m, METRIC_COMPILE_CACHE_PRODUCTS, (double)s.products);
}

static void box_gauges(struct metrics *m, const struct sandbox *s)
{
    gauge(m, METRIC_BOXES, s ? sandbox_live(s) : 0);
    gauge(m, METRIC_BOXES_MAX, s ? sandbox_hello(s)->boxes : 0);
}

static void store_gauges(struct metrics *m, const struct store *store)
{
    if (store) {
        struct store_stats s = store_stats(store);
        gauge(m, METRIC_STORE_EXECUTIONS, (double)s.executions);
        gauge(m, METRIC_STORE_BYTES, (double)s.bytes);
    }
}

/* The second number of statm: pages that are in memory. */
static double resident_bytes(void)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    char *end;
    if (fd_read_path("/proc/self/statm", STATM_MAX, &text, &e) < 0) {
        return 0;
    }
    (void)strtoull(text.data, &end, 10);
    return (double)strtoull(end, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static double fds_count(void)
{
    DIR *d = opendir("/proc/self/fd");
    double count = -1; /* the directory's own */
    if (!d) {
        return 0;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): of a DIR of our own */
    for (const struct dirent *entry; (entry = readdir(d));) {
        count += entry->d_name[0] != '.';
    }
    closedir(d);
    return count;
}

/* Since Linux 6.2 it is the directory's size; before, they are counted. */
static double open_fds(void)
{
    struct stat st;
    return stat("/proc/self/fd", &st) == 0 && st.st_size > 0 ? (double)st.st_size : fds_count();
}

static void gauges_set(void *ctx)
{
    const struct common *c = ctx;
    struct metrics *m = c->api->metrics;
    engine_gauges(m, c->api->engine);
    box_gauges(m, c->api->sandbox);
    store_gauges(m, c->api->store);
    gauge(m, METRIC_MEMORY_BYTES, resident_bytes());
    gauge(m, METRIC_OPEN_FDS, open_fds());
}

void metrics_gauges(struct common *c)
{
    struct metrics *m = c->api->metrics;
    metrics_on_write(m, gauges_set, c);
    gauge(m, METRIC_START_TIME, (double)c->started_ns / NS_PER_S);
    metrics_set(m, METRIC_BUILD_INFO, METRIC_LABELS(BELLJAR_VERSION), 1);
}

void metrics_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    struct buf text = {0};
    metrics_write(c->api->metrics, &text);
    size_t len = text.len;
    http_respond(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_take(&text), len);
}
