/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/hello.h"
#include "packages/image_look.h"
#include "packages/image_recipe.h"
#include "packages/install_below.h"
#include "packages/oci_image.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipe_id.h"

#define NAME_CHARS 40 /* an id has room for a language behind it */

int image_name_check(const char *name, struct err *e)
{
    if (!recipe_name_valid(name) || strchr(name, '#') || strlen(name) > NAME_CHARS ||
        name[0] == '-') {
        return err_set(e, ERR_INVALID,
                       "'%.60s' is no name for an image; write small letters, digits and + - _ . "
                       "alone, at most %d",
                       name, NAME_CHARS);
    }
    return 0;
}

/* --- what is in the store --------------------------------------------------------------------- */

static bool is_of_image(const char *id, const char *name)
{
    size_t prefix = strlen(IMAGE_ID_PREFIX), len = strlen(name);
    return str_starts(id, IMAGE_ID_PREFIX) && strncmp(id + prefix, name, len) == 0 &&
           (id[prefix + len] == '\0' || id[prefix + len] == '#');
}

static void not_said(void *ctx, const struct err *e)
{
    (void)ctx, (void)e;
}

char **image_ids(const struct package_store *s, const char *name)
{
    char **ids = NULL;
    AUTO(mem_freep) struct manifest **all = NULL;
    size_t count = package_store_list(s, &all, not_said, NULL);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(all[k]->source, IMAGE_SOURCE) == 0 && is_of_image(all[k]->id, name)) {
            strv_add(&ids, all[k]->id);
        }
        manifest_free(all[k]);
    }
    return ids;
}

int image_remove(struct package_store *s, const char *name, uint64_t *ret_bytes, unsigned *ret_left,
                 struct err *e)
{
    AUTO(strv_freep) char **ids = image_ids(s, name);
    int r = 0;
    if (!ids) {
        return err_set(e, ERR_NOT_FOUND, "there is no image '%.60s'", name);
    }
    for (char **id = ids; r == 0 && *id; id++) {
        r = store_remove(s, *id, e);
    }
    return r < 0 ? r : store_collect(s, false, ret_bytes, ret_left, e);
}

/* --- manifests -------------------------------------------------------------------------------- */

/* Words of a manifest's line. */
static char *word_of(const char *text)
{
    char *word = xstrdup(text);
    for (char *c = word; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 127) {
            *c = '_';
        }
    }
    return word;
}

static struct manifest *manifest_new(const struct recipe *recipe, const struct image_look *look)
{
    struct manifest *m = xcalloc(1, sizeof(*m));
    m->id = xstrdup(recipe->id);
    m->recipe = recipe_ref(recipe);
    m->source = xstrdup(IMAGE_SOURCE);
    m->layers = xmemdup(look->layers, look->count * sizeof(*look->layers));
    m->layer_count = m->own_layer_count = look->count;
    m->installed_s = (int64_t)(clock_wall_ns(&clock_system) / NS_PER_S);
    return m;
}

/* Where it came from. */
static void part_set(struct manifest *m, const char *name, const char *digest)
{
    m->parts = xcalloc(1, sizeof(*m->parts));
    m->part_count = 1;
    m->parts[0] = (struct manifest_part){
        .kind = xstrdup(IMAGE_SOURCE), .name = word_of(name), .version = word_of(digest)};
}

/* As any other runtime: asked, tried, put in its place. */
static int manifest_finish(const struct image_import *i, struct manifest *m, struct err *e)
{
    int r = hello_find_tool(store_fd(i->store), m, e);
    r = r < 0 ? r : hello_ask(i->workshop, m, e);
    if (r == 0 && !m->version) {
        m->version = image_version_of(m->recipe->version ? m->recipe->version : "0.0.0");
    }
    r = r < 0 ? r : hello_run(i->workshop, m, false, e);
    r = r < 0 ? r : store_put(i->store, m, e);
    return r < 0 ? err_wrap(e, "%s", m->id) : 0;
}

static int runtimes_put(const struct image_import *i, const struct oci_image *image,
                        const struct image_look *look, char ***ret_ids, struct err *e)
{
    struct image_recipes recipes = {0};
    int r = image_recipes_make(i, image, look, &recipes, e);
    for (size_t k = 0; r == 0 && k < recipes.count; k++) {
        AUTO(install_manifest_freep)
        struct manifest *m = manifest_new(recipes.all[k], look);
        const char *origin = i->choice.origin ? i->choice.origin : image->name;
        part_set(m, origin ? origin : i->name, image->digest);
        r = manifest_finish(i, m, e);
        if (r == 0) {
            strv_add(ret_ids, m->id);
        }
    }
    image_recipes_done(&recipes);
    return r;
}

