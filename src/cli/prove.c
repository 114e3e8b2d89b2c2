/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar prove: starts a server as this host is configured, attacks it with the programs that this
 * executable carries (tests/hostile/programs), and prints which promise holds here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/weaken.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/prove_daemons.h"
#include "cli/prove_jobs.h"
#include "cli/prove_program.h"
#include "cli/prove_row.h"
#include "cli/prove_run.h"
#include "cli/style.h"
#include "config/config.h"
#include "config/suggest.h"

#define WORDS_MAX 4096
/* At least: for rows that are no programs. */
#define NAME_WIDTH 17
/* What stands for the privileges of our own processes among names of programs. */
#define PROCESSES "processes"

enum { FLAG_JSON, FLAG_JOBS };

const struct cli_flag prove_flags[] = {
    [FLAG_JSON] = {"--json", 0, NULL, "Print the table as JSON."},
    [FLAG_JOBS] = {"--jobs", 0, "N", "Run N random programs too, and count what they leave."},
    {0},
};

struct prove {
    bool json;
    unsigned long jobs;
    char **names; /* of programs; empty: all */
    char **flags; /* of the configuration */
    struct config *config;
    struct prove_program *programs;
    size_t program_count;
    int name_width;
    json_t *rows;    /* with --json */
    json_t *counted; /* on the host, before the first program */
    char **unseen;   /* processes whose descriptors are not among it */
    unsigned counts[PROVE_RESULT_COUNT];
};

/* --- the command line ------------------------------------------------------------------------- */

static int on_flag(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct prove *p = ctx;
    char *end = NULL;
    if (flag == &prove_flags[FLAG_JSON]) {
        p->json = true;
        return 0;
    }
    p->jobs = strtoul(value, &end, 10);
    return *value >= '0' && *value <= '9' && *end == '\0'
               ? 0
               : err_set(e, ERR_INVALID, "--jobs: '%.40s' is no number", value);
}

/* A proof beside a server that is at work must not meet it. */
static int own_check(const struct config *c, struct err *e)
{
    if (config_source(c, &c->listen) == CONFIG_FLAG || config_source(c, &c->data) == CONFIG_FLAG) {
        return err_set(e, ERR_INVALID,
                       "prove has a listener and a data directory of its own; leave out %s",
                       config_source(c, &c->data) == CONFIG_FLAG ? "--data" : "--listen");
    }
    return 0;
}

static int names_check(const struct prove *p, struct err *e)
{
    for (char *const *name = p->names; name && *name; name++) {
        struct suggest suggest = {.typed = *name};
        bool found = strcmp(*name, PROCESSES) == 0;
        suggest_offer(&suggest, PROCESSES);
        for (size_t i = 0; i < prove_source_count; i++) {
            found = found || strcmp(prove_sources[i].name, *name) == 0;
            suggest_offer(&suggest, prove_sources[i].name);
        }
        if (!found) {
            return err_set(e, ERR_INVALID, "there is no program '%.60s'%s%s", *name,
                           suggest.best ? "; did you mean " : "", suggest.best ? suggest.best : "");
        }
    }
    return 0;
}

static int words_read(char **argv, struct prove *p, struct err *e)
{
    AUTO(args_done) struct args args = {.words = argv + 1, .flags = prove_flags};
    AUTO(mem_freep) char **names = NULL;
    AUTO(mem_freep) char **rest = NULL;
    int r = args_gather(&args, on_flag, p, WORDS_MAX, &names, e);
    if (r != ARGS_END) {
        return r < 0 ? r : err_set(e, ERR_INVALID, "say 'belljar help prove'");
    }
    p->names = strv_dup(names);
    p->flags = strv_dup(args.config);
    r = config_load(args.config, environ, &p->config, &rest, e);
    if (r == 0) {
        r = own_check(p->config, e);
    }
    return r < 0 ? r : names_check(p, e);
}

/* --- which programs --------------------------------------------------------------------------- */

static int programs_read(struct prove *p, struct err *e)
{
    int r = 0;
    p->programs = xcalloc(prove_source_count + 1, sizeof(*p->programs));
    for (size_t i = 0; r == 0 && i < prove_source_count; i++) {
        if (strv_len(p->names) == 0 || strv_has(p->names, prove_sources[i].name)) {
            r = prove_program_read(&prove_sources[i], &p->programs[p->program_count], e);
            p->program_count += r == 0;
        }
    }
    for (size_t i = 0; i < p->program_count; i++) {
        int width = (int)strlen(p->programs[i].source->name);
        p->name_width = width > p->name_width ? width : p->name_width;
    }
    qsort(p->programs, p->program_count, sizeof(*p->programs), prove_program_compare);
    return r;
}

/* --- the table -------------------------------------------------------------------------------- */

static void row_take(struct prove *p, struct prove_row *row)
{
    p->counts[row->result]++;
    if (p->json) {
        json_array_append_new(p->rows, prove_row_json(row));
    } else {
        prove_row_print(row, p->name_width, style_wanted(STDOUT_FILENO), stdout);
    }
}

