/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg: languages that are installed, and those that can be.  This file has its table of
 * sub-commands and what all of them begin and end with.
 */
#include "cli/pkg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/event_out.h"
#include "cli/packages_dir.h"
#include "config/config.h"
#include "config/suggest.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define WORDS_MAX 512

enum flag {
    FLAG_AGAIN = 1 << 0,
    FLAG_DRY_RUN = 1 << 1,
    FLAG_EVENTS = 1 << 2,
    FLAG_JSON = 1 << 3,
    FLAG_SECURITY = 1 << 4,
    FLAG_WITH = 1 << 5,
    FLAG_YES = 1 << 6,
};
#define FLAGS_INSTALL (FLAG_AGAIN | FLAG_DRY_RUN | FLAG_EVENTS | FLAG_WITH | FLAG_YES)

const struct cli_flag pkg_flags[] = {
    {"--again", 0, NULL, "install: Also what is there."},
    {"--dry-run", 'n', NULL,
     "install, upgrade, spec, sync: Say what would be done, and how large it is."},
    {"--events", 0, NULL, "Print JSON lines: each step, and the end."},
    {"--json", 0, NULL, "list, search, info, outdated, sets: Print JSON."},
    {"--security", 0, NULL, "outdated, upgrade: Only what closes a hole."},
    {"--with", 0, "NAME[,NAME...]", "install, add: Libraries that are added."},
    {"--yes", 'y', NULL, "Do not ask."},
    {0},
};
static const enum flag flag_bits[] = {FLAG_AGAIN,    FLAG_DRY_RUN, FLAG_EVENTS, FLAG_JSON,
                                      FLAG_SECURITY, FLAG_WITH,    FLAG_YES};

static const struct action {
    const char *name;
    pkg_fn *run;
    size_t words_min, words_max;
    bool writes;
    unsigned flags;
    const char *usage;
} actions[] = {
    {"install", pkg_install, 1, WORDS_MAX, true, FLAGS_INSTALL, "install NAME[=VERSION]..."},
    {"remove", pkg_remove, 1, WORDS_MAX, true, FLAG_EVENTS, "remove NAME[=VERSION]..."},
    {"list", pkg_list, 0, 0, false, FLAG_JSON, "list"},
    {"available", pkg_available, 0, 1, false, 0, "available [NAME[=VERSION]]"},
    {"search", pkg_search, 0, 1, false, FLAG_JSON, "search [TEXT]"},
    {"info", pkg_info, 1, 1, false, FLAG_JSON, "info NAME[=VERSION]"},
    {"sets", pkg_sets, 0, 0, false, FLAG_JSON, "sets"},
    {"outdated", pkg_outdated, 0, WORDS_MAX, true, FLAG_JSON | FLAG_SECURITY,
     "outdated [--security] [NAME...]"},
    {"upgrade", pkg_upgrade, 0, WORDS_MAX, true,
     FLAG_DRY_RUN | FLAG_EVENTS | FLAG_SECURITY | FLAG_YES, "upgrade [--security] [NAME...]"},
    {"pin", pkg_pin, 1, WORDS_MAX, true, FLAG_EVENTS, "pin NAME..."},
    {"unpin", pkg_unpin, 1, WORDS_MAX, true, FLAG_EVENTS, "unpin NAME..."},
    {"add", pkg_add, 1, 1, true, FLAGS_INSTALL,
     "add FILE.toml | FILE.json | NAME --with NAME[,NAME...]"},
    {"lint", pkg_lint, 1, WORDS_MAX, false, 0, "lint FILE..."},
    {"spec", pkg_spec, 1, 1, true, FLAG_DRY_RUN | FLAG_EVENTS | FLAG_YES, "spec FILE.pps"},
    {"sync", pkg_sync, 0, 0, true, FLAG_DRY_RUN | FLAG_EVENTS | FLAG_YES, "sync"},
    {"export", pkg_export, 2, WORDS_MAX, false, FLAG_EVENTS, "export FILE NAME..."},
    {"import", pkg_import, 1, 1, true, FLAG_EVENTS, "import FILE"},
    {"verify", pkg_verify, 0, WORDS_MAX, false, FLAG_EVENTS, "verify [NAME...]"},
    {"gc", pkg_gc, 0, 0, true, FLAG_EVENTS, "gc"},
};

/* --- what they say ---------------------------------------------------------------------------- */

void pkg_say(struct pkg *p, const char *fmt, ...)
{
    va_list ap;
    if (p->o.events) {
        return;
    }
    pkg_progress_clear(&p->progress);
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)putchar('\n');
    (void)fflush(stdout);
}

int pkg_fail(struct pkg *p, const struct err *e)
{
    pkg_progress_clear(&p->progress);
    cli_error("pkg", e);
    if (!p->failed) {
        p->failure = *e;
        p->failed = true;
    }
    return CLI_FAILED;
}

void pkg_on_unreadable(void *ctx, const struct err *e)
{
    struct pkg *p = ctx;
    pkg_progress_clear(&p->progress);
    cli_error("pkg", e);
}

void pkg_result(struct pkg *p, const char *list, json_t *item)
{
    json_t *all = json_object_get(p->result, list);
    if (!all) {
        all = json_array();
        json_object_set_new(p->result, list, all);
    }
    json_array_append_new(all, item);
}

static void json_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text ? json_string(text) : json_null());
}

