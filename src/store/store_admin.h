#pragma once
/*
 * store_admin - what an operator does with a store's database, beside a running server or without
 * one: `belljar db`.  Blocks; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/execution.h"

struct err;
struct store_admin;

/* The database must be there: ERR_NOT_FOUND else.  A `make` that is true makes or migrates it. */
int store_admin_open(const char *path, bool make, struct store_admin **ret, struct err *e);
void store_admin_close(struct store_admin *a); /* NULL is fine */
void store_admin_closep(struct store_admin **a);

/* What is read from here to the end of a backup is of this moment, while others write on. */
int store_admin_snapshot(struct store_admin *a, struct err *e);
/* Copies the snapshot into an empty file; opens no other file of the store. */
int store_admin_backup(struct store_admin *a, const char *target, struct err *e);
/* Calls `say` for each thing that is wrong; ERR_INVALID when there was one. */
int store_admin_check(struct store_admin *a, void (*say)(void *ctx, const char *what), void *ctx,
                      struct err *e);
/* Writes the database anew without its free space. */
int store_admin_vacuum(struct store_admin *a, uint64_t *ret_before, uint64_t *ret_after,
                       struct err *e);

struct store_purge { /* each that is set must match */
    const char *label, *caller;
    uint64_t before_ns; /* finished before */
    bool all;
};
/*
 * Deletes what matches and is over, for good: its pages are overwritten, the write-ahead log is
 * emptied.  ERR_BUSY when a reader kept the log from that: do it again.
 */
int store_admin_purge(struct store_admin *a, const struct store_purge *purge, uint64_t *ret_count,
                      struct err *e);

/* All, in the order of acceptance, whole; `fn` borrows.  A store of an earlier version is brought
 * to the present one. */
int store_admin_each(struct store_admin *a,
                     int (*fn)(void *ctx, const struct execution *x, struct err *e), void *ctx,
                     struct err *e);
/* Adds one (not taken) to the transaction under way; *ret_added is false when its id is there. */
int store_admin_add(struct store_admin *a, const struct execution *x, bool *ret_added,
                    struct err *e);
int store_admin_commit(struct store_admin *a, struct err *e);
