/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keys_text.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

static void json_freep(json_t **v)
{
    json_decref(*v);
}

/* --- the fields -------------------------------------------------------------------------- */

enum field_type { FIELD_U64, FIELD_U32, FIELD_REAL, FIELD_BOOL };

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
};

#define LIMIT(name, type)                                                                          \
    {                                                                                              \
#name, type, offsetof(struct limits, name)                                                 \
    }
static const struct field limit_fields[] = {
    LIMIT(wall_ms, FIELD_U64),      LIMIT(cpu_ms, FIELD_U64),     LIMIT(memory_bytes, FIELD_U64),
    LIMIT(stack_bytes, FIELD_U64),  LIMIT(disk_bytes, FIELD_U64), LIMIT(disk_inodes, FIELD_U64),
    LIMIT(file_bytes, FIELD_U64),   LIMIT(open_files, FIELD_U32), LIMIT(processes, FIELD_U32),
    LIMIT(output_bytes, FIELD_U64), LIMIT(cpu_milli, FIELD_U32),
};

#define OF_KEY(name, type, member)                                                                 \
    {                                                                                              \
        name, type, offsetof(struct key, member)                                                   \
    }
static const struct field key_fields[] = {
    OF_KEY("created", FIELD_U64, created_s),       OF_KEY("revoked", FIELD_U64, revoked_s),
    OF_KEY("rate", FIELD_REAL, limits.rate),       OF_KEY("burst", FIELD_U32, limits.burst),
    OF_KEY("running", FIELD_U32, limits.running),  OF_KEY("queued", FIELD_U32, limits.queued),
    OF_KEY("network", FIELD_BOOL, limits.network), OF_KEY("cold", FIELD_BOOL, limits.cold),
};

static bool field_read(const struct field *f, const json_t *v, void *base)
{
    void *place = (char *)base + f->offset;
    json_int_t whole = json_integer_value(v);
    double real = json_number_value(v);
    switch (f->type) {
    case FIELD_U64:
        *(uint64_t *)place = (uint64_t)whole;
        return json_is_integer(v) && whole >= 0;
    case FIELD_U32:
        *(uint32_t *)place = (uint32_t)whole;
        return json_is_integer(v) && whole >= 0 && whole <= UINT32_MAX;
    case FIELD_REAL:
        *(double *)place = real;
        return json_is_number(v) && isfinite(real) && real >= 0;
    case FIELD_BOOL:
        *(bool *)place = json_is_true(v);
        return json_is_boolean(v);
    }
    return false;
}

static json_t *field_json(const struct field *f, const void *base)
{
    const void *place = (const char *)base + f->offset;
    switch (f->type) {
    case FIELD_U64:
        return json_integer((json_int_t) * (const uint64_t *)place);
    case FIELD_U32:
        return json_integer((json_int_t) * (const uint32_t *)place);
    case FIELD_REAL:
        return json_real(*(const double *)place);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)place);
    }
    return json_null();
}

static const struct field *field_find(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static void fields_write(const struct field *fields, size_t count, const void *base, json_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        json_t *v = field_json(&fields[i], base);
        if (json_number_value(v) > 0 || json_is_true(v)) {
            json_object_set(ret, fields[i].name, v);
        }
        json_decref(v);
    }
}

/* --- names, scopes, hashes --------------------------------------------------------------- */

static const struct {
    enum key_scope scope;
    const char *name;
} scopes[] = {{SCOPE_RUN, "run"}, {SCOPE_READ, "read"}, {SCOPE_ADMIN, "admin"}};

unsigned key_scope_parse(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (strcmp(scopes[i].name, name) == 0) {
            return scopes[i].scope;
        }
    }
    return 0;
}

const char *key_scope_name(unsigned scope)
{
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (scopes[i].scope == scope) {
            return scopes[i].name;
        }
    }
    return "";
}

bool key_name_is_good(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len <= KEY_NAME_MAX && strspn(name, good) == len;
}

static bool scopes_read(const json_t *list, unsigned *ret)
{
    *ret = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        unsigned scope = name != NULL ? key_scope_parse(name) : 0;
        if (scope == 0) {
            return false;
        }
        *ret |= scope;
    }
    return json_is_array(list);
}

