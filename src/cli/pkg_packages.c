/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_packages.h"

#include <string.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "packages/chooser.h"
#include "packages/manifest.h"
#include "packages/piston_index.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

static json_t *package(const char *language, const char *version, bool installed)
{
    return json_pack("{s:s, s:s, s:b}", "language", language, "language_version", version,
                     "installed", (int)installed);
}

static void recipe_add(json_t *all, const struct recipe *r, const struct manifest *there)
{
    const char *version = there && there->version ? there->version : r->version;
    if (!r->language || !version) {
        return;
    }
    json_t *one = package(r->language, version, there != NULL);
    json_object_set_new(one, "id", json_string(r->id));
    if (r->package) {
        json_object_set_new(one, "package", json_string(r->package));
    }
    json_array_append_new(all, one);
}

static void recipes_add(json_t *all, const struct recipes *recipes,
                        const struct pkg_runtimes *installed)
{
    size_t count;
    const struct recipe *const *each = recipes_all(recipes, &count);
    for (size_t i = 0; i < count; i++) {
        if (recipe_is_installable(each[i])) {
            recipe_add(all, each[i], pkg_runtimes_by_id(installed, each[i]->id));
        }
    }
}

static void installed_add(json_t *all, const struct recipes *recipes,
                          const struct pkg_runtimes *installed)
{
    for (size_t i = 0; i < installed->count; i++) {
        const struct manifest *m = installed->all[i];
        if (!m->hidden && !recipes_by_id(recipes, m->id)) {
            recipe_add(all, m->recipe, m);
        }
    }
}

static void index_add(json_t *all, const struct piston_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        json_t *one = package(index->entries[i].name, index->entries[i].text, false);
        json_object_set_new(one, "entry", json_integer((json_int_t)i));
        json_object_set_new(one, "spare", json_true());
        json_array_append_new(all, one);
    }
}

json_t *pkg_packages(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed)
{
    json_t *all = json_array();
    const struct piston_index *index = NULL;
    struct err e;
    recipes_add(all, p->recipes, installed);
    installed_add(all, p->recipes, installed);
    if (chooser->index_url[0] == '\0') {
        return all;
    }
    if (chooser_index(chooser, &index, &e) < 0) {
        pkg_progress_clear(&p->progress);
        cli_note("pkg", "%s; without it", e.text);
        return all;
    }
    index_add(all, index);
    return all;
}
