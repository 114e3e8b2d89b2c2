/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg sync: what was put into the folder of packages by hand and is not installed yet.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "cli/pkg_recipes.h"
#include "packages/dropped.h"
#include "packages/image.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

/* 0: never. */
static int64_t installed_at(const struct pkg *p, const char *id)
{
    struct manifest *m = NULL;
    struct err ignored; /* one that cannot be read is made again */
    if (package_store_get(p->store, id, &m, &ignored) < 0) {
        return 0;
    }
    int64_t ret = m->installed_s;
    manifest_free(m);
    return ret;
}

/* Also one that was changed since. */
static bool is_news(const struct pkg *p, const char *spec)
{
    const char *slash = strrchr(spec, '/');
    const char *file = slash ? slash + 1 : spec;
    AUTO(mem_freep)
    char *id = xasprintf(IMAGE_ID_PREFIX "%.*s", (int)(strlen(file) - strlen(".json")), file);
    struct stat st;
    return fstatat(store_fd(p->store), spec, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           installed_at(p, id) < st.st_mtim.tv_sec;
}

static int specs_sync(struct pkg *p)
{
    AUTO(strv_freep) char **specs = dropped_specs(store_fd(p->store));
    int status = CLI_OK;
    for (char *const *spec = specs; spec && *spec; spec++) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", p->path, *spec);
        if (is_news(p, *spec) && pkg_add_spec(p, path) != CLI_OK) {
            status = CLI_FAILED;
        }
    }
    return status;
}

static int recipes_sync(struct pkg *p)
{
    AUTO(shop_closep) struct shop *s = NULL;
    struct err e;
    size_t count = 0;
    const struct recipe *const *all = recipes_all(p->recipes, &count);
    int r = shop_open(p, &s, &e);
    for (size_t i = 0; r == 0 && s && i < count; i++) {
        const struct recipe *recipe = all[i];
        if (recipes_is_own(p->recipes, recipe->id) && recipe_is_installable(recipe) &&
            !recipe_is_part(recipe) && installed_at(p, recipe->id) == 0) {
            shop_order(s, (struct choice){.recipe = recipe}, NULL, false);
        }
    }
    if (r < 0 || !s) {
        return pkg_fail(p, &e);
    }
    return shop_count(s) > 0 ? shop_run(s) : CLI_OK;
}

/* Recipes first: a spec may stand on what they make. */
int pkg_sync(struct pkg *p, char *const *words)
{
    (void)words;
    int recipes = recipes_sync(p);
    int specs = specs_sync(p);
    return recipes > specs ? recipes : specs;
}
