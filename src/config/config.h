#pragma once
/*
 * config - every setting, from one table (options.def): default, judge0.conf, file, environment,
 * flag, each over the one before.
 *
 * The table gives the fields of struct config, the flags, the names in the environment and in the
 * file, ranges, --help,
 * --print-config and docs/options.md.  Immutable after config_load.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct config_origins;
struct err;

struct config {
#define CONFIG_FIELD_UINT      uint64_t
#define CONFIG_FIELD_MS        uint64_t
#define CONFIG_FIELD_BYTES     uint64_t
#define CONFIG_FIELD_BOOL      bool
#define CONFIG_FIELD_STRING    char *
#define CONFIG_FIELD_CPUS      char *
#define CONFIG_FIELD_LIST      char **
#define CONFIG_FIELD_LINES     char **
#define CONFIG_FIELD_ADDRESSES char **
#define CONFIG_FIELD_ENUM      int
#define X(type, field, ...)    CONFIG_FIELD_##type field;
#include "config/options.def"
#undef X
    struct config_origins *origins; /* where each value came from */
    char **warnings;                /* see config_warnings */
    bool judge0_conf_read;
};

/* The file that is read when neither --config nor BELLJAR_CONFIG names one, if it is there. */
#define CONFIG_DEFAULT_PATH "/etc/belljar/belljar.toml"
/* Judge0's own file, if it is there and judge0.conf names none; the other word is for none at all.
 */
#define CONFIG_JUDGE0_PATH "/judge0.conf"
#define CONFIG_JUDGE0_NONE "none"

/*
 * words: the flags of a command, argv style, NULL-ended, without the command's own name.  Flags end
 * at the first word that is none, or behind "--"; from there on all is left in *ret_rest
 * (NULL-ended, points into words; the caller frees the vector only).
 */
int config_load(char *const *words, char *const *environment, struct config **ret, char ***ret_rest,
                struct err *e);
void config_free(struct config *c); /* NULL is fine */
void config_freep(struct config **c);

enum config_source { CONFIG_DEFAULT, CONFIG_JUDGE0, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG };
/* `field` is a field's address: config_source(c, &c->slots). */
enum config_source config_source(const struct config *c, const void *field);

/* limits.cpus in thousandths of a CPU; 0: no limit. */
uint32_t config_cpu_milli(const struct config *c);
/* Sentences for the log of a server: what was asked for and changes nothing, or not what was meant.
 * A strv: NULL when there is none. */
char *const *config_warnings(const struct config *c);
/* The judge0.conf that was read, or NULL: with one, everything is as Judge0's users know it. */
const char *config_judge0_conf_read(const struct config *c);

/* What a word of the command line is to config_load. */
enum config_flag {
    CONFIG_FLAG_NONE,
    CONFIG_FLAG_WHOLE, /* complete: "--shell-status", "--data=/srv/belljar" */
    CONFIG_FLAG_OPEN,  /* its value is the next word: "--data" */
};
enum config_flag config_flag(const char *word);
/* Calls `fn` with each flag, for suggestions and for the completion. */
void config_each_flag(void (*fn)(void *ctx, const char *flag), void *ctx);

/* One line per value: key = value, and where it came from; it can be used as a file. */
void config_print(const struct config *c, struct buf *ret);
void config_help(struct buf *ret); /* all flags, for `belljar serve --help` */
/* Likewise, of some tables and single keys: "limits sandbox judge0.conf". */
void config_help_tables(const char *tables, struct buf *ret);
/* One row of such a list: "  head", and the text beside or below it. */
void config_help_row(const char *head, const char *text, struct buf *ret);
void config_markdown(struct buf *ret); /* docs/options.md */
