#pragma once
/*
 * sha256 - of bytes that come in pieces, as text.  Cannot fail.
 */
#include <stddef.h>

#define SHA256_CHARS 64

struct sha256;

struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *s); /* NULL is fine */
void sha256_freep(struct sha256 **s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, char ret[SHA256_CHARS + 1]); /* lower case; then it is empty */
