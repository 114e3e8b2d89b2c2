#pragma once
/*
 * command - what the CLI knows about its commands: the table behind dispatch, help pages and
 * suggestions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct buf;
struct err;

/* A flag of one command's own; those of the configuration are config's. */
struct cli_flag {
    const char *name;  /* "--file" */
    char letter;       /* 'f' for -f; 0: none */
    const char *value; /* what follows it in the help: "FILE"; NULL: nothing */
    const char *help;
};

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;            /* behind "belljar " */
    const char *summary;          /* one line of the overview; NULL: not listed there */
    const char *text;             /* the page: paragraphs, examples, exit status */
    const struct cli_flag *flags; /* ended by one without a name; NULL: none */
    const char *
        tables; /* tables of the configuration whose flags it takes: "limits sandbox"; NULL: none */
    bool reads_help; /* it looks for --help itself: words of others may stand behind its own */
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct cli_flag db_flags[];
extern const struct cli_flag image_flags[];
extern const struct cli_flag key_flags[];
extern const struct cli_flag execution_flags[]; /* of cancel and watch */
extern const struct cli_flag pkg_flags[];
extern const struct cli_flag prepare_flags[];
extern const struct cli_flag prove_flags[];
extern const struct cli_flag ps_flags[];
extern const struct cli_flag run_flags[];
extern const struct cli_flag runtimes_flags[];
extern const struct cli_flag status_flags[];
extern const struct cli_flag submit_flags[];
extern const struct cli_flag top_flags[];
const struct command *command_find(const char *name); /* NULL: none */

void help_overview(struct buf *ret);
void help_page(const struct command *command, struct buf *ret);
/* Prints the page of a command that exists; gives CLI_OK. */
int help_show(const char *name);

void cli_put(const struct buf *text, FILE *out);

/* "belljar run: ..." on stderr. */
void cli_error(const char *command, const struct err *e);
void cli_note(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
