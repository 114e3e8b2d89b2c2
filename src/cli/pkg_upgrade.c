/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg outdated and upgrade: what there is newer of what is installed.  Of Debian's packages
 * the sources of their release say it, of all else the recipe, which is part of belljar.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "cli/pkg_match.h"
#include "cli/pkg_remove.h"
#include "packages/apt.h"
#include "packages/apt_versions.h"
#include "packages/install_below.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define ID_WIDTH      24
#define NAME_WIDTH    28
#define VERSION_WIDTH 24
#define DEBIAN        "debian"

struct news {
    const struct manifest *manifest;
    char *package; /* NULL: its recipe, or */
    char *below;   /* what it stands on was made anew since */
    char *have, *there;
    bool security;
};

struct all_news {
    struct pkg *pkg;
    struct pkg_runtimes runtimes;
    bool *wanted; /* of each runtime */
    struct news *all;
    size_t count;
};

static void all_news_done(struct all_news *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->all[i].package);
        free(n->all[i].below);
        free(n->all[i].have);
        free(n->all[i].there);
    }
    free(n->all);
    free(n->wanted);
    pkg_runtimes_done(&n->runtimes);
}

static void news_add(struct all_news *n, struct news one)
{
    n->all = xreallocarray(n->all, n->count + 1, sizeof(*n->all));
    n->all[n->count++] = one;
}

/* --- whose ------------------------------------------------------------------------------------ */

static bool stands_on(const struct manifest *m, const struct manifest *part)
{
    for (size_t i = 0; part->own_layer_count > 0 && i < m->layer_count; i++) {
        if (m != part && m->layers[i] == part->layers[0]) {
            return true;
        }
    }
    return false;
}

/* Those of the words, and the parts they stand on. */
static int wanted_choose(struct all_news *n, char *const *words, struct err *e)
{
    AUTO(mem_freep) const struct manifest **found = NULL;
    size_t count = 0;
    const struct pkg_runtimes *r = &n->runtimes;
    n->wanted = xcalloc(r->count + 1, sizeof(*n->wanted));
    int rc = pkg_match_all(n->pkg, r, words, PKG_SEVERAL_ALL, &found, &count, e);
    for (size_t i = 0; i < r->count; i++) {
        n->wanted[i] = !words[0];
        for (size_t k = 0; k < count; k++) {
            n->wanted[i] |= found[k] == r->all[i] || stands_on(found[k], r->all[i]);
        }
    }
    return rc;
}

/* --- Debian ----------------------------------------------------------------------------------- */

static const char *suite_of(const struct all_news *n, const struct manifest *m)
{
    return install_suite(n->pkg->recipes, m->recipe);
}

static bool is_debian(const struct all_news *n, size_t i, const char *suite)
{
    const struct manifest *m = n->runtimes.all[i];
    for (size_t k = 0; n->wanted[i] && k < m->part_count; k++) {
        if (strcmp(m->parts[k].kind, DEBIAN) == 0) {
            return !suite || strcmp(suite_of(n, m), suite) == 0;
        }
    }
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. */
static char **packages_of(const struct all_news *n, const char *suite)
{
    AUTO(mem_freep) char **sorted = NULL; /* the manifests' */
    char **ret = NULL;
    size_t count = 0;
    for (size_t i = 0; i < n->runtimes.count; i++) {
        const struct manifest *m = n->runtimes.all[i];
        for (size_t k = 0; is_debian(n, i, suite) && k < m->part_count; k++) {
            if (strcmp(m->parts[k].kind, DEBIAN) == 0) {
                sorted = xreallocarray(sorted, count + 1, sizeof(*sorted));
                sorted[count++] = m->parts[k].name;
            }
        }
    }
    if (count > 0) {
        qsort(sorted, count, sizeof(*sorted), compare_names);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0) {
            strv_add(&ret, sorted[i]);
        }
    }
    return ret;
}

static void debian_compare(struct all_news *n, const struct manifest *m,
                           const struct apt_versions *versions)
{
    for (size_t k = 0; k < m->part_count; k++) {
        const struct manifest_part *part = &m->parts[k];
        bool security = false;
        if (strcmp(part->kind, DEBIAN) != 0) {
            continue;
        }
        const struct apt_version *newer =
            apt_versions_newer(versions, part->name, part->version, &security);
        if (newer && (security || !n->pkg->o.security)) {
            news_add(n, (struct news){.manifest = m,
                                      .package = xstrdup(part->name),
                                      .have = xstrdup(part->version),
                                      .there = xstrdup(newer->version),
                                      .security = security});
        }
    }
}

