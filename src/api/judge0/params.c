/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/params.h"

#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/judge0/form.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/utf8.h"
#include "http/http.h"

#define NAME_BYTES     256
#define BOUNDARY_BYTES 128

/* --- names: "a", "a[]", "a[b]", "a[][b]", as Rack reads them ------------------------------- */

struct nested_name {
    char key[NAME_BYTES];
    bool list;
    char child[NAME_BYTES]; /* "": none */
};

/* What is nested otherwise is a plain name, which nothing here has. */
static struct nested_name name_split(const char *name)
{
    struct nested_name n = {.list = false};
    size_t key_len = strcspn(name, "[");
    const char *rest = name + key_len;
    memcpy(n.key, name, strlen(name) + 1);
    if (key_len == 0 || *rest == '\0') {
        return n;
    }
    bool list = strncmp(rest, "[]", 2) == 0;
    rest += list ? 2 : 0;
    size_t len = strlen(rest);
    bool plain =
        len > 2 && rest[0] == '[' && strcspn(rest + 1, "[]") == len - 2 && rest[len - 1] == ']';
    if (!plain && !(list && len == 0)) {
        return n;
    }
    n.key[key_len] = '\0';
    n.list = list;
    if (plain) {
        memcpy(n.child, rest + 1, len - 2);
        n.child[len - 2] = '\0';
    }
    return n;
}

/* The value of `key`, made when it is not there; NULL when it is of another kind. */
static json_t *member(json_t *object, const char *key, bool list)
{
    json_t *v = json_object_get(object, key);
    if (v == NULL) {
        v = list ? json_array() : json_object();
        json_object_set_new_nocheck(object, key, v);
    }
    return json_is_array(v) == list && (list || json_is_object(v)) ? v : NULL;
}

/* "a[][b]" goes to the last element, until that has a "b". */
static void element_put(json_t *list, const char *child, json_t *value)
{
    size_t count = json_array_size(list);
    json_t *last = count > 0 ? json_array_get(list, count - 1) : NULL;
    if (!json_is_object(last) || json_object_get(last, child) != NULL) {
        last = json_object();
        json_array_append_new(list, last);
    }
    json_object_set_new_nocheck(last, child, value);
}

/* Takes `value`. */
static bool nested_put(json_t *params, const struct nested_name *n, json_t *value)
{
    if (!n->list && n->child[0] == '\0') {
        return json_object_set_new_nocheck(params, n->key, value) == 0;
    }
    json_t *place = member(params, n->key, n->list);
    if (place == NULL) {
        json_decref(value);
        return false;
    }
    if (!n->list) {
        return json_object_set_new_nocheck(place, n->child, value) == 0;
    }
    if (n->child[0] == '\0') {
        return json_array_append_new(place, value) == 0;
    }
    element_put(place, n->child, value);
    return true;
}

static int put(void *ctx, const char *name, size_t name_len, const char *value, size_t value_len,
               struct err *e)
{
    char text[NAME_BYTES];
    if (name_len == 0 || name_len >= sizeof(text)) { /* nothing here has such a name */
        return 0;
    }
    if (memchr(name, '\0', name_len) != NULL || !utf8_valid(name, name_len) ||
        !utf8_valid(value, value_len)) {
        return err_set(e, ERR_INVALID, "a form field or query is no UTF-8");
    }
    memcpy(text, name, name_len);
    text[name_len] = '\0';
    struct nested_name n = name_split(text);
    if (!nested_put(ctx, &n, json_stringn_nocheck(value, value_len))) {
        return err_set(e, ERR_INVALID, "form field '%s' has two kinds of value", n.key);
    }
    return 0;
}

/* --- bodies ------------------------------------------------------------------------------ */

enum body_kind { BODY_OTHER, BODY_JSON, BODY_FORM, BODY_MULTIPART };

static enum body_kind body_kind(const char *type)
{
    static const struct {
        const char *name;
        enum body_kind kind;
    } table[] = {
        {"application/json", BODY_JSON},         {"text/x-json", BODY_JSON},
        {"application/jsonrequest", BODY_JSON},  {"application/x-www-form-urlencoded", BODY_FORM},
        {"multipart/form-data", BODY_MULTIPART},
    };
    size_t len = type != NULL ? strcspn(type, "; \t,") : 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strlen(table[i].name) == len && strncasecmp(table[i].name, type, len) == 0) {
            return table[i].kind;
        }
    }
    return BODY_OTHER;
}

/* Rails keeps a root that is no object under a name that nobody reads. */
static int read_json(const char *text, size_t len, json_t **ret, struct err *e)
{
    json_t *value = NULL;
    int r = json_parse_exact(text, len, &value, e);
    if (r < 0) {
        return r;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        value = json_object();
    }
    *ret = value;
    return 0;
}

static int read_multipart(const char *text, size_t len, const char *type, json_t *params,
                          struct err *e)
{
    char boundary[BOUNDARY_BYTES];
    if (!form_parameter(type, strlen(type), "boundary", boundary, sizeof(boundary)) ||
        boundary[0] == '\0') {
        return err_set(e, ERR_INVALID, "multipart/form-data without a boundary");
    }
    return form_multipart(text, len, boundary, put, params, e);
}

/* `*params` is an empty object. */
static int read_body(const char *type, const char *text, size_t len, json_t **params, struct err *e)
{
    switch (len > 0 ? body_kind(type) : BODY_OTHER) {
    case BODY_JSON: {
        json_t *parsed = NULL;
        int r = read_json(text, len, &parsed, e);
        if (r == 0) {
            json_decref(*params);
            *params = parsed;
        }
        return r;
    }
    case BODY_FORM:
        return form_urlencoded(text, len, "&", put, *params, e);
    case BODY_MULTIPART:
        return read_multipart(text, len, type, *params, e);
    case BODY_OTHER:
        break;
    }
    return 0;
}

int params_parse(const char *type, const char *body, size_t len, const char *query, json_t **ret,
                 struct err *e)
{
    AUTO(json_freep) json_t *params = json_object();
    int r = read_body(type, body, len, &params, e);
    if (r < 0) {
        return r;
    }
    if (*query != '\0') {
        AUTO(json_freep) json_t *asked = json_object();
        r = form_urlencoded(query, strlen(query), "&;", put, asked, e);
        if (r < 0) {
            return r;
        }
        json_object_update(params, asked);
    }
    *ret = TAKE(&params, NULL);
    return 0;
}

int params_read(const struct http_request *r, json_t **ret, struct err *e)
{
    size_t len;
    const char *body = http_body(r, &len);
    return params_parse(http_header(r, "Content-Type"), body, len, http_query_text(r), ret, e);
}

const char *params_text(const json_t *params, const char *name)
{
    const json_t *v = json_object_get(params, name);
    const char *text = json_string_value(v);
    return text != NULL && strlen(text) == json_string_length(v) ? text : NULL;
}

bool params_is_true(const json_t *params, const char *name)
{
    const char *text = params_text(params, name);
    return text != NULL && strcmp(text, "true") == 0;
}
