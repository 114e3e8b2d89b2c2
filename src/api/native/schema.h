#pragma once
/*
 * schema - request.def as a check: unknown keys, missing ones, wrong types and ranges, each with
 * its path.  Pure.
 */
#include <jansson.h>
#include <stdint.h>

#include "api/native/native.h"
#include "base/buf.h"
#include "model/limits.h"

struct config;

/* What is beyond is not told: a body may be one long list of them. */
#define SCHEMA_ERRORS_MAX 100

enum schema_object {
    SCHEMA_EXECUTION,
    SCHEMA_FILE,
    SCHEMA_COMPILE,
    SCHEMA_LIMITS,
    SCHEMA_TEST,
    SCHEMA_CALLBACK,
};

struct schema {
    const struct config *config;
    struct limits run_ceiling, compile_ceiling; /* the caller's; 0: none of its own */
    bool no_network;                            /* for this caller */
    enum native_use use;
    json_t *errors;  /* array of {"path","message"} */
    struct buf path; /* of what is looked at: "files[0].content" */
};

void schema_done(struct schema *s); /* fits AUTO; frees the errors too */
/* At the path of now. */
void schema_complain(struct schema *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* At a path below it: "files[0].content". */
void schema_complain_at(struct schema *s, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Of an object and of what is in it. */
void schema_check(struct schema *s, enum schema_object object, const json_t *value);

/* What was asked for (NULL: nothing), or what holds without it, in place of what is there. */
void schema_limits(const struct schema *s, enum schema_object object, const json_t *asked,
                   struct limits *io);
/* Only what was asked for. */
void schema_limits_over(enum schema_object object, const json_t *asked, struct limits *io);
/* Each limit of this object by its name, for the use of stored executions. */
json_t *schema_limits_json(enum schema_object object, const struct limits *l);
