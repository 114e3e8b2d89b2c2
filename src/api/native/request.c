/* SPDX-License-Identifier: Apache-2.0 */
/* What request.def cannot say: keys that go together, encodings, names. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "api/native/schema.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"
#include "config/config.h"
#include "engine/webhooks.h"
#include "keys/keys.h"
#include "model/job.h"
#include "model/runtime.h"
#include "model/semver.h"

#define WORD_BYTES_MAX  131071 /* the kernel's MAX_ARG_STRLEN, its NUL not counted */
#define WORDS_BYTES_MAX (1 << 20)

/* --- the text ---------------------------------------------------------------------------- */

int native_parse(const char *text, size_t len, json_t **ret, struct err *e)
{
    int r = json_scan(text, len, e);
    if (r < 0) {
        return r;
    }
    const size_t flags = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t error;
    json_t *value = json_loadb(text, len, flags, &error);
    if (value == NULL && json_error_code(&error) == json_error_numeric_overflow) {
        value = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, &error);
    }
    if (value == NULL) {
        return err_set(e, ERR_INVALID, "bad JSON: %s (line %d, column %d)", error.text, error.line,
                       error.column);
    }
    *ret = value;
    return 0;
}

/* --- texts ------------------------------------------------------------------------------- */

static bool says_base64(const json_t *encoding)
{
    const char *name = json_string_value(encoding);
    return name != NULL && strcmp(name, "base64") == 0;
}

/* How many bytes it stands for; 0 when it stands for none. */
static size_t check_encoded(struct schema *s, const char *path, const json_t *text, bool base64)
{
    AUTO(buf_done) struct buf bytes = {0};
    struct err e;
    if (!json_is_string(text) || !base64) {
        return json_string_length(text);
    }
    if (base64_decode(json_string_value(text), json_string_length(text), &bytes, &e) < 0) {
        schema_complain_at(s, path, "%s", e.text);
    }
    return bytes.len;
}

/* --- the program ------------------------------------------------------------------------- */

struct named_file {
    struct table_node node;
    char *name;
    size_t index;
};

/* The name as it is below the working directory; NULL, and told, when it is none. */
static char *check_name(struct schema *s, const char *at, const json_t *v)
{
    const char *text = json_string_value(v);
    size_t len = json_string_length(v);
    char *name = NULL;
    struct err e;
    if (text == NULL || memchr(text, '\0', len) != NULL) {
        return NULL; /* that was told */
    }
    if (text[0] == '/') {
        schema_complain_at(s, at, "begins with '/': give a path below the working directory");
    } else if (job_file_name_check(text, len, &name, &e) < 0) {
        schema_complain_at(s, at, "%s", e.text);
    }
    return name;
}

static void check_file_name(struct schema *s, struct table *names, struct named_file *f,
                            const json_t *path)
{
    char at[64];
    snprintf(at, sizeof(at), "files[%zu].path", f->index);
    f->name = json_string_length(path) > 0 ? check_name(s, at, path) : NULL;
    if (f->name == NULL) {
        return;
    }
    struct table_node *first = table_find(names, f->name);
    if (first != NULL) {
        schema_complain_at(s, at, "is the same file as files[%zu].path",
                           TABLE_ITEM(first, struct named_file, node)->index);
    } else {
        table_add(names, &f->node, f->name);
    }
}

static bool is_directory_of(const struct table *names, const char *name, size_t *ret_index)
{
    AUTO(mem_freep) char *parent = xstrdup(name);
    for (char *slash = strrchr(parent, '/'); slash != NULL; slash = strrchr(parent, '/')) {
        *slash = '\0';
        const struct table_node *node = table_find(names, parent);
        if (node != NULL) {
            *ret_index =
                TABLE_ITEM((struct table_node *)(uintptr_t)node, struct named_file, node)->index;
            return true;
        }
    }
    return false;
}

static void check_directories(struct schema *s, const struct table *names,
                              const struct named_file *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = 0;
        char at[64];
        snprintf(at, sizeof(at), "files[%zu].path", i);
        if (all[i].node.key != NULL && is_directory_of(names, all[i].name, &other)) {
            schema_complain_at(s, at, "lies in files[%zu].path, which is a file", other);
        }
    }
}

static size_t check_file(struct schema *s, struct table *names, struct named_file *f,
                         const json_t *file)
{
    char at[64];
    snprintf(at, sizeof(at), "files[%zu].content", f->index);
    check_file_name(s, names, f, json_object_get(file, "path"));
    return check_encoded(s, at, json_object_get(file, "content"),
                         says_base64(json_object_get(file, "encoding")));
}

