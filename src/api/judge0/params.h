#pragma once
/*
 * params - what a request says: its body (JSON, form or multipart) merged with its query, which
 * wins.  Comparisons are with strings: body {"wait": true} is not "true".
 */
#include <jansson.h>
#include <stdbool.h>

struct err;
struct http_request;

/* *ret: an object, the caller's.  ERR_INVALID: malformed JSON, invalid UTF-8 (400). */
int params_read(const struct http_request *r, json_t **ret, struct err *e);
/* The value when it is a string, else NULL. */
const char *params_text(const json_t *params, const char *name);
bool params_is_true(const json_t *params, const char *name); /* the string "true" */