static int debian_look(struct all_news *n, const char *suite, struct err *e)
{
    AUTO(apt_closep) struct apt *apt = NULL;
    AUTO(apt_versions_done) struct apt_versions versions = {0};
    AUTO(strv_freep) char **packages = packages_of(n, suite);
    struct pkg *p = n->pkg;
    int r = apt_open(p->config, store_fd(p->store), suite, &p->progress.progress, &apt, e);
    r = r < 0 ? r : apt_look(apt, packages, &versions, e);
    for (size_t i = 0; r == 0 && i < n->runtimes.count; i++) {
        if (is_debian(n, i, suite)) {
            debian_compare(n, n->runtimes.all[i], &versions);
        }
    }
    return r;
}

static int debian_look_all(struct all_news *n, struct err *e)
{
    AUTO(strv_freep) char **suites = NULL;
    int r = 0;
    for (size_t i = 0; i < n->runtimes.count; i++) {
        const char *suite = suite_of(n, n->runtimes.all[i]);
        if (is_debian(n, i, NULL) && !(suites && strv_has(suites, suite))) {
            strv_add(&suites, suite);
        }
    }
    for (char *const *suite = suites; r == 0 && suite && *suite; suite++) {
        r = debian_look(n, *suite, e);
    }
    return r;
}

/* --- recipes ---------------------------------------------------------------------------------- */

static bool same_recipe(const struct recipe *a, const struct recipe *b)
{
    AUTO(buf_done) struct buf x = {0}, y = {0};
    recipe_write(a, &x);
    recipe_write(b, &y);
    return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static void recipes_look(struct all_news *n)
{
    for (size_t i = 0; i < n->runtimes.count; i++) {
        const struct manifest *m = n->runtimes.all[i];
        const struct recipe *now = recipes_by_id(n->pkg->recipes, m->id);
        if (n->wanted[i] && now && !n->pkg->o.security && !same_recipe(now, m->recipe)) {
            news_add(n, (struct news){.manifest = m,
                                      .have = xstrdup(m->version ? m->version : ""),
                                      .there = xstrdup(now->version ? now->version : "")});
        }
    }
}

/* --- what they stand on ----------------------------------------------------------------------- */

static const struct manifest *installed(const struct all_news *n, const char *id)
{
    for (size_t i = 0; i < n->runtimes.count; i++) {
        if (strcmp(n->runtimes.all[i]->id, id) == 0) {
            return n->runtimes.all[i];
        }
    }
    return NULL;
}

/* Of what its recipe names; Debian's news of a part are the part's. */
static void below_compare(struct all_news *n, const struct manifest *m)
{
    AUTO(strv_freep) char **ids = NULL;
    struct err ignored; /* `belljar pkg install` says it */
    if (install_below_ids(n->pkg->recipes, m->recipe, &ids, &ignored) < 0) {
        return;
    }
    for (char *const *id = ids; id && *id; id++) {
        const struct manifest *part = installed(n, *id);
        if (part && part->own_layer_count > 0 && !stands_on(m, part)) {
            news_add(n, (struct news){.manifest = m,
                                      .below = xstrdup(*id),
                                      .have = xstrdup(m->version ? m->version : ""),
                                      .there = xstrdup(m->version ? m->version : "")});
            return;
        }
    }
}

static void below_look(struct all_news *n)
{
    for (size_t i = 0; i < n->runtimes.count; i++) {
        const struct manifest *m = n->runtimes.all[i];
        if (n->wanted[i] && recipes_by_id(n->pkg->recipes, m->id)) {
            below_compare(n, m);
        }
    }
}

static int look(struct pkg *p, char *const *words, struct all_news *ret, struct err *e)
{
    *ret = (struct all_news){.pkg = p};
    pkg_runtimes_read(p, &ret->runtimes);
    int r = wanted_choose(ret, words, e);
    r = r < 0 ? r : debian_look_all(ret, e);
    if (r == 0) {
        recipes_look(ret);
        below_look(ret);
    }
    pkg_progress_clear(&p->progress);
    return r;
}

/* --- outdated --------------------------------------------------------------------------------- */

static json_t *news_json(const struct all_news *n)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n->count; i++) {
        const struct news *one = &n->all[i];
        json_array_append_new(all, json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:b, s:b}", "id",
                                             one->manifest->id, "package", one->package, "below",
                                             one->below, "installed", one->have, "available",
                                             one->there, "security", (int)one->security, "pinned",
                                             (int)one->manifest->pinned));
    }
    return all;
}