static bool hash_read(const json_t *v, unsigned char ret[32])
{
    const char *hex = json_string_value(v);
    if (hex == NULL || strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64) {
        return false;
    }
    for (size_t i = 0; i < 32; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        ret[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool name_read(const json_t *v, char ret[KEY_NAME_MAX + 1])
{
    const char *name = json_string_value(v);
    if (name == NULL || !key_name_is_good(name)) {
        return false;
    }
    snprintf(ret, KEY_NAME_MAX + 1, "%s", name);
    return true;
}

/* --- keys -------------------------------------------------------------------------------- */

/* What is not known is refused: a ceiling with a slip in its name would be none. */
static bool limits_read(json_t *object, struct limits *ret, const char **ret_bad)
{
    const char *name;
    json_t *v;
    json_object_foreach(object, name, v)
    {
        const struct field *f = field_find(limit_fields, ARRAY_LEN(limit_fields), name);
        *ret_bad = name;
        if (f == NULL || !field_read(f, v, ret)) {
            return false;
        }
    }
    return json_is_object(object);
}

static bool member_read(const char *name, json_t *v, struct key *ret, const char **ret_bad)
{
    const struct field *f = field_find(key_fields, ARRAY_LEN(key_fields), name);
    *ret_bad = name;
    if (f != NULL) {
        return field_read(f, v, ret);
    }
    if (strcmp(name, "name") == 0) {
        return name_read(v, ret->name);
    }
    if (strcmp(name, "sha256") == 0) {
        return hash_read(v, ret->hash);
    }
    if (strcmp(name, "scopes") == 0) {
        return scopes_read(v, &ret->scopes);
    }
    if (strcmp(name, "run") == 0) {
        return limits_read(v, &ret->limits.run, ret_bad);
    }
    return strcmp(name, "compile") == 0 && limits_read(v, &ret->limits.compile, ret_bad);
}

static int key_read(json_t *object, size_t index, struct key *ret, struct err *e)
{
    const char *name;
    json_t *v;
    *ret = (struct key){0};
    json_object_foreach(object, name, v)
    {
        const char *bad = name;
        if (!member_read(name, v, ret, &bad)) {
            return err_set(e, ERR_INVALID, "key %zu: '%.40s' is unknown, or has a bad value", index,
                           bad);
        }
    }
    if (ret->name[0] == '\0' || json_object_get(object, "sha256") == NULL) {
        return err_set(e, ERR_INVALID, "key %zu has no name, or no sha256", index);
    }
    return 0;
}

static int list_read(const json_t *list, struct key *all, struct err *e)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        int r = key_read(json_array_get(list, i), i + 1, &all[i], e);
        if (r < 0) {
            return r;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(all[k].name, all[i].name) == 0) {
                return err_set(e, ERR_INVALID, "two keys are called '%s'", all[i].name);
            }
        }
    }
    return 0;
}

int keys_text_read(const char *text, size_t len, struct key **ret, size_t *ret_count, struct err *e)
{
    json_error_t error;
    AUTO(json_freep) json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    const json_t *list = json_object_get(root, "keys");
    if (root == NULL) {
        return err_set(e, ERR_INVALID, "line %d, column %d: %.100s", error.line, error.column,
                       error.text);
    }
    if (!json_is_array(list)) {
        return err_set(e, ERR_INVALID, "it is no object with a list of keys");
    }
    size_t count = json_array_size(list);
    if (count > KEYS_MAX) {
        return err_set(e, ERR_LIMIT, "there are %zu keys, and may be %d", count, KEYS_MAX);
    }
    AUTO(mem_freep) struct key *all = xcalloc(count + 1, sizeof(*all));
    int r = list_read(list, all, e);
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&all, NULL);
    *ret_count = count;
    return 0;
}

static void limits_write(const struct limits *l, const char *name, json_t *ret)
{
    json_t *object = json_object();
    fields_write(limit_fields, ARRAY_LEN(limit_fields), l, object);
    if (json_object_size(object) > 0) {
        json_object_set(ret, name, object);
    }
    json_decref(object);
}

static void hash_write(const unsigned char hash[32], char ret[65])
{
    for (size_t i = 0; i < 32; i++) {
        snprintf(ret + 2 * i, 3, "%02x", hash[i]);
    }
}

static json_t *key_json(const struct key *key, bool hashes)
{
    char hex[65];
    json_t *names = json_array();
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if ((key->scopes & scopes[i].scope) != 0) {
            json_array_append_new(names, json_string(scopes[i].name));
        }
    }
    json_t *object = json_pack("{s:s,s:o}", "name", key->name, "scopes", names);
    if (hashes) {
        hash_write(key->hash, hex);
        json_object_set_new(object, "sha256", json_string(hex));
    }
    fields_write(key_fields, ARRAY_LEN(key_fields), key, object);
    limits_write(&key->limits.run, "run", object);
    limits_write(&key->limits.compile, "compile", object);
    return object;
}

void keys_text_write(const struct key *all, size_t count, bool hashes, struct buf *ret)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, key_json(&all[i], hashes));
    }
    json_t *root = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(root, JSON_INDENT(1));
    buf_add_str(ret, text);
    buf_add_char(ret, '\n');
    free(text);
    json_decref(root);
}
