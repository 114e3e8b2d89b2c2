#pragma once
/*
 * native - belljar's own API (/api/v1) as its client: what was said on the command line as a
 * request, and its answers as results.
 */
#include <stdbool.h>

#include <jansson.h>

struct buf;
struct err;
struct remote;
struct result;
struct run_options;

#define NATIVE_EXECUTIONS "/api/v1/executions"
#define NATIVE_STREAM     "/api/v1/stream"

/* The keys of an execution; what no flag has said is left to the server. */
int native_body(const struct run_options *o, json_t **ret, struct err *e);
void native_add_stdin(json_t *body, const struct buf *input);

/* A finished execution.  *ret was initialised. */
void native_result(const json_t *execution, struct result *ret);

/*
 * POSTs an execution.  ERR_UNSUPPORTED: that server has no such API (a Piston, or an old belljar).
 * *ret: the execution as far as it is known.
 */
int native_post(const struct remote *remote, const json_t *body, json_t **ret, struct err *e);
bool native_is_over(const json_t *execution);