static void news_print(const struct all_news *n)
{
    size_t security = 0;
    if (n->count > 0) {
        printf("%-*s %-*s %-*s %s\n", ID_WIDTH, "NAME", NAME_WIDTH, "WHAT", VERSION_WIDTH,
               "INSTALLED", "THERE IS");
    }
    for (size_t i = 0; i < n->count; i++) {
        const struct news *one = &n->all[i];
        AUTO(mem_freep) char *below = one->below ? xasprintf("%s, below it", one->below) : NULL;
        const char *what = below ? below : one->package ? one->package : "its recipe";
        printf("%-*s %-*s %-*s %s%s%s\n", ID_WIDTH, one->manifest->id, NAME_WIDTH, what,
               VERSION_WIDTH, one->have, one->there, one->security ? ", security" : "",
               one->manifest->pinned ? ", pinned" : "");
        security += one->security;
    }
    if (n->count > 0) {
        printf("\n%zu newer, %zu of them close a hole; 'belljar pkg upgrade' installs them\n",
               n->count, security);
    } else {
        printf("nothing that is installed is out of date\n");
    }
}

int pkg_outdated(struct pkg *p, char *const *words)
{
    AUTO(all_news_done) struct all_news n = {0};
    struct err e;
    if (look(p, words, &n, &e) < 0) {
        return pkg_fail(p, &e);
    }
    json_t *all = news_json(&n);
    if (p->o.events) {
        json_object_set(p->result, "outdated", all);
    } else if (p->o.json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        news_print(&n);
    }
    json_decref(all);
    return CLI_OK;
}

/* --- upgrade ---------------------------------------------------------------------------------- */

static bool has_news(const struct all_news *n, const struct manifest *m)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->all[i].manifest == m && !m->pinned) {
            return true;
        }
    }
    return false;
}

/* What stands on what becomes new is made anew, too: else it keeps the old. */
static bool is_due(const struct all_news *n, const struct manifest *m)
{
    bool due = has_news(n, m);
    for (size_t i = 0; !due && !m->pinned && i < n->runtimes.count; i++) {
        due = has_news(n, n->runtimes.all[i]) && stands_on(m, n->runtimes.all[i]);
    }
    return due;
}

/* What others stand on first: it has fewer layers. */
static int compare_depth(const void *a, const void *b)
{
    const struct manifest *x = *(const struct manifest *const *)a;
    const struct manifest *y = *(const struct manifest *const *)b;
    if (x->layer_count != y->layer_count) {
        return x->layer_count < y->layer_count ? -1 : 1;
    }
    return (int)y->hidden - (int)x->hidden;
}

static void due_order(struct pkg *p, struct shop *s, const struct all_news *n)
{
    AUTO(mem_freep) const struct manifest **due = NULL;
    size_t count = 0;
    due = xcalloc(n->runtimes.count + 1, sizeof(struct manifest *));
    for (size_t i = 0; i < n->runtimes.count; i++) {
        if (is_due(n, n->runtimes.all[i])) {
            due[count++] = n->runtimes.all[i];
        }
    }
    qsort(due, count, sizeof(struct manifest *), compare_depth);
    for (size_t i = 0; i < count; i++) {
        const struct recipe *recipe = recipes_by_id(p->recipes, due[i]->id);
        if (recipe) {
            shop_order(s, (struct choice){.recipe = recipe}, due[i], true);
        } else {
            cli_note("pkg", "%s stays: there is no recipe of it any more", due[i]->id);
        }
    }
}

int pkg_upgrade(struct pkg *p, char *const *words)
{
    AUTO(all_news_done) struct all_news n = {0};
    AUTO(shop_closep) struct shop *s = NULL;
    struct err e;
    if (look(p, words, &n, &e) < 0 || shop_open(p, &s, &e) < 0) {
        return pkg_fail(p, &e);
    }
    due_order(p, s, &n);
    if (shop_count(s) == 0) {
        pkg_say(p, n.count > 0 ? "nothing to do: what is newer is pinned"
                               : "nothing that is installed is out of date");
        return CLI_OK;
    }
    int status = shop_run(s);
    shop_closep(&s); /* it holds what it has made */
    if (p->o.dry_run) {
        return status;
    }
    int collected = pkg_collect(p);
    return status > collected ? status : collected;
}
