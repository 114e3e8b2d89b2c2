#pragma once
/*
 * units - sizes and times as people write them.  Pure functions; false: it is none, *ret is
 * untouched.
 *
 * A bare number is in the smallest unit; a fraction is fine as long as the result is whole ("1.5s",
 * "0.5G").
 */
#include <stdbool.h>
#include <stdint.h>

bool units_parse_count(const char *text, uint64_t *ret); /* digits only */
bool units_parse_ms(const char *text, uint64_t *ret);    /* ms, s, m, h */
/* B, K, M, G, T, each power 1024 times the one before; "MB" and "MiB" are "M". */
bool units_parse_bytes(const char *text, uint64_t *ret);
/* "0.5" is 500; at most three digits behind the point. */
bool units_parse_milli(const char *text, uint64_t *ret);
