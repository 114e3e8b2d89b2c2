/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/suggest.h"
#include "config/units.h"

/* --- the table --------------------------------------------------------------------------- */

enum kind { TEXT, WORD, ENUM, BOOL, INTEGER, CPUS, WORDS, MAP, OBJECT, OBJECTS };
enum use { STORED = 1 << NATIVE_STORED, STREAM = 1 << NATIVE_STREAM, BOTH = STORED | STREAM };
enum need { OPTIONAL, REQUIRED };

struct most {
    uint64_t number;
    size_t setting; /* offset in struct config; 0: the number counts */
};

struct row {
    enum schema_object object;
    const char *name;
    enum kind kind;
    enum need need;
    unsigned use;
    const char *detail;
    uint64_t least;
    struct most most;
    /* of a limit */
    size_t limit, limit_size; /* limit_size 0: it is none */
    size_t usual;
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
    {SCHEMA_##object, name, kind, need, use, detail, least, most, 0, 0, 0},
#define LIMIT(object, name, use, field, least, usual, most, help)                                  \
    {SCHEMA_##object,                                                                              \
     name,                                                                                         \
     INTEGER,                                                                                      \
     OPTIONAL,                                                                                     \
     use,                                                                                          \
     "",                                                                                           \
     least,                                                                                        \
     SETTING(most),                                                                                \
     offsetof(struct limits, field),                                                               \
     sizeof(((struct limits *)NULL)->field),                                                       \
     offsetof(struct config, usual)},
#include "api/native/request.def"
#undef KEY
#undef LIMIT
};

static bool is_used(const struct row *row, enum native_use use)
{
    return (row->use & 1U << use) != 0;
}

/* Of several with one name that for this use; else the last. */
static const struct row *row_find(enum schema_object object, const char *name, enum native_use use)
{
    const struct row *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool named = rows[i].object == object && strcmp(rows[i].name, name) == 0;
        if (named && (found == NULL || is_used(&rows[i], use))) {
            found = &rows[i];
        }
    }
    return found;
}

static uint64_t setting(const struct config *config, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)config + offset);
}

/* --- complaints -------------------------------------------------------------------------- */

void schema_done(struct schema *s)
{
    json_decref(s->errors);
    s->errors = NULL;
    buf_done(&s->path);
}

static void complain(struct schema *s, const char *path, size_t path_len, const struct buf *message)
{
    if (s->errors == NULL) {
        s->errors = json_array();
    }
    if (json_array_size(s->errors) < SCHEMA_ERRORS_MAX) {
        json_array_append_new(s->errors,
                              json_pack("{s:o,s:o}", "path", json_repaired(path, path_len),
                                        "message", json_repaired(message->data, message->len)));
    }
}

void schema_complain(struct schema *s, const char *fmt, ...)
{
    AUTO(buf_done) struct buf message = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(&message, fmt, ap);
    va_end(ap);
    complain(s, s->path.data, s->path.len, &message);
}

void schema_complain_at(struct schema *s, const char *path, const char *fmt, ...)
{
    AUTO(buf_done) struct buf message = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(&message, fmt, ap);
    va_end(ap);
    complain(s, path, strlen(path), &message);
}

static bool is_full(const struct schema *s)
{
    return json_array_size(s->errors) >= SCHEMA_ERRORS_MAX;
}

/* The length to go back to. */
static size_t path_enter(struct schema *s, const char *name)
{
    size_t len = s->path.len;
    buf_add_fmt(&s->path, "%s%.100s", len > 0 ? "." : "", name);
    return len;
}

static size_t path_enter_item(struct schema *s, size_t index)
{
    size_t len = s->path.len;
    buf_add_fmt(&s->path, "[%zu]", index);
    return len;
}

static void path_leave(struct schema *s, size_t len)
{
    s->path.len = len;
    s->path.data[len] = '\0';
}

/* --- values ------------------------------------------------------------------------------ */

static const char *type_name(const json_t *v)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return names[json_typeof(v)];
}

