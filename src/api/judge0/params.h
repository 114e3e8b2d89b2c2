#pragma once
/*
 * params - what a request says: its body (JSON, form or multipart) merged with its query, which
 * wins.  Comparisons are with strings: body {"wait": true} is not "true".
 *
 * JSON integers stay integers.  Of form names, "a[]", "a[b]" and "a[][b]" make lists and objects.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct http_request;

/* *ret: an object, the caller's.  ERR_INVALID: malformed JSON or form, invalid UTF-8 (400);
 * ERR_LIMIT: more values than anybody needs. */
int params_read(const struct http_request *r, json_t **ret, struct err *e);
/* The same, pure: `type` may be NULL; a NUL is behind `body`. */
int params_parse(const char *type, const char *body, size_t len, const char *query, json_t **ret,
                 struct err *e);
/* The value when it is a string, and without a NUL; else NULL. */
const char *params_text(const json_t *params, const char *name);
bool params_is_true(const json_t *params, const char *name); /* the string "true" */
