/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "recipes/recipe.h"

/* Ids below are of layers that are not the store's: packages/store.h. */
#define LAYER_FIRST 1000

struct reader {
    const char *name;
    struct manifest *m;
    struct err *e;
};

static int wrong(const struct reader *r, unsigned line, const char *key, const char *must)
{
    return err_set(r->e, ERR_INVALID, "%s:%u: '%s' must be %s", r->name, line, key, must);
}

static int read_layers(const struct reader *r, const struct toml_entry *entry)
{
    const struct toml_value *v = &entry->value;
    if (v->count > MANIFEST_LAYERS_MAX) {
        return wrong(r, entry->line, entry->key, "at most 64 layers");
    }
    struct manifest *m = r->m;
    m->layers = xcalloc(v->count + 1, sizeof(*m->layers));
    for (size_t i = 0; i < v->count; i++) {
        int64_t id = v->items[i].number;
        if (v->items[i].type != TOML_INTEGER || id < LAYER_FIRST || id >= UINT32_MAX) {
            return wrong(r, entry->line, entry->key, "ids of layers");
        }
        m->layers[m->layer_count++] = (uint32_t)id;
    }
    return 0;
}

static int read_parts(const struct reader *r, const struct toml_entry *entry)
{
    const struct toml_value *v = &entry->value;
    struct manifest *m = r->m;
    m->parts = xcalloc(v->count + 1, sizeof(*m->parts));
    for (size_t i = 0; i < v->count; i++) {
        const char *text = v->items[i].type == TOML_STRING ? v->items[i].text : "";
        const char *name = strchr(text, ' ');
        const char *version = name ? strchr(name + 1, ' ') : NULL;
        if (!version) {
            return wrong(r, entry->line, entry->key, "texts like \"debian ruby3.1 3.1.2-7\"");
        }
        m->parts[m->part_count++] = (struct manifest_part){
            .kind = xstrndup(text, (size_t)(name - text)),
            .name = xstrndup(name + 1, (size_t)(version - name - 1)),
            .version = xstrdup(version + 1),
        };
    }
    return 0;
}

static int read_libraries(const struct reader *r, const struct toml_entry *entry)
{
    for (size_t i = 0; i < entry->value.count; i++) {
        if (entry->value.items[i].type != TOML_STRING) {
            return wrong(r, entry->line, entry->key, "texts");
        }
        strv_add(&r->m->libraries, entry->value.items[i].text);
    }
    return 0;
}

static int read_own_layers(const struct reader *r, const struct toml_entry *entry)
{
    if (entry->value.number < 0 || entry->value.number > MANIFEST_LAYERS_MAX) {
        return wrong(r, entry->line, entry->key, "how many of the layers are its own");
    }
    r->m->own_layer_count = (size_t)entry->value.number;
    return 0;
}

static int read_installed(const struct reader *r, const struct toml_entry *entry)
{
    r->m->installed_s = entry->value.number;
    return 0;
}

#define TEXT_KEY(member)  offsetof(struct manifest, member), 0
#define TRUTH_KEY(member) 0, offsetof(struct manifest, member)

static const struct key {
    const char *name;
    enum toml_type type;
    size_t text, truth; /* offsets in struct manifest; or: */
    int (*read)(const struct reader *r, const struct toml_entry *entry);
    bool optional;
} keys[] = {
    {"id", TOML_STRING, TEXT_KEY(id), NULL, false},
    {"version", TOML_STRING, TEXT_KEY(version), NULL, false},
    {"tool", TOML_STRING, TEXT_KEY(tool), NULL, true},
    {"source", TOML_STRING, TEXT_KEY(source), NULL, false},
    {"recipe", TOML_STRING, TEXT_KEY(recipe_text), NULL, false},
    {"pinned", TOML_BOOL, TRUTH_KEY(pinned), NULL, true},
    {"hidden", TOML_BOOL, TRUTH_KEY(hidden), NULL, true},
    {"layers", TOML_ARRAY, 0, 0, read_layers, false},
    {"own_layers", TOML_INTEGER, 0, 0, read_own_layers, false},
    {"parts", TOML_ARRAY, 0, 0, read_parts, true},
    {"libraries", TOML_ARRAY, 0, 0, read_libraries, true},
    {"installed", TOML_INTEGER, 0, 0, read_installed, false},
};

static int read_entry(const struct reader *r, const struct key *key, const struct toml_entry *entry)
{
    if (entry->value.type != key->type) {
        return wrong(r, entry->line, entry->key, toml_type_name(key->type));
    }
    char *at = (char *)r->m;
    switch (key->type) {
    case TOML_STRING:
        *(char **)(void *)(at + key->text) = xstrdup(entry->value.text);
        return 0;
    case TOML_BOOL:
        *(bool *)(void *)(at + key->truth) = entry->value.truth;
        return 0;
    case TOML_INTEGER:
    case TOML_ARRAY:
        break;
    }
    return key->read(r, entry);
}

static const struct toml_entry *entry_of(const struct toml *t, const char *key)
{
    for (size_t i = 0; i < t->entry_count; i++) {
        if (strcmp(t->entries[i].key, key) == 0) {
            return &t->entries[i];
        }
    }
    return NULL;
}

/* Keys that are not known are of a later belljar, which may have written what we can use. */
static int read_all(const struct reader *r, const struct toml *t)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct toml_entry *entry = entry_of(t, keys[i].name);
        if (!entry && keys[i].optional) {
            continue;
        }
        if (!entry) {
            return err_set(r->e, ERR_INVALID, "%s: there is no '%s'", r->name, keys[i].name);
        }
        int done = read_entry(r, &keys[i], entry);
        if (done < 0) {
            return done;
        }
    }
    if (r->m->own_layer_count > r->m->layer_count) {
        return err_set(r->e, ERR_INVALID, "%s: 'own_layers' is more than there are", r->name);
    }
    return 0;
}

static void manifest_freep(struct manifest **m)
{
    manifest_free(*m);
    *m = NULL;
}

int manifest_parse_bare(const char *name, const char *text, size_t len, struct manifest **ret,
                        struct err *e)
{
    AUTO(toml_done) struct toml t = {0};
    int r = toml_parse(name, text, len, &t, e);
    if (r < 0) {
        return r;
    }
    AUTO(manifest_freep) struct manifest *m = xcalloc(1, sizeof(*m));
    r = read_all(&(struct reader){name, m, e}, &t);
    if (r == 0) {
        *ret = TAKE(&m, NULL);
    }
    return r;
}

int manifest_parse(const char *name, const char *text, size_t len, struct manifest **ret,
                   struct err *e)
{
    AUTO(manifest_freep) struct manifest *m = NULL;
    int r = manifest_parse_bare(name, text, len, &m, e);
    if (r == 0) {
        r = recipe_parse(m->id, m->recipe_text, strlen(m->recipe_text), NULL, NULL, &m->recipe, e);
        r = r < 0 ? err_wrap(e, "%s", name) : 0;
    }
    if (r == 0) {
        *ret = TAKE(&m, NULL);
    }
    return r;
}

void manifest_free(struct manifest *m)
{
    if (!m) {
        return;
    }
    for (size_t i = 0; i < m->part_count; i++) {
        free(m->parts[i].kind);
        free(m->parts[i].name);
        free(m->parts[i].version);
    }
    char *const texts[] = {m->id, m->recipe_text, m->version, m->tool, m->source};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    recipe_unref(m->recipe);
    strv_free(m->libraries);
    free(m->parts);
    free(m->layers);
    free(m);
}
