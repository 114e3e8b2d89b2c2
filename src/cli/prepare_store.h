#pragma once
/*
 * prepare_store - writes to a directory of preparations (prepared_dir.h), by the one who holds its
 * lock.
 */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct preparations;

/* Waits for another one who makes, when there is one and `wait`; else ERR_BUSY. */
int prepare_lock(int dir_fd, bool wait, int *ret_fd, struct err *e);
/*
 * Removes what is none of `wanted`, and what was left half done.  Only names that this program
 * makes: a directory that was named by mistake loses nothing.
 */
int prepare_prune(int dir_fd, const struct preparations *wanted, struct err *e);
/*
 * The files of a product, a memfd with a boxarchive, as DIR/<key>: all of them or none, whenever
 * this process or the machine is stopped.
 */
int prepare_keep(int dir_fd, const char *key, int product_fd, uint64_t product_size, struct err *e);
/* Why it could not be made: it is tried again only when somebody asks for that. */
int prepare_mark_failed(int dir_fd, const char *key, const char *why, struct err *e);
bool prepare_is_failed(int dir_fd, const char *key);
/* What it takes on the disk. */
uint64_t prepare_bytes(int dir_fd, const char *key);
