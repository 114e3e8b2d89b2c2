/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/suggest.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define VERSION_ALIAS "{x.y}"
#define NESTED_MAX    4 /* sets within sets */
#define SET_ALL       "all"

struct chosen {
    const struct recipe **all;
    size_t count;
};

static void chosen_done(struct chosen *c)
{
    free(c->all);
}

static void chosen_add(struct chosen *c, const struct recipe *recipe)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->all[i] == recipe) {
            return;
        }
    }
    c->all = xreallocarray(c->all, c->count + 1, sizeof(struct recipe *));
    c->all[c->count++] = recipe;
}

/* --- names ------------------------------------------------------------------------------------ */

/* "python{x.y}" is "python3.11" for 3.11.2. */
static bool alias_is(const struct recipe *r, const char *alias, const char *name)
{
    if (!str_ends(alias, VERSION_ALIAS)) {
        return strcmp(alias, name) == 0;
    }
    struct semver v;
    if (r->version == NULL || !semver_parse(r->version, &v)) {
        return false;
    }
    AUTO(mem_freep)
    char *full = xasprintf("%.*s%llu.%llu", (int)(strlen(alias) - strlen(VERSION_ALIAS)), alias,
                           (unsigned long long)v.major, (unsigned long long)v.minor);
    return strcmp(full, name) == 0;
}

typedef bool name_fn(const struct recipe *r, const char *name);

static bool has_id(const struct recipe *r, const char *name)
{
    return strcmp(r->id, name) == 0;
}

static bool has_language(const struct recipe *r, const char *name)
{
    return r->language != NULL && strcmp(r->language, name) == 0;
}

static bool has_package(const struct recipe *r, const char *name)
{
    return r->language != NULL && r->package != NULL && strcmp(r->package, name) == 0;
}

static bool has_alias(const struct recipe *r, const char *name)
{
    for (char *const *alias = r->aliases; alias != NULL && *alias != NULL; alias++) {
        if (r->language != NULL && alias_is(r, *alias, name)) {
            return true;
        }
    }
    return false;
}

/* Piston's package nasm has the languages nasm and nasm64. */
static bool has_language_or_package(const struct recipe *r, const char *name)
{
    return has_language(r, name) || has_package(r, name);
}

static name_fn *const ways[] = {has_id, has_language_or_package, has_alias};

/* --- one word --------------------------------------------------------------------------------- */

struct wanted {
    const struct recipes *recipes;
    const char *name;
    const char *range; /* NULL: any */
    name_fn *is_named;
};

static bool is_in_range(const struct recipe *r, const char *range)
{
    struct semver version;
    if (range == NULL) {
        return true; /* prereleases too, which no range has in it by itself */
    }
    return r->version != NULL && semver_parse(r->version, &version) &&
           semver_satisfies(&version, range);
}

/* Recipes of one language stand together, the highest version first. */
static size_t language_end(const struct recipe *const *all, size_t count, size_t first)
{
    size_t end = first + 1;
    while (end < count && all[first]->language != NULL && all[end]->language != NULL &&
           strcmp(all[end]->language, all[first]->language) == 0) {
        end++;
    }
    return end;
}

static const struct recipe *best_of(const struct wanted *w, const struct recipe *const *all,
                                    size_t count)
{
    const struct recipe *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct recipe *r = all[i];
        if (w->is_named(r, w->name) && recipe_is_installable(r) && is_in_range(r, w->range) &&
            (best == NULL || (best->package != NULL && r->package == NULL))) {
            best = r;
        }
    }
    return best;
}

/* An alias of several languages is that of the one that does not yield. */
static void alias_settle(struct chosen *c, name_fn *is_named)
{
    if (is_named != has_alias || c->count < 2) {
        return;
    }
    size_t first = 0;
    while (first < c->count - 1 && c->all[first]->yields) {
        first++;
    }
    c->all[0] = c->all[first];
    c->count = 1;
}

static void named_add(struct wanted *w, struct chosen *ret)
{
    size_t count;
    const struct recipe *const *all = recipes_all(w->recipes, &count);
    for (size_t name = 0; name < ARRAY_LEN(ways) && ret->count == 0; name++) {
        w->is_named = ways[name];
        for (size_t i = 0, end = 0; i < count; i = end) {
            end = language_end(all, count, i);
            const struct recipe *best = best_of(w, all + i, end - i);
            if (best != NULL) {
                chosen_add(ret, best);
            }
        }
        alias_settle(ret, w->is_named);
    }
}

unsigned recipe_called(const struct recipe *r, const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i](r, name)) {
            return i + 1;
        }
    }
    return 0;
}

static int suggestion(const struct wanted *w, struct err *e)
{
    struct suggest near = {.typed = w->name};
    size_t count;
    const struct recipe *const *all = recipes_all(w->recipes, &count);
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&near, strchr(w->name, '/') != NULL || recipe_is_part(all[i])
                                 ? all[i]->id
                                 : all[i]->language);
        for (char *const *alias = all[i]->aliases; alias != NULL && *alias != NULL; alias++) {
            suggest_offer(&near, *alias);
        }
    }
    if (near.best != NULL) {
        return err_set(e, ERR_NOT_FOUND, "there is no '%.60s'; did you mean '%s'?", w->name,
                       near.best);
    }
    return err_set(e, ERR_NOT_FOUND, "there is no '%.60s'; belljar pkg search has what there is",
                   w->name);
}

