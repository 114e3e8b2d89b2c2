#pragma once
/*
 * doctor - what this host gives, as a table: feature, state, what it means, how to get it.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "sandbox/launch.h"

struct box_boxd_hello;
struct err;

enum doctor_state { DOCTOR_OK, DOCTOR_WEAKER, DOCTOR_MISSING };
struct doctor_row {
    const char *feature;
    enum doctor_state state;
    const char *detail;  /* "v1 (memory, pids, cpu, cpuacct)" */
    const char *meaning; /* what a user gets or loses */
    const char *remedy;  /* "" when there is nothing to do */
};

#define DOCTOR_ROWS_MAX 32
/* Rows from boxd's HELLO (NULL: boxd could not start; the rows then come from probes of the host). Returns their number. */
unsigned doctor_rows(const struct box_boxd_hello *hello, struct doctor_row rows[DOCTOR_ROWS_MAX]);
void doctor_print(const struct doctor_row *rows, unsigned count, bool colour, struct buf *ret);
/* ERR_UNSUPPORTED, naming what is missing, when `hello` is below what is required. */
int doctor_require(const struct box_boxd_hello *hello, enum sandbox_require require, struct err *e);
