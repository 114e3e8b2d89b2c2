#pragma once
/*
 * encode - base64 and hex.
 *
 * The _lenient decoders follow node's Buffer.from(text, "base64" / "hex"): base64
 * takes both alphabets, skips every other byte and stops at '='; hex stops at the first pair
 * that is not hex.  They cannot fail.  Pure functions.
 */
#include <stddef.h>

struct buf;
struct err;

void base64_encode(const void *data, size_t len, struct buf *ret);
int base64_decode(const char *text, size_t len, struct buf *ret,
                  struct err *e); /* RFC 4648, strict */
void base64_decode_lenient(const char *text, size_t len, struct buf *ret);
void hex_decode_lenient(const char *text, size_t len, struct buf *ret);
