/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Piston's packages, of which the input is three texts with 0x1e between them: the index, a
 * pkg-info.json, and the environment that a package printed.  What is taken of them is the name of
 * a directory, and a recipe that says what they said.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "boxproto/boxarchive.h"
#include "fuzz.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "recipes/recipe.h"
#include "recipes/recipe_id.h"

#define SEPARATOR 0x1e

static void say(void *ctx, const struct err *e)
{
    (void)ctx;
    REQUIRE(e->text[0] != '\0');
}

static void entry_check(const struct piston_index *index, const struct piston_entry *entry)
{
    struct err e;
    AUTO(mem_freep) char *dir = piston_package_dir(entry);
    REQUIRE(boxarchive_check_path(dir, &e) == 0 && dir[strcspn(dir, "'\"$` \n")] == '\0');
    REQUIRE(strlen(entry->digest) == strlen("sha256-") + 64);
    const struct piston_entry *found = piston_index_find(index, entry->name, entry->text);
    REQUIRE(found && semver_compare(&found->version, &entry->version) >= 0);
}

static void recipe_check(const struct piston_package *p, const struct piston_language *language,
                         const struct piston_entry *entry, char *const *env)
{
    AUTO(mem_freep) char *id = piston_recipe_id(language, entry);
    AUTO(buf_done) struct buf text = {0};
    AUTO(recipe_unrefp) struct recipe *recipe = NULL;
    struct err e = {0};
    piston_recipe_write(p, language, entry, env, &text);
    if (recipe_parse(id, text.data, text.len, NULL, NULL, &recipe, &e) < 0) {
        REQUIRE(e.text[0] != '\0');
        return;
    }
    REQUIRE(strcmp(recipe->language, language->language) == 0);
    REQUIRE(strv_len(recipe->env) == strv_len(env));
    for (size_t i = 0; env && env[i]; i++) {
        REQUIRE(strcmp(recipe->env[i], env[i]) == 0);
    }
}

/* The texts begin at `at`; the next one behind it. */
static char *text_take(const char **at, const char *end)
{
    const char *stop = memchr(*at, SEPARATOR, (size_t)(end - *at));
    stop = stop ? stop : end;
    char *text = xmemdup(*at, (size_t)(stop - *at));
    *at = stop < end ? stop + 1 : end;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "pkg", version[] = "1.2.3";
    static const struct piston_entry some = {.name = name, .text = version};
    const char *at = (const char *)data, *end = at + size;
    AUTO(mem_freep) char *list = text_take(&at, end);
    AUTO(mem_freep) char *info = text_take(&at, end);
    struct piston_index *index = piston_index_parse(list, strlen(list), say, NULL);
    for (size_t i = 0; i < index->count; i++) {
        entry_check(index, &index->entries[i]);
    }
    struct piston_package *p = NULL;
    struct err e = {0};
    AUTO(strv_freep) char **env = piston_environment_parse(at, (size_t)(end - at));
    if (piston_info_parse(info, strlen(info), &p, &e) == 0) {
        for (size_t i = 0; i < p->count; i++) {
            recipe_check(p, &p->languages[i], index->count > 0 ? &index->entries[0] : &some, env);
        }
    } else {
        REQUIRE(e.text[0] != '\0');
    }
    piston_package_free(p);
    piston_index_free(index);
    return 0;
}
