/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submission as Judge0's clients send it.  The first byte says as what (JSON, a form, multipart),
 * and whether in base64; the first line is the query, the rest the body.  It is refused with a
 * message, or becomes a job within the configured limits, and an answer that is JSON.
 *
 * The functions below take the place of those of languages.c, which needs a host's runtimes.
 */
#include <string.h>

#include "api/json.h"
#include "api/judge0/fields.h"
#include "api/judge0/job.h"
#include "api/judge0/languages.h"
#include "api/judge0/params.h"
#include "api/judge0/submission.h"
#include "api/judge0/validate.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "fuzz.h"
#include "model/execution.h"
#include "model/job.h"
#include "model/runtime.h"

static const struct judge0_language languages[] = {
    {.id = 50, .name = "C (GCC 9.2.0)", .label = "C (GCC)", .source_file = "main.c"},
    {.id = 71, .name = "Python (3.8.1)", .label = "Python", .source_file = "script.py"},
    {.id = 89, .name = "Multi-file program", .label = "Multi-file program", .builtin = "scripts"},
};

const struct judge0_language *judge0_language(enum judge0_flavour flavour, int id)
{
    (void)flavour;
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        if (languages[i].id == id) {
            return &languages[i];
        }
    }
    return NULL;
}

enum judge0_language_state judge0_language_state(const struct judge0_language_set *set, int id)
{
    (void)set;
    return judge0_language(FLAVOUR_CE, id) != NULL ? LANGUAGE_READY : LANGUAGE_UNKNOWN;
}

void judge0_language_remedy(const struct judge0_language_set *set, int id, struct buf *ret)
{
    (void)set;
    (void)id;
    (void)ret;
}

bool judge0_language_is_compiled(const struct judge0_language_set *set, int id)
{
    (void)set;
    return id == 50;
}

void judge0_language_name(const struct judge0_language_set *set, int id, char *ret, size_t size)
{
    (void)set;
    const struct judge0_language *row = judge0_language(FLAVOUR_CE, id);
    snprintf(ret, size, "%s", row != NULL ? row->name : "");
}

static struct config *config_make(void)
{
    AUTO(mem_freep) char **rest = NULL;
    char *const words[] = {(char[]){"--judge0-conf=none"}, NULL}, *const environment[] = {NULL};
    struct config *config = NULL;
    struct err e = {0};
    REQUIRE(config_load(words, environment, &config, &rest, &e) == 0);
    return config;
}

static void check_job(const struct config *config, const struct execution *x)
{
    AUTO(job_freep) struct job *job = NULL;
    struct runtime *runtime = runtime_new();
    struct err e = {0};
    runtime->language = xstrdup("c");
    runtime->version = xstrdup("12.2.0");
    runtime->default_name = xstrdup("main.c");
    strv_add(&runtime->compile.argv, "cc");
    if (submission_job(config, x, runtime, &job, &e) == 0) {
        REQUIRE(job->run.cpu_ms <= config->judge0_cpu_max_ms);
        REQUIRE(job->run.wall_ms <= config->judge0_wall_max_ms);
        REQUIRE(job->run.memory_bytes <= config->judge0_memory_max_kb << 10);
        REQUIRE(job->run.processes <= config->judge0_processes_max);
        REQUIRE(job->file_count == 0 || job->main_file < job->file_count);
    } else {
        REQUIRE(e.text[0] != '\0');
    }
    runtime_unref(runtime);
}

static void check_answer(const struct config *config, const struct execution *x,
                         const json_t *params, bool base64)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(buf_done) struct buf unknown = {0};
    AUTO(json_freep) json_t *read = NULL;
    struct err e = {0};
    field_mask fields;
    if (!fields_parse(config, params_text(params, "fields"), &fields, &unknown)) {
        REQUIRE(unknown.len > 0);
        fields = fields_default();
    }
    if (submission_write(config, NULL, x, fields, base64, &text)) {
        REQUIRE(json_parse_exact(text.data, text.len, &read, &e) == 0 && json_is_object(read));
    } else {
        REQUIRE(!base64 && text.len == 0);
    }
}

static void try_submission(const struct config *config, const json_t *params, bool base64)
{
    AUTO(execution_unrefp) struct execution *x = NULL;
    AUTO(json_freep) json_t *errors = NULL;
    if (!validate_submission(config, NULL, NULL, params, base64, &x, &errors)) {
        return;
    }
    REQUIRE((x == NULL) == (json_object_size(errors) > 0));
    if (x != NULL) {
        check_job(config, x);
        check_answer(config, x, params, base64);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
    };
    static struct config *config; /* a fuzzer has no end at which it could be freed */
    config = config != NULL ? config : config_make();
    if (size == 0) {
        return 0;
    }
    AUTO(mem_freep) char *query = xmemdup(data + 1, size - 1);
    AUTO(json_freep) json_t *params = NULL;
    char *body = memchr(query, '\n', size - 1);
    if (body == NULL) {
        return 0;
    }
    *body++ = '\0';
    struct err e = {0};
    size_t len = size - 1 - (size_t)(body - query);
    if (params_parse(types[data[0] % 3], body, len, query, &params, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && params == NULL);
        return 0;
    }
    try_submission(config, params, data[0] / 3 % 2 == 1);
    return 0;
}
