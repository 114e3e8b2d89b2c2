#pragma once
/*
 * answer - a submission, shown to who asked for it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "api/judge0/fields.h"

struct execution;
struct http_request;
struct judge0;

#define UNSHOWABLE_ONE                                                                             \
    "some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true "   \
    "query parameter"
#define UNSHOWABLE_MANY                                                                            \
    "some attributes for one or more submissions cannot be converted to UTF-8, use "               \
    "base64_encoded=true query parameter"

/* Of several submissions in one answer: a small request must not take all memory. */
#define ANSWER_BYTES_MAX ((size_t)64 << 20)

/*
 * Answers now, or when the languages are known that are to be named.  What the request waited for
 * before (http_on_gone) is over.
 */
void answer_submission(struct judge0 *j, struct http_request *r, unsigned status,
                       struct execution *x, field_mask fields, bool base64);
