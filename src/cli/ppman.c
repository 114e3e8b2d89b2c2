/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar ppman: belljar pkg in the words of Piston's package manager; it answers as that does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/piston_packages.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "cli/pkg_match.h"
#include "cli/pkg_packages.h"
#include "cli/pkg_remove.h"
#include "cli/style.h"
#include "config/config.h"

#define WORDS_MAX 512

static void outcome_print(struct pkg *p, const char *noun, const struct err *e)
{
    bool colour = style_wanted(STDOUT_FILENO);
    pkg_progress_clear(&p->progress);
    style_put(stdout, colour, e ? STYLE_RED_BOLD : STYLE_GREEN_BOLD,
              e ? "\xe2\x9d\x8c" : "\xe2\x9c\x93");
    printf(" %s %s%s\n", noun, e ? "failed: " : "succeeded", e ? e->text : "");
    (void)fflush(stdout);
}

/* --- list ------------------------------------------------------------------------------------- */

static int list(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes installed = {0};
    AUTO(shop_closep) struct shop *s = NULL;
    bool colour = style_wanted(STDOUT_FILENO);
    struct err e;
    size_t i;
    json_t *package;
    (void)words;
    if (shop_open(p, &s, &e) < 0) {
        return pkg_fail(p, &e);
    }
    pkg_runtimes_read(p, &installed);
    json_t *all = pkg_packages(p, shop_chooser(s), &installed, NULL);
    json_array_foreach(all, i, package)
    {
        bool there = json_is_true(json_object_get(package, "installed"));
        style_put(stdout, colour, there ? STYLE_GREEN : STYLE_RED, "\xe2\x80\xa2");
        printf(" %s %s\n", piston_package_text(package, "language"),
               piston_package_text(package, "language_version"));
    }
    json_decref(all);
    return CLI_OK;
}

/* --- install and uninstall -------------------------------------------------------------------- */

static int install_word(struct pkg *p, const char *word, struct err *e)
{
    AUTO(shop_closep) struct shop *s = NULL;
    int r = shop_open(p, &s, e);
    r = r < 0 ? r : shop_order_word(s, word, e);
    for (size_t i = 0; r == 0 && i < shop_count(s); i++) {
        r = shop_install(s, i, e);
    }
    return r;
}

static int uninstall_word(struct pkg *p, const char *word, struct err *e)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes installed = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    size_t count = 0;
    pkg_runtimes_read(p, &installed);
    int r = pkg_match(p, &installed, word, PKG_SEVERAL_HIGHEST, &found, &count, e);
    if (r == 0 && pkg_remove_some(p, found, count) != CLI_OK) {
        *e = p->failure;
        r = -(int)e->kind;
    }
    return r;
}

/* As there, a failure does not stop the others. */
static int each(struct pkg *p, char *const *words,
                int (*fn)(struct pkg *, const char *, struct err *), const char *noun)
{
    AUTO(strv_freep) char **joined = words_join(words);
    int status = CLI_OK;
    for (char *const *word = joined; word && *word; word++) {
        struct err e;
        int r = fn(p, *word, &e);
        outcome_print(p, noun, r < 0 ? &e : NULL);
        status = r < 0 ? CLI_FAILED : status;
        if (r == -ERR_GONE) {
            break;
        }
    }
    return status;
}

static int install(struct pkg *p, char *const *words)
{
    return each(p, words, install_word, "Installation");
}

static int uninstall(struct pkg *p, char *const *words)
{
    int status = each(p, words, uninstall_word, "Uninstallation");
    int collected = pkg_collect(p);
    return status > collected ? status : collected;
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct action {
    const char *name;
    char letter;
    size_t words_min, words_max;
    pkg_fn *run;
    const char *usage;
} actions[] = {
    {"install", 'i', 1, WORDS_MAX, install, "install NAME [VERSION]..."},
    {"list", 'l', 0, 0, list, "list"},
    {"spec", 's', 1, 1, pkg_spec, "spec FILE.pps"},
    {"uninstall", 'u', 1, WORDS_MAX, uninstall, "uninstall NAME [VERSION]..."},
};

static int action_find(char *const *words, const struct action **ret, struct err *e)
{
    for (size_t i = 0; words[0] && i < ARRAY_LEN(actions); i++) {
        const struct action *a = &actions[i];
        bool letter = words[0][0] == a->letter && words[0][1] == '\0';
        if (!letter && strcmp(words[0], a->name) != 0) {
            continue;
        }
        size_t count = strv_len(words) - 1;
        if (count < a->words_min || count > a->words_max) {
            return err_set(e, ERR_INVALID, "write: belljar ppman %s", a->usage);
        }
        *ret = a;
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "write 'belljar ppman' and one of: install, list, spec, uninstall");
}

int cmd_ppman(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(mem_freep) char **words = NULL; /* they are argv's */
    const struct action *action = NULL;
    struct pkg p = {0};
    struct err e;
    int r = args_read(argv + 1, NULL, NULL, NULL, WORDS_MAX, &words, &config, &e);
    if (r == ARGS_HELP) {
        return help_show("ppman");
    }
    r = r < 0 ? r : action_find(words, &action, &e);
    if (r < 0 || !action) {
        cli_error("ppman", &e);
        return CLI_USAGE;
    }
    p.o.yes = true; /* it never asks */
    int status = pkg_open(&p, config, true, &e) < 0 ? pkg_fail(&p, &e) : action->run(&p, words + 1);
    return pkg_close(&p, status);
}
