/* SPDX-License-Identifier: Apache-2.0 */
/* request.def as JSON Schema, with the ranges and defaults of this server. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api/openapi.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"

enum kind { TEXT, WORD, ENUM, BOOL, INTEGER, CPUS, WORDS, MAP, OBJECT, OBJECTS };
enum need { OPTIONAL, REQUIRED };
enum use { STORED = 1, STREAM = 2, BOTH = STORED | STREAM };

struct most {
    uint64_t number;
    size_t setting; /* offset in struct config; 0: the number counts, 0 of them is any */
};

struct row {
    const char *object, *name;
    enum kind kind;
    enum need need;
    unsigned use;
    const char *detail;
    uint64_t least;
    struct most most;
    size_t usual; /* of a limit: offset in struct config */
    const char *help;
};

#define ANY                                                                                        \
    {                                                                                              \
        0, 0                                                                                       \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        (n), 0                                                                                     \
    }
#define SETTING(f)                                                                                 \
    {                                                                                              \
        0, offsetof(struct config, f)                                                              \
    }

static const struct row rows[] = {
#define KEY(object, name, kind, need, use, detail, least, most, help)                              \
    {#object, name, kind, need, use, detail, least, most, 0, help},
#define LIMIT(object, name, use, field, least, usual, most, help)                                  \
    {#object,  name,          INTEGER,                                                             \
     OPTIONAL, use,           "",                                                                  \
     least,    SETTING(most), offsetof(struct config, usual),                                      \
     help},
#include "api/native/request.def"
#undef KEY
#undef LIMIT
};

/* What an object is called in the document: a stream's limits have ranges of their own. */
static const struct {
    const char *object, *stored, *stream;
} names[] = {
    {"EXECUTION", "NativeExecutionRequest", "NativeStreamStart"},
    {"FILE", "NativeFile", "NativeFile"},
    {"COMPILE", "NativeCompile", "NativeCompile"},
    {"LIMITS", "NativeLimits", "NativeStreamLimits"},
    {"TEST", "NativeTest", NULL},
    {"CALLBACK", "NativeCallback", NULL},
};

static const char *name_of(const char *object, enum use use)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].object, object) == 0) {
            return use == STORED ? names[i].stored : names[i].stream;
        }
    }
    return NULL;
}

static json_t *reference(const char *object, enum use use)
{
    AUTO(mem_freep) char *ref = xasprintf("#/components/schemas/%s", name_of(object, use));
    return json_pack("{s:s}", "$ref", ref);
}

static uint64_t setting(const struct config *config, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)config + offset);
}

static uint64_t most_of(const struct config *config, const struct row *row)
{
    return row->most.setting ? setting(config, row->most.setting) : row->most.number;
}

/* Lengths are counted in bytes there and in characters here: the largest is no smaller so. */
static void range_add(json_t *o, const struct config *config, const struct row *row,
                      const char *least, const char *most)
{
    if (row->least > 0) {
        json_object_set_new(o, least, json_integer((json_int_t)row->least));
    }
    if (most_of(config, row) > 0) {
        json_object_set_new(o, most, json_integer((json_int_t)most_of(config, row)));
    }
}

static json_t *words(const char *detail)
{
    AUTO(strv_freep) char **all = strv_split(detail, "|");
    json_t *list = json_array();
    for (size_t i = 0; i < strv_len(all); i++) {
        json_array_append_new(list, json_string(all[i]));
    }
    return json_pack("{s:o}", "enum", list);
}

static json_t *type(const char *name)
{
    return json_pack("{s:s}", "type", name);
}

static json_t *ranged(const char *name, const struct config *config, const struct row *row,
                      const char *least, const char *most)
{
    json_t *o = type(name);
    range_add(o, config, row, least, most);
    return o;
}

static json_t *list_of(json_t *items, const struct config *config, const struct row *row)
{
    json_t *o = ranged("array", config, row, "minItems", "maxItems");
    json_object_set_new(o, "items", items);
    return o;
}

static json_t *map_of(const struct config *config, const struct row *row)
{
    json_t *o = ranged("object", config, row, "minProperties", "maxProperties");
    json_object_set_new(o, "additionalProperties", type("string"));
    return o;
}

static json_t *key_schema(const struct config *config, const struct row *row, enum use use)
{
    switch (row->kind) {
    case TEXT:
    case WORD:
        return ranged("string", config, row, "minLength", "maxLength");
    case ENUM:
        return words(row->detail);
    case BOOL:
        return type("boolean");
    case INTEGER:
        return ranged("integer", config, row, "minimum", "maximum");
    case CPUS:
        return json_pack("{s:s,s:i}", "type", "number", "exclusiveMinimum", 0);
    case WORDS:
        return list_of(type("string"), config, row);
    case MAP:
        return map_of(config, row);
    case OBJECT:
        return reference(row->detail, use);
    case OBJECTS:
        return list_of(reference(row->detail, use), config, row);
    }
    return json_object();
}

static void key_add(json_t *object, const struct config *config, const struct row *row,
                    enum use use)
{
    json_t *o = key_schema(config, row, use);
    json_object_set_new(o, "description", json_string(row->help));
    if (row->usual) {
        json_object_set_new(o, "default", json_integer((json_int_t)setting(config, row->usual)));
    }
    json_object_set_new(json_object_get(object, "properties"), row->name, o);
    if (row->need == REQUIRED) {
        json_array_append_new(json_object_get(object, "required"), json_string(row->name));
    }
}

/* What is not in the table is refused. */
static json_t *object_schema(const struct config *config, const char *name, enum use use)
{
    json_t *o = json_pack("{s:s,s:b,s:[],s:{}}", "type", "object", "additionalProperties", 0,
                          "required", "properties");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((rows[i].use & use) && strcmp(rows[i].object, name) == 0) {
            key_add(o, config, &rows[i], use);
        }
    }
    return o;
}

/* What /docs fills in. */
static void examples_add(json_t *schemas)
{
    json_object_set_new(
        json_object_get(schemas, name_of("EXECUTION", STORED)), "examples",
        json_pack("[{s:s,s:s,s:b}]", "language", "python", "source", "print(6 * 7)", "wait", 1));
    json_object_set_new(json_object_get(schemas, name_of("EXECUTION", STREAM)), "examples",
                        json_pack("[{s:s,s:s,s:s}]", "type", "start", "language", "python",
                                  "source", "print(input())"));
}

void openapi_request_schemas(const struct config *config, json_t *schemas)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_object_set_new(schemas, names[i].stored,
                            object_schema(config, names[i].object, STORED));
        if (names[i].stream && strcmp(names[i].stream, names[i].stored) != 0) {
            json_object_set_new(schemas, names[i].stream,
                                object_schema(config, names[i].object, STREAM));
        }
    }
    examples_add(schemas);
}
