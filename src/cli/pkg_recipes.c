/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg lint and add: recipes of the operator's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/image.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "cli/pkg_recipes.h"
#include "config/toml.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define SUFFIX      ".toml"
#define SPEC_SUFFIX ".json"
#define LOCK_SUFFIX ".lock.json"
#define LOCK_MAX    ((size_t)16 << 20)
#define PART_FOLDER "part"

/* --- a file ----------------------------------------------------------------------------------- */

struct recipe_text {
    char *id;   /* of its folder and name: "nickle/2.91" */
    char *name; /* "2.91" */
    struct buf text;
    struct recipe *recipe;
};

static void recipe_text_done(struct recipe_text *t)
{
    free(t->id);
    free(t->name);
    buf_done(&t->text);
    recipe_unref(t->recipe);
    *t = (struct recipe_text){0};
}

static const struct recipe *like_of(void *ctx, const char *id)
{
    return recipes_by_id(ctx, id);
}

static int recipe_file_read(const struct pkg *p, const char *path, struct recipe_text *ret,
                            struct err *e)
{
    AUTO(mem_freep) char *full = realpath(path, NULL);
    if (!full) {
        return err_sys(e, "open '%s'", path);
    }
    char *slash = strrchr(full, '/'), *folder = slash;
    while (folder > full && folder[-1] != '/') {
        folder--;
    }
    if (!str_ends(full, SUFFIX) || folder == slash) {
        return err_set(e, ERR_INVALID, "'%s' is no recipe: those are LANGUAGE/NAME" SUFFIX, path);
    }
    ret->id = xstrndup(folder, strlen(folder) - strlen(SUFFIX));
    ret->name = xstrndup(slash + 1, strlen(slash + 1) - strlen(SUFFIX));
    int r = fd_read_path(full, TOML_BYTES_MAX, &ret->text, e);
    return r < 0 ? r
                 : recipe_parse(ret->id, ret->text.data ? ret->text.data : "", ret->text.len,
                                like_of, p->recipes, &ret->recipe, e);
}

/* --- lint ------------------------------------------------------------------------------------- */

static void finding_print(void *ctx, const char *finding)
{
    const char *path = ctx;
    printf("%s: %s\n", path, finding);
}

int pkg_lint(struct pkg *p, char *const *words)
{
    int status = CLI_OK;
    for (; *words; words++) {
        AUTO(recipe_text_done) struct recipe_text t = {0};
        struct err e;
        if (recipe_file_read(p, *words, &t, &e) < 0) {
            status = pkg_fail(p, &e);
        } else if (recipe_lint(t.recipe, finding_print, *words) > 0) {
            status = CLI_FAILED;
        } else {
            printf("%s: fine\n", *words);
        }
    }
    return status;
}

/* --- add -------------------------------------------------------------------------------------- */

static int folder_make(const struct pkg *p, const char *language, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("recipes/%s", language);
    int store = store_fd(p->store);
    if ((mkdirat(store, "recipes", 0755) < 0 && errno != EEXIST) ||
        (mkdirat(store, path, 0755) < 0 && errno != EEXIST)) {
        return err_sys(e, "mkdir '%s/%s'", p->path, path);
    }
    int fd = openat(store, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s/%s'", p->path, path);
    }
    *ret_fd = fd;
    return 0;
}

/* Whole, or not at all. */
static int file_put(int folder_fd, const char *name, const struct buf *text, struct err *e)
{
    AUTO(mem_freep) char *part = xasprintf(".%s", name);
    AUTO(fd_closep)
    int fd = openat(folder_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(e, "write '%s'", name);
    }
    int r = fd_write_all(fd, text->data ? text->data : "", text->len, e);
    if (r == 0 && (fsync(fd) < 0 || renameat(folder_fd, part, folder_fd, name) < 0)) {
        r = err_sys(e, "write '%s'", name);
    }
    return r;
}

