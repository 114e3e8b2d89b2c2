#pragma once
/*
 * store_export - runtimes with all that they stand on, as one stream: to be carried to where no
 * network is.
 *
 *   "belljar packages 1\n"
 *   M  length (4 bytes), a manifest            each runtime; those on which others stand first
 *   L  id (4 bytes), digest, layer_record.h    each layer, once
 *   E  the SHA-256 of all before it
 *
 * Little-endian, digests as 64 hex digits.  It is not compressed.
 */
#include <stdint.h>

struct err;
struct package_store;

/* The chosen ones and, without being asked, the parts they stand on.  Each layer is checked on its
 * way; ERR_INVALID when one is not what was installed.  Blocks on `out_fd`. */
int store_export(const struct package_store *s, char *const *ids, int out_fd, struct err *e);

/*
 * Puts all of a stream into the store: layers that are there already are not made again; the
 * others are written by tree_place's rules and must have the digest that the stream says.  No
 * runtime is put before all has been read and checked, parts before those that stand on them; one
 * that is there with the same id is replaced.  *ret_ids (the caller's) are the runtimes.  When it
 * fails, what it has made is removed, as by store_collect.
 */
int store_import(struct package_store *s, int in_fd, uint64_t max_bytes, char ***ret_ids,
                 struct err *e);
