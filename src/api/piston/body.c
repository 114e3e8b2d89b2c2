/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/piston/js.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "model/job.h"
#include "model/runtime.h"

static bool is_text(const json_t *v)
{
    return json_is_string(v) && json_string_length(v) > 0;
}

int body_check(const json_t *body, struct err *e)
{
    const json_t *files = json_object_get(body, "files");
    if (!is_text(json_object_get(body, "language"))) {
        return err_set(e, ERR_INVALID, "language is required as a string");
    }
    if (!is_text(json_object_get(body, "version"))) {
        return err_set(e, ERR_INVALID, "version is required as a string");
    }
    if (!json_is_array(files)) {
        return err_set(e, ERR_INVALID, "files is required as an array");
    }
    for (size_t i = 0; i < json_array_size(files); i++) {
        if (!json_is_string(json_object_get(json_array_get(files, i), "content"))) {
            return err_set(e, ERR_INVALID, "files[%zu].content is required as a string", i);
        }
    }
    return 0;
}

/* Files */

enum encoding { ENCODING_UTF8, ENCODING_BASE64, ENCODING_HEX };

/* What is none of these is written as UTF-8. */
static enum encoding encoding_of(const json_t *file)
{
    const char *name = json_string_value(json_object_get(file, "encoding"));
    if (name == NULL) {
        return ENCODING_UTF8;
    }
    return strcmp(name, "base64") == 0 ? ENCODING_BASE64
           : strcmp(name, "hex") == 0  ? ENCODING_HEX
                                       : ENCODING_UTF8;
}

/* "utf8", or none: other words do not count for the check, though they are written as UTF-8. */
static bool says_utf8(const json_t *file)
{
    const json_t *encoding = json_object_get(file, "encoding");
    const char *name = json_string_value(encoding);
    return !js_truthy(encoding) || (name != NULL && strcmp(name, "utf8") == 0);
}

static bool takes_any_file(const struct runtime *runtime)
{
    return strcmp(runtime->language, "file") == 0;
}

int body_check_encodings(const json_t *body, const struct runtime *runtime, struct err *e)
{
    const json_t *files = json_object_get(body, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        if (says_utf8(json_array_get(files, i))) {
            return 0;
        }
    }
    return takes_any_file(runtime)
               ? 0
               : err_set(e, ERR_INVALID, "files must include at least one utf8 encoded file");
}

static int file_name(const json_t *file, size_t index, char **ret, struct err *e)
{
    const json_t *name = json_object_get(file, "name");
    if (!js_truthy(name)) {
        *ret = xasprintf("file%zu.code", index);
        return 0;
    }
    if (!json_is_string(name)) {
        return err_set(e, ERR_INVALID, "files[%zu].name must be a string", index);
    }
    const char *text = json_string_value(name);
    if (job_file_name_check(text, json_string_length(name), ret, e) == 0) {
        return 0;
    }
    if (strstr(e->text, "leads out") != NULL) {
        return err_set(e, ERR_INVALID,
                       "File path \"%.60s\" tries to escape parent directory: %.60s", text, text);
    }
    return err_wrap(e, "files[%zu].name", index);
}

static int file_add(struct job *job, const json_t *file, size_t index, bool any, struct err *e)
{
    AUTO(mem_freep) char *name = NULL;
    int r = file_name(file, index, &name, e);
    if (r < 0) {
        return r;
    }
    AUTO(buf_done) struct buf decoded = {0};
    const json_t *content = json_object_get(file, "content");
    const char *data = json_string_value(content);
    size_t len = json_string_length(content);
    enum encoding encoding = encoding_of(file);
    if (encoding == ENCODING_BASE64) {
        base64_decode_lenient(data, len, &decoded);
    } else if (encoding == ENCODING_HEX) {
        hex_decode_lenient(data, len, &decoded);
    }
    if (encoding != ENCODING_UTF8) {
        data = decoded.data != NULL ? decoded.data : "";
        len = decoded.len;
    }
    job_add_file(job, name, data, len, any || encoding == ENCODING_UTF8);
    return 0;
}

static int files_add(struct job *job, const json_t *files, const struct runtime *runtime,
                     struct err *e)
{
    bool any = takes_any_file(runtime);
    for (size_t i = 0; i < json_array_size(files); i++) {
        int r = file_add(job, json_array_get(files, i), i, any, e);
        if (r < 0) {
            return r;
        }
    }
    int r = job_check(job, e);
    return r < 0 ? err_wrap(e, "files") : 0;
}

/* stdin */

static int stdin_set(struct job *job, const json_t *value, enum piston_style style, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    if (value != NULL && !json_is_null(value)) {
        /* Piston lets arrays pass, joined by commas: they have a slice(), as strings have. */
        if (!json_is_string(value) && !json_is_array(value)) {
            return err_set(e, ERR_INVALID, "stdin must be a string");
        }
        js_string(value, &text);
    }
    if (style == PISTON_V2 && (text.len == 0 || text.data[text.len - 1] != '\n')) {
        buf_add_char(&text, '\n');
    }
    job->stdin_size = text.len;
    job->stdin_data = buf_take(&text);
    return 0;
}

/* args */

