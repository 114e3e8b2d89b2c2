/* SPDX-License-Identifier: Apache-2.0 */
/* How much there is to do, and what runs now. */
#include <math.h>
#include <stdlib.h>

#include "api/json.h"
#include "api/native/native.h"
#include "api/stats.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "http/http.h"

void native_stats(struct http_request *r, void *ctx)
{
    const struct native *n = ctx;
    native_respond(r, 200, stats_json(n->api));
}

/* --- boxes ------------------------------------------------------------------------------- */

struct look {
    struct http_request *request;
    struct engine_look *look;
};

static void on_gone(void *ctx)
{
    struct look *l = ctx;
    engine_look_cancel(l->look);
    free(l);
}

static json_t *live_json(const struct engine_live *live)
{
    json_t *o = json_pack(
        "{s:s,s:s,s:o,s:o,s:o,s:s,s:b,s:o,s:o}", "id", live->id, "dialect", live->dialect, "caller",
        json_string_or_null(live->caller), "language", json_string_or_null(live->language),
        "version", json_string_or_null(live->version), "stage", live->stage, "session",
        live->session, "started_at", native_time(live->started_ns), "memory_bytes",
        live->memory_bytes > 0 ? json_integer((json_int_t)live->memory_bytes) : json_null());
    json_object_set_new(o, "cpu_ms",
                        live->cpu_ns > 0 ? json_real(round((double)live->cpu_ns / 1e3) / 1e3)
                                         : json_null());
    return o;
}

static void on_looked(void *ctx, const struct engine_live *all, size_t count)
{
    struct look *l = ctx;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, live_json(&all[i]));
    }
    native_respond(l->request, 200, json_pack("{s:o}", "boxes", list));
    free(l);
}

void native_boxes(struct http_request *r, void *ctx)
{
    const struct native *n = ctx;
    struct look *l = xcalloc(1, sizeof(*l));
    l->request = r;
    http_on_gone(r, on_gone, l);
    l->look = engine_look(n->api->engine, on_looked, l);
}
