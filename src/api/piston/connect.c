/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Piston's WebSocket: init, then stdin and signals in, what the program does out, each end with a
 * close code of its own.
 *
 * What Piston loses is kept here: stdin that comes with init or before the program, and signals. A
 * second init, or a client that leaves, ends the job.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/piston/body.h"
#include "api/piston/order.h"
#include "api/piston/outcome.h"
#include "api/piston/piston.h"
#include "api/session.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"
#include "model/job.h"
#include "model/runtime.h"

#define INIT_NS NS_PER_S

struct connection {
    struct session session;
    struct piston *piston;
    struct order order;
    struct loop_timer init_timer;
    bool begun; /* an init is there, and is not wrong so far */
    bool shell_status;
    bool one_stage; /* as runtime.one_stage; then the first stage was told and stands for both */
    bool stage_told;
};

enum ending { ALREADY, TIMED_OUT, NOTIFIED, NOT_YET, NOT_STDIN, BAD_SIGNAL, COMPLETED };

static const struct {
    unsigned code;
    const char *reason;
} endings[] = {
    [ALREADY] = {4000, "Already Initialized"},       [TIMED_OUT] = {4001, "Initialization Timeout"},
    [NOTIFIED] = {4002, "Notified Error"},           [NOT_YET] = {4003, "Not yet initialized"},
    [NOT_STDIN] = {4004, "Can only write to stdin"}, [BAD_SIGNAL] = {4005, "Invalid signal"},
    [COMPLETED] = {4999, "Job Completed"},
};

static void end(struct connection *c, enum ending ending)
{
    loop_timer_cancel(&c->init_timer);
    order_cancel(&c->order);
    session_close(&c->session, endings[ending].code, endings[ending].reason);
}

static void end_with_error(struct connection *c, const char *message)
{
    session_send_json(&c->session, json_pack("{s:s,s:o}", "type", "error", "message",
                                             json_repaired(message, strlen(message))));
    end(c, NOTIFIED);
}

/* --- out --------------------------------------------------------------------------------- */

static const char *stage_name(const struct connection *c, enum engine_stage stage)
{
    return stage == STAGE_COMPILE && !c->one_stage ? "compile" : "run";
}

static void on_stage(void *ctx, enum engine_stage stage)
{
    struct connection *c = ctx;
    if (!c->one_stage || !c->stage_told) {
        session_send_json(&c->session,
                          json_pack("{s:s,s:s}", "type", "stage", "stage", stage_name(c, stage)));
    }
    c->stage_told = true;
}

static void on_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    struct connection *c = ctx;
    if (result->verdict == VERDICT_INTERNAL_ERROR || result->verdict == VERDICT_CANCELLED) {
        return; /* an error is told instead */
    }
    if (c->one_stage && stage == STAGE_COMPILE && result->verdict == VERDICT_OK) {
        return; /* the program's own follows */
    }
    json_t *m = json_pack("{s:s,s:s}", "type", "exit", "stage", stage_name(c, stage));
    outcome_set_exit(m, result, c->shell_status);
    session_send_json(&c->session, m);
}

static const char *failure_of(const struct result *result)
{
    const char *reason = result->run.ran ? result->run.reason : result->compile.reason;
    return reason[0] != '\0' ? reason
                             : "the program could not be started; the server's log says why";
}

static void on_finished(void *ctx, struct result *result)
{
    struct connection *c = ctx;
    if (result->verdict == VERDICT_CANCELLED) {
        end_with_error(
            c, "this program was not run to its end: it was cancelled, or the server is stopping");
    } else if (result->verdict == VERDICT_INTERNAL_ERROR) {
        end_with_error(c, failure_of(result));
    } else {
        end(c, COMPLETED);
    }
}

/* --- in ---------------------------------------------------------------------------------- */

/* No cap on output but the key's: the client is free to stop reading. */
static void job_adapt(const struct connection *c, struct job *job)
{
    uint64_t ceiling = c->session.caller.limits.run.output_bytes;
    job->compile.output_bytes = job->run.output_bytes = ceiling > 0 ? ceiling : UINT64_MAX;
    free(job->stdin_data);
    job->stdin_data = NULL;
    job->stdin_size = 0;
}

/* Takes the job. */
static int submit(struct connection *c, struct job *job, struct err *e)
{
    int r = gate_check_share(c->piston->api->gate, &c->session.caller, 1, e);
    if (r < 0) {
        job_free(job);
        return r;
    }
    return session_run(&c->session, job, e);
}

