/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_match.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/pkg.h"
#include "model/semver.h"
#include "packages/install_piston.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define ANY "*"

void pkg_runtimes_read(struct pkg *p, struct pkg_runtimes *ret)
{
    *ret = (struct pkg_runtimes){0};
    if (p->store) {
        ret->count = package_store_list(p->store, &ret->all, pkg_on_unreadable, p);
    }
}

void pkg_runtimes_done(struct pkg_runtimes *r)
{
    for (size_t i = 0; i < r->count; i++) {
        manifest_free(r->all[i]);
    }
    free(r->all);
    *r = (struct pkg_runtimes){0};
}

const struct manifest *pkg_runtimes_by_id(const struct pkg_runtimes *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->all[i]->id, id) == 0) {
            return r->all[i];
        }
    }
    return NULL;
}

/* --- what was found --------------------------------------------------------------------------- */

struct found {
    const struct manifest **all;
    size_t count;
};

static void found_done(struct found *f)
{
    free(f->all);
}

static void found_add(struct found *f, const struct manifest *m)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->all[i] == m) {
            return;
        }
    }
    f->all = xreallocarray(f->all, f->count + 1, sizeof(struct manifest *));
    f->all[f->count++] = m;
}

/* --- one word --------------------------------------------------------------------------------- */

static bool is_in_range(const struct manifest *m, const char *range)
{
    struct semver version;
    return strcmp(range, ANY) == 0 ||
           (m->version && semver_parse(m->version, &version) && semver_satisfies(&version, range));
}

/* 0: it is not; else the less the nearer.  A package of Piston's may have a name that none of its
 * languages has: "python" of python2. */
static unsigned called(const struct manifest *m, const char *name)
{
    const struct manifest_part *package = install_piston_part(m);
    unsigned how = recipe_called(m->recipe, name);
    return how == 0 && package && strcmp(package->name, name) == 0 ? UINT_MAX : how;
}

/* As near as any is: who says "c" does not mean what has an alias of that name. */
static void named(const struct pkg_runtimes *r, const char *name, const char *range,
                  struct found *ret)
{
    unsigned nearest = 0;
    for (size_t i = 0; i < r->count; i++) {
        unsigned how = called(r->all[i], name);
        nearest = how && (!nearest || how < nearest) ? how : nearest;
    }
    for (size_t i = 0; nearest && i < r->count; i++) {
        if (called(r->all[i], name) == nearest && is_in_range(r->all[i], range)) {
            found_add(ret, r->all[i]);
        }
    }
}

static bool same_language(const struct manifest *a, const struct manifest *b)
{
    const char *x = a->recipe->language, *y = b->recipe->language;
    return x && y && strcmp(x, y) == 0;
}

static bool is_higher(const struct manifest *a, const struct manifest *b)
{
    struct semver x, y;
    return a->version && b->version && semver_parse(a->version, &x) &&
           semver_parse(b->version, &y) && semver_compare(&x, &y) > 0;
}

static void highest_keep(struct found *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++) {
        size_t k = 0;
        while (k < kept && !same_language(f->all[k], f->all[i])) {
            k++;
        }
        if (k == kept) {
            f->all[kept++] = f->all[i];
        } else if (is_higher(f->all[i], f->all[k])) {
            f->all[k] = f->all[i];
        }
    }
    f->count = kept;
}

static int several_refuse(const struct found *f, const char *word, struct err *e)
{
    AUTO(buf_done) struct buf ids = {0};
    bool twice = false;
    for (size_t i = 0; i < f->count; i++) {
        buf_add_fmt(&ids, "%s%s", i ? ", " : "", f->all[i]->id);
        for (size_t k = 0; k < i; k++) {
            twice = twice || same_language(f->all[i], f->all[k]);
        }
    }
    if (!twice) {
        return 0;
    }
    return err_set(e, ERR_INVALID, "'%.40s' is %.100s: name one of them, or all with '%.40s=*'",
                   word, ids.data, word);
}

static int not_there(const char *word, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "'%.60s' is not installed; belljar pkg list says what is",
                   word);
}

static int plain_word(const struct pkg_runtimes *r, const char *word, enum pkg_several several,
                      struct found *ret, struct err *e)
{
    AUTO(found_done) struct found found = {0};
    size_t len = strcspn(word, "=@");
    const char *range = word[len] ? word + len + 1 : ANY;
    AUTO(mem_freep) char *name = xstrndup(word, len);
    if (!semver_range_valid(range) || !*range) {
        return err_set(e, ERR_INVALID, "'%.60s': '%.40s' is no range of versions", word, range);
    }
    named(r, name, range, &found);
    if (found.count == 0) {
        return not_there(word, e);
    }
    if (several == PKG_SEVERAL_HIGHEST) {
        highest_keep(&found);
    }
    int rc = several == PKG_SEVERAL_REFUSED && !word[len] ? several_refuse(&found, word, e) : 0;
    for (size_t i = 0; rc == 0 && i < found.count; i++) {
        found_add(ret, found.all[i]);
    }
    return rc;
}

static int set_word(const struct pkg *p, const struct pkg_runtimes *r, const char *word,
                    struct found *ret, struct err *e)
{
    AUTO(mem_freep) const struct recipe **chosen = NULL;
    size_t count = 0, before = ret->count;
    bool everything = strcmp(word, "@all") == 0;
    int rc = everything ? 0 : recipes_choose(p->recipes, word, &chosen, &count, e);
    for (size_t i = 0; everything && i < r->count; i++) {
        if (!r->all[i]->hidden) {
            found_add(ret, r->all[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct manifest *m = pkg_runtimes_by_id(r, chosen[i]->id);
        if (m) {
            found_add(ret, m);
        }
    }
    return rc == 0 && ret->count == before ? not_there(word, e) : rc;
}

int pkg_match(const struct pkg *p, const struct pkg_runtimes *r, const char *word,
              enum pkg_several several, const struct manifest ***ret, size_t *ret_count,
              struct err *e)
{
    struct found found = {*ret, *ret_count};
    int rc =
        word[0] == '@' ? set_word(p, r, word, &found, e) : plain_word(r, word, several, &found, e);
    *ret = found.all;
    *ret_count = found.count;
    return rc;
}

int pkg_match_all(const struct pkg *p, const struct pkg_runtimes *r, char *const *words,
                  enum pkg_several several, const struct manifest ***ret, size_t *ret_count,
                  struct err *e)
{
    int rc = 0;
    for (; rc == 0 && *words; words++) {
        rc = pkg_match(p, r, *words, several, ret, ret_count, e);
    }
    return rc;
}
