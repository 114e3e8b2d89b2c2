/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/install.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/hello.h"
#include "packages/install_below.h"
#include "packages/install_prepare.h"
#include "packages/install_stage.h"
#include "packages/installation.h"
#include "packages/manifest.h"
#include "packages/progress.h"
#include "packages/stage_tree.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

static void tell(const struct install *i, const char *what, enum progress_phase phase)
{
    if (i->progress && i->progress->step) {
        i->progress->step(i->progress->ctx, what, phase, 0, 0);
    }
}

/* --- one layer -------------------------------------------------------------------------------- */

static bool has_layer(const struct installation *in)
{
    for (size_t k = 0; installers[k]; k++) {
        if (installers[k]->is_meant(in)) {
            return true;
        }
    }
    return in->recipe->files || in->recipe->install.after;
}

/* Below {home}; its directories are made. */
static int files_write(const struct installation *in, struct err *e)
{
    const struct recipe_file *f = in->recipe->files;
    if (!f) {
        return 0;
    }
    AUTO(mem_freep) char *home = recipe_home(in->recipe);
    struct stage_tree t = {.stage = in->stage, .owner = geteuid()};
    int r = stage_tree_folders(&t, home + 1, e);
    for (; r == 0 && f->name; f++) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", home + 1, f->name);
        r = stage_tree_put(&t, path, f->text, strlen(f->text), 0644, e);
    }
    return r < 0 ? err_wrap(e, "writing the recipe's files") : 0;
}

static int after_run(const struct installation *in, struct err *e)
{
    AUTO(strv_freep) char **argv = NULL;
    if (!in->recipe->install.after) {
        return 0;
    }
    for (char *const *word = in->recipe->install.after; *word; word++) {
        strv_add_take(&argv, hello_in_home(in->recipe, *word));
    }
    const struct workshop_command command = {.argv = argv};
    int r = install_stage_run(in, &command, e);
    return r < 0 ? err_wrap(e, "its install.after") : 0;
}

static int stage_fill(struct installation *in, const struct manifest *m, struct err *e)
{
    int r = 0;
    (void)m;
    for (size_t k = 0; r == 0 && installers[k]; k++) {
        if (installers[k]->is_meant(in)) {
            r = installers[k]->install(in, e);
        }
    }
    r = r < 0 ? r : files_write(in, e);
    r = r < 0 ? r : after_run(in, e);
    return r < 0 ? r : install_stage_finish(in, e);
}

/* On top of those that are there; `m`: of what is installed, where there is something to tell. */
typedef int fill_fn(struct installation *in, const struct manifest *m, struct err *e);

static int layer_make(const struct install *i, struct installation *in, fill_fn *fill,
                      const struct manifest *m, struct err *e)
{
    struct stage stage;
    struct layer layer;
    int r = store_stage(i->store, &stage, e);
    if (r < 0) {
        return r;
    }
    in->stage = &stage;
    r = fill(in, m, e);
    if (r == 0) {
        tell(i, in->recipe->id, PROGRESS_CHECK);
        r = store_commit(&stage, &layer, e);
    }
    stage_done(&stage);
    in->stage = NULL;
    if (r == 0) {
        layers_push(&in->layers, &in->layer_count, layer.id);
    }
    return r;
}

/* --- added libraries -------------------------------------------------------------------------- */

/* "debian:python3-{name}" with a name */
static char *library_package(const struct recipe *recipe, const char *library)
{
    static const char kind[] = "debian:", place[] = "{name}";
    for (char *const *p = recipe->install.library; p && *p; p++) {
        const char *found = strstr(*p, place);
        if (str_starts(*p, kind) && found) {
            const char *pattern = *p + strlen(kind);
            return xasprintf("%.*s%s%s", (int)(found - pattern), pattern, library,
                             found + strlen(place));
        }
    }
    return NULL;
}