static void complain_type(struct schema *s, const char *wanted, const json_t *v)
{
    schema_complain(s, "must be %s, and is %s%s", wanted, type_name(v),
                    json_is_null(v) ? ": leave the key out for its default" : "");
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return b != 0 && (a == 0 || b < a) ? b : a;
}

static uint64_t limit_get(const struct limits *l, const struct row *row)
{
    const char *at = (const char *)l + row->limit;
    return row->limit_size == sizeof(uint32_t) ? *(const uint32_t *)(const void *)at
                                               : *(const uint64_t *)(const void *)at;
}

static void limit_set(struct limits *l, const struct row *row, uint64_t value)
{
    char *at = (char *)l + row->limit;
    if (row->limit_size == sizeof(uint32_t)) {
        *(uint32_t *)(void *)at = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    } else {
        *(uint64_t *)(void *)at = value;
    }
}

static const struct limits *ceiling_of(const struct schema *s, enum schema_object object)
{
    return object == SCHEMA_COMPILE ? &s->compile_ceiling : &s->run_ceiling;
}

/* 0: none. */
static uint64_t most_of(const struct schema *s, const struct row *row)
{
    uint64_t most =
        row->most.setting != 0 ? setting(s->config, row->most.setting) : row->most.number;
    return row->limit_size != 0 ? lower(most, limit_get(ceiling_of(s, row->object), row)) : most;
}

static bool has_nul(const json_t *v)
{
    return memchr(json_string_value(v), '\0', json_string_length(v)) != NULL;
}

static void check_text(struct schema *s, const struct row *row, const json_t *v)
{
    uint64_t most = most_of(s, row);
    size_t len = json_string_length(v);
    if (!json_is_string(v)) {
        complain_type(s, "a text", v);
    } else if (len < row->least) {
        schema_complain(s, "must not be empty");
    } else if (most > 0 && len > most) {
        schema_complain(s, "has %zu bytes, and may have %" PRIu64, len, most);
    } else if (row->kind == WORD && has_nul(v)) {
        schema_complain(s, "must not hold a NUL character");
    }
}

static bool is_word_of(const char *words, const json_t *v)
{
    const char *text = json_string_value(v);
    size_t len = json_string_length(v);
    for (const char *at = words; *at != '\0'; at += strspn(at, "|")) {
        size_t word_len = strcspn(at, "|");
        if (word_len == len && memcmp(at, text, len) == 0) {
            return true;
        }
        at += word_len;
    }
    return false;
}

static void check_enum(struct schema *s, const struct row *row, const json_t *v)
{
    if (json_is_string(v) && is_word_of(row->detail, v)) {
        return;
    }
    AUTO(buf_done) struct buf list = {0};
    for (const char *at = row->detail; *at != '\0'; at += strspn(at, "|")) {
        size_t len = strcspn(at, "|");
        buf_add_fmt(&list, "%s\"%.*s\"", list.len > 0 ? " or " : "", (int)len, at);
        at += len;
    }
    schema_complain(s, "must be %s", list.data);
}

static void check_bool(struct schema *s, const struct row *row, const json_t *v)
{
    (void)row;
    if (!json_is_boolean(v)) {
        complain_type(s, "true or false", v);
    }
}

static bool is_whole(const json_t *v)
{
    double number = json_number_value(v);
    return json_is_integer(v) ||
           (json_is_real(v) && number == floor(number) && fabs(number) < 9007199254740992.0);
}

static json_int_t whole(const json_t *v)
{
    return json_is_integer(v) ? json_integer_value(v) : (json_int_t)json_real_value(v);
}

static void check_integer(struct schema *s, const struct row *row, const json_t *v)
{
    uint64_t most = most_of(s, row);
    if (!json_is_number(v)) {
        complain_type(s, "a whole number", v);
    } else if (!is_whole(v)) {
        schema_complain(s, "must be a whole number of at most %" PRIu64, most);
    } else if (whole(v) == 0 && row->limit_size != 0) {
        schema_complain(s,
                        "0 is not \"no limit\": leave the key out for the default; at most %" PRIu64
                        " may be asked for",
                        most);
    } else if (whole(v) < 0 || (uint64_t)whole(v) < row->least || (uint64_t)whole(v) > most) {
        schema_complain(s, "must be from %" PRIu64 " to %" PRIu64, row->least, most);
    }
}

