/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/package_book.h"

#include <stdlib.h>

#include "api/api.h"
#include "api/packages.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

#define KEPT_NS (2 * NS_PER_S)
/* An index that cannot be had takes long to say so. */
#define KEPT_WITHOUT_INDEX_NS (30 * NS_PER_S)

struct package_book {
    struct api *api;
    json_t *rows; /* NULL: not known */
    uint64_t until_ns;
    struct packages_ask *ask; /* NULL: nobody is asked */
    bool stale;               /* what is being told was before a change */
    struct list waits;
    struct loop_defer answer;
};

struct package_wait {
    struct list link;
    package_book_fn *fn;
    void *ctx;
};

struct package_book *package_book_new(struct api *api)
{
    struct package_book *b = xcalloc(1, sizeof(*b));
    b->api = api;
    list_init(&b->waits);
    return b;
}

void package_book_forget(struct package_book *b)
{
    json_decref(b->rows);
    b->rows = NULL;
    b->stale = b->ask != NULL;
}

void package_book_cancel(struct package_wait *w)
{
    if (w) {
        list_remove(&w->link);
        free(w);
    }
}

void package_book_free(struct package_book *b)
{
    if (!b) {
        return;
    }
    LIST_FOR_EACH (node, &b->waits) {
        package_book_cancel(LIST_ITEM(node, struct package_wait, link));
    }
    packages_forget(b->ask);
    loop_defer_cancel(&b->answer);
    json_decref(b->rows);
    free(b);
}

static void answer_all(void *ctx)
{
    struct package_book *b = ctx;
    LIST_FOR_EACH (node, &b->waits) {
        struct package_wait *w = LIST_ITEM(node, struct package_wait, link);
        w->fn(w->ctx, b->rows);
        package_book_cancel(w);
    }
}

static void learn(struct package_book *b, const json_t *last)
{
    const char *why = json_string_value(json_object_get(last, "index_error"));
    struct err e;
    if (packages_error(last, &e) < 0) {
        LOG_WARN(b->api->log, "what can be installed is not told", log_s("why", e.text));
        return;
    }
    if (why) {
        LOG_WARN(b->api->log, "Piston's index is left out of the packages", log_s("why", why));
    }
    b->rows = json_incref(json_object_get(last, "packages"));
    b->until_ns = loop_now_ns(b->api->loop) + (why ? KEPT_WITHOUT_INDEX_NS : KEPT_NS);
}

static void on_told(void *ctx, const json_t *last)
{
    struct package_book *b = ctx;
    b->ask = NULL;
    learn(b, last);
    answer_all(b);
    if (b->stale) {
        package_book_forget(b);
    }
}

static void ask(struct package_book *b, const struct http_request *by)
{
    const struct packages_question question = {.op = STEWARD_AVAILABLE, .by = by};
    const struct packages_events events = {.end = on_told, .ctx = b};
    b->stale = false;
    b->ask = packages_ask(b->api->packages, &question, &events);
}

struct package_wait *package_book_read(struct package_book *b, const struct http_request *by,
                                       package_book_fn *fn, void *ctx)
{
    struct package_wait *w = xcalloc(1, sizeof(*w));
    *w = (struct package_wait){.fn = fn, .ctx = ctx};
    list_append(&b->waits, &w->link);
    if (b->rows && loop_now_ns(b->api->loop) >= b->until_ns) {
        package_book_forget(b);
    }
    if (b->rows || !b->api->packages) {
        loop_defer(b->api->loop, &b->answer, answer_all, b);
    } else if (!b->ask) {
        ask(b, by);
    }
    return w;
}
