#pragma once
/*
 * piston - what the parts of `belljar piston` share.  The words, the output and the exit statuses
 * are those of Piston's CLI; where it swallowed mistakes (unknown words and flags, words behind
 * "--"), this one says so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/remote.h"

struct err;

struct piston_args {
    struct remote remote;
    bool help, version;
    char **words; /* what is no flag; the vector is owned, the words are argv's */
    size_t word_count;
    /* of execute alone */
    const char *execute_flag; /* one of those that were given; NULL: none */
    const char *language_version;
    int64_t run_timeout, compile_timeout;
    char **files;
    size_t file_count;
    bool read_stdin, interactive, status;
};

/* Flags may stand anywhere, as there; -f takes all words up to the next flag. */
int piston_args_read(char *const *words, struct piston_args *ret, struct err *e);
void piston_args_done(struct piston_args *args);

struct piston_command {
    const char *name, *alias;
    size_t words_min; /* behind its own name */
    /* Gives 0, or an error that is printed below the usage; the exit status is then 1. */
    int (*run)(const struct piston_args *args, char *const *words, struct err *e);
    const char *usage;
};

/* Exit status 0 also when the program failed: Piston's CLI says it in words. */
int piston_execute(const struct piston_args *args, char *const *words, struct err *e);
/* The same on a WebSocket, with stdin and signals; init: the body of an execute request. */
int piston_session(const struct piston_args *args, json_t *init, struct err *e);
int piston_list(const struct piston_args *args, char *const *words, struct err *e);
int piston_install(const struct piston_args *args, char *const *words, struct err *e);
int piston_uninstall(const struct piston_args *args, char *const *words, struct err *e);
int piston_spec(const struct piston_args *args, char *const *words, struct err *e);
