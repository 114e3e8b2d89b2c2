#pragma once
/*
 * submission - an execution as Judge0's JSON (contract sections 4, 7).  Pure but for language
 * names and this host's.
 */
#include <stdbool.h>

#include "api/judge0/fields.h"

struct buf;
struct config;
struct execution;
struct judge0_language_set;

/*
 * Adds the object as JSON text, with < > & U+2028 U+2029 escaped: it is answered as it is.
 * `languages` may be NULL unless fields_need_languages.  False: one of the texts is no UTF-8 and
 * base64 is off ("some attributes ... cannot be converted to UTF-8"); *ret is then as it was.
 */
bool submission_write(const struct config *config, const struct judge0_language_set *languages,
                      const struct execution *x, field_mask fields, bool base64, struct buf *ret);
