/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program on a Piston, through POST /api/v2/execute: what Piston's form can say is sent, the
 * rest is refused rather than dropped.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/remote.h"
#include "cli/run.h"
#include "config/config.h"
#include "model/result.h"

/* --- the request ------------------------------------------------------------------------------ */

static json_t *file_json(const struct run_file *file)
{
    AUTO(buf_done) struct buf base64 = {0};
    json_t *json = json_object();
    const char *data = file->data.data ? file->data.data : "";
    bool text = utf8_valid(data, file->data.len);
    if (file->name) {
        json_object_set_new(json, "name", json_string(file->name));
    }
    if (!text) {
        base64_encode(data, file->data.len, &base64);
    }
    json_object_set_new(json, "content",
                        text ? json_stringn(data, file->data.len)
                             : json_stringn(base64.data, base64.len));
    json_object_set_new(json, "encoding", json_string(text ? "utf8" : "base64"));
    return json;
}

static int args_add(json_t *body, char *const *args, struct err *e)
{
    json_t *list = json_array();
    json_object_set_new(body, "args", list);
    for (char *const *arg = args; *arg; arg++) {
        if (json_array_append_new(list, json_string(*arg)) < 0) {
            return err_set(e, ERR_INVALID,
                           "the argument '%.60s' is not UTF-8; a server takes only "
                           "text",
                           *arg);
        }
    }
    return 0;
}

struct remote_limit {
    const char *flag;
    size_t offset;   /* in struct config */
    const char *key; /* Piston's; NULL: it has none */
};

static const struct remote_limit remote_limits[] = {
    {"--time", offsetof(struct config, run_wall_ms), "run_timeout"},
    {"--cpu-time", offsetof(struct config, run_cpu_ms), "run_cpu_time"},
    {"--memory", offsetof(struct config, run_memory_bytes), "run_memory_limit"},
    {"--compile-time", offsetof(struct config, compile_wall_ms), "compile_timeout"},
    {"--compile-cpu-time", offsetof(struct config, compile_cpu_ms), "compile_cpu_time"},
    {"--compile-memory", offsetof(struct config, compile_memory_bytes), "compile_memory_limit"},
    {"--processes", offsetof(struct config, processes), NULL},
    {"--output", offsetof(struct config, output_bytes), NULL},
    {"--stack", offsetof(struct config, stack_bytes), NULL},
    {"--disk", offsetof(struct config, disk_bytes), NULL},
    {"--inodes", offsetof(struct config, disk_inodes), NULL},
    {"--file-size", offsetof(struct config, file_bytes), NULL},
    {"--open-files", offsetof(struct config, open_files), NULL},
    {"--cpus", offsetof(struct config, cpus), NULL},
};

static int limits_add(json_t *body, const struct run_options *o, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(remote_limits); i++) {
        const struct remote_limit *limit = &remote_limits[i];
        const void *field = (const char *)o->config + limit->offset;
        if (config_source(o->config, field) != CONFIG_FLAG) {
            continue;
        }
        if (!limit->key) {
            return err_set(e, ERR_INVALID,
                           "%s cannot be sent to a Piston; leave it out, or name a belljar",
                           limit->flag);
        }
        uint64_t value = *(const uint64_t *)field;
        json_object_set_new(body, limit->key, json_integer((json_int_t)value));
    }
    return 0;
}

static int stdin_add(json_t *body, const struct buf *input, struct err *e)
{
    json_t *string = json_stringn(input->data ? input->data : "", input->len);
    if (!string) {
        return err_set(e, ERR_INVALID, "the input is not UTF-8; a Piston takes only text");
    }
    if (input->len > 0) {
        json_object_set(body, "stdin", string);
    }
    json_decref(string);
    return 0;
}

