#pragma once
/*
 * remote - one HTTP request with JSON in it and JSON out of it, to a belljar or a Piston elsewhere.
 * Blocking.
 */
#include <jansson.h>

struct err;

/* An answer larger than this is refused. */
#define REMOTE_ANSWER_MAX ((size_t)256 << 20)

/*
 * base: "http://host:port"; path: "/api/v2/execute"; body: NULL for none.  Any status is an answer;
 * *ret_answer is NULL where its body is no JSON.  Errors are those of the way there, and name the
 * URL.
 */
int remote_call(const char *base, const char *method, const char *path, const json_t *body,
                long *ret_status, json_t **ret_answer, struct err *e);
/* The `message` of an answer, or a text of our own about the status. */
int remote_refusal(const char *base, long status, const json_t *answer, struct err *e);
void remote_json_freep(json_t **json); /* for AUTO */
