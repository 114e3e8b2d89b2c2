#pragma once
/*
 * form - names and values as browsers and curl send them: urlencoded (bodies and queries) and
 * multipart.  Pure.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

#define FORM_FIELDS_MAX 10000

/* Decoded, NUL may be inside; valid during the call.  0, or the error that ends the reading. */
typedef int form_field_fn(void *ctx, const char *name, size_t name_len, const char *value,
                          size_t value_len, struct err *e);

/* `separators`: "&" in a body, "&;" in a query.  ERR_INVALID for a broken %-escape, ERR_LIMIT for
 * too many fields. */
int form_urlencoded(const char *text, size_t len, const char *separators, form_field_fn *fn,
                    void *ctx, struct err *e);
/* An uploaded file's value is its content.  ERR_INVALID when the last boundary is missing. */
int form_multipart(const char *text, size_t len, const char *boundary, form_field_fn *fn, void *ctx,
                   struct err *e);
/* The value of a parameter of "form-data; name=\"x\"" or of a media type; false: it has none. */
bool form_parameter(const char *text, size_t len, const char *name, char *ret, size_t size);
