/* SPDX-License-Identifier: Apache-2.0 */
/* belljar key: makes, lists and revokes the keys of callers, beside a running server or before. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/state_dir.h"
#include "config/config.h"
#include "config/units.h"
#include "keys/keys.h"
#include "keys/keys_text.h"

/* Three decimals of a rate. */
#define RATE_UNIT 1000.0

/* --- flags ------------------------------------------------------------------------------- */

enum { FLAG_SCOPE, FLAG_RATE, FLAG_NETWORK, FLAG_COLD, FLAG_JSON, FLAG_NUMBERS };

/* The flags behind FLAG_NUMBERS, in their order. */
static const struct number {
    bool (*parse)(const char *text, uint64_t *ret);
    size_t offset; /* in struct caller_limits */
    bool wide;     /* 64 bits */
    const char *form;
} numbers[] = {
#define IN(member) offsetof(struct caller_limits, member)
    {units_parse_count, IN(burst), false, "a number"},
    {units_parse_count, IN(running), false, "a number"},
    {units_parse_count, IN(queued), false, "a number"},
    {units_parse_ms, IN(run.wall_ms), true, "a time such as 10s"},
    {units_parse_ms, IN(run.cpu_ms), true, "a time such as 10s"},
    {units_parse_bytes, IN(run.memory_bytes), true, "a size such as 256M"},
    {units_parse_bytes, IN(run.stack_bytes), true, "a size such as 64M"},
    {units_parse_bytes, IN(run.disk_bytes), true, "a size such as 64M"},
    {units_parse_count, IN(run.disk_inodes), true, "a number"},
    {units_parse_bytes, IN(run.file_bytes), true, "a size such as 64M"},
    {units_parse_bytes, IN(run.output_bytes), true, "a size such as 1M"},
    {units_parse_count, IN(run.open_files), false, "a number"},
    {units_parse_count, IN(run.processes), false, "a number"},
    {units_parse_milli, IN(run.cpu_milli), false, "a number such as 0.5"},
    {units_parse_ms, IN(compile.wall_ms), true, "a time such as 10s"},
    {units_parse_ms, IN(compile.cpu_ms), true, "a time such as 10s"},
    {units_parse_bytes, IN(compile.memory_bytes), true, "a size such as 512M"},
#undef IN
};

const struct cli_flag key_flags[] = {
    [FLAG_SCOPE] = {"--scope", 0, "LIST",
                    "add: what it may: run, read, admin (all), with commas; run,read if not said."},
    [FLAG_RATE] = {"--rate", 0, "N", "add: requests per second (0.5: one in two seconds)."},
    [FLAG_NETWORK] = {"--network", 0, NULL, "add: its programs may ask for a network."},
    [FLAG_COLD] = {"--no-warm", 0, NULL,
                   "add: nothing of its programs is started ahead of their files."},
    [FLAG_JSON] = {"--json", 0, NULL, "add, list: print JSON."},
    {"--burst", 0, "N", "add: requests at once; the rate if not said."},
    {"--running", 0, "N", "add: jobs that may run at one time."},
    {"--queued", 0, "N", "add: jobs that may wait in the queue."},
    {"--max-wall", 0, "TIME", "add: the most wall time of a run."},
    {"--max-cpu", 0, "TIME", "add: the most CPU time of a run."},
    {"--max-memory", 0, "SIZE", "add: the most memory of a run."},
    {"--max-stack", 0, "SIZE", "add: the most stack of a run."},
    {"--max-disk", 0, "SIZE", "add: the most that the files of a box may hold."},
    {"--max-inodes", 0, "N", "add: the most files and directories of a box."},
    {"--max-file", 0, "SIZE", "add: the largest single file."},
    {"--max-output", 0, "SIZE", "add: the most bytes kept of each of stdout and stderr."},
    {"--max-open-files", 0, "N", "add: the most open files of a process."},
    {"--max-processes", 0, "N", "add: the most processes and threads of a run."},
    {"--max-cpus", 0, "N", "add: the most CPUs that a run may use at a time."},
    {"--max-compile-wall", 0, "TIME", "add: the most wall time of a compilation."},
    {"--max-compile-cpu", 0, "TIME", "add: the most CPU time of a compilation."},
    {"--max-compile-memory", 0, "SIZE", "add: the most memory of a compilation."},
    {0},
};

