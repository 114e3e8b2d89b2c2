/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "recipes/recipe_id.h"

#define FILE_NAME "sets.toml"

void recipe_sets_done(struct recipe_sets *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->all[i].name);
        free(s->all[i].about);
        strv_free(s->all[i].words);
    }
    free(s->all);
    *s = (struct recipe_sets){0};
}

static int entry_read(const struct toml_entry *entry, struct recipe_set *set, struct err *e)
{
    const char *key = entry->key + entry->table_len + 1;
    const struct toml_value *v = &entry->value;
    if (strcmp(key, "about") == 0 && v->type == TOML_STRING) {
        set->about = xstrdup(v->text);
        return 0;
    }
    bool words = strcmp(key, "recipes") == 0 && v->type == TOML_ARRAY &&
                 (v->count == 0 || v->items[0].type == TOML_STRING);
    if (!words) {
        return err_set(e, ERR_INVALID,
                       FILE_NAME ":%u: a set has about, a string, and recipes, an array of them",
                       entry->line);
    }
    for (size_t i = 0; i < v->count; i++) {
        strv_add(&set->words, v->items[i].text);
    }
    return 0;
}

static int set_read(const struct toml *toml, const struct toml_table *table,
                    struct recipe_sets *sets, struct err *e)
{
    if (!recipe_name_valid(table->name)) {
        return err_set(e, ERR_INVALID, FILE_NAME ":%u: '%.60s' is no name of a set", table->line,
                       table->name);
    }
    struct recipe_set *set = &sets->all[sets->count++];
    set->name = xstrdup(table->name);
    size_t len = strlen(table->name);
    int r = 0;
    for (size_t i = 0; i < toml->entry_count && r == 0; i++) {
        const struct toml_entry *entry = &toml->entries[i];
        if (entry->table_len == len && strncmp(entry->key, table->name, len) == 0) {
            r = entry_read(entry, set, e);
        }
    }
    return r;
}

int recipe_sets_parse(const char *text, struct recipe_sets *ret, struct err *e)
{
    AUTO(toml_done) struct toml toml = {0};
    AUTO(recipe_sets_done) struct recipe_sets sets = {0};
    int r = toml_parse(FILE_NAME, text, strlen(text), &toml, e);
    sets.all = xcalloc(toml.table_count + 1, sizeof(sets.all[0]));
    for (size_t i = 0; i < toml.table_count && r == 0; i++) {
        r = set_read(&toml, &toml.tables[i], &sets, e);
    }
    for (size_t i = 0; i < toml.entry_count && r == 0; i++) {
        if (toml.entries[i].table_len == 0) {
            r = err_set(e, ERR_INVALID, FILE_NAME ":%u: '%s' stands in no set",
                        toml.entries[i].line, toml.entries[i].key);
        }
    }
    if (r == 0) {
        *ret = TAKE(&sets, (struct recipe_sets){0});
    }
    return r;
}
