/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/offers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/host_runtime.h"
#include "runtimes/host_view.h"
#include "runtimes/installed.h"
#include "runtimes/recipe_runtime.h"

static bool same_strings(char *const *a, char *const *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return *a == *b;
}

/* A package's version is not what the program says, so that is another question. */
static bool same_question(const struct recipe *a, const struct recipe *b)
{
    return same_strings(a->ask, b->ask) && (a->ask_package == NULL) == (b->ask_package == NULL);
}

/* Takes the file over. */
static struct tool *tool_for(struct offer_set *c, const struct recipe *recipe,
                             struct host_tool *file)
{
    for (size_t i = 0; i < c->tool_count; i++) {
        struct tool *t = c->tools[i];
        if (strcmp(t->file.real, file->real) == 0 && same_question(t->recipe, recipe)) {
            host_tool_done(file);
            return t;
        }
    }
    struct tool *t = xcalloc(1, sizeof(*t));
    t->file = TAKE(file, (struct host_tool){0});
    t->recipe = recipe;
    list_init(&t->queue);
    c->tools = xreallocarray(c->tools, c->tool_count + 1, sizeof(struct tool *));
    c->tools[c->tool_count++] = t;
    return t;
}

static bool is_offered(const struct offer_set *c, const struct recipe *recipe, const char *real)
{
    for (size_t i = c->offer_count; i > 0 && c->offers[i - 1].recipe == recipe; i--) {
        if (strcmp(c->offers[i - 1].tool->file.real, real) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the file over. */
static void offer_add(struct offer_set *c, const struct host_view *view, int prepared_fd,
                      const struct recipe *recipe, struct host_tool *file)
{
    struct runtime *runtime = NULL;
    if (!is_offered(c, recipe, file->real)) {
        runtime = host_runtime_new(view, recipe, file, prepared_fd);
    }
    if (runtime == NULL) {
        host_tool_done(file);
        return;
    }
    struct tool *tool = tool_for(c, recipe, file);
    c->offers = xreallocarray(c->offers, c->offer_count + 1, sizeof(c->offers[0]));
    c->offers[c->offer_count++] = (struct offer){recipe_ref(recipe), tool, runtime, false};
}

static void scan_recipe(struct offer_set *c, const struct host_view *view, int prepared_fd,
                        const struct recipe *recipe)
{
    if (recipe->unless != NULL) {
        AUTO(mem_freep) char *better = host_tool_path(view, recipe->unless, NULL);
        if (better != NULL) {
            return;
        }
    }
    for (char *const *name = recipe->tools; *name != NULL; name++) {
        for (const char *const *dir = view->tool_dirs; *dir != NULL; dir++) {
            struct host_tool file;
            if (host_tool_at(view, *dir, *name, &file)) {
                offer_add(c, view, prepared_fd, recipe, &file);
            }
        }
    }
}

/* Tools that cannot say their version have that of their package. */
static void learn_package_version(struct offer_set *c, const struct host_view *view,
                                  struct tool *tool)
{
    AUTO(mem_freep) char *text = host_package_version(view, tool->recipe->ask_package);
    struct semver version;
    if (text != NULL && semver_coerce(text, &version)) {
        offers_learn(c, tool, &version);
    } else {
        tool->state = TOOL_FAILED;
        tool->failed_ns = UINT64_MAX; /* until dpkg's status changes */
    }
}

void offers_scan(const struct host_view *view, int prepared_fd, int packages_fd,
                 struct offer_set *ret)
{
    AUTO(recipes_freep) struct recipes *all = NULL;
    const struct recipe *const *recipes = view->recipes;
    size_t count = view->recipe_count;
    *ret = (struct offer_set){0};
    if (recipes == NULL) {
        all = recipes_new_beside(packages_fd);
        recipes = recipes_all(all, &count);
    }
    for (size_t i = 0; i < count; i++) {
        if (recipes[i]->on_host && recipes[i]->tools != NULL) {
            scan_recipe(ret, view, prepared_fd, recipes[i]);
        }
    }
    for (size_t i = 0; i < ret->tool_count; i++) {
        if (ret->tools[i]->recipe->ask_package != NULL) {
            learn_package_version(ret, view, ret->tools[i]);
        }
    }
}

void offers_done(struct offer_set *c)
{
    for (size_t i = 0; i < c->offer_count; i++) {
        runtime_unref(c->offers[i].runtime);
        recipe_unref(c->offers[i].recipe);
    }
    for (size_t i = 0; i < c->tool_count; i++) {
        host_tool_done(&c->tools[i]->file);
        free(c->tools[i]);
    }
    free(c->offers);
    free(c->tools);
    *c = (struct offer_set){0};
}

void offers_learn(struct offer_set *c, struct tool *tool, const struct semver *version)
{
    tool->state = TOOL_KNOWN;
    tool->version = *version;
    for (size_t i = 0; i < c->offer_count; i++) {
        struct offer *o = &c->offers[i];
        if (o->tool == tool) {
            recipe_runtime_complete(o->runtime, o->recipe, version);
            o->usable = o->recipe->only == NULL || semver_satisfies(version, o->recipe->only);
        }
    }
}

static bool alias_may_be(const char *alias, const char *name)
{
    size_t fixed = strcspn(alias, "{");
    return alias[fixed] == '\0' ? strcmp(alias, name) == 0 : strncmp(alias, name, fixed) == 0;
}

bool offer_may_be(const struct offer *o, const char *name)
{
    if (runtime_is_of_package(o->runtime, name)) {
        return true;
    }
    if (o->tool->state == TOOL_KNOWN) {
        return runtime_has_name(o->runtime, name);
    }
    if (strcmp(o->recipe->language, name) == 0) {
        return true;
    }
    for (char *const *a = o->recipe->aliases; a != NULL && *a != NULL; a++) {
        if (alias_may_be(*a, name)) {
            return true;
        }
    }
    return false;
}

static bool is_known(const struct runtime *r, enum runtime_known known, const char *name)
{
    return known == RUNTIME_KNOWN_BY_NAME ? runtime_has_name(r, name)
                                          : runtime_is_of_package(r, name);
}

const struct offer *offers_best(const struct offer_set *c, enum runtime_known known,
                                const char *name, const char *range)
{
    const struct offer *best = NULL;
    for (size_t i = 0; i < c->offer_count; i++) {
        const struct offer *o = &c->offers[i];
        if (o->usable && is_known(o->runtime, known, name) &&
            semver_satisfies(&o->tool->version, range) &&
            (best == NULL || semver_compare(&o->tool->version, &best->tool->version) > 0)) {
            best = o;
        }
    }
    return best;
}

static int package_compare(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* One of those to list. */
struct listed {
    struct runtime *runtime;
    const struct semver *version;
};

static int listed_order(const struct listed *a, const struct listed *b)
{
    int order = strcmp(a->runtime->language, b->runtime->language);
    order = order != 0 ? order : semver_compare(a->version, b->version);
    return order != 0 ? order : package_compare(a->runtime->package, b->runtime->package);
}

/* Those that are the same keep the order in which they were found: that of the second element. */
static int listed_compare(const void *left, const void *right)
{
    const struct listed *const *a = left;
    const struct listed *const *b = right;
    int order = listed_order(*a, *b);
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

/* What is installed comes first. */
static size_t listed_find(const struct offer_set *c, const struct installed *installed,
                          struct listed **ret)
{
    size_t installed_count, count = 0;
    const struct installed_one *ours = installed_all(installed, &installed_count);
    struct listed *all = xcalloc(installed_count + c->offer_count + 1, sizeof(*all));
    for (size_t i = 0; i < installed_count; i++) {
        all[count] = (struct listed){ours[i].runtime, &ours[i].version};
        count += !ours[i].recipe->unlisted;
    }
    for (size_t i = 0; i < c->offer_count; i++) {
        const struct offer *o = &c->offers[i];
        all[count] = (struct listed){o->runtime, &o->tool->version};
        count += o->usable && !o->recipe->unlisted;
    }
    *ret = all;
    return count;
}

size_t offers_all(const struct offer_set *c, const struct installed *installed,
                  struct runtime ***ret)
{
    AUTO(mem_freep) struct listed *listed = NULL;
    size_t usable = listed_find(c, installed, &listed);
    AUTO(mem_freep) struct listed **sorted = xcalloc(usable + 1, sizeof(struct listed *));
    for (size_t i = 0; i < usable; i++) {
        sorted[i] = &listed[i];
    }
    qsort(sorted, usable, sizeof(struct listed *), listed_compare);

    struct runtime **all = xcalloc(usable + 1, sizeof(struct runtime *));
    size_t count = 0;
    for (size_t i = 0; i < usable; i++) {
        /* The same version twice, from two places: the first is the one that runs. */
        if (i == 0 || listed_order(sorted[i - 1], sorted[i]) != 0) {
            all[count++] = sorted[i]->runtime;
        }
    }
    *ret = all;
    return count;
}
