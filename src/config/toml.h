#pragma once
/*
 * toml - a strict subset of TOML 1.0, for files that people write: the configuration and runtimes.
 *
 *   [table.below]            # comment
 *   key = "basic \n string"  or 'literal', each with three quotes of several lines,
 *   an integer such as 65_536, true or false,
 *   more.keys = ["arrays", 'of these', ]   all items of one type
 *   "main.c" = 1             a key in quotes is of letters, digits and - _ . +
 *
 * What the subset leaves out (floats, dates, inline tables, arrays of tables) is an error that says
 * what to write; whatever is accepted means the same in TOML 1.0.  Pure: bytes in, list out; any
 * thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Beyond these a file is refused: reading one never costs much. */
#define TOML_BYTES_MAX   ((size_t)1 << 20)
#define TOML_ENTRIES_MAX 1000
#define TOML_ITEMS_MAX   4096 /* of one array */
#define TOML_KEY_MAX     255
#define TOML_KEY_DOT     '\x1f' /* in a key: a dot that stood in quotes, and divides nothing */

enum toml_type { TOML_STRING, TOML_INTEGER, TOML_BOOL, TOML_ARRAY };

struct toml_value {
    enum toml_type type;
    char *text;               /* TOML_STRING: UTF-8 without NUL */
    int64_t number;           /* TOML_INTEGER */
    bool truth;               /* TOML_BOOL */
    struct toml_value *items; /* TOML_ARRAY: never arrays themselves */
    size_t count;
};

struct toml_entry {
    char *key;        /* whole: "limits.run_wall_ms" */
    size_t table_len; /* how much of it a [table] line said: 6 */
    unsigned line;
    struct toml_value value;
};

struct toml_table {
    char *name; /* "limits" */
    unsigned line;
};

struct toml {
    struct toml_entry *entries; /* in the file's order; keys are unique */
    size_t entry_count;
    struct toml_table *tables; /* also those without any key */
    size_t table_count;
};

/* `name` stands in errors, before the line: "belljar.toml:12: ...". */
int toml_parse(const char *name, const char *data, size_t len, struct toml *ret, struct err *e);
void toml_done(struct toml *t);                  /* frees and zeroes; fits AUTO */
const char *toml_type_name(enum toml_type type); /* "a string", "an integer" ... */
