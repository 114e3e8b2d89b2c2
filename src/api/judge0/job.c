/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/languages.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/execution.h"
#include "model/job.h"
#include "model/runtime.h"

/* --- words ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In double quotes a backslash is itself, but before these. */
static bool is_escaped_in_quotes(char c)
{
    return c == '"' || c == '\\' || c == '$' || c == '`' || c == '\n';
}

static void escaped_add(struct buf *word, char c)
{
    if (c != '\n') { /* a backslash at the end of a line joins it with the next */
        buf_add_char(word, c);
    }
}

/* From behind the quote to behind the next one. */
static const char *quoted_add(struct buf *word, const char *p, char quote)
{
    for (; *p != '\0' && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && is_escaped_in_quotes(p[1])) {
            escaped_add(word, *++p);
        } else {
            buf_add_char(word, *p);
        }
    }
    return *p != '\0' ? p + 1 : p;
}

static const char *word_add(struct buf *word, const char *p)
{
    while (*p != '\0' && !is_blank(*p)) {
        if (*p == '"' || *p == '\'') {
            p = quoted_add(word, p + 1, *p);
        } else if (*p == '\\' && p[1] != '\0') {
            escaped_add(word, p[1]);
            p += 2;
        } else {
            buf_add_char(word, *p++);
        }
    }
    return p;
}

static bool is_joined_line(const char *p)
{
    return p[0] == '\\' && p[1] == '\n';
}

char **submission_split(const char *text)
{
    char **words = NULL;
    for (const char *p = text; *p != '\0';) {
        if (is_blank(*p) || is_joined_line(p)) {
            p += is_blank(*p) ? 1 : 2;
            continue;
        }
        struct buf word = {0};
        p = word_add(&word, p);
        strv_add_take(&words, word.data != NULL ? buf_take(&word) : xstrdup(""));
    }
    return words;
}

/* --- what was asked -------------------------------------------------------------------------- */

/* NUL characters are left out, as bash leaves them out: no argument can hold one. */
static char **words_of(const json_t *request, const char *name)
{
    const json_t *value = json_object_get(request, name);
    const char *text = json_string_value(value);
    AUTO(buf_done) struct buf plain = {0};
    buf_add_str(&plain, "");
    for (size_t i = 0; i < json_string_length(value); i++) {
        if (text[i] != '\0') {
            buf_add_char(&plain, text[i]);
        }
    }
    return submission_split(plain.data);
}

static bool flag_of(const json_t *request, const char *name)
{
    return json_is_true(json_object_get(request, name));
}

static uint64_t number_of(const json_t *request, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(request, name));
    return value > 0 ? (uint64_t)value : 0;
}

/* Rounded up: what is more than nothing must not become 0, which is no limit. */
static uint64_t milliseconds_of(const json_t *request, const char *name)
{
    double seconds = json_number_value(json_object_get(request, name));
    return seconds > 0 ? (uint64_t)ceil(seconds * 1000 - 1e-6) : 0;
}

/* --- limits ---------------------------------------------------------------------------------- */

#define KB UINT64_C(1024)

/* Judge0's 0 means 0, and ours no limit: the least that there is. */
static uint64_t stack_bytes(uint64_t kb)
{
    return kb > 0 ? kb * KB : 1;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value > least ? value : least;
}

/*
 * What Judge0 has no limit for is this server's: files altogether, and open files, where its 512
 * were few for some runtimes.
 */
static struct limits limits_of_host(const struct config *config)
{
    return (struct limits){
        .disk_bytes = config->disk_bytes,
        .disk_inodes = config->disk_inodes,
        .open_files = (uint32_t)config->open_files,
    };
}

static struct limits limits_of_run(const struct config *config, const json_t *request)
{
    struct limits l = limits_of_host(config);
    uint64_t file_kb = number_of(request, "max_file_size");
    l.cpu_ms = milliseconds_of(request, "cpu_time_limit");
    l.cpu_stop_ms =
        l.cpu_ms > 0 ? at_least(milliseconds_of(request, "cpu_extra_time"), l.cpu_ms) : 0;
    l.wall_ms = milliseconds_of(request, "wall_time_limit");
    l.memory_bytes = number_of(request, "memory_limit") * KB;
    l.stack_bytes = stack_bytes(number_of(request, "stack_limit"));
    l.file_bytes = file_kb > 0 ? file_kb * KB : LIMIT_FILE_NOTHING;
    l.output_bytes = at_least(file_kb * KB, 1);
    l.processes = (uint32_t)number_of(request, "max_processes_and_or_threads");
    if (flag_of(request, "enable_per_process_and_thread_memory_limit")) {
        l.address_bytes = l.memory_bytes;
    }
    return l;
}

/*
 * Judge0 gives its compilers the most that a program may ask for.  A file of theirs may be as large
 * as anywhere on this server, because what compilers of today make is larger than 4 MB.
 */
static struct limits limits_of_compile(const struct config *config)
{
    struct limits l = limits_of_host(config);
    uint64_t file_bytes = config->judge0_file_max_kb * KB;
    l.cpu_ms = config->judge0_cpu_max_ms;
    l.wall_ms = config->judge0_wall_max_ms;
    l.memory_bytes = config->judge0_memory_max_kb * KB;
    l.stack_bytes = stack_bytes(config->judge0_stack_max_kb);
    l.file_bytes = config->file_bytes > 0 ? at_least(config->file_bytes, file_bytes) : 0;
    l.output_bytes = at_least(file_bytes, 1);
    l.processes = (uint32_t)config->judge0_processes_max;
    return l;
}

