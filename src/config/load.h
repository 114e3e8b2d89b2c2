#pragma once
/*
 * load - the sources of the configuration, one file each.  For config/ alone.
 */
#include <stddef.h>

#include "config/config.h"
#include "config/option.h"

struct err;

/* Sets one option and notes where the value came from; errors begin with `place`. */
int load_value(struct config *c, const struct option *o, const char *text,
               enum config_source source, const char *place, struct err *e);
/* Notes it for a value that was set by other means. */
void load_note(struct config *c, const struct option *o, enum config_source source,
               const char *place);
const char *load_place(const struct config *c, const struct option *o);

/* One more of config_warnings. */
void load_warn(struct config *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int load_file(struct config *c, const char *path, struct err *e);
int load_judge0(struct config *c, const char *path, struct err *e);
/* What only all sources together show: goes to the warnings. */
void load_check(struct config *c);

int load_environment(struct config *c, char *const *environment, struct err *e);
/* The value of a variable, or NULL. */
const char *load_variable(char *const *environment, const char *name);

struct flag {
    const struct option *option; /* NULL: --config */
    const char *name;            /* of OPTION_NAME_MAX at most, within the word */
    size_t name_len;
    const char *value;
};
struct flag_list {
    struct flag *flags;
    size_t count;
    size_t used; /* how many words they took */
};
int load_flags_parse(char *const *words, struct flag_list *ret, struct err *e);
int load_flags(struct config *c, const struct flag_list *list, struct err *e);
const char *load_flags_file(const struct flag_list *list); /* --config, or NULL */
void load_flags_done(struct flag_list *list);
