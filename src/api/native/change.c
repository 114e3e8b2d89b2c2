/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/change.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/native/native.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/event_stream.h"
#include "http/http.h"
#include "runtimes/runtimes.h"

struct change {
    struct native *native;
    enum steward_op op;
    struct http_request *request; /* NULL: its connection is the stream's */
    struct event_stream *stream;
    struct packages_ask *ask; /* NULL: it is over */
    bool full;                /* what cannot be sent now is left out: the next line tells more */
};

static void change_free(struct change *c)
{
    packages_forget(c->ask);
    free(c);
}

/* --- its end ---------------------------------------------------------------------------------- */

static unsigned status_of(const struct err *e)
{
    return e->kind == ERR_DENIED ? 403 : native_status_of(e);
}

/* Without what commands tell each other; what was done before a failure is told, too. */
static json_t *answer_of(const json_t *last, const struct err *e)
{
    static const char *const ours[] = {"end", "kind", "message", "refused"};
    json_t *answer = json_copy((json_t *)(uintptr_t)last);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        json_object_del(answer, ours[i]);
    }
    if (e != NULL) {
        AUTO(json_freep) json_t *problem = native_problem_json(status_of(e), e->text, NULL);
        json_object_update(answer, problem);
    }
    return answer;
}

static void send_json(struct change *c, const char *event, const json_t *data)
{
    AUTO(mem_freep) char *text = json_dumps(data, JSON_COMPACT);
    c->full = !event_stream_send(c->stream, event, NULL, text, strlen(text));
}

static bool changes(enum steward_op op)
{
    return op != STEWARD_AVAILABLE && op != STEWARD_LIST && op != STEWARD_OUTDATED &&
           op != STEWARD_IMAGES;
}

static void on_end(void *ctx, const json_t *last)
{
    struct change *c = ctx;
    struct err e;
    bool ok = packages_error(last, &e) == 0;
    AUTO(json_freep) json_t *answer = answer_of(last, ok ? NULL : &e);
    c->ask = NULL;
    if (changes(c->op)) { /* who is told that it is done may use it at once */
        runtimes_read_installed(c->native->api->runtimes);
    }
    if (c->stream != NULL) { /* which frees it when it has ended */
        send_json(c, ok ? "done" : "error", answer);
        event_stream_end(c->stream);
        return;
    }
    struct http_request *r = c->request;
    if (ok) {
        native_respond(r, 200, json_incref(answer));
    } else {
        native_problem_respond(r, status_of(&e), json_incref(answer));
    }
    change_free(c);
}

static void on_progress(void *ctx, const json_t *line)
{
    struct change *c = ctx;
    if (c->stream != NULL && !c->full) {
        send_json(c, "progress", line);
    }
}

/* --- its client ------------------------------------------------------------------------------- */

static void on_gone(void *ctx)
{
    change_free(ctx);
}

static void on_room(void *ctx)
{
    struct change *c = ctx;
    c->full = false;
}

static bool wants_events(const struct http_request *r)
{
    const char *accept = http_header(r, "Accept");
    return accept != NULL && strstr(accept, "text/event-stream") != NULL;
}

void change_ask(struct native *n, struct http_request *r, const struct packages_question *q)
{
    if (n->api->packages == NULL) {
        native_problem(r, 503, "packages cannot be changed here", NULL);
        return;
    }
    struct change *c = xcalloc(1, sizeof(*c));
    const struct packages_events events = {on_progress, on_end, c};
    *c = (struct change){.native = n, .op = q->op, .request = r};
    c->ask = packages_ask(n->api->packages, q, &events); /* before the request is the stream's */
    if (!wants_events(r)) {
        http_on_gone(r, on_gone, c);
        return;
    }
    const struct event_stream_events stream = {on_room, on_gone, c};
    c->stream = http_accept_event_stream(r, &stream);
    if (c->stream == NULL) { /* that is answered; what was asked for goes on */
        change_free(c);
    }
}
