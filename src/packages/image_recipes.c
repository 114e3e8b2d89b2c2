/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an image is run, in this order: the recipe or the commands that its user gives, Piston's
 * packages in it, its run.sh, its Entrypoint and Cmd.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "packages/image.h"
#include "packages/image_look.h"
#include "packages/image_recipe.h"
#include "packages/oci_image.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define PACKAGES     "piston/packages"
#define PACKAGES_MAX 64
#define INFO_MAX     ((size_t)64 << 10)
#define ENV_MAX      ((size_t)1 << 20)
#define VERSION_NONE "0.0.0"
#define EXTENSION    ".code"
#define SHOWN        60

void image_recipes_done(struct image_recipes *r)
{
    for (size_t k = 0; k < r->count; k++) {
        recipe_unref(r->all[k]);
    }
    free(r->all);
    *r = (struct image_recipes){0};
}

static const struct recipe *like(void *ctx, const char *id)
{
    return recipes_by_id(ctx, id);
}

/* With an id of an image's own. */
static int recipe_add(const struct image_import *i, const char *id, const char *text, size_t len,
                      struct image_recipes *ret, struct err *e)
{
    struct recipe *recipe = NULL;
    void *recipes = (void *)(uintptr_t)i->recipes; /* only read */
    int r = recipe_parse(id, text, len, like, recipes, &recipe, e);
    if (r < 0) {
        return r;
    }
    if (recipe_is_part(recipe)) {
        recipe_unref(recipe);
        return err_set(e, ERR_INVALID, "%s: 'language' is missing", id);
    }
    ret->all = xreallocarray(ret->all, ret->count + 1, sizeof(struct recipe *));
    ret->all[ret->count++] = recipe;
    return 0;
}

/* --- of commands ------------------------------------------------------------------------------ */

/* Those that the language's files have anyway. */
static char **extensions_of(const struct image_import *i, const char *language)
{
    char **extensions = NULL;
    if (i->choice.extensions && i->choice.extensions[0]) {
        return strv_dup(i->choice.extensions);
    }
    size_t count = 0;
    const struct recipe *const *all = recipes_all(i->recipes, &count);
    for (size_t k = 0; k < count && !extensions; k++) {
        if (all[k]->language && strcmp(all[k]->language, language) == 0) {
            strv_add_all(&extensions, all[k]->extensions);
        }
    }
    if (!extensions) {
        strv_add(&extensions, EXTENSION);
    }
    return extensions;
}

static char *version_of(const struct image_import *i, const struct oci_image *image)
{
    char *version = image_version_of(i->choice.version);
    version = version ? version : image_version_of_reference(image->name);
    version = version ? version : image_version_of(image->config.version);
    return version ? version : xstrdup(VERSION_NONE);
}

static int commands_add(const struct image_import *i, const struct oci_image *image,
                        char *const *run, struct image_recipes *ret, struct err *e)
{
    static const char *const sources[] = {"{sources}", NULL};
    const char *language = i->choice.language ? i->choice.language : i->name;
    AUTO(mem_freep) char *id = xasprintf(IMAGE_ID_PREFIX "%s", i->name);
    AUTO(mem_freep) char *version = version_of(i, image);
    AUTO(strv_freep) char **extensions = extensions_of(i, language);
    AUTO(strv_freep) char **env = image_env_of(image->config.env);
    AUTO(strv_freep)
    char **compile = i->choice.compile ? image_command_split(i->choice.compile, sources) : NULL;
    AUTO(buf_done) struct buf text = {0};
    const struct image_recipe recipe = {.language = language,
                                        .name = i->name,
                                        .version = version,
                                        .aliases = i->choice.aliases,
                                        .extensions = extensions,
                                        .compile = compile,
                                        .run = run,
                                        .env = env};
    image_recipe_write(&recipe, &text);
    return recipe_add(i, id, text.data, text.len, ret, e);
}

/* --- of Piston's packages --------------------------------------------------------------------- */

static const char *shell_of(const struct image_look *look)
{
    static const char *const shells[] = {"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash",
                                         "/bin/sh", "/usr/bin/sh"};
    for (size_t k = 0; k < ARRAY_LEN(shells); k++) {
        enum image_kind kind = image_kind(look, shells[k] + 1);
        if (kind == IMAGE_FILE || kind == IMAGE_LINK) {
            return shells[k];
        }
    }
    return "/bin/sh";
}

