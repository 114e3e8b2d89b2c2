#pragma once
/*
 * rand - random bytes from getrandom(2), ULIDs (26 characters of Crockford
 * base32: 48 bits of milliseconds, 80 random bits; https://github.com/ulid/spec), and UUIDs.
 */
#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *data, size_t len);
uint64_t rand_u64(void);

#define ULID_LEN 26
void ulid_make(uint64_t wall_ms, char ret[ULID_LEN + 1]);

#define UUID_LEN 36
void uuid_make(char ret[UUID_LEN + 1]); /* version 4: 122 random bits (RFC 9562) */
