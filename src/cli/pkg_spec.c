/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg spec: what a spec file of Piston's gathers is there afterwards, and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/piston_packages.h"
#include "cli/piston_rules.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "cli/pkg_match.h"
#include "cli/pkg_packages.h"
#include "cli/pkg_remove.h"
#include "recipes/recipes.h"

#define SPEC_MAX ((size_t)1 << 20)

struct change {
    struct pkg_runtimes runtimes;
    struct piston_rules rules;
    const struct manifest **removed;
    size_t removed_count;
};

static void change_done(struct change *c)
{
    piston_rules_done(&c->rules);
    free(c->removed);
    pkg_runtimes_done(&c->runtimes);
}

static bool is_installed(const json_t *package)
{
    return json_is_true(json_object_get(package, "installed"));
}

static void one_order(struct pkg *p, struct shop *s, const json_t *package)
{
    const struct piston_index *index = NULL;
    const json_t *entry = json_object_get(package, "entry");
    struct choice choice = {.recipe =
                                recipes_by_id(p->recipes, piston_package_text(package, "id"))};
    struct err ignored; /* it was had before, where there is an entry */
    if (entry && chooser_index(shop_chooser(s), &index, &ignored) == 0) {
        choice.entry = &index->entries[json_integer_value(entry)];
    }
    if (choice.recipe || choice.entry) {
        pkg_say(p, "install %s %s", piston_package_text(package, "language"),
                piston_package_text(package, "language_version"));
        shop_order(s, choice, NULL, false);
    }
}

static void changes_gather(struct pkg *p, struct shop *s, struct change *c)
{
    size_t count = json_array_size(c->rules.all);
    c->removed = xcalloc(c->runtimes.count + 1, sizeof(struct manifest *));
    for (size_t i = 0; i < c->rules.wanted_count; i++) {
        const json_t *package = json_array_get(c->rules.all, c->rules.wanted[i]);
        if (!is_installed(package)) {
            one_order(p, s, package);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *package = json_array_get(c->rules.all, i);
        if (is_installed(package) && !piston_rules_want(&c->rules, i)) {
            pkg_say(p, "remove  %s %s", piston_package_text(package, "language"),
                    piston_package_text(package, "language_version"));
            c->removed[c->removed_count++] =
                pkg_runtimes_by_id(&c->runtimes, piston_package_text(package, "id"));
        }
    }
}

static int changes_do(struct pkg *p, struct shop *s, const struct change *c)
{
    int status = shop_count(s) > 0 ? shop_run(s) : CLI_OK;
    if (p->o.dry_run || status != CLI_OK || c->removed_count == 0) {
        return status;
    }
    status = pkg_remove_some(p, c->removed, c->removed_count);
    int collected = pkg_collect(p);
    return status > collected ? status : collected;
}

int pkg_spec(struct pkg *p, char *const *words)
{
    AUTO(change_done) struct change c = {0};
    AUTO(shop_closep) struct shop *s = NULL;
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    int r = fd_read_path(words[0], SPEC_MAX, &text, &e);
    r = r < 0 ? r : shop_open(p, &s, &e);
    if (r < 0) {
        return pkg_fail(p, &e);
    }
    AUTO(mem_freep) char *lines = xstrndup(text.data ? text.data : "", text.len);
    pkg_runtimes_read(p, &c.runtimes);
    c.rules.all = pkg_packages(p, shop_chooser(s), &c.runtimes, NULL);
    piston_rules_apply(&c.rules, lines);
    changes_gather(p, s, &c);
    if (shop_count(s) == 0 && c.removed_count == 0) {
        pkg_say(p, "nothing to do: what is installed is what '%s' says", words[0]);
    }
    return changes_do(p, s, &c);
}
