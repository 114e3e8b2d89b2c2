/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/wishes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "http/http.h"

#define WORDS_MAX 128

static void error_add(struct wishes *w, const char *path, const char *message)
{
    if (w->errors == NULL) {
        w->errors = json_array();
    }
    json_array_append_new(w->errors, json_pack("{s:s,s:s}", "path", path, "message", message));
}

static void word_add(struct wishes *w, const struct wish *wish, const char *text)
{
    if (w->count == WORDS_MAX) {
        error_add(w, wish->key, "too many");
        return;
    }
    strv_add(&w->texts, text);
    w->words = xreallocarray(w->words, w->count + 1, sizeof(*w->words));
    w->words[w->count] = (struct packages_word){wish->kind, w->texts[w->count]};
    w->count++;
}

/* --- of a body -------------------------------------------------------------------------------- */

/* What has a NUL in it would become another word on its way. */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static void list_add(struct wishes *w, const struct wish *wish, const json_t *list)
{
    if (!json_is_array(list)) {
        error_add(w, wish->key, "must be a list of texts");
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = text_of(json_array_get(list, i));
        if (text == NULL) {
            error_add(w, wish->key, "must be a list of texts");
            return;
        }
        word_add(w, wish, text);
    }
}

static void value_add(struct wishes *w, const struct wish *wish, const json_t *value)
{
    const char *text = text_of(value);
    switch (wish->type) {
    case WISH_LIST:
        list_add(w, wish, value);
        return;
    case WISH_FLAG:
        if (json_is_true(value)) {
            word_add(w, wish, "");
        } else if (!json_is_false(value)) {
            error_add(w, wish->key, "must be true or false");
        }
        return;
    case WISH_TEXT:
        break;
    }
    if (text != NULL) {
        word_add(w, wish, text);
    } else {
        error_add(w, wish->key, "must be a text");
    }
}

static const struct wish *wish_find(const struct wish *table, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].key, key) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static bool has_kind(const struct wishes *w, enum steward_word_kind kind)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->words[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void needed_check(struct wishes *w, const struct wish *table, size_t count)
{
    for (size_t i = 0; w->errors == NULL && i < count; i++) {
        if (table[i].needed && !has_kind(w, table[i].kind)) {
            error_add(w, table[i].key, "is needed");
        }
    }
}

void wishes_of_body(struct wishes *w, const struct wish *table, size_t count, const json_t *body)
{
    const char *key;
    json_t *value;
    if (!json_is_object(body)) {
        error_add(w, "", "must be an object");
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        const struct wish *wish = wish_find(table, count, key);
        if (wish != NULL) {
            value_add(w, wish, value);
        } else {
            error_add(w, key, "unknown key");
        }
    }
    needed_check(w, table, count);
}

/* --- of a query ------------------------------------------------------------------------------- */

static void query_add(struct wishes *w, const struct wish *wish, const char *value)
{
    if (wish->type == WISH_TEXT) {
        word_add(w, wish, value);
        return;
    }
    if (wish->type == WISH_FLAG) {
        if (strcmp(value, "true") == 0) {
            word_add(w, wish, "");
        }
        return;
    }
    char **all = strv_split(value, ",");
    for (char *const *one = all; one != NULL && *one != NULL; one++) {
        word_add(w, wish, *one);
    }
    strv_free(all);
}

void wishes_of_query(struct wishes *w, const struct wish *table, size_t count,
                     const struct http_request *r)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = http_query(r, table[i].key);
        if (value != NULL) {
            query_add(w, &table[i], value);
        }
    }
    needed_check(w, table, count);
}

void wishes_done(struct wishes *w)
{
    json_decref(w->errors);
    strv_free(w->texts);
    free(w->words);
    *w = (struct wishes){0};
}