#define ARGS_MAX      32768
#define ARG_BYTES_MAX 131071 /* the kernel's MAX_ARG_STRLEN, its NUL not counted */
#define ARGS_BYTES_MAX                                                                             \
    (1 << 20) /* with a pointer for each: half of what the kernel takes with the usual stack */

/* A vector that grows to a known count; `cost` is what the kernel will count. */
struct arg_list {
    char **v;
    size_t count, cost;
};

static int arg_add(struct arg_list *list, const char *data, size_t len, struct err *e)
{
    if (memchr(data, '\0', len) != NULL) {
        return err_set(e, ERR_INVALID, "args[%zu] must not hold a NUL character", list->count);
    }
    list->cost += len + 1 + sizeof(char *);
    if (len > ARG_BYTES_MAX || list->cost > ARGS_BYTES_MAX || list->count == ARGS_MAX) {
        return err_set(e, ERR_LIMIT, "args cannot exceed %d strings, %d bytes each and %d in all",
                       ARGS_MAX, ARG_BYTES_MAX, ARGS_BYTES_MAX);
    }
    list->v[list->count++] = xmemdup(data, len);
    return 0;
}

static size_t character_length(const char *p, const char *end)
{
    size_t len = 1;
    while (p + len < end && ((unsigned char)p[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

/* One argument for each character, as JavaScript's spread of a string. */
static int args_split(struct arg_list *list, const json_t *value, struct err *e)
{
    const char *p = json_string_value(value), *end = p + json_string_length(value);
    int r = 0;
    while (p < end && r == 0) {
        size_t len = character_length(p, end);
        r = arg_add(list, p, len, e);
        p += len;
    }
    return r;
}

static int args_take(struct arg_list *list, const json_t *value, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < json_array_size(value) && r == 0; i++) {
        const json_t *item = json_array_get(value, i);
        if (json_is_array(item) || json_is_object(item)) {
            return err_set(e, ERR_INVALID, "args[%zu] must be a string", i);
        }
        AUTO(buf_done) struct buf text = {0};
        js_string(item, &text);
        r = arg_add(list, text.data != NULL ? text.data : "", text.len, e);
    }
    return r;
}

static int args_set(struct job *job, const json_t *value, struct err *e)
{
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    if (!json_is_string(value) && !json_is_array(value)) {
        return err_set(e, ERR_INVALID, "args must be an array of strings");
    }
    size_t most = json_is_string(value) ? json_string_length(value) : json_array_size(value);
    struct arg_list list = {.v = xcalloc(most + 1, sizeof(char *))};
    job->args = list.v;
    return json_is_string(value) ? args_split(&list, value, e) : args_take(&list, value, e);
}

/* The whole */

int body_fill_job(const json_t *body, enum piston_style style, const struct runtime *runtime,
                  struct job *job, struct err *e)
{
    int r = stdin_set(job, json_object_get(body, "stdin"), style, e);
    if (r == 0) {
        r = args_set(job, json_object_get(body, "args"), e);
    }
    return r == 0 ? files_add(job, json_object_get(body, "files"), runtime, e) : r;
}

/* 2021 */

static void invalid_value(json_t *errors, const char *param, json_t *value)
{
    json_t *error = json_object();
    if (value != NULL) {
        json_object_set(error, "value", value);
    }
    json_object_set_new(error, "msg", json_string("Invalid value"));
    json_object_set_new(error, "param", json_string(param));
    json_object_set_new(error, "location", json_string("body"));
    json_array_append_new(errors, error);
}

static void check_contents(json_t *errors, const json_t *files)
{
    for (size_t i = 0; json_is_array(files) && i < json_array_size(files); i++) {
        json_t *content = json_object_get(json_array_get(files, i), "content");
        char param[64];
        snprintf(param, sizeof(param), "files[%zu].content", i);
        if (!json_is_string(content)) {
            invalid_value(errors, param, content);
        }
    }
}

json_t *body_check_v1(const json_t *body)
{
    static const char *const texts[] = {"language", "version"};
    json_t *errors = json_array();
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *value = json_object_get(body, texts[i]);
        if (!json_is_string(value)) {
            invalid_value(errors, texts[i], value);
        }
    }
    json_t *files = json_object_get(body, "files");
    if (!json_is_array(files)) {
        invalid_value(errors, "files", files);
    }
    check_contents(errors, files);
    if (json_array_size(errors) > 0) {
        return errors;
    }
    json_decref(errors);
    return NULL;
}

int body_from_gateway(const json_t *body, json_t **ret, struct err *e)
{
    json_t *language = json_object_get(body, "language"), *source = json_object_get(body, "source");
    if (!is_text(language)) {
        return err_set(e, ERR_INVALID, "Supplied language is not supported by Piston");
    }
    if (!json_is_string(source)) {
        return err_set(e, ERR_INVALID, "source is required as a string");
    }
    json_t *now = json_pack("{s:O,s:s,s:[{s:O}]}", "language", language, "version", "*", "files",
                            "content", source);
    static const char *const same[] = {"stdin", "args"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        json_t *value = json_object_get(body, same[i]);
        if (value != NULL) {
            json_object_set(now, same[i], value);
        }
    }
    *ret = now;
    return 0;
}
