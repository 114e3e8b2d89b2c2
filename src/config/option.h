#pragma once
/*
 * option - one row of options.def, and how a value of its type is read and printed.  For config/
 * alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;
struct toml_value;

enum option_type {
    OPTION_UINT,
    OPTION_MS,
    OPTION_BYTES,
    OPTION_BOOL,
    OPTION_STRING,
    OPTION_CPUS,
    OPTION_ENUM,
    OPTION_LIST,  /* items without blanks and commas */
    OPTION_LINES, /* items that may have them */
    OPTION_ADDRESSES,
};

struct option {
    enum option_type type;
    size_t offset; /* of its field in struct config */
    const char *key;
    const char *preset; /* the default */
    uint64_t min, max;
    const char *words; /* OPTION_ENUM: "auto|v2|none" */
    const char *names;
    const char *help;
};

extern const struct option options[];
extern const size_t option_count;

const struct option *option_find(const char *key); /* NULL: there is none */

#define OPTION_NAME_MAX 96

/* "--limits-run-wall-ms" and "BELLJAR_LIMITS_RUN_WALL_MS". */
void option_own_flag(const struct option *o, char ret[OPTION_NAME_MAX]);
void option_own_variable(const struct option *o, char ret[OPTION_NAME_MAX]);

struct option_name {
    char text[OPTION_NAME_MAX]; /* a flag with its "--", or a variable */
    bool is_flag;
    uint64_t scale;             /* 1 where none is given */
    char host[OPTION_NAME_MAX]; /* the value is a port at this address; else "" */
};
/* The further names, one each call; *at begins as o->names. */
bool option_name_next(const char **at, struct option_name *ret);

void *option_field(const struct option *o, struct config *c);
const void *option_field_const(const struct option *o, const struct config *c);

/*
 * Reads `text` into the field; `append` to a list instead of replacing it.  The error says what is
 * wrong with the value and what it may be; the caller puts the place before it.
 */
int option_read(const struct option *o, const char *text, bool append, struct config *c,
                struct err *e);
/* As option_read, with the types that a file can say. */
int option_read_toml(const struct option *o, const struct toml_value *value, struct config *c,
                     struct err *e);
/* As the file would have it: 3000, "info", ["127.0.0.1:2358"]. */
void option_print(const struct option *o, const struct config *c, struct buf *ret);
void option_free(const struct option *o, struct config *c);
/* "1 to 3600000 milliseconds, or with a unit such as 500ms, 2s, 1m" */
void option_range(const struct option *o, struct buf *ret);
const char *option_value_word(
    const struct option *o); /* what stands behind its flag in --help: "MS", or NULL */
