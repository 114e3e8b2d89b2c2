/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipes.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipe_set.h"
#include "recipes/recipe_source.h"

enum slot_state { SLOT_NEW, SLOT_READING, SLOT_DONE };

struct slot {
    enum slot_state state;
    struct recipe *recipe; /* NULL: it cannot be read */
};

struct recipes {
    struct recipe_sources sources;
    struct slot *slots, *replaced; /* of each source */
    const struct recipe **sorted;
    size_t count;
    struct recipe_sets sets;
    char machine[sizeof(((struct utsname *)0)->machine)];
};

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct recipes *recipes;
    const struct recipe_source *source;
    recipe_source_say_fn *say;
    void *ctx;
};

static const struct recipe *slot_read(const struct reading *by, const struct recipe_source *source,
                                      struct slot *slot);

static int id_compare(const void *id, const void *source)
{
    return strcmp(id, ((const struct recipe_source *)source)->id);
}

static const struct recipe_source *source_of(const struct recipes *r, const char *id)
{
    const struct recipe_sources *s = &r->sources;
    return s->count > 0 ? bsearch(id, s->all, s->count, sizeof(s->all[0]), id_compare) : NULL;
}

/* The operator's own may be like the one whose place it takes. */
static const struct recipe *like_of(void *ctx, const char *id)
{
    const struct reading *by = ctx;
    const struct recipe_sources *s = &by->recipes->sources;
    if (strcmp(id, by->source->id) == 0) {
        const struct recipe_source *old = by->source->replaces;
        return old != NULL ? slot_read(by, old, &by->recipes->replaced[old - s->replaced]) : NULL;
    }
    const struct recipe_source *source = source_of(by->recipes, id);
    return source != NULL ? slot_read(by, source, &by->recipes->slots[source - s->all]) : NULL;
}

/* NULL for one that is being read: it is like itself. */
static const struct recipe *slot_read(const struct reading *by, const struct recipe_source *source,
                                      struct slot *slot)
{
    if (slot->state == SLOT_NEW) {
        struct reading next = *by;
        struct err e;
        next.source = source;
        slot->state = SLOT_READING;
        int r =
            recipe_parse(source->id, source->text, source->len, like_of, &next, &slot->recipe, &e);
        slot->state = SLOT_DONE;
        if (r < 0) {
            by->say(by->ctx, &e);
        }
    }
    return slot->recipe;
}

/* --- the list --------------------------------------------------------------------------------- */

static struct semver version_of(const struct recipe *r)
{
    struct semver version = {0};
    if (r->version != NULL) {
        semver_parse(r->version, &version);
    }
    return version;
}

static int recipe_compare(const void *left, const void *right)
{
    const struct recipe *a = *(const struct recipe *const *)left;
    const struct recipe *b = *(const struct recipe *const *)right;
    if (a->language == NULL || b->language == NULL) {
        int parts = (a->language == NULL) - (b->language == NULL);
        return parts != 0 ? parts : strcmp(a->id, b->id);
    }
    int order = strcmp(a->language, b->language);
    if (order == 0) {
        struct semver va = version_of(a), vb = version_of(b);
        order = semver_compare(&vb, &va);
    }
    return order != 0 ? order : strcmp(a->id, b->id);
}

static void list_make(struct recipes *r)
{
    r->sorted = xcalloc(r->sources.count + 1, sizeof(struct recipe *));
    for (size_t i = 0; i < r->sources.count; i++) {
        const struct recipe *recipe = r->slots[i].recipe;
        if (recipe != NULL && recipe_fits_machine(recipe, r->machine)) {
            r->sorted[r->count++] = recipe;
        }
    }
    qsort(r->sorted, r->count, sizeof(struct recipe *), recipe_compare);
}

static void say_nothing(void *ctx, const struct err *e)
{
    (void)ctx, (void)e;
}

