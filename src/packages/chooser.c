/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/chooser.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/fetcher.h"
#include "recipes/recipes.h"

#define INDEX_BYTES_MAX ((size_t)4 << 20)
#define PISTON          "piston:"
#define ANY             "*"

void chooser_done(struct chooser *c)
{
    piston_index_free(c->index);
    c->index = NULL;
}

static int index_get(struct chooser *c, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    if (c->index_url[0] == '\0') {
        return err_set(e, ERR_NOT_FOUND, "there is no index of Piston's packages: piston.repo_url");
    }
    AUTO(mem_freep)
    char *url = xasprintf("%s%s", c->index_url[0] == '/' ? "file://" : "", c->index_url);
    int r = fetcher_text(c->fetcher, url, INDEX_BYTES_MAX, &text, e);
    if (r < 0) {
        /* Nobody is to think that the package is not there. */
        e->kind = e->kind == ERR_NOT_FOUND ? ERR_IO : e->kind;
        return err_wrap(e, "Piston's index (--piston-repo)");
    }
    c->index = piston_index_parse(text.data ? text.data : "", text.len, c->say, c->ctx);
    return 0;
}

int chooser_index(struct chooser *c, const struct piston_index **ret, struct err *e)
{
    int r = c->index ? 0 : index_get(c, e);
    if (r == 0) {
        *ret = c->index;
    }
    return r;
}

/* --- one word --------------------------------------------------------------------------------- */

static void found_add(struct choice **all, size_t *count, struct choice one)
{
    *all = xreallocarray(*all, *count + 1, sizeof(**all));
    (*all)[(*count)++] = one;
}

static int index_choose(struct chooser *c, const char *word, struct choice **ret, size_t *ret_count,
                        struct err *e)
{
    const struct piston_index *index = NULL;
    size_t len = strcspn(word, "=@");
    AUTO(mem_freep) char *name = xstrndup(word, len);
    const char *range = word[len] != '\0' ? word + len + 1 : ANY;
    int r = *range == '\0' || !semver_range_valid(range)
                ? err_set(e, ERR_INVALID, "'%.80s': '%.40s' is no range of versions", word, range)
                : chooser_index(c, &index, e);
    if (r < 0) {
        return r;
    }
    const struct piston_entry *entry = piston_index_find(index, name, range);
    if (!entry) {
        return err_set(e, ERR_NOT_FOUND, "Piston's index has no package '%.60s'%s%.40s", name,
                       strcmp(range, ANY) == 0 ? "" : " within ",
                       strcmp(range, ANY) == 0 ? "" : range);
    }
    *ret = NULL;
    *ret_count = 0;
    found_add(ret, ret_count, (struct choice){.entry = entry});
    return 0;
}

static int recipes_add(const struct chooser *c, const char *word, struct choice **ret,
                       size_t *ret_count, struct err *e)
{
    AUTO(mem_freep) const struct recipe **chosen = NULL;
    size_t count = 0;
    int r = recipes_choose(c->recipes, word, &chosen, &count, e);
    if (r < 0) {
        return r;
    }
    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        found_add(ret, ret_count, (struct choice){.recipe = chosen[i]});
    }
    return 0;
}

int chooser_choose(struct chooser *c, const char *word, struct choice **ret, size_t *ret_count,
                   struct err *e)
{
    if (str_starts(word, PISTON)) {
        return index_choose(c, word + strlen(PISTON), ret, ret_count, e);
    }
    struct err here, there;
    int r = recipes_add(c, word, ret, ret_count, &here);
    if (r == -ERR_NOT_FOUND && word[0] != '@' && c->index_url[0] != '\0') {
        r = index_choose(c, word, ret, ret_count, &there);
        if (r < 0 && r != -ERR_NOT_FOUND) {
            return err_set(e, there.kind, "%.80s%s %.145s", here.text,
                           str_ends(here.text, "?") ? "" : ";", there.text);
        }
    }
    if (r < 0) {
        *e = here; /* it tells more */
    }
    return r;
}

/* --- words of Piston's ------------------------------------------------------------------------ */

/* No name begins so. */
static bool is_version(const char *word)
{
    return strchr("0123456789^~<>=*", word[0]) && semver_range_valid(word);
}

char **words_join(char *const *words)
{
    char **joined = NULL;
    for (; *words; words++) {
        bool named = words[1] && words[0][0] != '@' && !strpbrk(words[0], "=@");
        if (named && words[1][0] != '\0' && is_version(words[1])) {
            strv_add_take(&joined, xasprintf("%s=%s", words[0], words[1]));
            words++;
        } else {
            strv_add(&joined, *words);
        }
    }
    return joined;
}
