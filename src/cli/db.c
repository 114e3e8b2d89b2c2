/* SPDX-License-Identifier: Apache-2.0 */
/* belljar db: looks after the store of a data directory, beside a running server or without one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/db.h"
#include "config/config.h"
#include "store/store_admin.h"

enum { FLAG_LABEL, FLAG_KEY, FLAG_BEFORE, FLAG_ALL, FLAG_RUN_UNFINISHED };

const struct cli_flag db_flags[] = {
    [FLAG_LABEL] = {"--label", 0, "LABEL", "purge: executions with this label."},
    [FLAG_KEY] = {"--key", 0, "NAME", "purge: executions of this key, or client address."},
    [FLAG_BEFORE] = {"--before", 0, "WHEN",
                     "purge: finished before this day (2026-01-31, UTC), or that long ago (90d)."},
    [FLAG_ALL] = {"--all", 0, NULL, "purge: all that are finished."},
    [FLAG_RUN_UNFINISHED] = {"--run-unfinished", 0, NULL,
                             "import: what Judge0 had not finished is run at the next start."},
    {0},
};

static void db_done(struct db *db)
{
    db_store_close(&db->store);
    config_free(db->config);
    free(db->words);
}

int db_open(struct db *db, bool make, struct err *e)
{
    return db_store_open(&db->store, db->config->data, make, e);
}

/* --- backup, check, vacuum ----------------------------------------------------------------- */

static int backup_to(struct db *db, const char *path, struct err *e)
{
    int r = db_open(db, false, e);
    if (r == 0) {
        r = store_admin_snapshot(db->store.admin, e);
    }
    if (r < 0) {
        return r;
    }
    db_store_step_back(&db->store);
    return store_admin_backup(db->store.admin, path, e);
}

static int db_backup(struct db *db, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = db_file_make(db->words[0], &fd, e);
    if (r < 0) {
        return r;
    }
    AUTO(mem_freep) char *path = realpath(db->words[0], NULL);
    if (path == NULL) {
        return err_sys(e, "'%s'", db->words[0]);
    }
    r = backup_to(db, path, e);
    if (r == 0 && fsync(fd) < 0) {
        r = err_sys(e, "writing '%s'", path);
    }
    if (r < 0) {
        (void)unlink(path);
        return r;
    }
    printf("copied to %s\n", path);
    return 0;
}

static void say_wrong(void *ctx, const char *what)
{
    (void)ctx;
    printf("%s\n", what);
}

static int db_check(struct db *db, struct err *e)
{
    int r = db_open(db, false, e);
    if (r == 0) {
        r = store_admin_check(db->store.admin, say_wrong, NULL, e);
    }
    if (r == 0) {
        puts("the store is sound");
    }
    return r;
}

static int db_vacuum(struct db *db, struct err *e)
{
    uint64_t before = 0, after = 0;
    int r = db_open(db, false, e);
    if (r == 0) {
        r = store_admin_vacuum(db->store.admin, &before, &after, e);
    }
    if (r == 0) {
        printf("%" PRIu64 " KiB, was %" PRIu64 " KiB\n", after >> 10, before >> 10);
    }
    return r;
}

/* As callers of executions, keys have a prefix (api/gate.h); addresses have none. */
static int purge_key(struct db *db, uint64_t *count, struct err *e)
{
    AUTO(mem_freep) char *caller = xasprintf("key:%s", db->purge.caller);
    struct store_purge purge = db->purge;
    uint64_t more = 0;
    purge.caller = caller;
    int r = store_admin_purge(db->store.admin, &purge, &more, e);
    *count += more;
    return r;
}

static int db_purge(struct db *db, struct err *e)
{
    const struct store_purge *p = &db->purge;
    if (!p->all && p->label == NULL && p->caller == NULL && p->before_ns == 0) {
        return err_set(e, ERR_INVALID, "say what: --label, --key, --before or --all");
    }
    uint64_t count = 0;
    int r = db_open(db, false, e);
    if (r == 0) {
        r = store_admin_purge(db->store.admin, p, &count, e);
    }
    if (r == 0 && p->caller != NULL) {
        r = purge_key(db, &count, e);
    }
    if (r == 0 || count > 0) {
        printf("%" PRIu64 " execution%s erased\n", count, count == 1 ? "" : "s");
    }
    return r;
}

