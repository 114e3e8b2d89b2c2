/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/utf8.h"
#include "cli/piston.h"
#include "cli/remote.h"
#include "cli/style.h"

#define INPUT_MAX ((size_t)64 << 20)

static json_t *repaired_json(const char *text, size_t len)
{
    AUTO(buf_done) struct buf valid = {0};
    utf8_repair(text, len, &valid);
    return json_stringn(valid.data ? valid.data : "", valid.len);
}

static int file_add(json_t *files, const char *path, struct err *e)
{
    AUTO(buf_done) struct buf data = {0};
    AUTO(buf_done) struct buf base64 = {0};
    int r = fd_read_path(path, INPUT_MAX, &data, e);
    if (r < 0) {
        return r;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    bool text = utf8_valid(data.data, data.len);
    if (!text) {
        base64_encode(data.data, data.len, &base64);
    }
    const struct buf *content = text ? &data : &base64;
    json_t *file = json_object();
    json_object_set_new(file, "name", repaired_json(name, strlen(name)));
    json_object_set_new(file, "content",
                        json_stringn(content->data ? content->data : "", content->len));
    json_object_set_new(file, "encoding", json_string(text ? "utf8" : "base64"));
    json_array_append_new(files, file);
    return 0;
}

/* The main file first: Piston's own CLI sends it last, and its server then runs a helper. */
static int files_make(const struct piston_args *args, const char *main_path, json_t *files,
                      struct err *e)
{
    int r = file_add(files, main_path, e);
    for (size_t i = 0; r == 0 && i < args->file_count; i++) {
        r = file_add(files, args->files[i], e);
    }
    return r;
}

static int stdin_make(bool wanted, json_t **ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = wanted ? fd_read_all(STDIN_FILENO, INPUT_MAX, &text, e) : 0;
    if (r < 0) {
        return err_wrap(e, "reading stdin");
    }
    *ret = repaired_json(text.data ? text.data : "", text.len);
    return 0;
}

static int body_make(const struct piston_args *args, char *const *words, json_t **ret,
                     struct err *e)
{
    AUTO(remote_json_freep) json_t *body = json_object();
    json_t *files = json_array(), *list = json_array(), *input = NULL;
    json_object_set_new(body, "language", repaired_json(words[0], strlen(words[0])));
    json_object_set_new(body, "version",
                        repaired_json(args->language_version, strlen(args->language_version)));
    json_object_set_new(body, "files", files);
    json_object_set_new(body, "args", list);
    for (char *const *word = words + 2; *word; word++) {
        json_array_append_new(list, repaired_json(*word, strlen(*word)));
    }
    int r = files_make(args, words[1], files, e);
    if (r == 0) {
        r = stdin_make(args->read_stdin && !args->interactive, &input, e);
    }
    if (r < 0) {
        return r;
    }
    json_object_set_new(body, "stdin", input);
    json_object_set_new(body, "compile_timeout", json_integer(args->compile_timeout));
    json_object_set_new(body, "run_timeout", json_integer(args->run_timeout));
    *ret = TAKE(&body, NULL);
    return 0;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void stream_print(const json_t *stage, const char *key, const char *title, bool colour)
{
    const json_t *json = json_object_get(stage, key);
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    if (len == 0) {
        return;
    }
    style_put(stdout, colour, STYLE_BOLD, title);
    putchar('\n');
    for (size_t i = 0; i < len; i++) {
        putchar(text[i]);
        if (text[i] == '\n') {
            fputs("    ", stdout);
        }
    }
    putchar('\n');
}

static void stage_print(const json_t *stage, const char *title, bool colour)
{
    json_int_t code = json_integer_value(json_object_get(stage, "code"));
    const char *signal = json_string_value(json_object_get(stage, "signal"));

    style_put(stdout, colour, STYLE_BOLD, title);
    putchar('\n');
    stream_print(stage, "stdout", "STDOUT", colour);
    stream_print(stage, "stderr", "STDERR", colour);
    if (code != 0) {
        char number[24];
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, code);
        style_put(stdout, colour, STYLE_BOLD, "Exit Code:");
        putchar(' ');
        style_put(stdout, colour, code > 0 ? STYLE_BOLD_RED : STYLE_BOLD_GREEN, number);
        putchar('\n');
    }
    if (signal && *signal) {
        style_put(stdout, colour, STYLE_BOLD, "Signal:");
        putchar(' ');
        style_put(stdout, colour, STYLE_BOLD_YELLOW, signal);
        putchar('\n');
    }
}

int piston_execute(const struct piston_args *args, char *const *words, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = NULL;
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = body_make(args, words, &body, e);
    if (r == 0 && args->interactive) {
        return piston_session(args, body, e);
    }
    if (r == 0) {
        r = remote_call(&args->remote, "POST", "/api/v2/execute", body, &status, &answer, e);
    }
    if (r < 0) {
        return r;
    }
    const json_t *run = json_object_get(answer, "run"),
                 *compile = json_object_get(answer, "compile");
    if (status != 200 || !json_is_object(run)) {
        return remote_refusal(&args->remote, status, answer, e);
    }
    bool colour = style_wanted(STDOUT_FILENO);
    if (json_is_object(compile)) {
        stage_print(compile, "== Compile ==", colour);
    }
    stage_print(run, "== Run ==", colour);
    return 0;
}
