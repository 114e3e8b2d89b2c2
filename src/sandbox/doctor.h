#pragma once
/*
 * doctor - what this host gives, as a table: feature, state, what it means, how to get it.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "sandbox/container.h"
#include "sandbox/launch.h"

struct box_boxd_hello;
struct err;

enum doctor_state { DOCTOR_OK, DOCTOR_WEAKER, DOCTOR_MISSING };

struct doctor_row {
    const char *feature; /* "memory limit" */
    enum doctor_state state;
    char
        detail[160]; /* "cgroup v1 (memory, pids, cpu, cpuacct)"; "" when there is no more to say */
    const char *meaning;      /* what a user gets or loses */
    const char *remedy;       /* "" when there is nothing to do */
    enum container_need need; /* what a container's engine would have to give; of rows that are
                                 not ok */
};

#define DOCTOR_ROWS_MAX 32

/*
 * Rows from boxd's HELLO; NULL: boxd could not start, and there are fewer rows, from probes of the
 * host.  `cgroup_lack`: why there is no cgroup (instance_cgroup_lack), or NULL.  Gives their
 * number.
 */
unsigned doctor_rows(const struct box_boxd_hello *hello, const char *cgroup_lack,
                     struct doctor_row rows[DOCTOR_ROWS_MAX]);
/* Of a container: each option that its engine lacks for the rows that are not ok.  Gives their
 * number. */
unsigned doctor_options(const struct doctor_row *rows, unsigned count, enum container c,
                        const char *ret[CONTAINER_NEEDS]);
const char *doctor_state_name(enum doctor_state state); /* "ok", "weaker", "missing" */
void doctor_print(const struct doctor_row *rows, unsigned count, bool colour, struct buf *ret);

/* ERR_UNSUPPORTED, naming what is missing, when `hello` is below what is required. */
int doctor_require(const struct box_boxd_hello *hello, enum sandbox_require require, struct err *e);