static int libraries_add(const struct install *i, struct installation *in, char *const *libraries,
                         struct err *e)
{
    AUTO(strv_freep) char **packages = NULL;
    for (char *const *l = libraries; *l; l++) {
        char *package = library_package(in->recipe, *l);
        if (!package) {
            return err_set(e, ERR_UNSUPPORTED,
                           "there is no way to add libraries (install.library)");
        }
        strv_add_take(&packages, package);
    }
    /* The same recipe, but for what it installs. */
    struct recipe with = *in->recipe;
    with.files = NULL;
    with.install = (struct recipe_install){.suite = in->recipe->install.suite, .debian = packages};
    const struct recipe *own = in->recipe;
    in->recipe = &with;
    int r = layer_make(i, in, stage_fill, NULL, e);
    in->recipe = own;
    return r < 0 ? err_wrap(e, "adding libraries") : 0;
}

/* --- the manifest ----------------------------------------------------------------------------- */

static const char *source_of(const struct installation *in, const struct install_below *below)
{
    for (size_t k = 0; installers[k]; k++) {
        if (installers[k]->is_meant(in)) {
            return installers[k]->kind;
        }
    }
    return below->count > 0 ? below->all[0]->source : "own";
}

static void manifest_layers(const struct installation *in, const struct install_below *below,
                            struct manifest *m)
{
    free(m->layers);
    m->layers = xmemdup(in->layers, in->layer_count * sizeof(*in->layers));
    m->layer_count = in->layer_count;
    m->own_layer_count = in->layer_count - below->layer_count;
}

static void manifest_fill(const struct installation *in, const struct install_below *below,
                          char *const *libraries, struct manifest *m)
{
    m->id = xstrdup(in->recipe->id);
    m->recipe = recipe_ref(in->recipe);
    m->source = xstrdup(source_of(in, below));
    m->libraries = libraries ? strv_dup(libraries) : NULL;
    m->installed_s = (int64_t)(clock_wall_ns(&clock_system) / NS_PER_S);
    m->hidden = recipe_is_part(in->recipe);
    manifest_layers(in, below, m);
}

static int prepared_fill(struct installation *in, const struct manifest *m, struct err *e)
{
    return install_prepare(in, in->preparation, m->tool, e);
}

/* After all that it is made of: its tool runs. */
static int prepare(const struct install *i, struct installation *in,
                   const struct install_below *below, struct manifest *m, struct err *e)
{
    bool wanted = i->preparation && in->recipe->prepare && m->tool;
    in->preparation = wanted ? i->preparation(in->recipe) : NULL;
    if (!in->preparation) {
        return 0;
    }
    tell(i, in->recipe->id, PROGRESS_SETUP);
    int r = layer_make(i, in, prepared_fill, m, e);
    manifest_layers(in, below, m);
    return r;
}

/* What is asked for a version may have come with a part. */
static int version_ask(const struct install *i, struct installation *in,
                       const struct install_below *below, struct manifest *m, struct err *e)
{
    size_t own = in->part_count;
    for (size_t k = 0; k < below->count; k++) {
        for (size_t n = 0; n < below->all[k]->part_count; n++) {
            const struct manifest_part *p = &below->all[k]->parts[n];
            installation_add_part(in, p->kind, p->name, p->version);
        }
    }
    m->parts = in->parts;
    m->part_count = in->part_count;
    int r = m->hidden ? 0 : hello_ask(i->workshop, m, e);
    for (size_t n = own; n < in->part_count; n++) {
        free(in->parts[n].kind);
        free(in->parts[n].name);
        free(in->parts[n].version);
    }
    m->part_count = in->part_count = own;
    in->parts = NULL; /* they are the manifest's */
    if (r == 0 && !m->version) {
        m->version = xstrdup(in->recipe->version);
    }
    return r;
}

static int finish(const struct install *i, struct installation *in,
                  const struct install_below *below, char *const *libraries, struct manifest **ret,
                  struct err *e)
{
    AUTO(install_manifest_freep) struct manifest *m = xcalloc(1, sizeof(*m));
    tell(i, in->recipe->id, PROGRESS_CHECK);
    manifest_fill(in, below, libraries, m);
    int r = hello_find_tool(store_fd(i->store), m, e);
    r = r < 0 ? r : prepare(i, in, below, m, e);
    r = r < 0 ? r : version_ask(i, in, below, m, e);
    if (r == 0 && !m->hidden) {
        r = hello_run(i->workshop, m, in->preparation != NULL, e);
    }
    r = r < 0 ? r : store_put(i->store, m, e);
    /* Read again: as everybody sees it. */
    return r < 0 ? r : package_store_get(i->store, in->recipe->id, ret, e);
}

