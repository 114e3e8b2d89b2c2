/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_packages.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "packages/chooser.h"
#include "packages/install_piston.h"
#include "packages/manifest.h"
#include "packages/piston_index.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

static json_t *package(const char *language, const char *version, bool installed)
{
    return json_pack("{s:s, s:s, s:b}", "language", language, "language_version", version,
                     "installed", (int)installed);
}

/* --- recipes, and what is installed by them --------------------------------------------------- */

/* NULL: a part, or what has no version. */
static json_t *of_recipe(const struct recipe *r, const struct manifest *there)
{
    const char *version = there && there->version ? there->version : r->version;
    const struct manifest_part *part = there ? install_piston_part(there) : NULL;
    const char *name = part ? part->name : r->package;
    if (!r->language || !version) {
        return NULL;
    }
    json_t *one = package(r->language, version, there != NULL);
    json_object_set_new(one, "id", json_string(r->id));
    if (name) {
        json_object_set_new(one, "package", json_string(name));
    }
    return one;
}

static void recipe_add(json_t *all, const struct recipe *r, const struct manifest *there)
{
    json_t *one = of_recipe(r, there);
    if (one) {
        json_array_append_new(all, one);
    }
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

/* --- Piston's index --------------------------------------------------------------------------- */

static bool is_there(const struct piston_entry *entry, const struct pkg_runtimes *installed)
{
    for (size_t i = 0; i < installed->count; i++) {
        if (install_piston_is_of(installed->all[i], entry)) {
            return true;
        }
    }
    return false;
}

/* Each that is installed is in the list already, as a runtime. */
static void index_add(json_t *all, const struct piston_index *index,
                      const struct pkg_runtimes *installed)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct piston_entry *entry = &index->entries[i];
        if (!is_there(entry, installed)) {
            json_t *one = package(entry->name, entry->text, false);
            json_object_set_new(one, "entry", json_integer((json_int_t)i));
            json_object_set_new(one, "spare", json_true());
            json_array_append_new(all, one);
        }
    }
}

json_t *pkg_packages(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed,
                     struct err *ret_why)
{
    json_t *all = json_array();
    const struct piston_index *index = NULL;
    struct err e = {0};
    recipes_add(all, p->recipes, installed);
    installed_add(all, p->recipes, installed);
    if (chooser->index_url[0] != '\0' && chooser_index(chooser, &index, &e) < 0) {
        pkg_progress_clear(&p->progress);
        cli_note("pkg", "%s; without it", e.text);
    } else if (index) {
        index_add(all, index, installed);
    }
    if (ret_why) {
        *ret_why = e;
    }
    return all;
}

json_t *pkg_package_of(const struct choice *choice, const struct pkg_runtimes *installed)
{
    const struct piston_entry *entry = choice->entry;
    if (entry) {
        json_t *one = package(entry->name, entry->text, is_there(entry, installed));
        AUTO(mem_freep) char *word = xasprintf("piston:%s=%s", entry->name, entry->text);
        json_object_set_new(one, "word", json_string(word));
        json_object_set_new(one, "url", json_string(entry->url));
        return one;
    }
    json_t *one = of_recipe(choice->recipe, pkg_runtimes_by_id(installed, choice->recipe->id));
    if (one) {
        json_object_set_new(one, "word", json_string(choice->recipe->id));
    }
    return one;
}
