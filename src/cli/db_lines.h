#pragma once
/*
 * db_lines - executions as lines of JSON: what `belljar db export` writes and `import` reads.
 *
 * The first line is {"format":"belljar-executions","version":1}; each further line is one
 * execution, with times in nanoseconds since the epoch and parts in base64.
 */
#include <stdbool.h>
#include <stdio.h>

struct err;
struct execution;

int db_lines_begin(FILE *out, struct err *e);
int db_lines_put(FILE *out, const struct execution *x, struct err *e);

/* Whether this first line is that of such a file; ERR_INVALID when it is one of a later version. */
int db_lines_check(const char *line, bool *ret_is, struct err *e);
int db_lines_parse(const char *line, struct execution **ret, struct err *e);