/* What was counted after each program: what there was before the first. */
static void counted_take(struct prove *p, const struct prove_run *run)
{
    p->counted = json_object();
    for (size_t i = 0; i < run->rested.count; i++) {
        const struct prove_counter *counter = &run->rested.counters[i];
        json_object_set_new(p->counted, counter->name, json_integer((json_int_t)counter->value));
    }
    p->unseen = prove_host_unseen(&run->host);
}

static void summary_print_json(const struct prove *p, double seconds)
{
    json_t *unseen = json_array();
    for (char *const *name = p->unseen; name && *name; name++) {
        json_array_append_new(unseen, json_string(*name));
    }
    json_t *whole = json_pack("{s:s, s:b, s:O, s:O, s:o, s:f}", "version", BELLJAR_VERSION, "ok",
                              p->counts[PROVE_LEAKED] == 0, "rows", p->rows, "counted", p->counted,
                              "descriptors_not_counted", unseen, "seconds", seconds);
    if (WEAKEN_BUILD) {
        json_object_set_new(whole, "test_build", json_true());
    }
    json_dumpf(whole, stdout, JSON_INDENT(2));
    puts("");
    json_decref(whole);
}

static void summary_print(const struct prove *p, double seconds)
{
    printf("\n");
    for (unsigned i = 0; i < PROVE_RESULT_COUNT; i++) {
        printf("%s%u %s", i > 0 ? ", " : "", p->counts[i], prove_result_name(i));
    }
    printf("; %.1f s\n", seconds);
    puts(p->counts[PROVE_LEAKED] == 0
             ? "After each, nothing was left on the host: processes, mounts, cgroups, namespaces,\n"
               "descriptors, tmpfs, keys, SysV objects."
             : "A promise does not hold on this host.");
    puts("docs/security.md says what each threat is, by its number.");
    if (p->counts[PROVE_ABSENT] > 0) {
        puts("'belljar doctor' says how to get what is absent.");
    }
    if (p->unseen) {
        AUTO(mem_freep) char *names = strv_join(p->unseen, ", ");
        printf("Not counted, as only root may look: descriptors of %s.\n", names);
    }
    if (WEAKEN_BUILD) {
        puts("This is a build for tests: BELLJAR_WEAKEN leaves defences out.");
    }
}

static int daemons_prove(struct prove *p, struct prove_run *run, struct err *e)
{
    struct prove_row rows[PROVE_DAEMONS_MAX] = {0};
    size_t count = 0;
    int r = prove_daemons(run, rows, &count, e);
    for (size_t i = 0; i < PROVE_DAEMONS_MAX; i++) {
        if (r == 0 && i < count) {
            row_take(p, &rows[i]);
        }
        prove_row_done(&rows[i]);
    }
    return r;
}

static int jobs_prove(struct prove *p, struct prove_run *run, struct err *e)
{
    AUTO(prove_row_done) struct prove_row row = {0};
    int r = prove_jobs(run, p->jobs, &row, e);
    if (r == 0) {
        row_take(p, &row);
    }
    return r;
}

static int prove_all(struct prove *p, struct err *e)
{
    AUTO(prove_run_done) struct prove_run run = {.server = PROVE_SERVER_NONE};
    int r = prove_run_start(p->config, p->flags, &run, e);
    counted_take(p, &run);
    if (r == 0 && !p->json) {
        prove_rows_head(p->name_width, stdout);
    }
    for (size_t i = 0; r == 0 && i < p->program_count; i++) {
        AUTO(prove_row_done) struct prove_row row = {0};
        r = prove_run_program(&run, &p->programs[i], &row, e);
        if (r == 0) {
            row_take(p, &row);
        } else {
            err_wrap(e, "after %s", p->programs[i].source->name);
        }
    }
    if (r == 0 && (strv_len(p->names) == 0 || strv_has(p->names, PROCESSES))) {
        r = daemons_prove(p, &run, e);
    }
    if (r == 0 && p->jobs > 0) {
        r = jobs_prove(p, &run, e);
    }
    return r < 0 ? r : prove_server_stop(&run.server, e);
}

static void prove_done(struct prove *p)
{
    for (size_t i = 0; i < p->program_count; i++) {
        prove_program_done(&p->programs[i]);
    }
    free(p->programs);
    strv_free(p->names);
    strv_free(p->flags);
    config_free(p->config);
    json_decref(p->rows);
    json_decref(p->counted);
    strv_free(p->unseen);
}

int cmd_prove(int argc, char **argv)
{
    (void)argc;
    AUTO(prove_done)
    struct prove p = {.rows = json_array(), .name_width = NAME_WIDTH};
    uint64_t started = clock_mono_ns(&clock_system);
    struct err e;
    if (words_read(argv, &p, &e) < 0) {
        cli_error("prove", &e);
        return CLI_USAGE;
    }
    int r = programs_read(&p, &e);
    if (r == 0) {
        r = prove_all(&p, &e);
    }
    if (r < 0) {
        cli_error("prove", &e);
        return CLI_FAILED;
    }
    (p.json ? summary_print_json : summary_print)(
        &p, (double)(clock_mono_ns(&clock_system) - started) / (double)NS_PER_S);
    return p.counts[PROVE_LEAKED] == 0 ? CLI_OK : CLI_FAILED;
}
