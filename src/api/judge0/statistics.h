#pragma once
/*
 * statistics - how many submissions there are, by day, language and status (contract section 9).
 */
#include <jansson.h>
#include <stdint.h>

struct judge0_language_set;
struct store_statistics;

#define STATISTICS_FRESH_S 600 /* how long an answer is kept */

/* `languages` may be NULL when all->language_count is 0.  Pure but for language names. */
json_t *statistics_json(const struct store_statistics *all,
                        const struct judge0_language_set *languages, uint64_t now_ns);
#define PRETTY_SIZE_MAX 32
/* "7743 kB": as PostgreSQL's pg_size_pretty says it. */
void statistics_pretty_size(uint64_t bytes, char ret[PRETTY_SIZE_MAX]);