#define CPU_MILLI_LEAST 10

static uint64_t cpu_milli_most(const struct schema *s)
{
    uint64_t most = 0;
    units_parse_milli(s->config->native_cpus_max, &most); /* was checked when it was read */
    return lower(most, s->run_ceiling.cpu_milli);
}

static uint32_t cpu_milli(const json_t *v)
{
    return (uint32_t)lround(json_number_value(v) * 1000);
}

static void check_cpus(struct schema *s, const struct row *row, const json_t *v)
{
    (void)row;
    double number = json_number_value(v) * 1000;
    uint64_t most = cpu_milli_most(s);
    most = most > 0 ? most : 4096000;
    if (!json_is_number(v)) {
        complain_type(s, "a number", v);
    } else if (number < CPU_MILLI_LEAST || number > (double)most) {
        schema_complain(s, "must be from %g to %g", CPU_MILLI_LEAST / 1000.0, (double)most / 1000);
    }
}

/* False: so many of them are not looked at. */
static bool check_count(struct schema *s, const struct row *row, size_t count)
{
    uint64_t most = most_of(s, row);
    if (count < row->least) {
        schema_complain(s, "must hold at least %" PRIu64, row->least);
    } else if (most > 0 && count > most) {
        schema_complain(s, "holds %zu, and may hold %" PRIu64, count, most);
    }
    return most == 0 || count <= most;
}

static void check_plain(struct schema *s, const json_t *v)
{
    if (!json_is_string(v)) {
        complain_type(s, "a text", v);
    } else if (has_nul(v)) {
        schema_complain(s, "must not hold a NUL character");
    }
}

static void check_words(struct schema *s, const struct row *row, const json_t *v)
{
    if (!json_is_array(v)) {
        complain_type(s, "an array of texts", v);
        return;
    }
    size_t count = check_count(s, row, json_array_size(v)) ? json_array_size(v) : 0;
    for (size_t i = 0; i < count && !is_full(s); i++) {
        size_t len = path_enter_item(s, i);
        check_plain(s, json_array_get(v, i));
        path_leave(s, len);
    }
}

static void check_map(struct schema *s, const struct row *row, const json_t *v)
{
    if (!json_is_object(v)) {
        complain_type(s, "an object of texts", v);
        return;
    }
    const char *name;
    json_t *value;
    if (!check_count(s, row, json_object_size(v))) {
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)v, name, value)
    {
        if (is_full(s)) {
            return;
        }
        size_t len = path_enter(s, name);
        check_plain(s, value);
        path_leave(s, len);
    }
}

static enum schema_object object_named(const char *name)
{
    static const char *const names[] = {
        [SCHEMA_EXECUTION] = "EXECUTION", [SCHEMA_FILE] = "FILE", [SCHEMA_COMPILE] = "COMPILE",
        [SCHEMA_LIMITS] = "LIMITS",       [SCHEMA_TEST] = "TEST", [SCHEMA_CALLBACK] = "CALLBACK",
    };
    unsigned i = 0;
    while (i + 1 < ARRAY_LEN(names) && strcmp(names[i], name) != 0) {
        i++;
    }
    return (enum schema_object)i;
}

static void check_object(struct schema *s, const struct row *row, const json_t *v)
{
    schema_check(s, object_named(row->detail), v);
}

static void check_objects(struct schema *s, const struct row *row, const json_t *v)
{
    if (!json_is_array(v)) {
        complain_type(s, "an array of objects", v);
        return;
    }
    size_t count = check_count(s, row, json_array_size(v)) ? json_array_size(v) : 0;
    for (size_t i = 0; i < count && !is_full(s); i++) {
        size_t len = path_enter_item(s, i);
        schema_check(s, object_named(row->detail), json_array_get(v, i));
        path_leave(s, len);
    }
}

