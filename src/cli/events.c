/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/event_parser.h"
#include "cli/native.h"
#include "cli/remote.h"

#define RETRY_MS     500
#define RETRY_MAX_MS 5000
#define PATIENCE_NS  (60 * NS_PER_S) /* without a connection; then it is given up */

struct watch {
    const struct remote *remote;
    const struct events_watcher *watcher;
    struct event_parser parser;
    bool enough;   /* the watcher's word */
    bool finished; /* the event that is the last one has come */
    bool heard;    /* something came on this connection */
};

static void watch_done(struct watch *w)
{
    event_parser_done(&w->parser);
}

/* --- what comes ------------------------------------------------------------------------------- */

static bool on_output(struct watch *w, bool to_stderr, const json_t *json)
{
    AUTO(buf_done) struct buf bytes = {0};
    const json_t *data = json_object_get(json, "data");
    const char *encoding = json_string_value(json_object_get(json, "encoding"));
    const char *stage = json_string_value(json_object_get(json, "stage"));
    if (!json_is_string(data) || !w->watcher->output) {
        return true;
    }
    if (encoding && strcmp(encoding, "base64") == 0) {
        base64_decode_lenient(json_string_value(data), json_string_length(data), &bytes);
    } else {
        buf_add(&bytes, json_string_value(data), json_string_length(data));
    }
    return w->watcher->output(w->watcher->ctx, stage ? stage : "run", to_stderr,
                              bytes.data ? bytes.data : "", bytes.len);
}

static bool watch_on_event(void *ctx, const char *type, const char *data, size_t len)
{
    struct watch *w = ctx;
    AUTO(remote_json_freep) json_t *json = json_loadb(data, len, JSON_ALLOW_NUL, NULL);
    bool to_stderr = strcmp(type, "stderr") == 0;
    if (strcmp(type, "finished") == 0) {
        w->finished = true;
        return false;
    }
    if (to_stderr || strcmp(type, "stdout") == 0) {
        w->enough = !on_output(w, to_stderr, json);
    } else if (w->watcher->event) {
        w->enough = !w->watcher->event(w->watcher->ctx, type, json);
    }
    return !w->enough;
}

static bool watch_on_bytes(void *ctx, const char *data, size_t len)
{
    struct watch *w = ctx;
    w->heard = true;
    return event_parser_feed(&w->parser, data, len);
}

/* --- one connection after the other ----------------------------------------------------------- */

/* Until the end, or the end of this connection (-ERR_IO). */
static int connect_once(struct watch *w, const char *path, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(mem_freep)
    char *header =
        w->parser.last_id.len ? xasprintf("Last-Event-ID: %s", w->parser.last_id.data) : NULL;
    const struct remote_stream stream = {
        .path = path, .header = header, .take = watch_on_bytes, .ctx = w};
    long status = 0;
    event_parser_reset(&w->parser);
    w->heard = false;
    int r = remote_follow(w->remote, &stream, &status, &answer, e);
    if (r < 0 || w->finished || w->enough) {
        return w->finished || w->enough ? 0 : r;
    }
    if (status == 204) { /* all of it has been told before */
        w->finished = true;
        return 0;
    }
    if (status == 502 || status == 503 || status == 504 || status == 429 || status == 200) {
        return err_set(e, ERR_IO, "%.100s ended the stream (status %ld)", w->remote->url, status);
    }
    remote_refusal(w->remote, status, answer, e);
    e->kind = e->kind == ERR_IO ? ERR_INVALID : e->kind; /* it will say the same again */
    return -(int)e->kind;
}

static void pause_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000 * NS_PER_MS)};
    nanosleep(&t, NULL);
}

/* A server that cannot be reached at all is told at once; one that was heard may be restarting. */
static int watch_all(struct watch *w, const char *path, struct err *e)
{
    unsigned wait_ms = RETRY_MS;
    uint64_t lost_ns = 0;
    for (;;) {
        int r = connect_once(w, path, e);
        uint64_t now = clock_mono_ns(&clock_system);
        if (w->heard) {
            lost_ns = now;
            wait_ms = w->parser.retry_ms ? w->parser.retry_ms : RETRY_MS;
        }
        if (r != -ERR_IO || lost_ns == 0 || now - lost_ns > PATIENCE_NS) {
            return r;
        }
        pause_ms(wait_ms);
        wait_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2 : RETRY_MAX_MS;
    }
}

static int execution_get(const struct remote *remote, const char *id, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(mem_freep) char *path = xasprintf(NATIVE_EXECUTIONS "/%s", id);
    long status = 0;
    int r = remote_call(remote, "GET", path, NULL, &status, &answer, e);
    if (r < 0) {
        return r;
    }
    if (status != 200 || !json_is_object(answer)) {
        return remote_refusal(remote, status, answer, e);
    }
    *ret = TAKE(&answer, NULL);
    return 0;
}

int events_watch(const struct remote *remote, const char *id, const struct events_watcher *watcher,
                 json_t **ret_execution, struct err *e)
{
    AUTO(watch_done) struct watch w = {.remote = remote, .watcher = watcher};
    AUTO(mem_freep) char *path = xasprintf(NATIVE_EXECUTIONS "/%s/events", id);
    w.parser.event = watch_on_event;
    w.parser.ctx = &w;
    int r = watch_all(&w, path, e);
    if (r == 0 && w.finished) {
        r = execution_get(remote, id, ret_execution, e);
    }
    return r;
}

int events_wait(const struct remote *remote, json_t **execution, struct err *e)
{
    static const struct events_watcher nobody = {0};
    AUTO(mem_freep)
    char *id = xstrdup(json_string_value(json_object_get(*execution, "id")));
    json_t *whole = NULL;
    int r = events_watch(remote, id, &nobody, &whole, e);
    if (r == 0) {
        json_decref(*execution);
        *execution = whole;
    }
    return r;
}
