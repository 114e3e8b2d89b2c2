#pragma once
/*
 * prove_row - one promise: what threatens it, what stops that, and what came of the attempt.
 */
#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum prove_result {
    PROVE_HELD,
    PROVE_LEAKED,
    PROVE_ABSENT,  /* this host lacks what the promise needs */
    PROVE_NOT_RUN, /* there is no compiler, or the configuration allows too little */
};
#define PROVE_RESULT_COUNT 4

struct prove_row {
    char *threat, *name, *defence, *tries;
    enum prove_result result;
    char *detail; /* why it is not held; "" */
    double seconds;
};

/* Copies the texts. */
void prove_row_set(struct prove_row *row, enum prove_result result, const char *detail);
void prove_row_done(struct prove_row *row);

const char *prove_result_name(enum prove_result result); /* "held", "LEAKED" ... */

/* Names are as wide in all rows of a table. */
void prove_rows_head(int name_width, FILE *out);
void prove_row_print(const struct prove_row *row, int name_width, bool coloured, FILE *out);
json_t *prove_row_json(const struct prove_row *row);