static void on_order(void *ctx, struct job *job, const char *why)
{
    struct connection *c = ctx;
    struct err e = {0};
    if (job == NULL) {
        end_with_error(c, why);
        return;
    }
    c->shell_status = job->shell_status;
    c->one_stage = job->runtime->one_stage;
    job_adapt(c, job);
    json_t *runtime = json_pack("{s:s,s:s,s:s}", "type", "runtime", "language",
                                job->runtime->language, "version", job->runtime->version);
    if (submit(c, job, &e) < 0) {
        json_decref(runtime);
        end_with_error(c, e.text);
        return;
    }
    session_send_json(&c->session, runtime);
}

static void on_init(struct connection *c, json_t *message)
{
    struct err e = {0};
    if (c->begun) {
        end(c, ALREADY);
    } else if (body_check(message, &e) < 0) {
        end_with_error(c, e.text);
    } else {
        c->begun = true;
        session_begin(&c->session);
        loop_timer_cancel(&c->init_timer);
        order_begin(&c->order, c->piston, &c->session.caller, PISTON_V2, json_incref(message),
                    on_order, c);
    }
}

static void on_data(struct connection *c, json_t *message)
{
    const char *stream = json_string_value(json_object_get(message, "stream"));
    const json_t *data = json_object_get(message, "data");
    if (!c->begun) {
        end(c, NOT_YET);
    } else if (stream == NULL || strcmp(stream, "stdin") != 0) {
        end(c, NOT_STDIN);
    } else if (!json_is_string(data)) {
        end_with_error(c, "data must be a string");
    } else {
        session_stdin(&c->session, json_string_value(data), json_string_length(data));
    }
}

static void on_signal(struct connection *c, json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "signal"));
    int signo = name != NULL ? signal_number(name) : 0;
    if (!c->begun) {
        end(c, NOT_YET);
    } else if (signo == 0) {
        end(c, BAD_SIGNAL);
    } else {
        session_signal(&c->session, signo);
    }
}

static const struct {
    const char *type;
    void (*fn)(struct connection *c, json_t *message);
} handlers[] = {{"init", on_init}, {"data", on_data}, {"signal", on_signal}};

/* Text or binary, as in Piston; of an unknown type, or of none, it is dropped without a word. */
static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct connection *c = ctx;
    struct err e = {0};
    AUTO(json_freep) json_t *message = NULL;
    (void)kind;
    if (json_parse(data, len, &message, &e) < 0) {
        end_with_error(c, e.text);
        return;
    }
    if (json_is_null(message)) {
        end_with_error(c, "Cannot read properties of null (reading 'type')");
        return;
    }
    const char *type = json_string_value(json_object_get(message, "type"));
    for (size_t i = 0; type != NULL && i < ARRAY_LEN(handlers); i++) {
        if (strcmp(type, handlers[i].type) == 0) {
            handlers[i].fn(c, message);
            return;
        }
    }
}

/* --- its life ---------------------------------------------------------------------------- */

static void on_init_timeout(void *ctx)
{
    struct connection *c = ctx;
    end(c, TIMED_OUT);
}

static void on_closed(void *ctx)
{
    struct connection *c = ctx;
    loop_timer_cancel(&c->init_timer);
    order_cancel(&c->order);
    free(c);
}

void connect_v2(struct http_request *r, void *ctx)
{
    struct piston *p = ctx;
    if (!http_wants_websocket(r)) {
        json_respond_message(r, 404, "Not Found");
        return;
    }
    struct connection *c = xcalloc(1, sizeof(*c));
    const struct session_events events = {
        .message = on_message,
        .stage = on_stage,
        .stage_done = on_stage_done,
        .finished = on_finished,
        .closed = on_closed,
        .ctx = c,
    };
    const struct websocket_config config = {.message_max = p->api->config->body_max};
    c->piston = p;
    c->session.output_type = "data";
    if (!session_open(&c->session, p->api, r, &config, &events)) {
        free(c);
        return;
    }
    struct loop *loop = p->api->loop;
    loop_timer_set(loop, &c->init_timer, loop_now_ns(loop) + INIT_NS, on_init_timeout, c);
}

static void nowhere_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    (void)ctx;
    (void)kind;
    (void)data;
    (void)len;
}

static void nowhere_closed(void *ctx, unsigned code)
{
    (void)ctx;
    (void)code;
}

bool connect_nowhere(struct http_request *r)
{
    static const struct websocket_events events = {.message = nowhere_message,
                                                   .closed = nowhere_closed};
    static const struct websocket_config config = {.message_max = 125};
    if (!http_wants_websocket(r)) {
        return false;
    }
    struct websocket *w = http_accept_websocket(r, &config, &events);
    if (w != NULL) {
        websocket_close(w, WEBSOCKET_NO_CODE, "");
    }
    return true;
}
