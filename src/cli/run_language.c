/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_language.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/interpreter.h"
#include "cli/packages_dir.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

/* --- what is installed ------------------------------------------------------------------------ */

static void ignore(void *ctx, const struct err *e)
{
    (void)ctx;
    (void)e; /* `belljar pkg list` tells it */
}

static bool is_meant(const struct manifest *m, const char *name, const char *interpreter)
{
    return !m->hidden && (recipe_fits_file(m->recipe, name) ||
                          (interpreter && recipe_called(m->recipe, interpreter) != 0));
}

/* NULL: none. */
static char *installed_language(const char *packages, const char *name, const char *interpreter)
{
    AUTO(package_store_closep) struct package_store *store = NULL;
    struct manifest **all = NULL;
    struct err ignored;
    char *ret = NULL;
    if (package_store_open(packages, false, &store, &ignored) < 0) {
        return NULL;
    }
    size_t count = package_store_list(store, &all, ignore, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!ret && is_meant(all[i], name, interpreter)) {
            ret = xstrdup(all[i]->recipe->language);
        }
        manifest_free(all[i]);
    }
    free(all);
    return ret;
}

/* --- all of it -------------------------------------------------------------------------------- */

int run_language(const struct config *config, const char *name, const char *text, size_t len,
                 char **ret, struct err *e)
{
    AUTO(mem_freep) char *packages = NULL;
    AUTO(mem_freep) char *interpreter = interpreter_of(text, len);
    struct err ignored; /* then there are those of this belljar */
    bool has_store = packages_dir_path(config, &packages, &ignored) == 0;
    AUTO(mem_freep) char *own = has_store ? xasprintf("%s/recipes", packages) : NULL;
    AUTO(recipes_freep) struct recipes *recipes = recipes_new(own, ignore, NULL);
    const char *known = recipes_language_of_file(recipes, name);
    if (!known && interpreter) {
        known = recipes_language_of_tool(recipes, interpreter);
    }
    char *language = known       ? xstrdup(known)
                     : has_store ? installed_language(packages, name, interpreter)
                                 : NULL;
    if (!language) {
        return err_set(e, ERR_INVALID,
                       "no language is known for '%.100s'; name one with -l ('belljar runtimes' "
                       "lists them)",
                       name);
    }
    *ret = language;
    return 0;
}
