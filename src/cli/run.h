#pragma once
/*
 * run - what the parts of `belljar run` share: the command line as it was understood, and the end
 * of a run.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "cli/remote.h"

struct cli_flag;
struct config;
struct err;
struct job;
struct result;
struct runtime;

/* What belljar itself adds to the exit statuses that a program may have. */
enum run_status {
    RUN_TIME_LIMIT = 124,
    RUN_FAILED = 125,
    RUN_NOT_COMPILED = 126,
    RUN_SIGNAL_BASE = 128,
    RUN_MEMORY_LIMIT = 137,
    RUN_OUTPUT_LIMIT = 153,
};

struct run_file {
    char *name; /* in the box; NULL: the runtime's default (the program came from stdin) */
    struct buf data;
};

struct run_options {
    const char *command; /* "run" or "submit" */
    struct config *config;
    char *language;         /* from -l or from the main file's name */
    char *range;            /* of versions; "*" */
    struct run_file *files; /* the first is the main file */
    size_t file_count;
    char *const *args;    /* points into argv */
    char **env;           /* "KEY=value" */
    struct remote remote; /* its url is NULL: here */
    bool json;
    bool cold;     /* --no-warm */
    bool tty;      /* -t: a session, its input and output pass as they come */
    bool terminal; /* ... and stdin is a terminal: the program gets one of its own */
    bool source_is_stdin;
    /* of submit */
    bool wait;
    const char *label, *tests; /* NULL: none */
    char **more;               /* further files, as they were named */
};

/*
 * flags: run_flags, or a table that has them and others of run_options.c.  Gives an args_step:
 * ARGS_HELP, or ARGS_END when *ret holds all that is needed; or an error.
 */
int run_options_read(char **argv, const struct cli_flag *flags, struct run_options *ret,
                     struct err *e);
void run_options_done(struct run_options *o);

/* Runs it and gives the exit status; prints its own errors. */
int run_local(const struct run_options *o);
int run_remote(const struct run_options *o);
int run_session(const struct run_options *o); /* -t on a server */
/* The exit status, or an error. */
int run_piston(const struct run_options *o, const struct buf *input, struct err *e);

/* All that is on stdin; nothing where it is a terminal or the source. */
int run_read_stdin(const struct run_options *o, struct buf *ret, struct err *e);
/* Prints a finished execution of the native API; gives the exit status. */
int run_print_execution(const char *command, const json_t *execution, bool as_json);
/* Of one whose output is printed already: how it ended; gives the exit status. */
int run_explain_execution(const char *command, const json_t *execution);

int run_job_make(const struct run_options *o, struct runtime *runtime, struct job **ret,
                 struct err *e);
/* Says which limits will not hold on a host with these features (enum box_feature). */
void run_note_limits(const struct config *c, uint32_t features);

int run_exit_status(const struct result *result);
/* Appends one line for stderr when the program did not end by itself; nothing when it did. */
void run_explain(const char *command, const struct result *result, struct buf *ret);
/* The whole result as one JSON object, on stdout. */
void run_print_json(const struct result *result, const char *language, const char *version);