/* The lock of what npm is to install lies beside it. */
static int lock_put(int folder_fd, const char *path, const char *name, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep)
    char *from = xasprintf("%.*s" LOCK_SUFFIX, (int)(strlen(path) - strlen(SUFFIX)), path);
    AUTO(mem_freep) char *to = xasprintf("%s" LOCK_SUFFIX, name);
    int r = fd_read_path(from, LOCK_MAX, &text, e);
    if (r == -ERR_NOT_FOUND) {
        return 0;
    }
    return r < 0 ? r : file_put(folder_fd, to, &text, e);
}

static int recipe_put(const struct pkg *p, const char *path, const struct recipe_text *t,
                      char **ret_id, struct err *e)
{
    AUTO(fd_closep) int folder = -1;
    const char *language = t->recipe->language ? t->recipe->language : PART_FOLDER;
    AUTO(mem_freep) char *name = xasprintf("%s" SUFFIX, t->name);
    int r = folder_make(p, language, &folder, e);
    r = r < 0 ? r : lock_put(folder, path, t->name, e);
    r = r < 0 ? r : file_put(folder, name, &t->text, e);
    if (r == 0) {
        *ret_id = xasprintf("%s/%s", language, t->name);
    }
    return r;
}

static int install_id(struct pkg *p, const char *id)
{
    AUTO(shop_closep) struct shop *s = NULL;
    struct err e;
    int r = shop_open(p, &s, &e);
    r = r < 0 ? r : shop_order_word(s, id, &e);
    return r < 0 ? pkg_fail(p, &e) : shop_run(s);
}

static int add_file(struct pkg *p, const char *path)
{
    AUTO(recipe_text_done) struct recipe_text t = {0};
    AUTO(mem_freep) char *id = NULL;
    AUTO(mem_freep) char *own = xasprintf("%s/recipes", p->path);
    struct err e;
    if (recipe_file_read(p, path, &t, &e) < 0) {
        return pkg_fail(p, &e);
    }
    if (!recipe_is_installable(t.recipe)) {
        err_set(&e, ERR_INVALID, "'%s' has no [install]: it says nothing that could be installed",
                path);
        return pkg_fail(p, &e);
    }
    if (recipe_put(p, path, &t, &id, &e) < 0) {
        return pkg_fail(p, &e);
    }
    pkg_say(p, "%s is a recipe of your own now: %s/recipes/%s" SUFFIX, id, p->path, id);
    recipes_free(p->recipes);
    p->recipes = recipes_new(own, pkg_on_unreadable, p);
    p->o.again = true; /* the recipe may be another than that of what is there */
    return install_id(p, id);
}

/* Of an image (docs/images.md). */
int pkg_add_spec(struct pkg *p, const char *path)
{
    AUTO(strv_freep) char **ids = NULL;
    struct err e;
    struct image_session session = {.config = p->config,
                                    .store = p->store,
                                    .recipes = p->recipes,
                                    .progress = &p->progress.progress};
    int r = image_import_spec(&session, path, &ids, &e);
    image_session_done(&session);
    if (r < 0) {
        return pkg_fail(p, &e);
    }
    for (char **id = ids; id && *id; id++) {
        struct manifest *m = NULL;
        if (package_store_get(p->store, *id, &m, &e) < 0) {
            return pkg_fail(p, &e);
        }
        pkg_say(p, "%s: %s %s", *id, m->recipe->language, m->version);
        pkg_result(p, "installed", pkg_manifest_json(m));
        manifest_free(m);
    }
    return CLI_OK;
}

int pkg_add(struct pkg *p, char *const *words)
{
    struct err e;
    if (str_ends(words[0], SPEC_SUFFIX)) {
        return pkg_add_spec(p, words[0]);
    }
    if (str_ends(words[0], SUFFIX)) {
        return add_file(p, words[0]);
    }
    if (!p->o.libraries) {
        err_set(&e, ERR_INVALID,
                "'%.80s': write 'belljar pkg add FILE" SUFFIX "', 'belljar pkg add FILE" SPEC_SUFFIX
                "' or 'belljar pkg add NAME --with NAME'",
                words[0]);
        (void)pkg_fail(p, &e);
        return CLI_USAGE;
    }
    return install_id(p, words[0]);
}
