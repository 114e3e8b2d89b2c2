/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg available: all that is installed or can be, recipes and Piston's index in one list;
 * with a word, what would be installed by it, and what of it is.  Who asks may do without the
 * index: it is waited for only shortly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/piston_packages.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "cli/pkg_packages.h"
#include "config/config.h"
#include "packages/chooser.h"
#include "packages/fetcher.h"
#include "recipes/recipe.h"

#define NAME_WIDTH    24
#define VERSION_WIDTH 16

static void row_print(const json_t *row)
{
    bool named = json_object_get(row, "package") != NULL;
    printf("%-*s %-*s %s\n", NAME_WIDTH, piston_package_text(row, named ? "package" : "language"),
           VERSION_WIDTH, piston_package_text(row, "language_version"),
           json_is_true(json_object_get(row, "installed")) ? "installed" : "");
}

static void rows_print(const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        row_print(row);
    }
}

/* --- all -------------------------------------------------------------------------------------- */

static int all_tell(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed)
{
    struct err e = {0};
    json_t *all = pkg_packages(p, chooser, installed, &e);
    if (e.kind) {
        json_object_set_new(p->result, "index_error", json_string(e.text));
    }
    if (!p->o.events) {
        rows_print(all);
    }
    json_object_set_new(p->result, "packages", all);
    return CLI_OK;
}

/* --- what a word means ------------------------------------------------------------------------ */

static int chosen_tell(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed,
                       const char *word, struct err *e)
{
    AUTO(mem_freep) struct choice *chosen = NULL;
    size_t count = 0;
    int r = chooser_choose(chooser, word, &chosen, &count, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        json_t *row = pkg_package_of(&chosen[i], installed);
        if (!p->o.events) {
            row_print(row);
        }
        pkg_result(p, "chosen", row);
    }
    return r;
}

static void installed_tell(struct pkg *p, const struct pkg_runtimes *installed, const char *word)
{
    AUTO(mem_freep) const struct manifest **found = NULL;
    size_t count = 0;
    struct err e; /* it is not there, which is no error here */
    if (pkg_match(p, installed, word, PKG_SEVERAL_HIGHEST, &found, &count, &e) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        pkg_result(p, "installed", pkg_manifest_json(found[i]));
    }
}

/* For programs it is an answer that there is nothing of that name. */
static int word_tell(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed,
                     const char *word)
{
    struct err e;
    installed_tell(p, installed, word);
    if (chosen_tell(p, chooser, installed, word, &e) == 0) {
        return CLI_OK;
    }
    if (!p->o.events) {
        return pkg_fail(p, &e);
    }
    json_object_set_new(p->result, "chosen_error", pkg_error_json(&e));
    return CLI_OK;
}

int pkg_available(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes installed = {0};
    struct fetcher *fetcher = fetcher_new(-1, NULL);
    struct chooser chooser = {.recipes = p->recipes,
                              .fetcher = fetcher,
                              .index_url = p->config->piston_repo,
                              .say = pkg_on_unreadable,
                              .ctx = p};
    fetcher_hurry(fetcher);
    pkg_runtimes_read(p, &installed);
    int status =
        words[0] ? word_tell(p, &chooser, &installed, words[0]) : all_tell(p, &chooser, &installed);
    chooser_done(&chooser);
    fetcher_free(fetcher);
    return status;
}