struct request {
    struct config *config;
    char **words; /* the action, its name */
    struct key key;
    bool json;
};

static void request_done(struct request *q)
{
    free(q->words);
    config_free(q->config);
}

static int bad_value(const struct cli_flag *flag, const char *value, const char *form,
                     struct err *e)
{
    return err_set(e, ERR_INVALID, "%s '%.40s' is not %s", flag->name, value, form);
}

static int scopes_take(const char *list, unsigned *ret, struct err *e)
{
    AUTO(strv_freep) char **names = strv_split(list, ", ");
    unsigned scopes = 0;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        unsigned scope = key_scope_parse(names[i]);
        if (scope == 0) {
            return err_set(e, ERR_INVALID, "--scope: '%.40s' is none of run, read, admin",
                           names[i]);
        }
        scopes |= scope;
    }
    if (scopes == 0) {
        return err_set(e, ERR_INVALID, "--scope: name at least one of run, read, admin");
    }
    *ret = scopes;
    return 0;
}

static int number_take(const struct cli_flag *flag, const char *value, struct caller_limits *limits,
                       struct err *e)
{
    const struct number *n = &numbers[flag - key_flags - FLAG_NUMBERS];
    char *place = (char *)limits + n->offset;
    uint64_t number;
    if (!n->parse(value, &number) || number == 0 || number > (n->wide ? INT64_MAX : UINT32_MAX)) {
        return bad_value(flag, value, n->form, e);
    }
    if (n->wide) {
        *(uint64_t *)(void *)place = number;
    } else {
        *(uint32_t *)(void *)place = (uint32_t)number;
    }
    return 0;
}

static int flag_take(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct request *q = ctx;
    uint64_t milli = 0;
    ptrdiff_t which = flag - key_flags;
    if (which == FLAG_SCOPE) {
        return scopes_take(value, &q->key.scopes, e);
    }
    if (which == FLAG_RATE) {
        if (!units_parse_milli(value, &milli) || milli == 0 || milli > UINT32_MAX) {
            return bad_value(flag, value, "a number such as 5 or 0.5", e);
        }
        q->key.limits.rate = (double)milli / RATE_UNIT;
        return 0;
    }
    if (which >= FLAG_NUMBERS) {
        return number_take(flag, value, &q->key.limits, e);
    }
    bool *switches[] = {[FLAG_NETWORK] = &q->key.limits.network,
                        [FLAG_COLD] = &q->key.limits.cold,
                        [FLAG_JSON] = &q->json};
    *switches[which] = true;
    return 0;
}

/* --- actions ----------------------------------------------------------------------------- */

/* The secret alone goes to stdout: it is caught by scripts. */
static int key_add(struct request *q, struct state_dir *dir, struct err *e)
{
    char secret[KEY_SECRET_MAX];
    snprintf(q->key.name, sizeof(q->key.name), "%s", q->words[1]);
    if (strlen(q->words[1]) > KEY_NAME_MAX) {
        return err_set(e, ERR_INVALID, "a key's name has at most %d characters", KEY_NAME_MAX);
    }
    q->key.scopes = q->key.scopes != 0 ? q->key.scopes : SCOPE_RUN | SCOPE_READ;
    int r = keys_add(dir->fd, &q->key, secret, e);
    if (r < 0) {
        return r;
    }
    audit_command(&dir->audit, "adds a key", q->key.name);
    if (q->json) {
        printf("{\"name\": \"%s\", \"key\": \"%s\"}\n", q->key.name, secret);
    } else {
        puts(secret);
        cli_note("key",
                 "this is the key of '%s'; it is not shown again. From now on every caller "
                 "needs one.",
                 q->key.name);
    }
    return 0;
}

static int key_revoke(struct request *q, struct state_dir *dir, struct err *e)
{
    int r = keys_revoke(dir->fd, q->words[1], e);
    if (r == 0) {
        audit_command(&dir->audit, "revokes a key", q->words[1]);
        printf("revoked; a running server refuses it from now on\n");
    }
    return r;
}

