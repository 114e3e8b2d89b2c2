#pragma once
/*
 * webhook_sign - the signature of Standard Webhooks (https://www.standardwebhooks.com).
 */
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* Adds "v1,BASE64" to ret.  ERR_INVALID: no secret. */
int webhook_sign(const char *secret, const char *id, uint64_t timestamp_s, const void *body,
                 size_t body_len, struct buf *ret, struct err *e);