#define UNPACK_CPU_MS    2000 /* Judge0's */
#define UNPACK_WALL_MS   4000
#define UNPACK_PROCESSES 8
#define UNPACK_OVERHEAD  (KB * 1024 * 64) /* of the program itself; files count as memory */

static struct limits limits_of_unpack(const struct config *config, size_t zip_size)
{
    return (struct limits){
        .cpu_ms = UNPACK_CPU_MS,
        .wall_ms = UNPACK_WALL_MS,
        .memory_bytes = UNPACK_OVERHEAD + zip_size + config->judge0_extract_bytes,
        .disk_bytes = config->judge0_extract_bytes,
        .disk_inodes = config->judge0_extract_files,
        .output_bytes = 4 * KB,
        .open_files = (uint32_t)config->open_files,
        .processes = UNPACK_PROCESSES,
    };
}

/* --- the job --------------------------------------------------------------------------------- */

/* A language without a source file is a program of several files, all in the archive. */
static void source_add(struct job *job, const struct judge0_language *language,
                       const struct execution *x)
{
    const struct execution_bytes *source = &x->parts[PART_SOURCE];
    if (language->source_file == NULL) {
        return;
    }
    struct job_file *file = job_add_file(
        job, language->source_file, source->data != NULL ? source->data : "", source->len, true);
    file->executable = language->builtin != NULL && strcmp(language->builtin, "executable") == 0;
}

static void part_copy(const struct execution_bytes *part, char **ret_data, size_t *ret_size)
{
    if (part->data != NULL) {
        *ret_data = xmemdup(part->data, part->len);
        *ret_size = part->len;
    }
}

static void parts_add(struct job *job, const struct execution *x)
{
    part_copy(&x->parts[PART_STDIN], &job->stdin_data, &job->stdin_size);
    part_copy(&x->parts[PART_EXPECTED], &job->expected_data, &job->expected_size);
    if (x->parts[PART_FILES].len > 0) {
        part_copy(&x->parts[PART_FILES], &job->zip_data, &job->zip_size);
    }
    job->expected_needs_output = true; /* no output is null, and equals nothing */
}

static void environment_add(struct job *job, const struct config *config)
{
    static const struct {
        const char *name, *value;
    } variables[] = {
        {"JUDGE0_HOMEPAGE", ABOUT_HOMEPAGE},
        {"JUDGE0_SOURCE_CODE", ABOUT_SOURCE_CODE},
        {"JUDGE0_MAINTAINER", ABOUT_MAINTAINER},
    };
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        strv_add_take(&job->env, xasprintf("%s=%s", variables[i].name, variables[i].value));
    }
    strv_add_take(&job->env, xasprintf("JUDGE0_VERSION=%s", config->judge0_version));
    job->env_is_ours = true;
}

const char *submission_compile_option(const struct runtime *runtime)
{
    static const char *const optimised[] = {"c", "c++", "c-clang", "cpp-clang"};
    for (size_t i = 0; i < ARRAY_LEN(optimised); i++) {
        if (strcmp(runtime->language, optimised[i]) == 0) {
            return "-O0";
        }
    }
    return NULL;
}

/* Of several -O the last counts. */
static void compile_args_add(struct job *job, const json_t *request)
{
    AUTO(strv_freep) char **options = words_of(request, "compiler_options");
    const char *first = submission_compile_option(job->runtime);
    if (first != NULL) {
        strv_add(&job->compile_args, first);
    }
    strv_add_all(&job->compile_args, options);
    job->compile_args_are_ours = strv_len(options) == 0;
}

static void request_add(struct job *job, const struct config *config, const json_t *request)
{
    job->args = words_of(request, "command_line_arguments");
    compile_args_add(job, request);
    job->runs = (unsigned)number_of(request, "number_of_runs");
    job->merge_stderr = flag_of(request, "redirect_stderr_to_stdout");
    job->network = flag_of(request, "enable_network") && !config->disable_networking;
    job->run = limits_of_run(config, request);
    job->compile = limits_of_compile(config);
    job->unpack = limits_of_unpack(config, job->zip_size);
}

static struct job *job_make(const struct config *config, const struct execution *x,
                            struct runtime *runtime)
{
    struct job *job = job_new();
    snprintf(job->dialect, sizeof(job->dialect), "%s", x->dialect);
    job->caller = xstrdup(x->caller);
    job->runtime = runtime_ref(runtime);
    job->priority = x->batch ? JOB_BATCH : JOB_INTERACTIVE;
    job->on_output_limit = JOB_OUTPUT_TRUNCATE;
    job->stdio = JOB_STDIO_FILE;
    job->merge_compile_stderr = true;
    job->keep_output = true;
    job->shell_status = config->shell_status;
    parts_add(job, x);
    environment_add(job, config);
    return job;
}

int submission_job(const struct config *config, const struct execution *x, struct runtime *runtime,
                   struct job **ret, struct err *e)
{
    const struct judge0_language *language =
        judge0_language((enum judge0_flavour)config->judge0_flavour, x->language);
    if (language == NULL) {
        return err_set(e, ERR_NOT_FOUND, "there is no language with id %d (any more)", x->language);
    }
    json_error_t error;
    AUTO(json_freep)
    json_t *request = x->request != NULL ? json_loads(x->request, JSON_ALLOW_NUL, &error) : NULL;
    if (!json_is_object(request)) {
        return err_set(e, ERR_IO, "what was asked cannot be read");
    }
    AUTO(job_freep) struct job *job = job_make(config, x, runtime);
    request_add(job, config, request);
    source_add(job, language, x);
    int r = job_check(job, e);
    if (r == 0) {
        *ret = TAKE(&job, NULL);
    }
    return r;
}