/* What the package's `environment` sets; the image's own where it has none. */
static int environment_of(const struct image_import *i, const struct oci_image *image,
                          const struct image_look *look, const char *dir, char ***ret,
                          struct err *e)
{
    static const char script[] =
        "cd \"$0\" && exec env -i \"$1\" -c '. ./environment && exec env -0'";
    AUTO(mem_freep) char *file = xasprintf("%s/environment", dir);
    AUTO(mem_freep) char *place = xasprintf("/%s", dir);
    AUTO(strv_freep) char **argv = NULL;
    AUTO(buf_done) struct buf printed = {0}, said = {0};
    const char *shell = shell_of(look);
    const char *const words[] = {shell, "-c", script, place, shell};
    int status = 0;
    if (image_kind(look, file) != IMAGE_FILE) {
        *ret = image_env_of(image->config.env);
        return 0;
    }
    for (size_t k = 0; k < ARRAY_LEN(words); k++) {
        strv_add(&argv, words[k]);
    }
    const struct workshop_command command = {.argv = argv};
    int r = workshop_run(i->workshop, look->layers, look->count, &command, NULL, NULL, 0, ENV_MAX,
                         &printed, &said, &status, e);
    if (r == 0 && status != 0) {
        r = err_set(e, ERR_INVALID, "it ends with an error: %.*s", SHOWN * 2,
                    said.data ? said.data : "");
    }
    if (r < 0) {
        return err_wrap(e, "running /%s", file);
    }
    *ret = piston_environment_parse(printed.data ? printed.data : "", printed.len);
    return 0;
}

struct package_place {
    const char *language, *version; /* names of directories */
    char *dir;                      /* "piston/packages/python/3.12.0" */
};

/* By its pkg-info.json, or as what its place says. */
static int package_read(const struct image_look *look, const struct package_place *place,
                        struct piston_package **ret, struct err *e)
{
    AUTO(mem_freep) char *info = xasprintf("%s/pkg-info.json", place->dir);
    AUTO(mem_freep) char *compile = xasprintf("%s/compile", place->dir);
    AUTO(mem_freep) char *version = image_version_of(place->version);
    AUTO(buf_done) struct buf made = {0};
    size_t len = 0;
    AUTO(mem_freep) char *text = image_text(look, info, INFO_MAX, &len);
    if (!text) {
        buf_add_fmt(&made, "{\"language\": \"%s\", \"version\": \"%s\"}", place->language,
                    version ? version : VERSION_NONE);
    }
    int r = piston_info_parse(text ? text : made.data, text ? len : made.len, ret, e);
    if (r == 0) {
        (*ret)->compiles = image_kind(look, compile) == IMAGE_FILE;
    }
    return r;
}

static char **shell_put(char *const *command, const char *shell)
{
    char **changed = strv_dup(command);
    if (changed) {
        free(changed[0]);
        changed[0] = xstrdup(shell);
    }
    return changed;
}

/* Piston's recipes begin with /bin/bash, which not every image has. */
static int shell_set(const char *id, const char *shell, struct buf *text, struct err *e)
{
    AUTO(recipe_unrefp) struct recipe *recipe = NULL;
    int r = recipe_parse(id, text->data, text->len, NULL, NULL, &recipe, e);
    if (r < 0) {
        return r;
    }
    AUTO(strv_freep) char **run = shell_put(recipe->commands.run, shell);
    AUTO(strv_freep) char **compile = shell_put(recipe->commands.compile, shell);
    struct recipe changed = *recipe;
    changed.commands.run = run;
    changed.commands.compile = compile;
    changed.yields = true;
    buf_clear(text);
    recipe_write(&changed, text);
    return 0;
}

/* `several`: the image holds more than this one. */
static int language_add(const struct image_import *i, const struct piston_package *package,
                        const struct piston_language *language, const struct package_place *place,
                        bool several, char *const *env, const char *shell,
                        struct image_recipes *ret, struct err *e)
{
    char *version = xstrdup(place->version);
    char *name = xstrdup(place->language);
    const struct piston_entry entry = {.name = name, .text = version};
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep)
    char *id =
        several ? xasprintf(IMAGE_ID_PREFIX "%s#%s-%s", i->name, language->language, place->version)
                : xasprintf(IMAGE_ID_PREFIX "%s", i->name);
    piston_recipe_write(package, language, &entry, env, &text);
    free(version);
    free(name);
    int r = shell_set(id, shell, &text, e);
    return r < 0 ? r : recipe_add(i, id, text.data, text.len, ret, e);
}

static void package_freep(struct piston_package **p)
{
    piston_package_free(*p);
}