/* How many bytes they hold. */
static size_t check_files(struct schema *s, const json_t *files)
{
    struct table names = {0};
    size_t count = json_array_size(files), bytes = 0;
    AUTO(mem_freep) struct named_file *all = xcalloc(count + 1, sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        all[i].index = i;
        bytes += check_file(s, &names, &all[i], json_array_get(files, i));
    }
    check_directories(s, &names, all, count);
    for (size_t i = 0; i < count; i++) {
        free(all[i].name);
    }
    table_done(&names);
    return bytes;
}

static size_t check_program(struct schema *s, const json_t *body)
{
    const json_t *files = json_object_get(body, "files"), *source = json_object_get(body, "source");
    if (files != NULL && source != NULL) {
        schema_complain_at(s, "source", "give either files or source, not both");
    } else if (files == NULL && source == NULL) {
        schema_complain_at(s, "files", "missing: give files, or source");
    }
    return check_files(s, files) + json_string_length(source);
}

/* --- words ------------------------------------------------------------------------------- */

/* `bytes`: what the kernel counts, of all of them. */
static void check_words(struct schema *s, const char *path, const json_t *words, size_t *bytes)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        size_t len = json_string_length(json_array_get(words, i));
        *bytes += len + 1 + sizeof(char *);
        if (len > WORD_BYTES_MAX) {
            char at[64];
            snprintf(at, sizeof(at), "%s[%zu]", path, i);
            schema_complain_at(s, at, "has %zu bytes, and may have %d", len, WORD_BYTES_MAX);
        }
    }
}

static bool is_variable_name(const char *name)
{
    const char *p = name;
    bool good = isalpha((unsigned char)*p) || *p == '_';
    while (isalnum((unsigned char)*p) || *p == '_') {
        p++;
    }
    return good && *p == '\0';
}

/* What the interpreter is found by, and what keeps its last words from the terminal. */
static bool is_ours(const char *name)
{
    return strcmp(name, "PATH") == 0 || strcmp(name, "LIBC_FATAL_STDERR_") == 0;
}

static void check_environment(struct schema *s, json_t *env, size_t *bytes)
{
    const char *name;
    json_t *value;
    json_object_foreach(env, name, value)
    {
        char at[128];
        snprintf(at, sizeof(at), "env.%s", name);
        size_t len = strlen(name) + 1 + json_string_length(value);
        *bytes += len + 1 + sizeof(char *);
        if (!is_variable_name(name)) {
            schema_complain_at(s, at, "is no name of a variable: letters, digits and _ only");
        } else if (is_ours(name)) {
            schema_complain_at(s, at, "is set by the sandbox and cannot be changed");
        } else if (len > WORD_BYTES_MAX) {
            schema_complain_at(s, at, "has %zu bytes, and may have %d", len, WORD_BYTES_MAX);
        }
    }
}

static void check_command(struct schema *s, const json_t *body)
{
    size_t bytes = 0, compile_bytes = 0;
    const json_t *compile = json_object_get(body, "compile");
    check_words(s, "args", json_object_get(body, "args"), &bytes);
    check_words(s, "compile.args", json_object_get(compile, "args"), &compile_bytes);
    check_environment(s, json_object_get(body, "env"), &bytes);
    if (bytes > WORDS_BYTES_MAX) {
        schema_complain_at(s, "args", "with env has %zu bytes, and may have %d", bytes,
                           WORDS_BYTES_MAX);
    }
    if (compile_bytes > WORDS_BYTES_MAX) {
        schema_complain_at(s, "compile.args", "has %zu bytes, and may have %d", compile_bytes,
                           WORDS_BYTES_MAX);
    }
}

/* --- the rest ---------------------------------------------------------------------------- */

static void check_version(struct schema *s, const json_t *version)
{
    const char *range = json_string_value(version);
    bool whole = range != NULL && strlen(range) == json_string_length(version);
    if (whole && range[0] != '\0' && !semver_range_valid(range)) {
        schema_complain_at(s, "version", "is no SemVer range, such as 3.x or >=3.10 <4");
    }
}

