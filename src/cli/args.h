#pragma once
/*
 * args - the words of a command: its own flags are told one by one, the configuration's are
 * gathered for config_load, and the first word that is no flag ends both.
 */
#include <stddef.h>

#include "cli/command.h"

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
void args_done(struct args *args); /* frees and zeroes; fits AUTO */
