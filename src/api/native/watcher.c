/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/watcher.h"

#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

/* One alone may be larger. */
#define WATCHED_MAX (UINT64_C(256) << 20)

struct watcher {
    struct native *native;
    struct http_request *request; /* NULL: taken */
    struct watcher_sink sink;
    struct trail trail;
    char id[EXECUTION_ID_MAX + 1];
    json_t *tests; /* their names; NULL: it has none */
    struct executions_read *read;
    struct executions_watch *watch;
    bool full;
    struct execution *over; /* NULL: not yet */
    json_t *answer;         /* what came of it */
    uint64_t bytes;         /* its share of native.watched_bytes */
    size_t decoded;         /* the leg whose output is in out and err */
    struct buf out, err;
};

/* --- what there is to see ---------------------------------------------------------------- */

static size_t printed_length(const struct buf *b, bool truncated)
{
    return truncated ? utf8_whole(b->data, b->len) : b->len;
}

static void leg_of_result(const struct stage_result *s, bool over, struct trail_leg *ret)
{
    *ret = (struct trail_leg){
        .over = over,
        .out = s->out.data,
        .out_len = printed_length(&s->out, s->out_truncated),
        .err = s->err.data,
        .err_len = printed_length(&s->err, s->err_truncated),
    };
}

/* Of a job that is under way; *ret_over: that leg has ended. */
static const struct stage_result *live_stage(const struct watcher *w, size_t leg, bool *ret_over)
{
    enum engine_stage now = STAGE_COMPILE;
    const struct result *r = w->watch != NULL ? executions_watch_result(w->watch, &now) : NULL;
    if (r == NULL) {
        return NULL;
    }
    size_t test = leg - TRAIL_RUN;
    *ret_over = true;
    if (leg == TRAIL_COMPILE) {
        *ret_over = now == STAGE_RUN;
        return r->compile.ran ? &r->compile : NULL;
    }
    if (test < r->test_count) {
        return &r->tests[test];
    }
    *ret_over = false;
    return test == r->test_count && r->run.ran ? &r->run : NULL;
}

static json_t *kept_stage(const struct watcher *w, size_t leg)
{
    json_t *stage = leg == TRAIL_COMPILE ? json_object_get(w->answer, "compile")
                    : w->tests != NULL
                        ? json_array_get(json_object_get(w->answer, "tests"), leg - TRAIL_RUN)
                    : leg == TRAIL_RUN ? json_object_get(w->answer, "run")
                                       : NULL;
    return json_is_object(stage) ? stage : NULL;
}

static void decode(const json_t *stage, const char *key, struct buf *ret)
{
    const json_t *text = json_object_get(stage, key);
    struct err e;
    buf_clear(ret);
    if (json_is_string(text)) {
        base64_decode(json_string_value(text), json_string_length(text), ret, &e);
    }
}

static void leg_of_kept(struct watcher *w, size_t leg, const json_t *stage, struct trail_leg *ret)
{
    const json_t *out = json_object_get(stage, "stdout"), *err = json_object_get(stage, "stderr");
    const char *encoding = json_string_value(json_object_get(stage, "encoding"));
    if (encoding == NULL || strcmp(encoding, "base64") != 0) {
        *ret = (struct trail_leg){true, json_string_value(out), json_string_value(err),
                                  json_string_length(out), json_string_length(err)};
        return;
    }
    if (w->decoded != leg) {
        decode(stage, "stdout", &w->out);
        decode(stage, "stderr", &w->err);
        w->decoded = leg;
    }
    *ret = (struct trail_leg){true, w->out.data, w->err.data, w->out.len, w->err.len};
}

static bool watcher_leg(void *ctx, size_t leg, struct trail_leg *ret)
{
    struct watcher *w = ctx;
    bool over = false;
    if (w->over != NULL) {
        const json_t *stage = kept_stage(w, leg);
        if (stage != NULL) {
            leg_of_kept(w, leg, stage, ret);
        }
        return stage != NULL;
    }
    const struct stage_result *stage = live_stage(w, leg, &over);
    if (stage != NULL) {
        leg_of_result(stage, over, ret);
    }
    return stage != NULL;
}

static json_t *place_of(const struct watcher *w, const struct trail_step *step)
{
    if (step->leg == TRAIL_COMPILE || w->tests == NULL) {
        return json_pack("{s:s}", "stage", step->leg == TRAIL_COMPILE ? "compile" : "run");
    }
    size_t test = step->leg - TRAIL_RUN;
    return json_pack("{s:s,s:I,s:O?}", "stage", "run", "test", (json_int_t)test, "name",
                     json_array_get(w->tests, test));
}

/* The same of what runs and of what is kept. */
static json_t *ending_of(const struct watcher *w, const struct trail_step *step)
{
    static const char *const output[] = {
        "stdout", "stderr", "output", "encoding", "name", "artifacts", "artifacts_truncated",
        "cached", NULL};
    bool over;
    if (w->over == NULL) {
        return native_stage(live_stage(w, step->leg, &over), false);
    }
    json_t *stage = json_copy(kept_stage(w, step->leg));
    for (const char *const *key = output; *key != NULL; key++) {
        json_object_del(stage, *key);
    }
    return stage;
}

