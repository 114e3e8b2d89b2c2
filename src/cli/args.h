#pragma once
/*
 * args - the words of a command: its own flags are told one by one, the configuration's are
 * gathered for config_load, and the first word that is no flag ends both.
 */
#include <stddef.h>

#include "cli/command.h"

struct config;
struct err;

struct args {
    char *const *words; /* what was not read yet: after ARGS_END the positional words */
    const struct cli_flag *flags;
    char **config; /* for config_load; NULL-ended once args_next was called */
    size_t config_count;
};

enum args_step { ARGS_END, ARGS_FLAG, ARGS_HELP };

/*
 * Gives an args_step, or -ERR_INVALID.  ARGS_FLAG: *ret_flag is one of args->flags, *ret_value its
 * value (NULL when it takes none).  ARGS_HELP: --help or -h was said.
 */
int args_next(struct args *args, const struct cli_flag **ret_flag, const char **ret_value,
              struct err *e);
/*
 * All of a command whose flags may stand before and behind its words, `words_max` of them at most.
 * Gives ARGS_END with *ret_words (NULL-ended; they point into argv, the caller frees the vector)
 * and args->config, or ARGS_HELP, or an error, `flag`'s own among them.
 */
typedef int args_flag_fn(void *ctx, const struct cli_flag *flag, const char *value, struct err *e);
int args_gather(struct args *args, args_flag_fn *flag, void *ctx, size_t words_max,
                char ***ret_words, struct err *e);
/* Likewise, and loads the configuration. */
int args_read(char **argv, const struct cli_flag *flags, args_flag_fn *flag, void *ctx,
              size_t words_max, char ***ret_words, struct config **ret_config, struct err *e);
void args_done(struct args *args); /* frees and zeroes; fits AUTO */
