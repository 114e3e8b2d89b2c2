/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/languages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/runtimes.h"

#define LANGUAGE(number, full, short, file)                                                        \
    {                                                                                              \
        .id = (number),                                                                            \
        .name = (full),                                                                            \
        .label = (short),                                                                          \
        .source_file = (file),                                                                     \
    },
#define BUILTIN(number, full, file, name_here)                                                     \
    {                                                                                              \
        .id = (number),                                                                            \
        .name = (full),                                                                            \
        .label = (full),                                                                           \
        .source_file = (file),                                                                     \
        .builtin = (name_here),                                                                    \
    },
#define ARCHIVED(number, full, file)                                                               \
    {                                                                                              \
        .id = (number),                                                                            \
        .name = (full),                                                                            \
        .label = (full),                                                                           \
        .archived = true,                                                                          \
        .source_file = (file),                                                                     \
    },

static const struct judge0_language ce[] = {
#include "api/judge0/languages.def"
};

static const struct judge0_language extra[] = {
#include "api/judge0/languages_extra.def"
};

struct table {
    const struct judge0_language *rows; /* by id */
    size_t count;
};

static const struct table tables[] = {
    [FLAVOUR_CE] = {ce, ARRAY_LEN(ce)},
    [FLAVOUR_EXTRA] = {extra, ARRAY_LEN(extra)},
};

static int id_compare(const void *key, const void *row)
{
    int id = *(const int *)key, other = ((const struct judge0_language *)row)->id;
    return (id > other) - (id < other);
}

static const struct judge0_language *table_find(const struct table *t, int id)
{
    return bsearch(&id, t->rows, t->count, sizeof(t->rows[0]), id_compare);
}

const struct judge0_language *judge0_language(enum judge0_flavour flavour, int id)
{
    return table_find(&tables[flavour], id);
}

/* --- what can run ------------------------------------------------------------------------ */

/* Kept with the runtimes, with the table as its key; also held while somebody looks at it. */
struct judge0_language_set {
    unsigned refs;
    const struct table *table;
    struct runtimes *owner;
    struct runtime **runtimes; /* one for each row; NULL: it cannot run */
};

static void set_unref(struct judge0_language_set *set)
{
    if (--set->refs > 0) {
        return;
    }
    for (size_t i = 0; i < set->table->count; i++) {
        runtime_unref(set->runtimes[i]);
    }
    free(set->runtimes);
    free(set);
}

static void set_free(void *value)
{
    set_unref(value);
}

/* The version that Judge0 has: "C (GCC 9.2.0)". */
static struct semver version_of(const struct judge0_language *row)
{
    struct semver version = {0};
    const char *inside = strchr(row->name, '(');
    semver_coerce(inside != NULL ? inside : row->name, &version);
    return version;
}

struct runtime *judge0_language_peek(struct runtimes *runtimes, enum judge0_flavour flavour,
                                     const struct judge0_language *row, const char **ret_unknown)
{
    struct semver wanted = version_of(row);
    *ret_unknown = NULL;
    if (row->archived) {
        return NULL;
    }
    return row->builtin != NULL ? runtimes_builtin(runtimes, row->builtin)
                                : runtimes_peek_judge0(runtimes, flavour == FLAVOUR_EXTRA,
                                                       (unsigned)row->id, &wanted, ret_unknown);
}

/* NULL: a version is not known yet. */
static struct judge0_language_set *set_make(struct runtimes *runtimes, const struct table *table)
{
    struct judge0_language_set *set = xcalloc(1, sizeof(*set));
    set->refs = 1;
    set->table = table;
    set->owner = runtimes;
    set->runtimes = xcalloc(table->count, sizeof(struct runtime *));
    for (size_t i = 0; i < table->count; i++) {
        enum judge0_flavour flavour = table == &tables[FLAVOUR_EXTRA] ? FLAVOUR_EXTRA : FLAVOUR_CE;
        const char *unknown;
        set->runtimes[i] = judge0_language_peek(runtimes, flavour, &table->rows[i], &unknown);
        if (unknown != NULL) {
            set_unref(set);
            return NULL;
        }
    }
    runtimes_keep(runtimes, table, set, set_free);
    return set;
}

static struct judge0_language_set *set_now(struct runtimes *runtimes, const struct table *table)
{
    struct judge0_language_set *set = runtimes_kept(runtimes, table);
    return set != NULL ? set : set_make(runtimes, table);
}

