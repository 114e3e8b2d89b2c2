#pragma once
/*
 * native - belljar's own API, /api/v1/...: the dialect in which everything belljar can do is said.
 *
 *   request   request.def (every key of an execution, once: type, range, help), schema.h (a body
 *             checked against it), request.c (what goes together; all problems at once),
 *             admission.c (with its runtime and the sieve), problem.c (RFC 9457)
 *   between   job.c (a request's job), kept.c (what is kept of a request), answer.c (results as
 *             JSON)
 *   routes    executions.c (create, show, delete), list.c, batch.c, languages.c, admin.c,
 *             stream.c (run on a WebSocket), watch.c (watch on a WebSocket), events.c (Server-Sent
 *             Events), packages.c, images.c (through change.c, from wishes.c)
 *
 * An execution's PART_BODY is the request as it was sent, its `request` (kept.c) what was made of
 * it when it was accepted: limits (defaults, the caller's ceilings), the runtime that was found;
 * its PART_ANSWER a JSON object with the keys of the answer that come of a result: verdict,
 * language, version, runtime, compile, run, tests, artifacts; its `result` the first four of them;
 * its status the verdict.
 *
 * This header is for the files of this directory; the dialect itself is in api/api.h.
 */
#include <jansson.h>

#include "api/api.h"
#include "http/http.h"
#include "model/job.h"
#include "model/result.h"

struct buf;
struct caller;
struct err;
struct execution;
struct execution_dialect;
struct http_request;
struct runtime;

#define NATIVE_DIALECT "native" /* execution.dialect, job.dialect */

struct native {
    struct api *api;
    struct execution_dialect *execution;
    json_t *asked;          /* whose words execution_dialect.runtime told last */
    uint64_t watched_bytes; /* what watchers hold of executions that are over */
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

/* Exact numbers; of two equal keys none counts: refused.  Pure. */
int native_parse(const char *text, size_t len, json_t **ret, struct err *e);
/*
 * Takes `body`.  False: *ret_errors is an array of {"path","message"}, all problems at once
 * ("limits.wall_mss: unknown key" has path "limits.wall_mss").  caller NULL: no ceilings.  Pure.
 */
bool native_request_read(const struct config *config, const struct caller *caller,
                         enum native_use use, json_t *body, struct native_request *ret,
                         json_t **ret_errors);
/* Likewise, what can only be told when the runtime is known.  Raises limits that were not asked for
 * to what the language needs. */
bool native_request_fit(struct native_request *q, const struct caller *caller,
                        const struct runtime *runtime, json_t **ret_errors);
/* Of a body that was checked before; takes it.  Without limits. */
void native_request_take(struct native_request *q, json_t *body);
/* What holds when nothing is asked for. */
void native_limits_usual(const struct config *config, const struct caller *caller,
                         const struct runtime *runtime, struct limits *ret_compile,
                         struct limits *ret_run);
void native_request_done(struct native_request *q); /* zeroed is fine; fits AUTO */

/* --- admission.c --------------------------------------------------------------------------- */

struct native_admission;
/* Once: either `q` (taken over by moving it out, else freed) and its runtime (ref it to keep it),
 * or `errors` (borrowed), all of them: those of the request, its language, the sieve.  Perhaps from
 * inside native_admit, which then gives NULL. */
typedef void native_admitted_fn(void *ctx, struct native_request *q, struct runtime *runtime,
                                json_t *errors);
/* Takes `body`.  The caller is not needed after it returned. */
struct native_admission *native_admit(struct native *n, const struct caller *caller,
                                      enum native_use use, json_t *body, native_admitted_fn *fn,
                                      void *ctx);
void native_admission_cancel(struct native_admission *a); /* NULL is fine */

/* --- job.c --------------------------------------------------------------------------------- */

/* ERR_INVALID: what a request says does not go with this runtime.  The job has no id yet. */
int native_job(const struct config *config, const struct native_request *q, struct runtime *runtime,
               struct job **ret, struct err *e);

/* --- kept.c -------------------------------------------------------------------------------- */

#define FINGERPRINT_LEN 64

/* Of what was asked, whatever the order of its keys. */
void native_fingerprint(const json_t *body, char ret[FINGERPRINT_LEN + 1]);
/* The execution of a request, with an id; `fingerprint` may be NULL; `waits`: somebody waits. */
struct execution *native_kept(const struct native_request *q, const struct runtime *runtime,
                              const char *caller, const char *fingerprint, bool waits);
/* The request again. */
int native_kept_request(const struct execution *x, struct native_request *ret, struct err *e);

/* --- answer.c ------------------------------------------------------------------------------ */

/* "wall_time_limit" ...: the spec's words; exec_format is "internal_error"'s neighbour in ours. */
const char *native_verdict(enum verdict v);
/* {"verdict", "exit_code", "signal", "stdout", ...}; with_output false: without stdout, stderr and
 * output. */
json_t *native_stage(const struct stage_result *s, bool with_output);
/* {"verdict", "reason", "language", "version", "runtime", "compile", "run", "tests", "artifacts"};
 * `names` of the tests may be NULL, `runtime` too. */
json_t *native_outcome(const json_t *test_names, const struct runtime *runtime,
                       const struct result *result, bool with_output);
/* The whole answer, from what is kept; x has PART_ANSWER when it is over. */
json_t *native_execution(const struct execution *x);
/* Writes what came of it into x: status, result, PART_ANSWER. */
void native_conclude(struct execution *x, const struct result *result);
void native_conclude_failed(struct execution *x, const char *why);
/* Likewise as text, without parsing what is kept. */
void native_execution_write(const struct execution *x, struct buf *ret);
/* Without what came of its stages. */
json_t *native_execution_summary(const struct execution *x);
/* "2026-01-02T03:04:05.678Z"; null for 0. */
json_t *native_time(uint64_t ns);

/* --- problem.c ----------------------------------------------------------------------------- */

/* {"type", "title", "status", "detail", "errors"}; `errors` (may be NULL) is taken. */
json_t *native_problem_json(unsigned status, const char *detail, json_t *errors);
/* application/problem+json; `errors` (may be NULL) is taken. */
void native_problem(struct http_request *r, unsigned status, const char *detail, json_t *errors);
/* 422, with a sentence that counts them. */
void native_problem_errors(struct http_request *r, json_t *errors);
/* {"type", ...} with whatever else; takes it. */
void native_problem_respond(struct http_request *r, unsigned status, json_t *problem);
unsigned native_status_of(const struct err *e);
/* What the engine, the queue or the store refused: 429, 503 with Retry-After, 404 ... */
void native_problem_of(struct http_request *r, const struct err *e);
/* application/json; takes `value`. */
void native_respond(struct http_request *r, unsigned status, json_t *value);
/* The body, or NULL: that is answered (415, 400). */
json_t *native_read_body(struct http_request *r);

/* --- executions.c --------------------------------------------------------------------------- */

/* Whether it is there, is native's, and is the caller's. */
bool native_is_visible(const struct caller *caller, const struct execution *x);

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
http_handler native_packages_list, native_packages_available, native_packages_outdated,
    native_packages_install, native_packages_remove, native_packages_upgrade, native_packages_pin,
    native_packages_unpin;
http_handler native_images_list, native_images_add, native_images_remove;
