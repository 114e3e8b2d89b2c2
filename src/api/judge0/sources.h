#pragma once
/*
 * sources - the sources of submissions through the sieve (api/sieve.h), and what it says in
 * Judge0's form.
 */
#include <jansson.h>

#include "api/sieve.h"

struct execution;
struct judge0;

/* Violations name them by their index; NULL: there is nothing to look for, and `fn` is not called.
 */
struct sieve_check *sources_look(const struct judge0 *j, struct execution *const *all, size_t count,
                                 sieve_fn *fn, void *ctx);
/* {"source_code": [...]} of one of them; NULL: it passed. */
json_t *sources_errors(const struct judge0 *j, const struct sieve_violation *found, size_t count,
                       size_t index);
