#pragma once
/*
 * remote_args - the command line of those commands that only talk to a server: its flags, words,
 * and where the server is.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cli/args.h"
#include "cli/remote.h"

struct remote_args {
    struct remote remote; /* its url is set */
    uint32_t given;       /* bit i: flags[i] was */
    const char *values[32];
    char **words;
    struct args args;
};

/*
 * Gives ARGS_END, or an error; --help has been seen to before.  words_min, words_max: how many
 * words it takes; missing: what to say when they are too few ("an id is missing; write: ...").
 */
int remote_args_read(char *const *argv, const struct cli_flag *flags, size_t words_max,
                     const char *missing, struct remote_args *ret, struct err *e);
bool remote_args_given(const struct remote_args *a, unsigned flag);
void remote_args_done(struct remote_args *a);

/* The id of an execution as it stands in a path: no more than letters, digits, '-' and '_'. */
int remote_id_check(const char *id, struct err *e);
/* GET `path`: its JSON, which is an object; anything but status 200 is an error. */
int remote_get(const struct remote *r, const char *path, json_t **ret, struct err *e);
