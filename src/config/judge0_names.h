#pragma once
/*
 * judge0_names - the names of a judge0.conf (judge0_names.def), and how a value of each is read:
 * Judge0's words and units, which are not those of belljar's own options.  For config/ alone.
 */
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct err;
struct judge0_setting;

enum judge0_kind {
    JUDGE0_TEXT,
    JUDGE0_COUNT,     /* digits, in the option's own unit */
    JUDGE0_SECONDS,   /* "1.5", of an option in milliseconds */
    JUDGE0_MS,        /* digits, likewise */
    JUDGE0_KILOBYTES, /* digits, of an option in bytes */
    JUDGE0_ON,        /* false only when it is exactly "false" */
    JUDGE0_OFF,       /* true only when it is exactly "true" */
    JUDGE0_WORDS,     /* parted by blanks */
    JUDGE0_HOST,      /* of the first address that is listened on */
    JUDGE0_PORT,      /* likewise */
    JUDGE0_UNUSED,    /* nothing here has a use for it */
};

struct judge0_name {
    const char *name;
    enum judge0_kind kind;
    const char *target;
};

extern const struct judge0_name judge0_names[];
extern const size_t judge0_name_count;

/* By the name of the shell form; NULL: there is none. */
const struct judge0_name *judge0_name_find(const char *name);
/* What a line of a file means; false: nothing is known by this name. */
bool judge0_name_of_setting(const struct judge0_setting *s, bool has_sections,
                            struct judge0_name *ret);

/*
 * Sets the option of `name`, which is not JUDGE0_UNUSED.  "" is Judge0's word for the default and
 * changes nothing.  Errors and warnings begin with `place`.
 */
int judge0_value(struct config *c, const struct judge0_name *name, const char *text,
                 enum config_source source, const char *place, struct err *e);
