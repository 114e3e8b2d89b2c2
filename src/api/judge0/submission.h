#pragma once
/*
 * submission - an execution as Judge0's JSON (contract sections 4, 7).  Pure but for language
 * names.
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/judge0/fields.h"

struct config;
struct execution;
struct judge0_language_set;

/* `languages` may be NULL when FIELD "language" is not asked for.  NULL: one of the texts is no
 * UTF-8 and base64 is off ("some attributes ... cannot be converted to UTF-8"). */
json_t *submission_json(const struct config *config, const struct judge0_language_set *languages,
                        const struct execution *x, field_mask fields, bool base64);
