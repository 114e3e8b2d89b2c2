/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/oci_json.h"

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

#define DEPTH_MAX 32

/* Brackets that are open at once; what stands in a text is none. */
static unsigned depth_of(const char *text, size_t len)
{
    unsigned depth = 0, deepest = 0;
    bool in_text = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_text) {
            in_text = c != '"';
            i += c == '\\';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

int oci_json_parse(const char *name, const char *text, size_t len, json_t **ret, struct err *e)
{
    json_error_t error;
    if (len > OCI_JSON_MAX) {
        return err_set(e, ERR_LIMIT, "'%.80s': more than %zu bytes", name, OCI_JSON_MAX);
    }
    if (depth_of(text, len) > DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "'%.80s': more than %d brackets in each other", name,
                       DEPTH_MAX);
    }
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        return err_set(e, ERR_INVALID, "'%.80s': line %d: %.100s", name, error.line, error.text);
    }
    *ret = json;
    return 0;
}

void oci_json_freep(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

const char *oci_json_text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

char **oci_json_words(const json_t *json, const char *key)
{
    char **words = NULL;
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(json, key), i, word)
    {
        if (json_is_string(word)) {
            strv_add(&words, json_string_value(word));
        }
    }
    return words;
}
