#pragma once
/*
 * body - what the body of an execute request says: checked, and made into a job.  Pure functions.
 *
 * The checks come in Piston's order, with its words.  Where Piston fails with an empty 400 or 500,
 * the message names the key.
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/piston/piston.h"

struct err;
struct job;
struct limits;
struct runtime;

/* language, version, files and their contents; the runtime is not known yet. */
int body_check(const json_t *body, struct err *e);
int body_check_encodings(const json_t *body, const struct runtime *runtime, struct err *e);
/* The job's files, stdin and args. */
int body_fill_job(const json_t *body, enum piston_style style, const struct runtime *runtime,
                  struct job *job, struct err *e);
/* The validation errors of 2021, as express-validator wrote them; NULL when there are none. */
json_t *body_check_v1(const json_t *body);
/* {language, source, stdin, args} as today's body. */
int body_from_gateway(const json_t *body, json_t **ret, struct err *e);