/* --- objects ----------------------------------------------------------------------------- */

static void complain_unknown(struct schema *s, enum schema_object object, const char *name)
{
    struct suggest suggest = {.typed = name};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].object == object && is_used(&rows[i], s->use)) {
            suggest_offer(&suggest, rows[i].name);
        }
    }
    if (suggest.best != NULL) {
        schema_complain(s, "unknown key; did you mean \"%s\"?", suggest.best);
    } else {
        schema_complain(s, "unknown key");
    }
}

static void check_key(struct schema *s, enum schema_object object, const char *name,
                      const json_t *value)
{
    static void (*const checks[])(struct schema * s, const struct row *row, const json_t *v) = {
        [TEXT] = check_text,       [WORD] = check_text,       [ENUM] = check_enum,
        [BOOL] = check_bool,       [INTEGER] = check_integer, [CPUS] = check_cpus,
        [WORDS] = check_words,     [MAP] = check_map,         [OBJECT] = check_object,
        [OBJECTS] = check_objects,
    };
    const struct row *row = row_find(object, name, s->use);
    if (row == NULL) {
        complain_unknown(s, object, name);
    } else if (!is_used(row, s->use)) {
        schema_complain(s, s->use == NATIVE_STREAM
                               ? "not on a stream: send it to POST /api/v1/executions"
                               : "only on a stream: WebSocket /api/v1/stream");
    } else {
        checks[row->kind](s, row, value);
    }
}

static void check_missing(struct schema *s, enum schema_object object, const json_t *value)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        bool needed = row->object == object && row->need == REQUIRED && is_used(row, s->use);
        if (needed && json_object_get(value, row->name) == NULL) {
            size_t len = path_enter(s, row->name);
            schema_complain(s, "missing");
            path_leave(s, len);
        }
    }
}

void schema_check(struct schema *s, enum schema_object object, const json_t *value)
{
    if (!json_is_object(value)) {
        complain_type(s, "an object", value);
        return;
    }
    check_missing(s, object, value);
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (is_full(s)) {
            return;
        }
        size_t len = path_enter(s, name);
        check_key(s, object, name, member);
        path_leave(s, len);
    }
}

/* --- limits ------------------------------------------------------------------------------ */

static void cpus_set(const struct schema *s, struct limits *io)
{
    uint64_t milli = config_cpu_milli(s->config);
    io->cpu_milli = (uint32_t)lower(milli, cpu_milli_most(s));
}

void schema_limits(const struct schema *s, enum schema_object object, const json_t *asked,
                   struct limits *io)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        if (row->object == object && row->limit_size != 0 && is_used(row, s->use)) {
            limit_set(io, row, lower(setting(s->config, row->usual), most_of(s, row)));
        }
    }
    cpus_set(s, io);
    schema_limits_over(object, asked, io);
}

void schema_limits_over(enum schema_object object, const json_t *asked, struct limits *io)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        const json_t *v = json_object_get(asked, row->name);
        if (row->object != object || !json_is_number(v)) {
            continue;
        }
        if (row->limit_size != 0 && is_whole(v) && whole(v) > 0) {
            limit_set(io, row, (uint64_t)whole(v));
        } else if (row->kind == CPUS) {
            io->cpu_milli = cpu_milli(v);
        }
    }
}

json_t *schema_limits_json(enum schema_object object, const struct limits *l)
{
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        if (row->object != object || !is_used(row, NATIVE_STORED)) {
            continue;
        }
        if (row->limit_size != 0) {
            json_object_set_new(o, row->name, json_integer((json_int_t)limit_get(l, row)));
        } else if (row->kind == CPUS) {
            json_object_set_new(o, row->name,
                                l->cpu_milli > 0 ? json_real(l->cpu_milli / 1000.0) : json_null());
        }
    }
    return o;
}