/* --- the command line ---------------------------------------------------------------------- */

static const struct action {
    const char *name;
    int (*run)(struct db *db, struct err *e);
    size_t words_min, words_max;
    const char *usage;
    const char *act; /* for the audit log; NULL: it changes nothing */
} actions[] = {
    {"backup", db_backup, 1, 1, "backup FILE", "backs up the store"},
    {"check", db_check, 0, 0, "check", NULL},
    {"vacuum", db_vacuum, 0, 0, "vacuum", NULL},
    {"export", db_export, 0, 1, "export [FILE]", "exports the store"},
    {"import", db_import, 1, 1, "import FILE", "imports executions"},
    {"purge", db_purge, 0, 0, "purge --label LABEL | --key NAME | --before WHEN | --all",
     "erases executions"},
};

static const struct action *action_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

/* "2026-01-31", "2026-01-31T12:00:00Z", "90d", "12h". */
static int when_parse(const char *text, uint64_t *ret_ns, struct err *e)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    if (rest != NULL && *rest != '\0') {
        rest = strptime(rest, "T%H:%M:%S", &tm);
        rest += rest != NULL && *rest == 'Z';
    }
    time_t day = timegm(&tm);
    if (rest != NULL && *rest == '\0' && day > 0) {
        *ret_ns = (uint64_t)day * NS_PER_S;
        return 0;
    }
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        uint64_t now = clock_wall_ns(&clock_system);
        if (errno == 0 && end != text && end[0] == units[i].unit && end[1] == '\0' &&
            n < now / NS_PER_S / units[i].seconds) {
            *ret_ns = now - n * units[i].seconds * NS_PER_S;
            return 0;
        }
    }
    return err_set(e, ERR_INVALID, "--before '%.40s' is no day (2026-01-31) and no age (90d)",
                   text);
}

static int flag_take(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct db *db = ctx;
    switch (flag - db_flags) {
    case FLAG_LABEL:
        db->purge.label = value;
        return 0;
    case FLAG_KEY:
        db->purge.caller = value;
        return 0;
    case FLAG_BEFORE:
        return when_parse(value, &db->purge.before_ns, e);
    case FLAG_ALL:
        db->purge.all = true;
        return 0;
    default:
        db->run_unfinished = true;
        return 0;
    }
}

static int action_choose(struct db *db, const struct action **ret, struct err *e)
{
    const struct action *action = action_find(db->words[0]);
    if (action == NULL) {
        return err_set(e, ERR_INVALID,
                       "what is to be done? backup, check, vacuum, export, import or purge; "
                       "'belljar help db' has more");
    }
    size_t given = db->words[1] != NULL;
    if (given < action->words_min || given > action->words_max) {
        return err_set(e, ERR_INVALID, "usage: belljar db %s", action->usage);
    }
    db->words[0] = db->words[1];
    db->words[1] = NULL;
    *ret = action;
    return 0;
}

static void act_say(const struct db *db, const char *act)
{
    const struct store_purge *p = &db->purge;
    AUTO(buf_done) struct buf what = {0};
    buf_add_str(&what, db->words[0] ? db->words[0] : "");
    if (p->label) {
        buf_add_fmt(&what, " label %s", p->label);
    }
    if (p->caller) {
        buf_add_fmt(&what, " key %s", p->caller);
    }
    if (p->before_ns) {
        buf_add_fmt(&what, " before %" PRIu64, p->before_ns / NS_PER_S);
    }
    buf_add_str(&what, p->all ? " all" : "");
    const char *text = what.len > 0 ? what.data : "";
    audit_command(&db->store.dir.audit, act, text + (text[0] == ' '));
}

int cmd_db(int argc, char **argv)
{
    AUTO(db_done) struct db db = {0};
    const struct action *action = NULL;
    struct err e = {0};
    int r = args_read(argv + (argc > 0), db_flags, flag_take, &db, 2, &db.words, &db.config, &e);
    if (r == 0) {
        r = action_choose(&db, &action, &e);
    }
    if (r < 0 || action == NULL) {
        cli_error("db", &e);
        return CLI_USAGE;
    }
    if (action->run(&db, &e) < 0) {
        cli_error("db", &e);
        return CLI_FAILED;
    }
    if (action->act != NULL) {
        act_say(&db, action->act);
    }
    return CLI_OK;
}