/* --- telling it -------------------------------------------------------------------------- */

static bool step_tell(struct watcher *w, const struct trail_step *step)
{
    char id[TRAIL_TEXT_MAX];
    trail_write(&w->trail, id);
    bool over = step->event == TRAIL_FINISHED;
    AUTO(json_freep) json_t *place = over ? NULL : place_of(w, step);
    AUTO(json_freep)
    json_t *stage = step->event == TRAIL_LEG_OVER ? ending_of(w, step) : NULL;
    const struct watcher_event event = {id, step, place, stage, over ? w->over : NULL};
    return w->sink.event(w->sink.ctx, &event);
}

static void tell(struct watcher *w)
{
    const struct trail_view view = {w->over != NULL, watcher_leg, w};
    struct trail_step step;
    while (!w->full && trail_next(&w->trail, &view, &step)) {
        w->full = !step_tell(w, &step);
    }
}

void watcher_go_on(struct watcher *w)
{
    w->full = false;
    tell(w);
}

static void on_progress(void *ctx)
{
    tell(ctx);
}

/* Its values as JSON, and the last event, which waits for a client that reads slowly. */
static uint64_t bytes_of(const struct execution *x)
{
    return execution_bytes(x) + 2 * x->parts[PART_ANSWER].len;
}

static bool has_room(const struct watcher *w, const struct execution *x)
{
    uint64_t held = w->native->watched_bytes;
    return held == 0 || held + bytes_of(x) <= WATCHED_MAX;
}

static void refuse_for_room(struct watcher *w)
{
    struct err e;
    err_set(&e, ERR_BUSY, "too much is being watched that is over: try again in a second");
    w->sink.failed(w->sink.ctx, &e);
}

static void take_over(struct watcher *w, struct execution *x)
{
    const struct execution_bytes *answer = &x->parts[PART_ANSWER];
    w->over = execution_ref(x);
    w->bytes = bytes_of(x);
    w->native->watched_bytes += w->bytes;
    if (answer->data != NULL) {
        w->answer = json_loadb(answer->data, answer->len, JSON_ALLOW_NUL, NULL);
    }
}

static void on_over(void *ctx, struct execution *x, const struct err *e)
{
    struct watcher *w = ctx;
    w->watch = NULL;
    if (x == NULL) {
        w->sink.failed(w->sink.ctx, e);
    } else if (!has_room(w, x)) {
        refuse_for_room(w);
    } else {
        take_over(w, x);
        tell(w);
    }
}

/* --- its life ---------------------------------------------------------------------------- */

void watcher_free(struct watcher *w)
{
    if (w == NULL) {
        return;
    }
    executions_forget(w->read);
    executions_unwatch(w->watch);
    w->native->watched_bytes -= w->bytes;
    execution_unref(w->over);
    json_decref(w->answer);
    json_decref(w->tests);
    buf_done(&w->out);
    buf_done(&w->err);
    free(w);
}

static void watcher_gone(struct watcher *w)
{
    struct watcher_sink sink = w->sink;
    watcher_free(w);
    sink.gone(sink.ctx);
}

static void on_gone(void *ctx)
{
    watcher_gone(ctx);
}

static void take_test_names(struct watcher *w, const struct execution *x)
{
    AUTO(json_freep) json_t *kept = json_loads(x->request != NULL ? x->request : "", 0, NULL);
    json_t *names = json_object_get(kept, "tests");
    if (json_array_size(names) > 0) {
        w->tests = json_incref(names);
    }
}

static void watch(struct watcher *w)
{
    const struct executions_watcher watcher = {on_progress, on_over, w};
    w->watch = executions_watch(w->native->api->executions, w->id, &watcher);
    tell(w); /* what is there already */
}

static void on_got(void *ctx, struct execution *x, const struct err *e)
{
    struct watcher *w = ctx;
    struct http_request *r = w->request;
    w->read = NULL;
    if (e != NULL && e->kind != ERR_NOT_FOUND) {
        native_problem_of(r, e);
        watcher_gone(w);
        return;
    }
    if (x == NULL || !native_is_visible(gate_caller(r), x)) {
        native_problem(r, 404, "there is no such execution", NULL);
        watcher_gone(w);
        return;
    }
    w->request = NULL;
    take_test_names(w, x);
    http_on_gone(r, NULL, NULL);
    if (!w->sink.open(w->sink.ctx, r)) {
        watcher_gone(w);
        return;
    }
    watch(w);
}

struct watcher *watcher_new(struct native *n, struct http_request *r, const struct trail *from,
                            const struct watcher_sink *sink)
{
    struct watcher *w = xcalloc(1, sizeof(*w));
    *w = (struct watcher){
        .native = n, .request = r, .sink = *sink, .trail = *from, .decoded = SIZE_MAX};
    strncpy(w->id, http_param(r, "id"), sizeof(w->id) - 1);
    http_on_gone(r, on_gone, w);
    w->read = executions_get(n->api->executions, w->id, 0, on_got, w);
    return w;
}
