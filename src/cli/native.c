/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/native.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/remote.h"
#include "cli/run.h"
#include "config/config.h"
#include "model/result.h"

/* --- the request ------------------------------------------------------------------------------ */

/* Under `key` as text, and under `encoding_key` how it is written, where that is not as it is. */
static void bytes_set(json_t *to, const char *key, const char *encoding_key,
                      const struct buf *bytes)
{
    AUTO(buf_done) struct buf base64 = {0};
    bool text = utf8_valid(bytes->data, bytes->len);
    if (!text) {
        base64_encode(bytes->data, bytes->len, &base64);
        json_object_set_new(to, encoding_key, json_string("base64"));
    }
    const struct buf *content = text ? bytes : &base64;
    json_object_set_new(to, key, json_stringn(content->len ? content->data : "", content->len));
}

/* A program from stdin has no name; the server knows what such a file is called. */
static int source_set(json_t *body, const struct run_options *o, struct err *e)
{
    const struct buf *source = &o->files[0].data;
    if (o->file_count > 1 || !utf8_valid(source->data, source->len)) {
        return err_set(e, ERR_INVALID,
                       "a server takes a program from stdin only as text, and without -f; give it "
                       "as a file");
    }
    json_object_set_new(body, "source", json_stringn(source->len ? source->data : "", source->len));
    return 0;
}

static int files_set(json_t *body, const struct run_options *o, struct err *e)
{
    if (!o->files[0].name) {
        return source_set(body, o, e);
    }
    json_t *files = json_array();
    json_object_set_new(body, "files", files);
    for (size_t i = 0; i < o->file_count; i++) {
        json_t *file = json_object();
        if (json_object_set_new(file, "path", json_string(o->files[i].name)) < 0) {
            json_decref(file);
            return err_set(e, ERR_INVALID,
                           "the name '%.60s' is not UTF-8; a server takes only text",
                           o->files[i].name);
        }
        bytes_set(file, "content", "encoding", &o->files[i].data);
        json_array_append_new(files, file);
    }
    return 0;
}

static int args_set(json_t *body, char *const *args, struct err *e)
{
    json_t *list = json_array();
    json_object_set_new(body, "args", list);
    for (char *const *arg = args; *arg; arg++) {
        if (json_array_append_new(list, json_string(*arg)) < 0) {
            return err_set(e, ERR_INVALID,
                           "the argument '%.60s' is not UTF-8; a server takes only text", *arg);
        }
    }
    return 0;
}

static int env_set(json_t *body, char *const *env, struct err *e)
{
    if (!env) {
        return 0;
    }
    json_t *map = json_object();
    json_object_set_new(body, "env", map);
    for (; *env; env++) {
        const char *sign = strchr(*env, '=');
        AUTO(mem_freep) char *name = xstrndup(*env, (size_t)(sign - *env));
        if (json_object_set_new(map, name, json_string(sign + 1)) < 0) {
            return err_set(e, ERR_INVALID,
                           "the variable '%.60s' is not UTF-8; a server takes only text", *env);
        }
    }
    return 0;
}

struct native_limit {
    const char *object, *key;
    size_t offset; /* in struct config */
};

static const struct native_limit native_limits[] = {
    {"limits", "wall_ms", offsetof(struct config, run_wall_ms)},
    {"limits", "cpu_ms", offsetof(struct config, run_cpu_ms)},
    {"limits", "memory_bytes", offsetof(struct config, run_memory_bytes)},
    {"limits", "stack_bytes", offsetof(struct config, stack_bytes)},
    {"limits", "disk_bytes", offsetof(struct config, disk_bytes)},
    {"limits", "files", offsetof(struct config, disk_inodes)},
    {"limits", "file_bytes", offsetof(struct config, file_bytes)},
    {"limits", "open_files", offsetof(struct config, open_files)},
    {"limits", "processes", offsetof(struct config, processes)},
    {"limits", "output_bytes", offsetof(struct config, output_bytes)},
    {"compile", "wall_ms", offsetof(struct config, compile_wall_ms)},
    {"compile", "cpu_ms", offsetof(struct config, compile_cpu_ms)},
    {"compile", "memory_bytes", offsetof(struct config, compile_memory_bytes)},
};

static void limit_set(json_t *body, const char *object, const char *key, json_t *value)
{
    json_t *at = json_object_get(body, object);
    if (!at) {
        at = json_object();
        json_object_set_new(body, object, at);
    }
    json_object_set_new(at, key, value);
}

static bool is_flag(const struct config *c, const void *field)
{
    return config_source(c, field) == CONFIG_FLAG;
}

