#pragma once
/*
 * rand - random bytes from getrandom(2), and ULIDs (26 characters of Crockford
 * base32: 48 bits of milliseconds, 80 random bits; https://github.com/ulid/spec).
 */
#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *data, size_t len);
uint64_t rand_u64(void);

#define ULID_LEN 26
void ulid_make(uint64_t wall_ms, char ret[ULID_LEN + 1]);