/* Runtimes that an earlier image of this name was, and this is not. */
static int others_remove(const struct image_import *i, char *const *ids, struct err *e)
{
    AUTO(strv_freep) char **all = image_ids(i->store, i->name);
    int r = 0;
    for (char **id = all; r == 0 && id && *id; id++) {
        r = strv_has(ids, *id) ? 0 : store_remove(i->store, *id, e);
    }
    return r;
}

/* --- import ----------------------------------------------------------------------------------- */

static int archive_import(const struct image_import *i, int dir, struct oci_image **ret_image,
                          uint32_t **ret_layers, size_t *ret_count, struct err *e)
{
    AUTO(oci_image_freep) struct oci_image *image = NULL;
    int r = oci_image_read(dir, i->choice.reference, &image, e);
    r = r < 0 ? r : image_layers_make(i, dir, image, ret_layers, ret_count, e);
    if (r == 0) {
        *ret_image = TAKE(&image, NULL);
    }
    return r;
}

static int name_lock(const struct image_import *i, int *ret, struct err *e)
{
    AUTO(mem_freep) char *id = xasprintf(IMAGE_ID_PREFIX "%s", i->name);
    int r = image_name_check(i->name, e);
    return r < 0 ? r : store_lock_recipe(i->store, id, true, ret, e);
}

static void told_done(const struct image_import *i)
{
    if (i->progress && i->progress->step) {
        i->progress->step(i->progress->ctx, i->name, PROGRESS_DONE, 0, 0);
    }
}

int image_import(const struct image_import *i, int source_fd, char ***ret_ids, struct err *e)
{
    struct stage stage = {0};
    AUTO(fd_closep) int lock = -1;
    AUTO(fd_closep) int dir = -1;
    AUTO(oci_image_freep) struct oci_image *image = NULL;
    AUTO(mem_freep) uint32_t *layers = NULL;
    AUTO(strv_freep) char **ids = NULL;
    size_t count = 0;
    int r = name_lock(i, &lock, e);
    r = r < 0 ? r : image_archive_open(i, source_fd, &stage, &dir, e);
    r = r < 0 ? r : archive_import(i, dir, &image, &layers, &count, e);
    stage_done(&stage);
    if (r < 0 || !image) {
        return r;
    }
    const struct image_look look = {
        .packages_fd = store_fd(i->store), .layers = layers, .count = count};
    r = runtimes_put(i, image, &look, &ids, e);
    r = r < 0 ? r : others_remove(i, ids, e);
    if (r == 0) {
        told_done(i);
        *ret_ids = TAKE(&ids, NULL);
    }
    return r;
}

/* --- derive ----------------------------------------------------------------------------------- */

static int recipe_derive(const struct image_import *i, const struct manifest *from,
                         struct recipe **ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep) char *id = xasprintf(IMAGE_ID_PREFIX "%s", i->name);
    AUTO(mem_freep) char *version = image_version_of(i->choice.version);
    AUTO(mem_freep) char *language = xstrdup(i->choice.language);
    AUTO(strv_freep) char **aliases = strv_dup(i->choice.aliases);
    struct recipe changed = *from->recipe;
    changed.language = language ? language : changed.language;
    changed.version = version ? version : changed.version;
    changed.aliases = aliases;
    changed.judge0 = changed.judge0_extra = NULL;
    changed.yields = true;
    recipe_write(&changed, &text);
    return recipe_parse(id, text.data, text.len, NULL, NULL, ret, e);
}

int image_derive(const struct image_import *i, const struct manifest *from, char ***ret_ids,
                 struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    AUTO(recipe_unrefp) struct recipe *recipe = NULL;
    int r = name_lock(i, &lock, e);
    r = r < 0 ? r : recipe_derive(i, from, &recipe, e);
    if (r < 0) {
        return r;
    }
    const struct image_look look = {
        .packages_fd = store_fd(i->store), .layers = from->layers, .count = from->layer_count};
    AUTO(install_manifest_freep) struct manifest *m = manifest_new(recipe, &look);
    m->tool = xstrdup(from->tool);
    m->version = xstrdup(recipe->version ? recipe->version : from->version);
    part_set(m, from->id, from->version);
    r = store_put(i->store, m, e);
    r = r < 0 ? r : others_remove(i, (char *const[]){m->id, NULL}, e);
    if (r == 0) {
        strv_add(ret_ids, m->id);
    }
    return r;
}
