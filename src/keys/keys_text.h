#pragma once
/*
 * keys_text - the text of keys.json.  Pure functions.
 *
 * {"keys": [{"name", "sha256", "scopes": ["run"], "created", "revoked", "rate", "burst", "running",
 * "queued", "network", "run": {"wall_ms": ...}, "compile": {...}}]}; what is 0 or false is left
 * out.
 */
#include <stddef.h>

#include "keys/keys.h"

struct buf;

/* *ret: malloc'd.  ERR_INVALID names what is wrong, and where. */
int keys_text_read(const char *text, size_t len, struct key **ret, size_t *ret_count,
                   struct err *e);
/* Without hashes: for people and their programs to read. */
void keys_text_write(const struct key *all, size_t count, bool hashes, struct buf *ret);
