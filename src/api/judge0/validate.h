#pragma once
/*
 * validate - one submission's attributes: cast, checked in Judge0's order and words, and made into
 * an execution (contract section 3).  Pure but for the language table's look at the runtimes.
 *
 * Where a default of the configuration is above its own maximum, the maximum counts.
 */
#include <jansson.h>
#include <stdbool.h>

struct caller_limits;
struct config;
struct execution;
struct judge0_language_set;

/* What to say when validate_submission gives false. */
#define NO_STRINGS                                                                                 \
    "source_code, stdin and expected_output must be strings when base64_encoded is true, and "     \
    "additional_files always"

/*
 * *ret: an execution with dialect, language, request, status and PARTS_ASKED set, without id,
 * caller; or NULL and *ret_errors an object of field -> array of messages.  `base64`:
 * source_code, stdin and expected_output are decoded.  False: one of these with base64, or
 * additional_files, is no string (Judge0: 500; here 400).  `caller` (may be NULL): what it may;
 * that lowers the maxima.
 */
bool validate_submission(const struct config *config, const struct caller_limits *caller,
                         const struct judge0_language_set *languages, const json_t *attributes,
                         bool base64, struct execution **ret, json_t **ret_errors);