static void scopes_name(unsigned scopes, struct buf *ret)
{
    for (unsigned scope = SCOPE_RUN; scope <= SCOPE_ADMIN; scope <<= 1) {
        if ((scopes & scope) != 0) {
            buf_add_fmt(ret, "%s%s", ret->len > 0 ? "," : "", key_scope_name(scope));
        }
    }
}

static void number_or_dash(double number, char ret[32])
{
    if (number > 0) {
        snprintf(ret, 32, "%g", number);
    } else {
        snprintf(ret, 32, "-");
    }
}

#define LIST_FORM "%-24s %-14s %8s %8s %8s  %-7s  %-10s  %s\n"

static void key_print(const struct key *key)
{
    AUTO(buf_done) struct buf scopes = {0};
    char rate[32], running[32], queued[32], day[32];
    time_t created = (time_t)key->created_s;
    struct tm tm;
    scopes_name(key->scopes, &scopes);
    number_or_dash(key->limits.rate, rate);
    number_or_dash(key->limits.running, running);
    number_or_dash(key->limits.queued, queued);
    if (gmtime_r(&created, &tm) == NULL || strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0) {
        snprintf(day, sizeof(day), "-");
    }
    printf(LIST_FORM, key->name, scopes.data != NULL ? scopes.data : "", rate, running, queued,
           key->limits.network ? "yes" : "-", day, key->revoked_s != 0 ? "revoked" : "valid");
}

static int key_list(struct request *q, struct state_dir *dir, struct err *e)
{
    AUTO(mem_freep) struct key *all = NULL;
    size_t count = 0;
    int r = keys_list(dir->fd, &all, &count, e);
    if (r < 0) {
        return r;
    }
    if (q->json) {
        AUTO(buf_done) struct buf text = {0};
        keys_text_write(all, count, false, &text);
        cli_put(&text, stdout);
        return 0;
    }
    printf(LIST_FORM, "NAME", "SCOPES", "RATE", "RUNNING", "QUEUED", "NETWORK", "MADE", "STATE");
    for (size_t i = 0; i < count; i++) {
        key_print(&all[i]);
    }
    return 0;
}

static const struct action {
    const char *name;
    int (*run)(struct request *q, struct state_dir *dir, struct err *e);
    bool has_name; /* takes a key's */
    bool makes;    /* the data directory, when it is not there */
    const char *usage;
} actions[] = {
    {"add", key_add, true, true, "add NAME [FLAGS]"},
    {"list", key_list, false, false, "list [--json]"},
    {"revoke", key_revoke, true, false, "revoke NAME"},
};

static int action_choose(const struct request *q, const struct action **ret, struct err *e)
{
    for (size_t i = 0; q->words[0] != NULL && i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, q->words[0]) != 0) {
            continue;
        }
        if ((q->words[1] != NULL) != actions[i].has_name) {
            return err_set(e, ERR_INVALID, "usage: belljar key %s", actions[i].usage);
        }
        *ret = &actions[i];
        return 0;
    }
    return err_set(
        e, ERR_INVALID,
        "what is to be done? add NAME, list or revoke NAME; 'belljar help key' has more");
}

static int action_run(struct request *q, const struct action *action, struct err *e)
{
    struct state_dir dir;
    const char *data = q->config != NULL ? q->config->data : "";
    int r = state_dir_enter(&dir, data, action->makes, e);
    if (r == 0) {
        r = action->run(q, &dir, e);
    }
    state_dir_leave(&dir);
    return r;
}

int cmd_key(int argc, char **argv)
{
    AUTO(request_done) struct request q = {0};
    const struct action *action = NULL;
    struct err e = {0};
    int r = args_read(argv + (argc > 0), key_flags, flag_take, &q, 2, &q.words, &q.config, &e);
    if (r == 0) {
        r = action_choose(&q, &action, &e);
    }
    if (r < 0 || action == NULL) {
        cli_error("key", &e);
        return CLI_USAGE;
    }
    if (action_run(&q, action, &e) < 0) {
        cli_error("key", &e);
        return CLI_FAILED;
    }
    return CLI_OK;
}