static void check_tests(struct schema *s, const json_t *body, bool base64)
{
    static const char *const own[] = {"stdin", "expected_output"};
    const json_t *tests = json_object_get(body, "tests");
    for (size_t i = 0; i < json_array_size(tests); i++) {
        char at[64];
        snprintf(at, sizeof(at), "tests[%zu].stdin", i);
        check_encoded(s, at, json_object_get(json_array_get(tests, i), "stdin"), base64);
    }
    for (size_t i = 0; i < ARRAY_LEN(own) && tests != NULL; i++) {
        if (json_object_get(body, own[i]) != NULL) {
            schema_complain_at(s, own[i], "each of the tests has its own");
        }
    }
}

static void check_artifacts(struct schema *s, const json_t *artifacts)
{
    for (size_t i = 0; i < json_array_size(artifacts); i++) {
        char at[64];
        snprintf(at, sizeof(at), "artifacts[%zu]", i);
        AUTO(mem_freep) char *name = check_name(s, at, json_array_get(artifacts, i));
    }
}

static void check_callback(struct schema *s, const json_t *callback)
{
    const char *url = json_string_value(json_object_get(callback, "url"));
    const char *secret = json_string_value(json_object_get(callback, "secret"));
    struct err e;
    if (url != NULL && url[0] != '\0' &&
        webhooks_check_url(url, s->config->callbacks_allow, &e) < 0) {
        schema_complain_at(s, "callback.url", "%s%s", e.text,
                           e.kind == ERR_DENIED ? "; callbacks.allow can allow it" : "");
    }
    if (secret != NULL && secret[0] != '\0' && webhooks_check_secret(secret, &e) < 0) {
        schema_complain_at(s, "callback.secret", "%s", e.text);
    }
}

static void check_network(struct schema *s, const json_t *network)
{
    if (json_is_true(network) && s->config->disable_networking) {
        schema_complain_at(s, "network",
                           "programs have no network on this server; leave the key out");
    } else if (json_is_true(network) && s->no_network) {
        schema_complain_at(s, "network", "programs of this key may have no network; leave it out");
    }
}

/* --- limits ------------------------------------------------------------------------------ */

/* What a compiler may not be told is as for every dialect. */
static struct limits limits_of_compile(const struct config *c)
{
    return (struct limits){
        .stack_bytes = c->stack_bytes,
        .disk_bytes = c->disk_bytes,
        .disk_inodes = c->disk_inodes,
        .file_bytes = c->file_bytes,
        .output_bytes = c->native_output_bytes,
        .open_files = (uint32_t)c->open_files,
        .processes = (uint32_t)c->processes,
    };
}

static void limits_resolve(const struct schema *s, const json_t *body, struct native_request *ret)
{
    ret->compile = limits_of_compile(s->config);
    ret->run = (struct limits){0};
    schema_limits(s, SCHEMA_COMPILE, json_object_get(body, "compile"), &ret->compile);
    schema_limits(s, SCHEMA_LIMITS, json_object_get(body, "limits"), &ret->run);
}

static void check_room(struct schema *s, const json_t *body, const struct limits *run, size_t bytes)
{
    size_t count = json_array_size(json_object_get(body, "files"));
    const char *path = count > 0 ? "files" : "source";
    if (bytes > run->disk_bytes) {
        schema_complain_at(s, path, "holds %zu bytes, and limits.disk_bytes is %" PRIu64, bytes,
                           run->disk_bytes);
    }
    if (count > run->disk_inodes) {
        schema_complain_at(s, path, "holds %zu files, and limits.files is %" PRIu64, count,
                           run->disk_inodes);
    }
}

/* --- all of it --------------------------------------------------------------------------- */

static struct schema schema_for(const struct config *config, const struct caller *caller,
                                enum native_use use)
{
    struct schema s = {.config = config, .use = use};
    if (caller != NULL) {
        s.run_ceiling = caller->limits.run;
        s.compile_ceiling = caller->limits.compile;
        s.no_network = !caller->limits.network;
    }
    return s;
}

static void check_all(struct schema *s, const json_t *body, struct native_request *q)
{
    schema_check(s, SCHEMA_EXECUTION, body);
    if (!json_is_object(body)) {
        return;
    }
    bool base64 = says_base64(json_object_get(body, "stdin_encoding"));
    size_t bytes = check_program(s, body);
    check_version(s, json_object_get(body, "version"));
    check_encoded(s, "stdin", json_object_get(body, "stdin"), base64);
    check_command(s, body);
    check_tests(s, body, base64);
    check_artifacts(s, json_object_get(body, "artifacts"));
    check_callback(s, json_object_get(body, "callback"));
    check_network(s, json_object_get(body, "network"));
    limits_resolve(s, body, q);
    check_room(s, body, &q->run, bytes);
}