static void set_show(struct judge0_language_set *set, judge0_languages_fn *fn, void *ctx)
{
    set->refs++;
    fn(ctx, set);
    set_unref(set);
}

struct judge0_languages_wait {
    struct runtimes *runtimes;
    struct runtimes_wait *wait;
    const struct table *table;
    judge0_languages_fn *fn;
    void *ctx;
};

static void on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct judge0_languages_wait *w = ctx, told = *w;
    (void)all, (void)count;

    struct judge0_language_set *set = set_now(w->runtimes, w->table);
    if (set == NULL) { /* a version was forgotten since */
        w->wait = runtimes_list(w->runtimes, on_listed, w);
        return;
    }
    free(w);
    set_show(set, told.fn, told.ctx);
}

struct judge0_languages_wait *judge0_languages_look(struct runtimes *runtimes,
                                                    enum judge0_flavour flavour,
                                                    judge0_languages_fn *fn, void *ctx)
{
    const struct table *table = &tables[flavour];
    struct judge0_language_set *set = set_now(runtimes, table);
    if (set != NULL) {
        set_show(set, fn, ctx);
        return NULL;
    }
    struct judge0_languages_wait *w = xcalloc(1, sizeof(*w));
    *w = (struct judge0_languages_wait){.runtimes = runtimes, .table = table, .fn = fn, .ctx = ctx};
    w->wait = runtimes_list(runtimes, on_listed, w);
    return w;
}

void judge0_languages_cancel(struct judge0_languages_wait *w)
{
    if (w != NULL) {
        runtimes_cancel(w->wait);
        free(w);
    }
}

/* --- one of them ------------------------------------------------------------------------- */

struct runtime *judge0_language_runtime(const struct judge0_language_set *set, int id)
{
    const struct judge0_language *row = table_find(set->table, id);
    return row != NULL ? set->runtimes[row - set->table->rows] : NULL;
}

enum judge0_language_state judge0_language_state(const struct judge0_language_set *set, int id)
{
    const struct judge0_language *row = table_find(set->table, id);
    if (row == NULL) {
        return LANGUAGE_UNKNOWN;
    }
    if (row->archived) {
        return LANGUAGE_ARCHIVED;
    }
    return set->runtimes[row - set->table->rows] != NULL ? LANGUAGE_READY : LANGUAGE_MISSING;
}

/* "C (GCC)" and "12.2.0" make "C (GCC 12.2.0)"; "Python" becomes "Python (3.11.2)". */
void judge0_language_name(const struct judge0_language_set *set, int id, char *ret, size_t size)
{
    const struct judge0_language *row = table_find(set->table, id);
    const struct runtime *runtime = judge0_language_runtime(set, id);
    if (runtime == NULL || row->builtin != NULL) {
        snprintf(ret, size, "%s", row != NULL ? row->name : "");
        return;
    }
    size_t len = strlen(row->label);
    if (row->label[len - 1] == ')') {
        snprintf(ret, size, "%.*s %s)", (int)len - 1, row->label, runtime->version);
    } else {
        snprintf(ret, size, "%s (%s)", row->label, runtime->version);
    }
}

void judge0_language_remedy(const struct judge0_language_set *set, int id, struct buf *ret)
{
    bool is_extra = set->table == &tables[FLAVOUR_EXTRA];
    size_t count, i = 0;
    const struct recipe *const *all = recipes_all(runtimes_recipes(set->owner), &count);
    while (i < count &&
           !(recipe_is_judge0(all[i], is_extra, (unsigned)id) && recipe_is_installable(all[i]))) {
        i++;
    }
    if (i < count) {
        buf_add_fmt(ret, "install it with 'belljar pkg install %s'", all[i]->id);
    } else {
        buf_add_str(ret, "no recipe has it");
    }
}

bool judge0_language_is_compiled(const struct judge0_language_set *set, int id)
{
    const struct judge0_language *row = table_find(set->table, id);
    const struct runtime *runtime = judge0_language_runtime(set, id);
    return runtime != NULL && row->builtin == NULL && runtime_is_compiled(runtime);
}

const struct judge0_language *judge0_languages_all(const struct judge0_language_set *set,
                                                   size_t *ret_count)
{
    *ret_count = set->table->count;
    return set->table->rows;
}
