/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/native/native.h"
#include "api/native/schema.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/job.h"
#include "model/runtime.h"

#define ROWS_USUAL    24
#define COLUMNS_USUAL 80

static const json_t *of(const struct native_request *q, const char *key)
{
    return json_object_get(q->body, key);
}

static bool is_word(const json_t *v, const char *word)
{
    const char *text = json_string_value(v);
    return text != NULL && strcmp(text, word) == 0;
}

/* --- bytes ------------------------------------------------------------------------------- */

static int bytes_of(const json_t *text, bool base64, struct buf *ret, struct err *e)
{
    const char *data = json_string_value(text);
    buf_add_str(ret, "");
    if (base64) {
        return base64_decode(data, json_string_length(text), ret, e);
    }
    buf_add(ret, data, json_string_length(text));
    return 0;
}

static int input_set(const json_t *text, bool base64, char **ret_data, size_t *ret_size,
                     struct err *e)
{
    AUTO(buf_done) struct buf bytes = {0};
    int r = json_is_string(text) ? bytes_of(text, base64, &bytes, e) : 0;
    if (r == 0 && bytes.data != NULL) {
        *ret_size = bytes.len;
        *ret_data = buf_take(&bytes);
    }
    return r;
}

/* --- files ------------------------------------------------------------------------------- */

static bool has_extension(const char *name, char *const *extensions)
{
    for (; extensions != NULL && *extensions != NULL; extensions++) {
        if (str_ends(name, *extensions)) {
            return true;
        }
    }
    return false;
}

/* The first file is the program; of the others those that look like this language's. */
static bool is_code(const struct runtime *runtime, const char *name, size_t index)
{
    return index == 0 || has_extension(name, runtime->extensions) ||
           has_extension(name, runtime->header_extensions);
}

static int file_add(struct job *job, const json_t *file, size_t index, struct err *e)
{
    AUTO(buf_done) struct buf bytes = {0};
    const char *path = json_string_value(json_object_get(file, "path"));
    bool base64 = is_word(json_object_get(file, "encoding"), "base64");
    int r = bytes_of(json_object_get(file, "content"), base64, &bytes, e);
    if (r < 0) {
        return err_wrap(e, "files[%zu].content", index);
    }
    job_add_file(job, path, bytes.data, bytes.len, is_code(job->runtime, path, index));
    return 0;
}

static int files_add(struct job *job, const struct native_request *q, struct err *e)
{
    const json_t *source = of(q, "source"), *files = of(q, "files");
    if (source != NULL) {
        job_add_file(job, job->runtime->default_name, json_string_value(source),
                     json_string_length(source), true);
    }
    int r = 0;
    for (size_t i = 0; i < json_array_size(files) && r == 0; i++) {
        r = file_add(job, json_array_get(files, i), i, e);
    }
    return r < 0 ? r : job_check(job, e);
}

/* --- words ------------------------------------------------------------------------------- */

static char **words_of(const json_t *array)
{
    size_t count = json_array_size(array);
    char **words = count > 0 ? xcalloc(count + 1, sizeof(char *)) : NULL;
    for (size_t i = 0; i < count; i++) {
        words[i] = xstrdup(json_string_value(json_array_get(array, i)));
    }
    return words;
}

/* Without "./" and the like, which boxes do not take. */
static char **patterns_of(const json_t *array)
{
    char **patterns = words_of(array);
    for (size_t i = 0; patterns != NULL && patterns[i] != NULL; i++) {
        char *plain = NULL;
        struct err ignored; /* they were checked with the request */
        if (job_file_name_check(patterns[i], strlen(patterns[i]), &plain, &ignored) == 0) {
            free(patterns[i]);
            patterns[i] = plain;
        }
    }
    return patterns;
}

static char **environment_of(const json_t *env)
{
    size_t count = json_object_size(env), i = 0;
    const char *name;
    json_t *value;
    if (count == 0) {
        return NULL;
    }
    char **all = xcalloc(count + 1, sizeof(char *));
    json_object_foreach((json_t *)(uintptr_t)env, name, value)
    {
        all[i++] = xasprintf("%s=%s", name, json_string_value(value));
    }
    return all;
}