/* Why nothing was found: the name, the range, or that it is only the host's. */
static int nothing_found(const struct wanted *w, struct err *e)
{
    AUTO(buf_done) struct buf versions = {0};
    bool called = false;
    size_t count;
    const struct recipe *const *all = recipes_all(w->recipes, &count);
    for (size_t i = 0; i < count; i++) {
        bool it = recipe_called(all[i], w->name) != 0;
        called = called || it;
        if (it && recipe_is_installable(all[i]) && all[i]->version != NULL) {
            buf_add_fmt(&versions, "%s%s", versions.len > 0 ? ", " : "", all[i]->version);
        }
    }
    if (!called) {
        return suggestion(w, e);
    }
    if (versions.len > 0) {
        return err_set(e, ERR_NOT_FOUND, "no version of '%.60s' is within '%.40s'; there is %.100s",
                       w->name, w->range != NULL ? w->range : "", versions.data);
    }
    return err_set(e, ERR_NOT_FOUND,
                   "'%.60s' cannot be installed; it is offered where this machine has it itself",
                   w->name);
}

/* --- sets ------------------------------------------------------------------------------------- */

static int word_add(const struct recipes *r, const char *word, unsigned nested, struct chosen *ret,
                    struct err *e);

/* The highest version of each language that is in lists. */
static void everything_add(const struct recipes *r, struct chosen *ret)
{
    size_t count;
    const struct recipe *const *all = recipes_all(r, &count);
    for (size_t i = 0, end = 0; i < count; i = end) {
        end = language_end(all, count, i);
        if (all[i]->language != NULL && !all[i]->unlisted) {
            const struct wanted w = {
                .recipes = r, .name = all[i]->language, .is_named = has_language};
            const struct recipe *best = best_of(&w, all + i, end - i);
            if (best != NULL) {
                chosen_add(ret, best);
            }
        }
    }
}

static int no_set(const struct recipes *r, const char *name, struct err *e)
{
    AUTO(buf_done) struct buf names = {0};
    size_t count;
    const struct recipe_set *sets = recipes_sets(r, &count);
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&names, "@%s, ", sets[i].name);
    }
    buf_add_str(&names, "@" SET_ALL);
    return err_set(e, ERR_NOT_FOUND, "there is no set '@%.40s'; there is %.140s", name, names.data);
}

static int set_add(const struct recipes *r, const char *name, unsigned nested, struct chosen *ret,
                   struct err *e)
{
    size_t count;
    const struct recipe_set *sets = recipes_sets(r, &count);
    if (strcmp(name, SET_ALL) == 0) {
        everything_add(r, ret);
        return 0;
    }
    size_t i = 0;
    while (i < count && strcmp(sets[i].name, name) != 0) {
        i++;
    }
    if (i == count) {
        return no_set(r, name, e);
    }
    if (nested == NESTED_MAX) {
        return err_set(e, ERR_INVALID, "the set '@%.40s' has itself in it", name);
    }
    int rc = 0;
    for (char *const *word = sets[i].words; word != NULL && *word != NULL && rc == 0; word++) {
        rc = word_add(r, *word, nested + 1, ret, e);
    }
    return rc < 0 ? err_wrap(e, "@%.40s", name) : 0;
}

static int word_add(const struct recipes *r, const char *word, unsigned nested, struct chosen *ret,
                    struct err *e)
{
    if (word[0] == '@') {
        return set_add(r, word + 1, nested, ret, e);
    }
    size_t len = strcspn(word, "=@");
    AUTO(mem_freep) char *name = xstrndup(word, len);
    struct wanted w = {.recipes = r, .name = name};
    w.range = word[len] != '\0' ? word + len + 1 : NULL;
    if (*name == '\0' || (w.range != NULL && (*w.range == '\0' || !semver_range_valid(w.range)))) {
        return err_set(e, ERR_INVALID,
                       "'%.80s': write NAME or NAME=VERSION, such as python or python=3.11", word);
    }
    AUTO(chosen_done) struct chosen found = {0};
    named_add(&w, &found);
    if (found.count == 0) {
        return nothing_found(&w, e);
    }
    for (size_t i = 0; i < found.count; i++) {
        chosen_add(ret, found.all[i]);
    }
    return 0;
}

int recipes_choose(const struct recipes *r, const char *word, const struct recipe ***ret,
                   size_t *ret_count, struct err *e)
{
    AUTO(chosen_done) struct chosen chosen = {0};
    int rc = word_add(r, word, 0, &chosen, e);
    if (rc < 0) {
        return rc;
    }
    *ret_count = chosen.count;
    *ret = TAKE(&chosen.all, NULL);
    return 0;
}
