#pragma once
/*
 * prove_run - hostile programs, one after the other, against a server of ours.
 */
#include <stdbool.h>

#include "cli/prove_check.h"
#include "cli/prove_count.h"
#include "cli/prove_host.h"
#include "cli/prove_row.h"
#include "cli/prove_server.h"
#include "cli/remote.h"

struct buf;
struct config;
struct err;
struct prove_program;

struct prove_run {
    const struct config *config;
    struct prove_server server;
    struct remote remote;
    struct prove_host host;
    struct prove_counts rested; /* what there is on the host when nothing runs */
    struct prove_facts facts;
    json_t *health;   /* GET /health */
    char **languages; /* those of the programs that this host has */
};

/* Starts the server, runs a first program of each language, and counts. */
int prove_run_start(const struct config *config, char *const *flags, struct prove_run *ret,
                    struct err *e);
void prove_run_done(struct prove_run *run);

/* Errors are those of the way to the server; what it answers makes the row. */
int prove_run_program(struct prove_run *run, const struct prove_program *program,
                      struct prove_row *ret, struct err *e);
/* POST of one execution; *ret is what became of it, or the refusal (with "errors") at another
 * *ret_status than 202. */
int prove_run_post(const struct prove_run *run, const json_t *request, long *ret_status,
                   json_t **ret, struct err *e);
bool prove_run_has_language(const struct prove_run *run, const char *name);
