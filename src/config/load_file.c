/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/load.h"
#include "config/suggest.h"
#include "config/toml.h"

/* "[limits]" is fine, and so is any table above an option's key. */
static bool is_table(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < option_count; i++) {
        if (strncmp(options[i].key, name, len) == 0 && options[i].key[len] == '.') {
            return true;
        }
    }
    return false;
}

static int unknown_key(const char *path, const struct toml_entry *entry, struct err *e)
{
    struct suggest suggest = {.typed = entry->key};
    for (size_t i = 0; i < option_count; i++) {
        const char *dot = strrchr(options[i].key, '.');
        const char *last = strrchr(entry->key, '.');
        /* The right word in the wrong table, or in none. */
        if (strcmp(dot + 1, last ? last + 1 : entry->key) == 0) {
            suggest.best = options[i].key;
            break;
        }
        suggest_offer(&suggest, options[i].key);
    }
    if (suggest.best) {
        return err_set(e, ERR_INVALID, "%s:%u: unknown key '%s'; did you mean %s?", path,
                       entry->line, entry->key, suggest.best);
    }
    return err_set(e, ERR_INVALID, "%s:%u: unknown key '%s'; 'belljar help options' lists the keys",
                   path, entry->line, entry->key);
}

static int unknown_table(const char *path, const struct toml_table *table, struct err *e)
{
    struct suggest suggest = {.typed = table->name};
    char best[OPTION_NAME_MAX] = "";
    for (size_t i = 0; i < option_count; i++) {
        char name[OPTION_NAME_MAX];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(options[i].key, "."), options[i].key);
        const char *before = suggest.best;
        suggest_offer(&suggest, name);
        if (suggest.best != before) {
            memcpy(best, name, sizeof(best));
            suggest.best = best;
        }
    }
    return err_set(e, ERR_INVALID, "%s:%u: unknown table [%s]; %s%s%s", path, table->line,
                   table->name, suggest.best ? "did you mean [" : "remove it",
                   suggest.best ? best : "", suggest.best ? "]?" : "");
}

static int apply(struct config *c, const char *path, const struct toml *toml, struct err *e)
{
    for (size_t i = 0; i < toml->entry_count; i++) {
        const struct toml_entry *entry = &toml->entries[i];
        const struct option *o = option_find(entry->key);
        if (!o) {
            return unknown_key(path, entry, e);
        }
        AUTO(mem_freep) char *place = xasprintf("%s:%u", path, entry->line);
        int r = option_read_toml(o, &entry->value, c, e);
        if (r < 0) {
            return err_wrap(e, "%s", place);
        }
        load_note(c, o, CONFIG_FILE, place);
    }
    for (size_t i = 0; i < toml->table_count; i++) {
        if (!is_table(toml->tables[i].name)) {
            return unknown_table(path, &toml->tables[i], e);
        }
    }
    return 0;
}

int load_file(struct config *c, const char *path, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(toml_done) struct toml toml = {0};
    int r = fd_read_path(path, TOML_BYTES_MAX, &text, e);
    if (r < 0) {
        return err_wrap(e, "configuration");
    }
    r = toml_parse(path, text.data, text.len, &toml, e);
    return r < 0 ? r : apply(c, path, &toml, e);
}
