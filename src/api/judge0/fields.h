#pragma once
/*
 * fields - which attributes of a submission are shown: always in one order, whatever was asked for
 * (contract section 4).  Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/execution.h"

struct buf;
struct config;

typedef uint64_t field_mask;

enum field_kind {
    FIELD_TEXT,        /* a part that was asked: "" is not null */
    FIELD_OUTPUT,      /* a part that came of it: null when empty */
    FIELD_FILES,       /* in base64 always */
    FIELD_ASKED,       /* of execution.request, under its own name */
    FIELD_ASKED_TIME,  /* ... seconds */
    FIELD_RESULT,      /* of execution.result, likewise */
    FIELD_RESULT_TIME, /* ... seconds */
    FIELD_MESSAGE,     /* ... in base64 as the parts are */
    FIELD_TOKEN,
    FIELD_STATUS,
    FIELD_STATUS_ID,
    FIELD_LANGUAGE,
    FIELD_LANGUAGE_ID,
    FIELD_CREATED_AT,
    FIELD_FINISHED_AT,
    FIELD_STARTED_AT,
    FIELD_UPDATED_AT,
    FIELD_QUEUE_HOST,
    FIELD_EXECUTION_HOST,
};

enum field_set {
    FIELD_ALL,     /* shown when asked for, and by "*" */
    FIELD_DEFAULT, /* ... and when nothing is asked for */
    FIELD_EXTRA,   /* there is none such without judge0.extra_fields */
};

struct field {
    const char *name;
    enum field_kind kind;
    enum field_set set;
    enum execution_part part; /* of TEXT, OUTPUT, FILES */
};

/* In the order on the wire; bit i of a field_mask is row i. */
const struct field *fields_table(size_t *ret_count);

field_mask fields_default(void);
/*
 * "stdout,time", "*"; NULL, "" and "," are the default set.  False: *ret_unknown holds the unknown
 * names, joined by ", ", as they came.
 */
bool fields_parse(const struct config *config, const char *text, field_mask *ret,
                  struct buf *ret_unknown);
unsigned fields_parts(field_mask fields); /* the parts of an execution that they need */
bool fields_need_languages(field_mask fields);
