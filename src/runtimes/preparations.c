/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/preparations.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipe.h"
#include "runtimes/host_tool.h"
#include "runtimes/host_view.h"
#include "runtimes/offers.h"
#include "runtimes/preparation.h"

static bool is_listed(const struct preparations *list, const char *key)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->all[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL when its program is not there. */
static char **argv_of(const struct host_view *view, const struct preparation *p,
                      const struct host_tool *tool, const char *key)
{
    AUTO(mem_freep)
    char *program = strcmp(p->command[0], "{tool}") == 0
                        ? xstrdup(tool->path)
                        : host_tool_path(view, p->command[0], tool->real);
    if (program == NULL) {
        return NULL;
    }
    AUTO(mem_freep) char *base_key = p->base != NULL ? preparation_key(p->base, tool) : NULL;
    AUTO(mem_freep)
    char *base = base_key != NULL ? xasprintf(PREPARED_DIR "/%s", base_key) : NULL;
    AUTO(mem_freep) char *own = xasprintf(PREPARED_DIR "/%s", key);
    const struct prepared_paths paths = {.prepared = own, .base = base};
    char **argv = NULL;
    strv_add_take(&argv, TAKE(&program, NULL));
    for (const char *const *element = p->command + 1; *element != NULL; element++) {
        if (strcmp(*element, "{tool}") == 0) {
            strv_add(&argv, tool->path);
        } else {
            strv_add_take(&argv, prepared_paths_expand(&paths, *element));
        }
    }
    return argv;
}

static void want(struct preparations *list, const struct host_view *view,
                 const struct preparation *p, const struct host_tool *tool)
{
    if (p == NULL) {
        return;
    }
    want(list, view, p->base, tool); /* a chain is one or two long */
    AUTO(mem_freep) char *key = preparation_key(p, tool);
    char **argv = is_listed(list, key) ? NULL : argv_of(view, p, tool, key);
    if (argv == NULL) {
        return;
    }
    list->all = xreallocarray(list->all, list->count + 1, sizeof(list->all[0]));
    list->all[list->count++] =
        (struct preparation_wanted){p, TAKE(&key, NULL), xstrdup(tool->path), argv};
}

void preparations_find(const struct host_view *view, struct preparations *ret)
{
    *ret = (struct preparations){0};
    struct offer_set offers;
    offers_scan(view, -1, -1, &offers);
    for (size_t i = 0; i < offers.offer_count; i++) {
        const struct offer *o = &offers.offers[i];
        want(ret, view, host_view_preparation(view, o->recipe), &o->tool->file);
    }
    offers_done(&offers);
}

static void wanted_done(struct preparation_wanted *w)
{
    free(w->key);
    free(w->tool);
    strv_free(w->argv);
}

static bool is_below(const struct preparation *p, const struct preparation *of)
{
    for (; of != NULL; of = of->base) {
        if (of == p) {
            return true;
        }
    }
    return false;
}

static bool is_chosen(const struct preparations *list, const struct preparation *p,
                      char *const *names)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct preparation *other = list->all[i].preparation;
        if (strv_has(names, other->name) && is_below(p, other)) {
            return true;
        }
    }
    return false;
}

static bool is_known(const struct preparations *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->all[i].preparation->name, name) == 0) {
            return true;
        }
    }
    return false;
}

int preparations_choose(struct preparations *p, char *const *names, struct err *e)
{
    if (names == NULL || names[0] == NULL) {
        return 0;
    }
    for (char *const *name = names; *name != NULL; name++) {
        if (!is_known(p, *name)) {
            return err_set(e, ERR_NOT_FOUND,
                           "no tool of this machine needs '%s'; belljar prepare --list has the "
                           "names, without what is behind the last '-'",
                           *name);
        }
    }
    struct preparations chosen = {.all = xcalloc(p->count, sizeof(p->all[0]))};
    for (size_t i = 0; i < p->count; i++) {
        if (is_chosen(p, p->all[i].preparation, names)) {
            chosen.all[chosen.count++] = p->all[i];
            p->all[i] = (struct preparation_wanted){.preparation = p->all[i].preparation};
        }
    }
    preparations_done(p);
    *p = chosen;
    return 0;
}

void preparations_done(struct preparations *p)
{
    for (size_t i = 0; i < p->count; i++) {
        wanted_done(&p->all[i]);
    }
    free(p->all);
    *p = (struct preparations){0};
}