static const char *text_or(const json_t *v, const char *otherwise)
{
    return json_is_string(v) ? json_string_value(v) : otherwise;
}

void native_request_take(struct native_request *q, json_t *body)
{
    q->body = body;
    q->language = text_or(json_object_get(body, "language"), "");
    q->version = text_or(json_object_get(body, "version"), "*");
}

bool native_request_read(const struct config *config, const struct caller *caller,
                         enum native_use use, json_t *body, struct native_request *ret,
                         json_t **ret_errors)
{
    AUTO(schema_done) struct schema s = schema_for(config, caller, use);
    struct native_request q = {0};
    check_all(&s, body, &q);
    native_request_take(&q, body);
    if (s.errors != NULL) {
        *ret_errors = TAKE(&s.errors, NULL);
        native_request_done(&q);
        return false;
    }
    *ret = q;
    return true;
}

void native_request_done(struct native_request *q)
{
    json_decref(q->body);
    *q = (struct native_request){0};
}

/* --- with its runtime -------------------------------------------------------------------- */

/* What a language needs more of than others, unless the caller may not have it; 0 is unlimited. */
static uint64_t raised(uint64_t value, uint64_t needed, uint64_t ceiling, const json_t *asked,
                       const char *key)
{
    uint64_t most = ceiling != 0 && ceiling < needed ? ceiling : needed;
    bool is_raised = value != 0 && most > value && json_object_get(asked, key) == NULL;
    return is_raised ? most : value;
}

static void limits_raise(struct limits *to, const struct limits *needed,
                         const struct limits *ceiling, const json_t *asked)
{
#define RAISE(type, field, key)                                                                    \
    to->field = (type)raised(to->field, needed->field, ceiling->field, asked, key)
    RAISE(uint64_t, wall_ms, "wall_ms");
    RAISE(uint64_t, cpu_ms, "cpu_ms");
    RAISE(uint64_t, memory_bytes, "memory_bytes");
    RAISE(uint64_t, stack_bytes, "stack_bytes");
    RAISE(uint64_t, disk_bytes, "disk_bytes");
    RAISE(uint64_t, disk_inodes, "files");
    RAISE(uint64_t, file_bytes, "file_bytes");
    RAISE(uint64_t, output_bytes, "output_bytes");
    RAISE(uint32_t, open_files, "open_files");
    RAISE(uint32_t, processes, "processes");
#undef RAISE
}

void native_limits_usual(const struct config *config, const struct caller *caller,
                         const struct runtime *runtime, struct limits *ret_compile,
                         struct limits *ret_run)
{
    struct native_request q;
    const struct schema s = schema_for(config, caller, NATIVE_STORED);
    limits_resolve(&s, NULL, &q);
    limits_raise(&q.compile, &runtime->compile_limits, &s.compile_ceiling, NULL);
    limits_raise(&q.run, &runtime->run_limits, &s.run_ceiling, NULL);
    *ret_compile = q.compile;
    *ret_run = q.run;
}

static void check_runtime_environment(struct schema *s, json_t *env, const struct runtime *runtime)
{
    for (char *const *v = runtime->env; v != NULL && *v != NULL; v++) {
        AUTO(mem_freep) char *name = xstrndup(*v, strcspn(*v, "="));
        if (json_object_get(env, name) != NULL) {
            AUTO(mem_freep) char *at = xasprintf("env.%s", name);
            schema_complain_at(s, at, "is set for %s and cannot be changed", runtime->language);
        }
    }
}

bool native_request_fit(struct native_request *q, const struct caller *caller,
                        const struct runtime *runtime, json_t **ret_errors)
{
    AUTO(schema_done) struct schema s = schema_for(NULL, caller, NATIVE_STORED);
    const json_t *compile = json_object_get(q->body, "compile");
    if (json_array_size(json_object_get(compile, "args")) > 0 && !runtime_is_compiled(runtime)) {
        schema_complain_at(&s, "compile.args", "%s is not compiled", runtime->language);
    }
    check_runtime_environment(&s, json_object_get(q->body, "env"), runtime);
    limits_raise(&q->compile, &runtime->compile_limits, &s.compile_ceiling, compile);
    limits_raise(&q->run, &runtime->run_limits, &s.run_ceiling, json_object_get(q->body, "limits"));
    if (s.errors != NULL) {
        *ret_errors = TAKE(&s.errors, NULL);
        return false;
    }
    return true;
}
