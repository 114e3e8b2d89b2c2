#pragma once
/*
 * sieve_pattern - patterns that sources must not match, each with a budget of steps.  Any thread.
 *
 * PCRE2 backtracks: a pattern can take longer on a text than anybody waits.  So each step of a
 * match is counted, with the distance that it went, over all places where the match may begin; the
 * same text always costs the same.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sieve_patterns;

enum sieve_found { SIEVE_NOTHING, SIEVE_FOUND, SIEVE_UNDECIDED };

/* "PATTERN" or "PATTERN => message".  ERR_INVALID names one that is none, and where. */
int sieve_patterns_new(char *const *list, struct sieve_patterns **ret, struct err *e);
void sieve_patterns_free(struct sieve_patterns *p); /* NULL is fine */
size_t sieve_patterns_count(const struct sieve_patterns *p);
/* *left: steps that this pattern still has; lowered.  Undecided at once when *stop becomes true. */
enum sieve_found sieve_pattern_look(const struct sieve_patterns *p, size_t index, const char *data,
                                    size_t size, uint64_t *left, const atomic_bool *stop);
/* What to say of it; malloc'd. */
char *sieve_pattern_message(const struct sieve_patterns *p, size_t index, enum sieve_found found);
