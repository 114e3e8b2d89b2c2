#pragma once
/*
 * native - belljar's own API, /api/v1/...: the dialect in which everything belljar can do is said.
 *
 *   request   request.def (every key of an execution, once: type, range, help), request.h (a body
 *             checked against it, with all its problems at once), problem.h (RFC 9457)
 *   between   job.h (a request's job), answer.h (results as JSON)
 *   routes    executions.c (create, show, delete), list.c, batch.c, languages.c, admin.c,
 *             stream.c (run on a WebSocket), watch.c (watch on a WebSocket), events.c (Server-Sent
 *             Events)
 *
 * An execution's PART_BODY is the request as it was sent, its `request` {"limits": {...}} as they
 * were resolved when it was accepted (defaults, the caller's ceilings); its PART_ANSWER the keys of
 * the answer that come of a result: verdict, version, runtime, compile, run, tests, artifacts.
 *
 * This header is for the files of this directory; the dialect itself is in api/api.h.
 */
#include <jansson.h>

#include "api/api.h"
#include "model/job.h"

struct buf;
struct caller;
struct err;
struct execution;
struct execution_dialect;
struct http_request;
struct result;
struct runtime;
struct stage_result;

#define NATIVE_DIALECT "native" /* execution.dialect, job.dialect */

struct native {
    struct api *api;
    struct execution_dialect *execution;
};

/* --- request.c ----------------------------------------------------------------------------- */

enum native_use {
    NATIVE_STORED, /* POST /executions */
    NATIVE_STREAM, /* the start message of a stream: tty, binary; no tests, callback, ttl ... */
};

/* Checked: every key is there with its type, and within its range. */
struct native_request {
    json_t *body;                   /* as it was sent, owned */
    const char *language, *version; /* of body; version "*" when it is not there */
    struct limits compile, run;     /* resolved for this caller, but for what a runtime may say */
};

/*
 * Takes `body`.  False: *ret_errors is an array of {"path","message"}, all problems at once
 * ("limits.wall_mss: unknown key" has path "limits.wall_mss").  Pure.
 */
bool native_request_read(const struct config *config, const struct caller *caller,
                         enum native_use use, json_t *body, struct native_request *ret,
                         json_t **ret_errors);
void native_request_done(struct native_request *q);

/* --- job.c --------------------------------------------------------------------------------- */

/* ERR_INVALID: what a request says does not go with this runtime.  The job has no id yet. */
int native_job(const struct config *config, const struct native_request *q, struct runtime *runtime,
               struct job **ret, struct err *e);

/* --- answer.c ------------------------------------------------------------------------------ */

/* "wall_time_limit" ...: the spec's words; exec_format is "internal_error"'s neighbour in ours. */
const char *native_verdict(enum verdict v);
/* {"exit_code", "signal", "stdout", ...}; with_output false: without stdout, stderr and output. */
json_t *native_stage(const struct stage_result *s, bool with_output);
/* {"verdict", "version", "runtime", "compile", "run", "tests", "artifacts"} */
json_t *native_outcome(const struct job *job, const struct runtime *runtime,
                       const struct result *result, bool with_output);
/* The whole answer, from what is kept; x has PART_ANSWER when it is over. */
json_t *native_execution(const struct execution *x);
/* Likewise as text, without parsing what is kept. */
void native_execution_write(const struct execution *x, struct buf *ret);

/* --- problem.c ----------------------------------------------------------------------------- */

/* application/problem+json; `errors` (may be NULL) is taken. */
void native_problem(struct http_request *r, unsigned status, const char *detail, json_t *errors);
/* What the engine, the queue or the store refused: 429, 503 with Retry-After, 404 ... */
void native_problem_of(struct http_request *r, const struct err *e);

/* --- handlers; ctx is the struct native ------------------------------------------------------ */
void execution_create(struct http_request *r, void *ctx);
void execution_show(struct http_request *r, void *ctx);
void execution_delete(struct http_request *r, void *ctx);
void execution_list(struct http_request *r, void *ctx);
void execution_batch(struct http_request *r, void *ctx);
void execution_events(struct http_request *r, void *ctx);
void execution_watch(struct http_request *r, void *ctx);
void stream_run(struct http_request *r, void *ctx);
void native_languages(struct http_request *r, void *ctx);
void native_language(struct http_request *r, void *ctx);
void native_stats(struct http_request *r, void *ctx);
void native_boxes(struct http_request *r, void *ctx); /* GET /api/v1/admin/boxes: live boxes */