static int body_make(const struct run_options *o, const struct buf *input, json_t **ret,
                     struct err *e)
{
    AUTO(remote_json_freep) json_t *body = json_object();
    json_t *files = json_array();
    json_object_set_new(body, "language", json_string(o->language));
    json_object_set_new(body, "version", json_string(o->range));
    json_object_set_new(body, "files", files);
    for (size_t i = 0; i < o->file_count; i++) {
        json_array_append_new(files, file_json(&o->files[i]));
    }
    if (o->env) {
        return err_set(e, ERR_INVALID,
                       "--env cannot be sent to a Piston; leave it out, or name a belljar");
    }
    int r = args_add(body, o->args, e);
    if (r == 0) {
        r = limits_add(body, o, e);
    }
    if (r == 0) {
        r = stdin_add(body, input, e);
    }
    if (r == 0) {
        *ret = TAKE(&body, NULL);
    }
    return r;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void text_take(const json_t *json, const char *key, struct buf *ret)
{
    const json_t *text = json_object_get(json, key);
    if (json_is_string(text)) {
        buf_add(ret, json_string_value(text), json_string_length(text));
    }
}

static uint64_t ms_take(const json_t *json, const char *key)
{
    double ms = json_number_value(json_object_get(json, key));
    return ms > 0 ? (uint64_t)(ms * (double)NS_PER_MS) : 0;
}

/* Piston's two letters; memory has none of its own and is told by the message. */
static enum verdict verdict_of(const char *status, const char *message,
                               const struct stage_result *stage)
{
    if (strstr(message, "emory limit")) {
        return VERDICT_MEMORY_LIMIT;
    }
    if (strcmp(status, "TO") == 0) {
        return strstr(message, "wall") ? VERDICT_WALL_TIME_LIMIT : VERDICT_TIME_LIMIT;
    }
    if (strcmp(status, "OL") == 0 || strcmp(status, "EL") == 0) {
        return VERDICT_OUTPUT_LIMIT;
    }
    if (strcmp(status, "XX") == 0) {
        return VERDICT_INTERNAL_ERROR;
    }
    /* The servers of 2021 have no status: what ended it is in code and signal alone. */
    return stage->signal          ? VERDICT_SIGNALED
           : stage->exit_code > 0 ? VERDICT_NONZERO_EXIT
                                  : VERDICT_OK;
}

static void stage_take(const json_t *json, struct stage_result *ret)
{
    const json_t *code = json_object_get(json, "code");
    const char *signal = json_string_value(json_object_get(json, "signal"));
    const char *status = json_string_value(json_object_get(json, "status"));
    const char *message = json_string_value(json_object_get(json, "message"));

    ret->ran = true;
    ret->exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1;
    ret->signal = signal ? signal_number(signal) : 0;
    ret->cpu_ns = ms_take(json, "cpu_time");
    ret->wall_ns = ms_take(json, "wall_time");
    ret->memory_bytes = (uint64_t)json_integer_value(json_object_get(json, "memory"));
    ret->verdict = verdict_of(status ? status : "", message ? message : "", ret);
    snprintf(ret->reason, sizeof(ret->reason), "%s", message ? message : "");
    text_take(json, "stdout", &ret->out);
    text_take(json, "stderr", &ret->err);
    text_take(json, "output", &ret->both);
    ret->out_truncated = status && strcmp(status, "OL") == 0;
    ret->err_truncated = status && strcmp(status, "EL") == 0;
}

static int result_take(const json_t *answer, struct result *ret, struct err *e)
{
    const json_t *compile = json_object_get(answer, "compile");
    const json_t *run = json_object_get(answer, "run");
    if (!json_is_object(run)) {
        return err_set(e, ERR_INVALID,
                       "the server's answer has no 'run'; is it a Piston or belljar?");
    }
    if (json_is_object(compile)) {
        stage_take(compile, &ret->compile);
    }
    /* After a failed compile stage `run` is a copy of it. */
    if (ret->compile.ran && ret->compile.verdict != VERDICT_OK) {
        ret->verdict = ret->compile.verdict == VERDICT_INTERNAL_ERROR ? VERDICT_INTERNAL_ERROR
                                                                      : VERDICT_COMPILE_ERROR;
        return 0;
    }
    stage_take(run, &ret->run);
    ret->verdict = ret->run.verdict;
    return 0;
}

static void stage_print(const struct stage_result *stage, FILE *out)
{
    cli_put(&stage->out, out);
    fflush(out);
    cli_put(&stage->err, stderr);
}

static int result_print(const struct run_options *o, const json_t *answer, struct err *e)
{
    AUTO(result_done) struct result result;
    AUTO(buf_done) struct buf line = {0};
    const char *language = json_string_value(json_object_get(answer, "language"));
    const char *version = json_string_value(json_object_get(answer, "version"));

    result_init(&result);
    int r = result_take(answer, &result, e);
    if (r < 0) {
        return r;
    }
    if (o->json) {
        run_print_json(&result, language ? language : o->language, version ? version : "");
    } else {
        stage_print(&result.compile, stderr);
        stage_print(&result.run, stdout);
        run_explain("run", &result, &line);
        cli_put(&line, stderr);
    }
    return run_exit_status(&result);
}

int run_piston(const struct run_options *o, const struct buf *input, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = NULL;
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = body_make(o, input, &body, e);
    if (r == 0) {
        r = remote_call(&o->remote, "POST", "/api/v2/execute", body, &status, &answer, e);
    }
    if (r < 0) {
        return r;
    }
    return status == 200 ? result_print(o, answer, e)
                         : remote_refusal(&o->remote, status, answer, e);
}
