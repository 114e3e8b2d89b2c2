/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/install_below.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define SUITE_DEFAULT "bookworm"
#define DEPTH_MAX     8

const char *install_suite(const struct recipes *recipes, const struct recipe *recipe)
{
    for (unsigned depth = 0; recipe && depth < DEPTH_MAX; depth++) {
        if (recipe->install.suite) {
            return recipe->install.suite;
        }
        char *const *on = recipe->install.on;
        recipe = on ? recipes_by_id(recipes, on[0]) : NULL;
    }
    return SUITE_DEFAULT;
}

int install_below_ids(const struct recipes *recipes, const struct recipe *recipe, char ***ret,
                      struct err *e)
{
    const char *suite = install_suite(recipes, recipe);
    AUTO(mem_freep) char *base = xasprintf("part/%s", suite);
    if (strcmp(recipe->id, base) == 0) {
        return 0;
    }
    for (char *const *on = recipe->install.on; on && *on; on++) {
        const struct recipe *part = recipes_by_id(recipes, *on);
        if (part && strcmp(install_suite(recipes, part), suite) != 0) {
            return err_set(e, ERR_INVALID, "%s is of Debian %s and stands on %s, which is of %s",
                           recipe->id, suite, *on, install_suite(recipes, part));
        }
        strv_add(ret, *on);
    }
    strv_add(ret, base);
    return 0;
}

/* What several stand on is below all of them. */
static void layer_append(struct install_below *b, uint32_t id)
{
    size_t kept = 0;
    for (size_t k = 0; k < b->layer_count; k++) {
        if (b->layers[k] != id) {
            b->layers[kept++] = b->layers[k];
        }
    }
    b->layers = xreallocarray(b->layers, kept + 1, sizeof(*b->layers));
    b->layers[kept] = id;
    b->layer_count = kept + 1;
}

void install_below_add(struct install_below *b, struct manifest *m)
{
    b->all = xreallocarray(b->all, b->count + 1, sizeof(struct manifest *));
    b->all[b->count++] = m;
    for (size_t k = 0; k < m->layer_count; k++) {
        layer_append(b, m->layers[k]);
    }
}

int install_below_hold(struct install_below *b, int packages_fd, struct err *e)
{
    if (b->layer_count == 0) {
        return 0;
    }
    AUTO(mem_freep) int *holds = xcalloc(b->layer_count, sizeof(*holds));
    int r = store_hold(packages_fd, b->layers, b->layer_count, holds, e);
    if (r == 0) {
        b->holds = TAKE(&holds, NULL);
    }
    return r;
}

void install_below_done(struct install_below *b)
{
    for (size_t k = 0; b->holds && k < b->layer_count; k++) {
        fd_close(b->holds[k]);
    }
    for (size_t k = 0; k < b->count; k++) {
        manifest_free(b->all[k]);
    }
    free(b->holds);
    free(b->layers);
    free(b->all);
    *b = (struct install_below){0};
}

void layers_push(uint32_t **layers, size_t *count, uint32_t id)
{
    *layers = xreallocarray(*layers, *count + 1, sizeof(**layers));
    memmove(*layers + 1, *layers, *count * sizeof(**layers));
    (*layers)[0] = id;
    (*count)++;
}

void install_manifest_freep(struct manifest **m)
{
    manifest_free(*m);
    *m = NULL;
}