static void limits_set(json_t *body, const struct config *c)
{
    for (size_t i = 0; i < ARRAY_LEN(native_limits); i++) {
        const struct native_limit *limit = &native_limits[i];
        const void *field = (const char *)c + limit->offset;
        if (is_flag(c, field)) {
            json_int_t value = (json_int_t) * (const uint64_t *)field;
            limit_set(body, limit->object, limit->key, json_integer(value));
        }
    }
    if (is_flag(c, &c->cpus)) {
        limit_set(body, "limits", "cpus", json_real(config_cpu_milli(c) / 1e3));
    }
    /* As here: more time on the clock is of no use when the CPU limit ends the program before. */
    bool longer = is_flag(c, &c->run_wall_ms) && c->run_wall_ms > c->native_cpu_ms;
    if (longer && !is_flag(c, &c->run_cpu_ms)) {
        limit_set(body, "limits", "cpu_ms", json_integer((json_int_t)c->run_wall_ms));
    }
}

int native_body(const struct run_options *o, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = json_object();
    json_object_set_new(body, "language", json_string(o->language));
    if (strcmp(o->range, "*") != 0) {
        json_object_set_new(body, "version", json_string(o->range));
    }
    if (o->cold) {
        json_object_set_new(body, "warm", json_false());
    }
    limits_set(body, o->config);
    int r = files_set(body, o, e);
    if (r == 0) {
        r = args_set(body, o->args, e);
    }
    if (r == 0) {
        r = env_set(body, o->env, e);
    }
    if (r == 0) {
        *ret = TAKE(&body, NULL);
    }
    return r;
}

void native_add_stdin(json_t *body, const struct buf *input)
{
    if (input->len > 0) {
        bytes_set(body, "stdin", "stdin_encoding", input);
    }
}

int native_post(const struct remote *remote, const json_t *body, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = remote_call(remote, "POST", NATIVE_EXECUTIONS, body, &status, &answer, e);
    if (r < 0) {
        return r;
    }
    if (status == 404 && !json_object_get(answer, "title")) {
        return err_set(e, ERR_UNSUPPORTED, "%.100s has no API of belljar's own; is it a Piston?",
                       remote->url);
    }
    if (status / 100 != 2 || !json_is_string(json_object_get(answer, "id"))) {
        return remote_refusal(remote, status, answer, e);
    }
    *ret = TAKE(&answer, NULL);
    return 0;
}

bool native_is_over(const json_t *execution)
{
    const char *status = json_string_value(json_object_get(execution, "status"));
    return status && (strcmp(status, "finished") == 0 || strcmp(status, "cancelled") == 0);
}

/* --- the answer ------------------------------------------------------------------------------- */

static const char *word_of(const json_t *json, const char *key)
{
    const char *word = json_string_value(json_object_get(json, key));
    return word ? word : "";
}

static void text_take(const json_t *json, const char *key, bool base64, struct buf *ret)
{
    const json_t *text = json_object_get(json, key);
    const char *data = json_string_value(text);
    if (data && base64) {
        base64_decode_lenient(data, json_string_length(text), ret);
    } else if (data) {
        buf_add(ret, data, json_string_length(text));
    }
}

static uint64_t ns_of(const json_t *json, const char *key)
{
    double ms = json_number_value(json_object_get(json, key));
    return ms > 0 ? (uint64_t)(ms * (double)NS_PER_MS) : 0;
}

static enum verdict verdict_of(const char *word)
{
    for (int v = VERDICT_OK; v <= VERDICT_INTERNAL_ERROR; v++) {
        if (strcmp(verdict_name((enum verdict)v), word) == 0) {
            return (enum verdict)v;
        }
    }
    return VERDICT_INTERNAL_ERROR;
}

static void stage_take(const json_t *json, struct stage_result *ret)
{
    const json_t *code = json_object_get(json, "exit_code");
    const char *signal = word_of(json, "signal");
    bool base64 = strcmp(word_of(json, "encoding"), "base64") == 0;
    if (!json_is_object(json)) {
        return;
    }
    ret->ran = true;
    ret->exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1;
    ret->signal = *signal ? signal_number(signal) : 0;
    ret->verdict = verdict_of(word_of(json, "verdict"));
    ret->cpu_ns = ns_of(json, "cpu_ms");
    ret->wall_ns = ns_of(json, "wall_ms");
    ret->memory_bytes = (uint64_t)json_integer_value(json_object_get(json, "memory_bytes"));
    snprintf(ret->reason, sizeof(ret->reason), "%s", word_of(json, "reason"));
    text_take(json, "stdout", base64, &ret->out);
    text_take(json, "stderr", base64, &ret->err);
}

void native_result(const json_t *execution, struct result *ret)
{
    stage_take(json_object_get(execution, "compile"), &ret->compile);
    stage_take(json_object_get(execution, "run"), &ret->run);
    ret->verdict = verdict_of(word_of(execution, "verdict"));
}