/* --- one recipe ------------------------------------------------------------------------------- */

static bool is_enough(const struct manifest *m, char *const *libraries)
{
    for (char *const *l = libraries; l && *l; l++) {
        if (!m->libraries || !strv_has(m->libraries, *l)) {
            return false;
        }
    }
    return true;
}

/* What is being installed, and what stands on it. */
struct chain {
    const struct recipe *recipe;
    const struct chain *above; /* NULL: this is what was asked for */
};

static int recipe_install(const struct install *i, const struct recipe *recipe,
                          char *const *libraries, const struct chain *above, struct manifest **ret,
                          bool *ret_made, struct err *e);

/* Its base, and what install.on names; layers with the base last. */
static int below_install(const struct install *i, const struct chain *chain,
                         struct install_below *below, struct err *e)
{
    const struct recipe *recipe = chain->recipe;
    AUTO(strv_freep) char **ids = NULL;
    int r = install_below_ids(i->recipes, recipe, &ids, e);
    for (char **id = ids; r == 0 && id && *id; id++) {
        struct manifest *m = NULL;
        bool made;
        const struct recipe *part = recipes_by_id(i->recipes, *id);
        if (!part) {
            return err_set(e, ERR_NOT_FOUND, "%s stands on '%s', and there is no such recipe",
                           recipe->id, *id);
        }
        r = recipe_install(i, part, NULL, chain, &m, &made, e);
        if (r == 0) {
            install_below_add(below, m);
        }
    }
    return r < 0 ? r : install_below_hold(below, store_fd(i->store), e);
}

static int make(const struct install *i, const struct chain *chain, char *const *libraries,
                struct manifest **ret, struct err *e)
{
    const struct recipe *recipe = chain->recipe;
    AUTO(install_below_done) struct install_below below = {0};
    AUTO(installation_done)
    struct installation in = {.config = i->config,
                              .recipes = i->recipes,
                              .recipe = recipe,
                              .suite = install_suite(i->recipes, recipe),
                              .libraries = libraries,
                              .store = i->store,
                              .workshop = i->workshop,
                              .fetcher = i->fetcher,
                              .progress = i->progress};
    int r = below_install(i, chain, &below, e);
    if (r < 0) {
        return r;
    }
    in.layers = xmemdup(below.layers, below.layer_count * sizeof(*below.layers));
    in.layer_count = below.layer_count;
    r = has_layer(&in) ? layer_make(i, &in, stage_fill, NULL, e) : 0;
    if (r == 0 && libraries && *libraries) {
        r = libraries_add(i, &in, libraries, e);
    }
    return r < 0 ? r : finish(i, &in, &below, libraries, ret, e);
}

static int recipe_install(const struct install *i, const struct recipe *recipe,
                          char *const *libraries, const struct chain *above, struct manifest **ret,
                          bool *ret_made, struct err *e)
{
    const struct chain chain = {recipe, above};
    AUTO(fd_closep) int lock = -1;
    AUTO(install_manifest_freep) struct manifest *there = NULL;
    for (; above; above = above->above) {
        if (above->recipe == recipe) { /* whose lock would be waited for for ever */
            return err_set(e, ERR_INVALID, "'%s' stands on itself (install.on)", recipe->id);
        }
    }
    int r = store_lock_recipe(i->store, recipe->id, true, &lock, e);
    if (r < 0) {
        return r;
    }
    struct err ignored; /* one that cannot be read is made again */
    if (package_store_get(i->store, recipe->id, &there, &ignored) == 0 &&
        (!i->again || chain.above) && is_enough(there, libraries)) {
        *ret = TAKE(&there, NULL);
        *ret_made = false;
        return 0;
    }
    r = make(i, &chain, libraries, ret, e);
    *ret_made = r == 0;
    if (r == 0) {
        tell(i, recipe->id, PROGRESS_DONE);
    }
    return r;
}

int install_recipe(const struct install *i, const struct recipe *recipe, char *const *libraries,
                   struct manifest **ret, bool *ret_made, struct err *e)
{
    int r = recipe_install(i, recipe, libraries, NULL, ret, ret_made, e);
    return r < 0 ? err_wrap(e, "%s", recipe->id) : 0;
}
