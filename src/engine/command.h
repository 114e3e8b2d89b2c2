#pragma once
/*
 * command - the argument vector and the environment of a program, from a runtime's templates.
 *
 * A file name that starts with '-' or '@' is written "./-x", so that no tool takes it for an option
 * or a file of options.  Pure functions.
 */
#include <stdbool.h>

struct job;
struct layout;
struct runtime;

/* The template of a stage; NULL: this job has no such stage. */
char *const *command_for_compile(const struct runtime *r, const struct layout *l);
char *const *command_for_run(const struct runtime *r, const struct layout *l);

struct command_arguments { /* each may be NULL */
    char *const *run;
    char *const *compile; /* for a compile command; else NULL */
};

/* {main} {sources} {args} {stem} {compile_args} as runtime.h says; strv_free the answer. */
char **command_expand(char *const *template, const struct layout *l,
                      const struct command_arguments *given);

/* The common variables (with a terminal TERM too), the runtime's (with `compile` also those of its
 * compile stages), the job's: a later one replaces an earlier one of its name.
 */
char **command_environment(const struct job *job, bool compile);
