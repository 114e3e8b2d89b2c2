#pragma once
/*
 * config - every setting, from one table (options.def): default, file, environment, flag, each over the one before.
 *
 * The table gives the fields of struct config, the flags, the names in the environment and in the file, ranges, --help,
 * --print-config and docs/options.md.  Immutable after config_load.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct err;

enum config_network { NETWORK_OFF };

struct config {
#define CONFIG_FIELD_UINT uint64_t
#define CONFIG_FIELD_BOOL bool
#define CONFIG_FIELD_STRING char *
#define CONFIG_FIELD_LIST char **
#define CONFIG_FIELD_ENUM int
#define X(type, field, ...) CONFIG_FIELD_##type field;
#include "config/options.def"
#undef X
    void *origins; /* where each value came from: config.c */
};

/* words: the flags of a command, argv style, NULL-ended, without the command's own name.  What is no flag is
   left in *ret_rest (NULL-ended, points into words; the caller frees the vector only). */
int config_load(char *const *words, char *const *environment, struct config **ret, char ***ret_rest,
                struct err *e);
void config_free(struct config *c);
void config_freep(struct config **c);
/* One line per value: key = value, and where it came from. */
void config_print(const struct config *c, struct buf *ret);
void config_help(struct buf *ret);     /* the flags, for `belljar serve --help` */
void config_markdown(struct buf *ret); /* docs/options.md */
