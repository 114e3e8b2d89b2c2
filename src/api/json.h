#pragma once
/*
 * json - request bodies to JSON, JSON to answers.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct http_request;

#define JSON_DEPTH_MAX  200
#define JSON_VALUES_MAX 1000000

/*
 * Refuses what would cost much more memory parsed than as text, or much stack: too many values, too
 * deep nesting.  Says nothing about the rest of the grammar.  Pure.
 */
int json_scan(const char *text, size_t len, struct err *e);
/* All numbers become reals, as in JavaScript; "\u0000" is kept; of equal keys the last counts. */
int json_parse(const char *text, size_t len, json_t **ret, struct err *e);
/* Integers stay integers; when one of them needs more than 64 bits, all are reals. */
int json_parse_exact(const char *text, size_t len, json_t **ret, struct err *e);
void json_freep(json_t **v); /* for AUTO */

/* Takes `value`.  Key order is kept. */
void json_respond(struct http_request *r, unsigned status, json_t *value);
/* {"message": "..."} */
void json_respond_message(struct http_request *r, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A string of any bytes: what is not UTF-8 becomes U+FFFD. */
json_t *json_repaired(const char *data, size_t len);
/* The same as text, in quotes; `data` is UTF-8. */
void json_write_string(struct buf *ret, const char *data, size_t len);
json_t *json_string_or_null(const char *s);
json_t *json_strv(char *const *v);