json_t *pkg_manifest_json(const struct manifest *m)
{
    json_t *json = json_object(), *libraries = json_array();
    json_text(json, "id", m->id);
    json_text(json, "language", m->recipe->language);
    json_text(json, "version", m->version);
    json_text(json, "package", m->recipe->package);
    json_text(json, "source", m->source);
    for (char *const *l = m->libraries; l && *l; l++) {
        json_array_append_new(libraries, json_string(*l));
    }
    json_object_set_new(json, "libraries", libraries);
    json_object_set_new(json, "pinned", json_boolean(m->pinned));
    return json;
}

/* --- begin and end ---------------------------------------------------------------------------- */

static int store_begin(struct pkg *p, bool write, struct err *e)
{
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    int r = packages_dir_path(p->config, &p->path, e);
    if (r == 0 && write) {
        (void)umask(022); /* boxes read it as strangers */
        r = packages_dir_open(p->config, true, &dir, e);
    }
    r = r < 0 ? r : package_store_open(p->path, write, &p->store, e);
    return r == -ERR_NOT_FOUND && !write && p->path ? 0 : r;
}

int pkg_open(struct pkg *p, const struct config *config, bool write, struct err *e)
{
    p->config = config;
    p->result = json_object();
    pkg_progress_init(&p->progress, p->o.events);
    int r = store_begin(p, write, e);
    if (r == 0) {
        AUTO(mem_freep) char *own = xasprintf("%s/recipes", p->path);
        p->recipes = recipes_new(own, pkg_on_unreadable, p);
    }
    return r;
}

json_t *pkg_error_json(const struct err *e)
{
    json_t *json = json_object();
    json_object_set_new(json, "kind", json_string(err_kind_name(e->kind)));
    json_object_set_new(json, "message", json_string(e->text));
    return json;
}

static void end_print(struct pkg *p, int status)
{
    json_object_set_new(p->result, "end", json_string(status == CLI_OK ? "ok" : "error"));
    if (status != CLI_OK) {
        struct err silent;
        err_set(&silent, ERR_INVALID, "it did not work");
        json_object_update_new(p->result, pkg_error_json(p->failed ? &p->failure : &silent));
    }
    (void)fflush(stdout);
    event_out(STDOUT_FILENO, p->result, EVENT_END_WAIT_MS);
}

int pkg_close(struct pkg *p, int status)
{
    pkg_progress_clear(&p->progress);
    package_store_close(p->store); /* others need not wait until somebody reads the end */
    if (p->o.events) {
        end_print(p, status);
    }
    json_decref(p->result);
    recipes_free(p->recipes);
    strv_free(p->o.libraries);
    free(p->path);
    *p = (struct pkg){0};
    return status;
}

/* --- the command line ------------------------------------------------------------------------- */

struct line {
    struct pkg_options *o;
    unsigned flags; /* that were given */
};

static int on_flag(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct line *line = ctx;
    struct pkg_options *o = line->o;
    bool *const bools[] = {&o->again,    &o->dry_run, &o->events, &o->json,
                           &o->security, NULL,        &o->yes};
    size_t i = (size_t)(flag - pkg_flags);
    (void)e;
    line->flags |= flag_bits[i];
    if (bools[i]) {
        *bools[i] = true;
        return 0;
    }
    AUTO(strv_freep) char **more = strv_split(value, ",");
    strv_add_all(&o->libraries, more);
    return 0;
}

static int no_action(const char *name, struct err *e)
{
    AUTO(buf_done) struct buf names = {0};
    struct suggest near = {.typed = name ? name : ""};
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        buf_add_fmt(&names, "%s%s", i ? ", " : "", actions[i].name);
        suggest_offer(&near, actions[i].name);
    }
    if (name && near.best) {
        return err_set(e, ERR_INVALID, "there is no 'belljar pkg %.40s'; did you mean '%s'?", name,
                       near.best);
    }
    return err_set(e, ERR_INVALID, "write 'belljar pkg' and one of: %s", names.data);
}

static int action_find(char *const *words, unsigned flags, const struct action **ret, struct err *e)
{
    const struct action *a = NULL;
    for (size_t i = 0; words[0] && i < ARRAY_LEN(actions); i++) {
        a = strcmp(actions[i].name, words[0]) == 0 ? &actions[i] : a;
    }
    if (!a) {
        return no_action(words[0], e);
    }
    size_t count = strv_len(words) - 1;
    if (count < a->words_min || count > a->words_max) {
        return err_set(e, ERR_INVALID, "write: belljar pkg %s", a->usage);
    }
    for (size_t i = 0; i < ARRAY_LEN(flag_bits); i++) {
        if (flags & flag_bits[i] & ~(a->flags | FLAG_EVENTS | FLAG_YES)) {
            return err_set(e, ERR_INVALID, "'belljar pkg %s' takes no %s", a->name,
                           pkg_flags[i].name);
        }
    }
    *ret = a;
    return 0;
}

static int action_run(struct pkg *p, const struct action *a, const struct config *config,
                      char *const *words)
{
    struct err e;
    int status = pkg_open(p, config, a->writes, &e) < 0 ? pkg_fail(p, &e) : a->run(p, words);
    return pkg_close(p, status);
}

int cmd_pkg(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(mem_freep) char **words = NULL; /* they are argv's */
    const struct action *action = NULL;
    struct pkg p = {0};
    struct line line = {.o = &p.o};
    struct err e;
    int r = args_read(argv + 1, pkg_flags, on_flag, &line, WORDS_MAX, &words, &config, &e);
    if (r == ARGS_HELP) {
        strv_free(p.o.libraries);
        return help_show("pkg");
    }
    r = r < 0 ? r : action_find(words, line.flags, &action, &e);
    if (r < 0 || !action) {
        (void)pkg_fail(&p, &e);
        p.result = json_object();
        return pkg_close(&p, CLI_USAGE);
    }
    return action_run(&p, action, config, words + 1);
}
