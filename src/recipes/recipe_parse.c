/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/suggest.h"
#include "config/toml.h"
#include "config/units.h"
#include "recipes/recipe_check.h"
#include "recipes/recipe_id.h"
#include "recipes/recipe_keys.h"

#define FILES "files"

struct reader {
    const char *file;
    const struct toml_entry *entry;
    struct recipe *recipe;
    char *room; /* what is free of the recipe's memory */
    struct err *e;
};

#define FAIL(r, fmt, ...)                                                                          \
    err_set((r)->e, ERR_INVALID, "%s:%u: " fmt, (r)->file, (r)->entry->line, ##__VA_ARGS__)

/* A file of the recipe: "files.NAME". */
static bool is_file(const struct toml_entry *entry)
{
    return str_starts(entry->key, FILES ".");
}

/* --- memory ----------------------------------------------------------------------------------- */

static size_t files_count(const struct recipe_file *files)
{
    size_t count = 0;
    while (files != NULL && files[count].name != NULL) {
        count++;
    }
    return count;
}

/* Of all texts and vectors of a file, rounded up. */
static size_t room_for(const struct toml *toml, const struct recipe *like)
{
    size_t room = sizeof(struct recipe_file) * (like != NULL ? files_count(like->files) : 0);
    for (size_t i = 0; i < toml->entry_count; i++) {
        const struct toml_value *v = &toml->entries[i].value;
        if (is_file(&toml->entries[i])) {
            room += strlen(toml->entries[i].key) + 1 + 2 * sizeof(struct recipe_file);
        }
        room += v->text != NULL ? strlen(v->text) + 1 : 0;
        if (v->type == TOML_ARRAY) {
            room += (v->count + 2) * sizeof(char *); /* one for its end, one to align it */
        }
        for (size_t item = 0; item < v->count; item++) {
            room += v->items[item].text != NULL ? strlen(v->items[item].text) + 1 : 0;
        }
    }
    return room;
}

static char *text_take(struct reader *r, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(r->room, text, size);
    r->room += size;
    return copy;
}

/* Zeroed, as all the room is. */
static void *vector_take(struct reader *r, size_t size)
{
    size_t misfit = (size_t)(r->room - (char *)r->recipe) % sizeof(char *);
    char *vector = r->room + (misfit > 0 ? sizeof(char *) - misfit : 0);
    r->room = vector + size;
    return vector;
}

/* --- values ----------------------------------------------------------------------------------- */

static int type_check(const struct reader *r, const struct toml_value *v, enum toml_type type)
{
    if (v->type != type) {
        return FAIL(r, "'%s' is %s, but must be %s", r->entry->key, toml_type_name(v->type),
                    toml_type_name(type));
    }
    return 0;
}

static int text_check(const struct reader *r, const struct recipe_key *key, const char *text)
{
    const char *wrong = key->wrong != NULL ? key->wrong(text) : NULL;
    if (wrong != NULL) {
        return FAIL(r, "%s: '%.60s' %s", key->name, text, wrong);
    }
    return 0;
}

/* An empty one is none: so a recipe can be without what the one that it is like has. */
static int text_read(struct reader *r, const struct recipe_key *key, char **field)
{
    const char *text = r->entry->value.text;
    int rc = type_check(r, &r->entry->value, TOML_STRING);
    if (rc == 0 && *text != '\0') {
        rc = text_check(r, key, text);
    }
    if (rc == 0) {
        *field = *text != '\0' ? text_take(r, text) : NULL;
    }
    return rc;
}

static int words_read(struct reader *r, const struct recipe_key *key, char ***field)
{
    const struct toml_value *v = &r->entry->value;
    int rc = type_check(r, v, TOML_ARRAY);
    if (rc < 0) {
        return rc;
    }
    char **words = vector_take(r, (v->count + 1) * sizeof(char *));
    for (size_t i = 0; i < v->count; i++) {
        rc = type_check(r, &v->items[i], TOML_STRING);
        rc = rc == 0 ? text_check(r, key, v->items[i].text) : rc;
        if (rc < 0) {
            return rc;
        }
        words[i] = text_take(r, v->items[i].text);
    }
    *field = v->count > 0 ? words : NULL;
    return 0;
}

static int numbers_read(struct reader *r, unsigned **field)
{
    const struct toml_value *v = &r->entry->value;
    int rc = type_check(r, v, TOML_ARRAY);
    if (rc < 0) {
        return rc;
    }
    unsigned *numbers = vector_take(r, (v->count + 1) * sizeof(unsigned));
    for (size_t i = 0; i < v->count; i++) {
        rc = type_check(r, &v->items[i], TOML_INTEGER);
        if (rc < 0) {
            return rc;
        }
        if (v->items[i].number < 1 || v->items[i].number > INT32_MAX) {
            return FAIL(r, "%s: the ids begin with 1", r->entry->key);
        }
        numbers[i] = (unsigned)v->items[i].number;
    }
    *field = v->count > 0 ? numbers : NULL;
    return 0;
}

/* A number, or a text with a unit. */
static int amount_read(const struct reader *r, enum recipe_key_kind kind, uint64_t *ret)
{
    const struct toml_value *v = &r->entry->value;
    bool valid = v->type == TOML_INTEGER && v->number >= 0;
    uint64_t amount = valid ? (uint64_t)v->number : 0;
    if (v->type == TOML_STRING && kind == KEY_MS) {
        valid = units_parse_ms(v->text, &amount);
    } else if (v->type == TOML_STRING && kind == KEY_BYTES) {
        valid = units_parse_bytes(v->text, &amount);
    }
    if (!valid || (kind == KEY_COUNT_32 && amount > UINT32_MAX)) {
        return FAIL(r, "%s: write %s", r->entry->key,
                    kind == KEY_MS      ? "milliseconds, or a text such as \"1.5s\""
                    : kind == KEY_BYTES ? "bytes, or a text such as \"256M\""
                                        : "a number");
    }
    *ret = amount;
    return 0;
}

static int value_read(struct reader *r, const struct recipe_key *key)
{
    void *field = (char *)r->recipe + key->offset;
    uint64_t amount = 0;
    int rc = 0;
    switch (key->kind) {
    case KEY_TEXT:
        return text_read(r, key, field);
    case KEY_WORDS:
        return words_read(r, key, field);
    case KEY_NUMBERS:
        return numbers_read(r, field);
    case KEY_BOOL:
        rc = type_check(r, &r->entry->value, TOML_BOOL);
        *(bool *)field = rc == 0 && r->entry->value.truth;
        return rc;
    case KEY_MS:
    case KEY_BYTES:
    case KEY_COUNT:
        return amount_read(r, key->kind, field);
    case KEY_COUNT_32:
        rc = amount_read(r, key->kind, &amount);
        *(uint32_t *)field = (uint32_t)amount;
        return rc;
    case KEY_LIKE:
        break;
    }
    return 0;
}

/* --- files to install ----------------------------------------------------------------------- */

/* With room for those of the file, behind those of the recipe that it is like. */
static void files_begin(struct reader *r, const struct toml *toml)
{
    size_t own = 0, count = files_count(r->recipe->files);
    for (size_t i = 0; i < toml->entry_count; i++) {
        own += is_file(&toml->entries[i]);
    }
    if (own > 0) {
        struct recipe_file *files = vector_take(r, (count + own + 1) * sizeof(*files));
        if (count > 0) {
            memcpy(files, r->recipe->files, count * sizeof(*files));
        }
        r->recipe->files = files;
    }
}

static int file_read(struct reader *r)
{
    const char *key = r->entry->key + strlen(FILES ".");
    int rc = type_check(r, &r->entry->value, TOML_STRING);
    if (rc < 0) {
        return rc;
    }
    if (*key == TOML_KEY_DOT || strchr(key, '.') != NULL) {
        return FAIL(r, "[files]: write a plain name in quotes: \"main.js\" = text");
    }
    char *name = text_take(r, key);
    for (char *dot = strchr(name, TOML_KEY_DOT); dot != NULL; dot = strchr(dot, TOML_KEY_DOT)) {
        *dot = '.';
    }
    struct recipe_file *file = r->recipe->files;
    while (file->name != NULL && strcmp(file->name, name) != 0) {
        file++;
    }
    *file = (struct recipe_file){name, text_take(r, r->entry->value.text)};
    return 0;
}

/* --- the file --------------------------------------------------------------------------------- */

static int unknown_key(const struct reader *r)
{
    struct suggest near = {.typed = r->entry->key};
    for (size_t i = 0; i < recipe_key_count; i++) {
        suggest_offer(&near, recipe_keys[i].name);
    }
    if (near.best != NULL) {
        return FAIL(r, "'%s' is no key of a recipe; did you mean '%s'?", r->entry->key, near.best);
    }
    return FAIL(r, "'%s' is no key of a recipe; docs/recipes.md has them all", r->entry->key);
}

static const struct toml_entry *entry_find(const struct toml *toml, const char *key)
{
    for (size_t i = 0; i < toml->entry_count; i++) {
        if (strcmp(toml->entries[i].key, key) == 0) {
            return &toml->entries[i];
        }
    }
    return NULL;
}

/* What `like` names, or NULL. */
static int like_find(struct reader *r, const struct toml *toml, recipe_like_fn *like, void *ctx,
                     const struct recipe **ret)
{
    r->entry = entry_find(toml, "like");
    if (r->entry == NULL) {
        *ret = NULL;
        return 0;
    }
    int rc = type_check(r, &r->entry->value, TOML_STRING);
    if (rc < 0) {
        return rc;
    }
    const char *id = r->entry->value.text;
    if (like == NULL) {
        return FAIL(r, "'like' cannot stand here; write out what it is like");
    }
    *ret = like(ctx, id);
    if (*ret == NULL) {
        return FAIL(r, "like = '%.60s': there is no such recipe, or it is like this one itself",
                    id);
    }
    return 0;
}

static int entries_read(struct reader *r, const struct toml *toml)
{
    files_begin(r, toml);
    for (size_t i = 0; i < toml->entry_count; i++) {
        r->entry = &toml->entries[i];
        const struct recipe_key *key = recipe_key_find(r->entry->key);
        int rc = key != NULL         ? value_read(r, key)
                 : is_file(r->entry) ? file_read(r)
                                     : unknown_key(r);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* A table of no known name is a mistake even when it is empty. */
static int tables_check(const struct toml *toml, const char *file, struct err *e)
{
    for (size_t i = 0; i < toml->table_count; i++) {
        const char *name = toml->tables[i].name;
        size_t len = strlen(name);
        bool known = strcmp(name, FILES) == 0;
        for (size_t key = 0; key < recipe_key_count && !known; key++) {
            known =
                strncmp(recipe_keys[key].name, name, len) == 0 && recipe_keys[key].name[len] == '.';
        }
        if (!known) {
            return err_set(e, ERR_INVALID, "%s:%u: [%s] is no table of a recipe", file,
                           toml->tables[i].line, name);
        }
    }
    return 0;
}

/* Shares the texts of `like`, which it keeps. */
static struct recipe *recipe_new(const char *id, const struct recipe *like, size_t room)
{
    struct recipe *r = xcalloc(1, sizeof(*r) + room + strlen(id) + 1);
    if (like != NULL) {
        *r = *like;
        r->like = recipe_ref(like);
        r->version = NULL;
        r->judge0 = r->judge0_extra = NULL;
    }
    r->refs = 1;
    r->on_host = like == NULL;
    return r;
}

int recipe_parse(const char *id, const char *text, size_t len, recipe_like_fn *like, void *ctx,
                 struct recipe **ret, struct err *e)
{
    AUTO(toml_done) struct toml toml = {0};
    AUTO(mem_freep) char *file = xasprintf("%s.toml", id);
    struct reader reader = {.file = file, .e = e};
    const struct recipe *model = NULL;

    if (!recipe_id_valid(id)) {
        return err_set(e, ERR_INVALID, "'%.80s' is no name of a recipe's file; write LANGUAGE/NAME",
                       id);
    }
    int rc = toml_parse(file, text, len, &toml, e);
    rc = rc == 0 ? tables_check(&toml, file, e) : rc;
    rc = rc == 0 ? like_find(&reader, &toml, like, ctx, &model) : rc;
    if (rc < 0) {
        return rc;
    }
    AUTO(recipe_unrefp) struct recipe *r = recipe_new(id, model, room_for(&toml, model));
    reader.recipe = r;
    reader.room = (char *)(r + 1);
    r->id = text_take(&reader, id);
    rc = entries_read(&reader, &toml);
    rc = rc == 0 ? recipe_check(r, file, e) : rc;
    if (rc < 0) {
        return rc;
    }
    r->on_host = r->on_host && recipe_may_be_hosts(r);
    *ret = TAKE(&r, NULL);
    return 0;
}
