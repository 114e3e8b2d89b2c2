/* SPDX-License-Identifier: Apache-2.0 */
/* recipe-lint FILE...: what is wrong with files of runtimes/ (each .../LANGUAGE/NAME.toml). */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

static void print(void *ctx, const char *finding)
{
    char *const *path = ctx;
    printf("%s: %s\n", *path, finding);
}

static void print_error(void *ctx, const struct err *e)
{
    (void)ctx;
    printf("%s\n", e->text);
}

/* The file may be newer than the recipe of that name that was built in. */
static const struct recipe *like_of(void *ctx, const char *id)
{
    return recipes_by_id(ctx, id);
}

static int file_lint(struct recipes *recipes, char **ctx, struct err *e)
{
    const char *path = *ctx;
    AUTO(buf_done) struct buf text = {0};
    AUTO(recipe_unrefp) struct recipe *recipe = NULL;
    const char *slash = strrchr(path, '/');
    const char *folder = slash;
    while (folder != NULL && folder > path && folder[-1] != '/') {
        folder--;
    }
    if (folder == NULL || !str_ends(path, ".toml")) {
        return err_set(e, ERR_INVALID, "'%s' is no .../LANGUAGE/NAME.toml", path);
    }
    AUTO(mem_freep) char *id = xstrndup(folder, strlen(folder) - strlen(".toml"));
    int r = fd_read_path(path, TOML_BYTES_MAX, &text, e);
    r = r == 0
            ? recipe_parse(id, text.data ? text.data : "", text.len, like_of, recipes, &recipe, e)
            : r;
    return r < 0 ? r : (int)recipe_lint(recipe, print, ctx);
}

int main(int argc, char **argv)
{
    struct recipes *recipes = recipes_new(NULL, print_error, NULL);
    int wrong = 0;
    for (int i = 1; i < argc; i++) {
        struct err e;
        int r = file_lint(recipes, &argv[i], &e);
        if (r < 0) {
            print_error(NULL, &e);
        }
        wrong |= r != 0;
    }
    recipes_free(recipes);
    return wrong;
}