struct recipes *recipes_new(const char *own_dir, recipe_source_say_fn *say, void *ctx)
{
    struct recipes *r = xcalloc(1, sizeof(*r));
    const struct reading by = {.recipes = r, .say = say != NULL ? say : say_nothing, .ctx = ctx};
    struct utsname host;
    struct err e;
    if (uname(&host) == 0) {
        memcpy(r->machine, host.machine, sizeof(r->machine));
    }
    recipe_sources_init(&r->sources, own_dir, by.say, ctx);
    r->slots = xcalloc(r->sources.count + 1, sizeof(r->slots[0]));
    r->replaced = xcalloc(r->sources.replaced_count + 1, sizeof(r->replaced[0]));
    for (size_t i = 0; i < r->sources.count; i++) {
        slot_read(&by, &r->sources.all[i], &r->slots[i]);
    }
    list_make(r);
    if (recipe_sets_parse(r->sources.sets, &r->sets, &e) < 0) {
        by.say(ctx, &e);
    }
    return r;
}

struct recipes *recipes_new_beside(int packages_fd)
{
    char own[64];
    snprintf(own, sizeof(own), "/proc/self/fd/%d/recipes", packages_fd);
    return recipes_new(packages_fd >= 0 ? own : NULL, NULL, NULL);
}

void recipes_free(struct recipes *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->sources.count; i++) {
        recipe_unref(r->slots[i].recipe);
    }
    for (size_t i = 0; i < r->sources.replaced_count; i++) {
        recipe_unref(r->replaced[i].recipe);
    }
    free(r->slots);
    free(r->replaced);
    free(r->sorted);
    recipe_sets_done(&r->sets);
    recipe_sources_done(&r->sources);
    free(r);
}

void recipes_freep(struct recipes **r)
{
    recipes_free(*r);
    *r = NULL;
}

const struct recipe *const *recipes_all(const struct recipes *r, size_t *ret_count)
{
    *ret_count = r->count;
    return r->sorted;
}

/* --- one of them ------------------------------------------------------------------------------ */

const struct recipe *recipes_by_id(const struct recipes *r, const char *id)
{
    const struct recipe_source *source = source_of(r, id);
    const struct recipe *recipe = source != NULL ? r->slots[source - r->sources.all].recipe : NULL;
    return recipe != NULL && recipe_fits_machine(recipe, r->machine) ? recipe : NULL;
}

bool recipes_is_own(const struct recipes *r, const char *id)
{
    const struct recipe_source *source = source_of(r, id);
    return source != NULL && source->own_text != NULL;
}

const char *recipes_npm_lock(const struct recipes *r, const struct recipe *recipe, size_t *ret_len)
{
    const struct recipe_source *source = source_of(r, recipe->id);
    if (source == NULL || source->lock == NULL) {
        return NULL;
    }
    *ret_len = source->lock_len;
    return source->lock;
}

const struct recipe_set *recipes_sets(const struct recipes *r, size_t *ret_count)
{
    *ret_count = r->sets.count;
    return r->sets.all;
}

const char *recipes_language_of_file(const struct recipes *r, const char *file_name)
{
    const struct recipe *found = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const struct recipe *recipe = r->sorted[i];
        bool better = found == NULL || (found->yields && !recipe->yields);
        if (better && !recipe->unlisted && recipe_fits_file(recipe, file_name)) {
            found = recipe;
        }
    }
    return found != NULL ? found->language : NULL;
}

static bool has_tool(const struct recipe *recipe, const char *name)
{
    for (char *const *tool = recipe->tools; tool != NULL && *tool != NULL; tool++) {
        const char *slash = strrchr(*tool, '/');
        if (strcmp(slash != NULL ? slash + 1 : *tool, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Who is called so goes before who only has such a tool, as several have node. */
static const char *language_of_name(const struct recipes *r, const char *name)
{
    const struct recipe *found = NULL;
    unsigned nearest = UINT_MAX;
    for (size_t i = 0; i < r->count; i++) {
        const struct recipe *recipe = r->sorted[i];
        unsigned near = recipe_called(recipe, name);
        near = near == 0 && has_tool(recipe, name) ? UINT_MAX - 1 : near;
        if (recipe->language && !recipe->yields && !recipe->unlisted && near != 0 &&
            near < nearest) {
            found = recipe;
            nearest = near;
        }
    }
    return found ? found->language : NULL;
}

const char *recipes_language_of_tool(const struct recipes *r, const char *name)
{
    AUTO(mem_freep) char *plain = xstrdup(name); /* "python3.12" has a version in it */
    for (size_t len = strlen(plain); len > 1 && strchr("0123456789.", plain[len - 1]); len--) {
        plain[len - 1] = '\0';
    }
    const char *found = language_of_name(r, name);
    return found ? found : language_of_name(r, plain);
}
