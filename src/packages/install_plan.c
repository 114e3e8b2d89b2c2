/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an installation would get and keep.  A recipe is planned after what it stands on; what that
 * would bring, and is not there yet, is told to its installers as if it were.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/install.h"
#include "packages/install_below.h"
#include "packages/installation.h"
#include "packages/manifest.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define DEPTH_MAX 8 /* as when it is installed */

/* One recipe that was looked at. */
struct seen {
    const struct recipe *recipe;
    struct manifest *there; /* NULL: it would be made */
    char *status;           /* of what it would bring; NULL: nothing that dpkg knows of */
    char **below;           /* ids */
};

struct plan {
    const struct install *install;
    struct install_estimate estimate;
    struct seen *seen;
    size_t count;
    char **downloads;
};

static void plan_done(struct plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        manifest_free(p->seen[i].there);
        free(p->seen[i].status);
        strv_free(p->seen[i].below);
    }
    free(p->seen);
    strv_free(p->downloads);
}

static struct seen *find(const struct plan *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->seen[i].recipe->id, id) == 0) {
            return &p->seen[i];
        }
    }
    return NULL;
}

static struct seen *see(struct plan *p, const struct recipe *recipe)
{
    p->seen = xreallocarray(p->seen, p->count + 1, sizeof(*p->seen));
    struct seen *s = &p->seen[p->count++];
    *s = (struct seen){.recipe = recipe};
    return s;
}

/* --- what it stands on --------------------------------------------------------------------- */

struct below {
    struct installation *in;
    struct buf status; /* of what is not there */
    char **ids;        /* told already */
};

static void below_done(struct below *b)
{
    buf_done(&b->status);
    strv_free(b->ids);
}

static void below_add(const struct plan *p, const char *id, struct below *b)
{
    const struct seen *s = find(p, id);
    if (!s || (b->ids && strv_has(b->ids, id))) {
        return;
    }
    strv_add(&b->ids, id);
    for (size_t i = 0; s->there && i < s->there->layer_count; i++) {
        layers_push(&b->in->layers, &b->in->layer_count, s->there->layers[i]);
    }
    if (s->status) {
        buf_add_str(&b->status, s->status);
    }
    for (char *const *next = s->there ? NULL : s->below; next && *next; next++) {
        below_add(p, *next, b); /* no deeper than DEPTH_MAX: they were looked at before */
    }
}

/* --- one recipe ---------------------------------------------------------------------------- */

static int estimate(struct plan *p, const struct recipe *recipe, char *const *below, bool wanted,
                    char **ret_status, struct err *e)
{
    const struct install *i = p->install;
    AUTO(installation_done)
    struct installation in = {.config = i->config,
                              .recipes = i->recipes,
                              .recipe = recipe,
                              .suite = install_suite(i->recipes, recipe),
                              .store = i->store,
                              .fetcher = i->fetcher,
                              .progress = i->progress,
                              .planned_wanted = wanted,
                              .counted = &p->downloads};
    AUTO(below_done) struct below on = {.in = &in};
    for (; below && *below; below++) {
        below_add(p, *below, &on);
    }
    in.planned_below = on.status.data;
    for (size_t k = 0; installers[k]; k++) {
        int r = installers[k]->is_meant(&in) ? installers[k]->plan(&in, e) : 0;
        if (r < 0) {
            return err_wrap(e, "%s", recipe->id);
        }
    }
    p->estimate.download_bytes += in.download_bytes;
    p->estimate.disk_bytes += in.disk_bytes;
    p->estimate.new_count++;
    *ret_status = in.planned.data ? buf_take(&in.planned) : NULL;
    return 0;
}

static int look(struct plan *p, const struct recipe *recipe, unsigned depth, struct err *e);

static int look_below(struct plan *p, const struct recipe *recipe, char *const *ids, unsigned depth,
                      struct err *e)
{
    int r = 0;
    for (; r == 0 && ids && *ids; ids++) {
        const struct recipe *part = recipes_by_id(p->install->recipes, *ids);
        r = part ? look(p, part, depth + 1, e)
                 : err_set(e, ERR_NOT_FOUND, "%s stands on '%s', and there is no such recipe",
                           recipe->id, *ids);
    }
    return r;
}

static int look(struct plan *p, const struct recipe *recipe, unsigned depth, struct err *e)
{
    struct manifest *there = NULL;
    struct err ignored; /* one that cannot be read is made again */
    if (depth > DEPTH_MAX) {
        return err_set(e, ERR_INVALID, "'%s' stands on itself (install.on)", recipe->id);
    }
    if (find(p, recipe->id)) {
        return 0;
    }
    if (package_store_get(p->install->store, recipe->id, &there, &ignored) == 0 &&
        (!p->install->again || depth > 0)) {
        see(p, recipe)->there = there;
        return 0;
    }
    manifest_free(there);
    AUTO(strv_freep) char **below = NULL;
    char *status = NULL;
    int r = install_below_ids(p->install->recipes, recipe, &below, e);
    r = r < 0 ? r : look_below(p, recipe, below, depth, e);
    r = r < 0 ? r : estimate(p, recipe, below, depth > 0 || recipe_is_part(recipe), &status, e);
    if (r == 0) {
        struct seen *s = see(p, recipe);
        s->status = status;
        s->below = TAKE(&below, NULL);
    }
    return r;
}

int install_plan(const struct install *i, const struct recipe *const *recipes, size_t count,
                 struct install_estimate *ret, struct err *e)
{
    AUTO(plan_done) struct plan p = {.install = i};
    for (size_t k = 0; k < count; k++) {
        int r = look(&p, recipes[k], 0, e);
        if (r < 0) {
            return r;
        }
    }
    *ret = p.estimate;
    return 0;
}
