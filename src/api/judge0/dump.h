#pragma once
/*
 * dump - the submissions in a dump of Judge0's PostgreSQL database (pg_dump's plain form, with
 * COPY, its default), as executions.
 *
 * Judge0 1.13 keeps texts as base64 (all but message) and additional_files as bytea; columns are
 * taken by name, so older and newer versions do.  Blocks; keeps one row in memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct execution;

struct dump_counts {
    size_t read, unfinished, refused;
};

/* `take` gets a reference; an error of it ends the reading. */
typedef int dump_take_fn(void *ctx, struct execution *x, struct err *e);

/*
 * Submissions that Judge0 had not finished become Internal Error, or with `run_unfinished` are left
 * queued, to be run by belljar.  A row that cannot be read is counted as refused and told by `say`
 * with its line.  ERR_INVALID when `in` is no such dump.
 */
int dump_read(FILE *in, bool run_unfinished, dump_take_fn *take,
              void (*say)(void *ctx, size_t line, const char *what), void *ctx,
              struct dump_counts *ret, struct err *e);