static int package_add(const struct image_import *i, const struct oci_image *image,
                       const struct image_look *look, const struct package_place *place,
                       bool several, struct image_recipes *ret, struct err *e)
{
    AUTO(package_freep) struct piston_package *package = NULL;
    AUTO(strv_freep) char **env = NULL;
    int r = package_read(look, place, &package, e);
    r = r < 0 ? r : environment_of(i, image, look, place->dir, &env, e);
    for (size_t k = 0; r == 0 && k < package->count; k++) {
        r = language_add(i, package, &package->languages[k], place, several || package->count > 1,
                         env, shell_of(look), ret, e);
    }
    return r < 0 ? err_wrap(e, "/%s", place->dir) : 0;
}

static char **package_dirs(const struct image_look *look)
{
    char **dirs = NULL;
    AUTO(strv_freep) char **languages = image_names(look, PACKAGES, PACKAGES_MAX);
    for (char **l = languages; l && *l; l++) {
        AUTO(mem_freep) char *place = xasprintf(PACKAGES "/%s", *l);
        AUTO(strv_freep) char **versions = image_names(look, place, PACKAGES_MAX);
        for (char **v = versions; v && *v && strv_len(dirs) < PACKAGES_MAX; v++) {
            AUTO(mem_freep) char *dir = xasprintf("%s/%s", place, *v);
            AUTO(mem_freep) char *run = xasprintf("%s/run", dir);
            if (image_kind(look, run) == IMAGE_FILE) {
                strv_add(&dirs, dir);
            }
        }
    }
    return dirs;
}

static int packages_add(const struct image_import *i, const struct oci_image *image,
                        const struct image_look *look, struct image_recipes *ret, struct err *e)
{
    AUTO(strv_freep) char **dirs = package_dirs(look);
    bool several = strv_len(dirs) > 1;
    int r = 0;
    for (char **dir = dirs; r == 0 && dir && *dir; dir++) {
        AUTO(strv_freep) char **words = strv_split(*dir, "/");
        const struct package_place place = {.language = words[2], .version = words[3], .dir = *dir};
        r = package_add(i, image, look, &place, several, ret, e);
    }
    return r;
}

/* --- of what the image is to run -------------------------------------------------------------- */

/* NULL: there is none. */
static char **script_of(const struct oci_image *image, const struct image_look *look)
{
    const char *directory = image->config.directory;
    AUTO(mem_freep)
    char *beside = directory && directory[0] == '/' && directory[1] != '\0'
                       ? xasprintf("%s/run.sh", directory)
                       : NULL;
    const char *const places[] = {beside, "/run.sh"};
    char **words = NULL;
    for (size_t k = 0; k < ARRAY_LEN(places) && !words; k++) {
        if (places[k] && image_kind(look, places[k] + 1) == IMAGE_FILE) {
            strv_add(&words, shell_of(look));
            strv_add(&words, places[k]);
            strv_add(&words, "{main}");
            strv_add(&words, "{args}");
        }
    }
    return words;
}

static int own_command_add(const struct image_import *i, const struct oci_image *image,
                           const struct image_look *look, struct image_recipes *ret, struct err *e)
{
    const struct oci_config *c = &image->config;
    AUTO(strv_freep) char **run = script_of(image, look);
    if (!run) {
        run = image_command_of(c->entrypoint, c->command, c->directory);
    }
    if (!run) {
        return err_set(e, ERR_INVALID,
                       "the image does not say what it runs: add --run 'PROGRAM {main}'");
    }
    return commands_add(i, image, run, ret, e);
}

int image_recipes_make(const struct image_import *i, const struct oci_image *image,
                       const struct image_look *look, struct image_recipes *ret, struct err *e)
{
    static const char *const behind[] = {"{main}", "{args}", NULL};
    struct image_recipes made = {0};
    AUTO(mem_freep) char *id = xasprintf(IMAGE_ID_PREFIX "%s", i->name);
    int r = 0;
    if (i->choice.recipe) {
        r = recipe_add(i, id, i->choice.recipe, i->choice.recipe_len, &made, e);
    } else if (i->choice.run) {
        AUTO(strv_freep) char **run = image_command_split(i->choice.run, behind);
        r = run ? commands_add(i, image, run, &made, e)
                : err_set(e, ERR_INVALID, "--run is empty; write a program and {main}");
    } else {
        r = packages_add(i, image, look, &made, e);
        if (r == 0 && made.count == 0) {
            r = own_command_add(i, image, look, &made, e);
        }
    }
    if (r < 0) {
        image_recipes_done(&made);
        return r;
    }
    *ret = made;
    return 0;
}