/* --- tests ------------------------------------------------------------------------------- */

static int test_add(struct job *job, const json_t *test, size_t index, bool base64, struct err *e)
{
    struct job_test *t = job_add_test(job);
    const json_t *name = json_object_get(test, "name");
    t->name = json_is_string(name) ? xstrdup(json_string_value(name)) : xasprintf("%zu", index + 1);
    schema_limits_over(SCHEMA_LIMITS, json_object_get(test, "limits"), &t->limits);
    int r = input_set(json_object_get(test, "stdin"), base64, &t->stdin_data, &t->stdin_size, e);
    if (r < 0) {
        return err_wrap(e, "tests[%zu].stdin", index);
    }
    return input_set(json_object_get(test, "expected_output"), false, &t->expected_data,
                     &t->expected_size, e);
}

static int tests_add(struct job *job, const struct native_request *q, bool base64, struct err *e)
{
    const json_t *tests = of(q, "tests");
    int r = 0;
    for (size_t i = 0; i < json_array_size(tests) && r == 0; i++) {
        r = test_add(job, json_array_get(tests, i), i, base64, e);
    }
    job->stop_on_first_failure = json_is_true(of(q, "stop_on_first_failure"));
    return r;
}

static int inputs_add(struct job *job, const struct native_request *q, struct err *e)
{
    bool base64 = is_word(of(q, "stdin_encoding"), "base64");
    int r = input_set(of(q, "stdin"), base64, &job->stdin_data, &job->stdin_size, e);
    if (r < 0) {
        return err_wrap(e, "stdin");
    }
    r = input_set(of(q, "expected_output"), false, &job->expected_data, &job->expected_size, e);
    return r < 0 ? r : tests_add(job, q, base64, e);
}

/* --- the job ----------------------------------------------------------------------------- */

static uint16_t size_of(const json_t *v, uint16_t usual)
{
    return json_is_number(v) ? (uint16_t)json_number_value(v) : usual;
}

static void terminal_set(struct job *job, const struct native_request *q)
{
    job->stdio = json_is_true(of(q, "tty")) ? JOB_STDIO_PTY : JOB_STDIO_PIPE;
    job->rows = size_of(of(q, "rows"), ROWS_USUAL);
    job->columns = size_of(of(q, "columns"), COLUMNS_USUAL);
}

static void words_add(struct job *job, const struct config *config, const struct native_request *q)
{
    job->args = words_of(of(q, "args"));
    job->compile_args = words_of(json_object_get(of(q, "compile"), "args"));
    job->env = environment_of(of(q, "env"));
    job->artifacts = patterns_of(of(q, "artifacts"));
    job->artifact_bytes = config->native_artifact_bytes;
}

static struct job *job_make(const struct config *config, const struct native_request *q,
                            struct runtime *runtime)
{
    struct job *job = job_new();
    memcpy(job->dialect, NATIVE_DIALECT, sizeof(NATIVE_DIALECT));
    job->runtime = runtime_ref(runtime);
    job->compile = q->compile;
    job->run = q->run;
    job->keep_output = true;
    job->exact_output = true;
    job->on_output_limit =
        is_word(of(q, "on_output_limit"), "truncate") ? JOB_OUTPUT_TRUNCATE : JOB_OUTPUT_STOP;
    job->network = json_is_true(of(q, "network")) && !config->disable_networking;
    job->cold = json_is_false(of(q, "warm"));
    terminal_set(job, q);
    words_add(job, config, q);
    return job;
}

int native_job(const struct config *config, const struct native_request *q, struct runtime *runtime,
               struct job **ret, struct err *e)
{
    AUTO(job_freep) struct job *job = job_make(config, q, runtime);
    int r = files_add(job, q, e);
    if (r == 0) {
        r = inputs_add(job, q, e);
    }
    if (r == 0) {
        *ret = TAKE(&job, NULL);
    }
    return r;
}
