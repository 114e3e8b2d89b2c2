/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as the body of POST /api/v1/executions, or (by the first one) as the start message of a
 * stream: refused with errors that have a path, or a job within the limits, which is the same when
 * it is read again from what is kept of it.
 */
#include <string.h>

#include "api/json.h"
#include "api/native/native.h"
#include "api/native/prefer.h"
#include "api/native/trail.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "fuzz.h"
#include "model/execution.h"
#include "model/job.h"
#include "model/runtime.h"

static struct config *config_make(void)
{
    AUTO(mem_freep) char **rest = NULL;
    char *const words[] = {(char[]){"--judge0-conf=none"}, NULL}, *const environment[] = {NULL};
    struct config *config = NULL;
    struct err e = {0};
    REQUIRE(config_load(words, environment, &config, &rest, &e) == 0);
    return config;
}

static struct runtime *runtime_make(void)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup("c");
    r->version = xstrdup("12.2.0");
    r->source = xstrdup("host");
    r->default_name = xstrdup("main.c");
    strv_add(&r->extensions, ".c");
    strv_add(&r->compile.argv, "cc");
    return r;
}

static void check_errors(json_t *errors)
{
    REQUIRE(json_array_size(errors) > 0);
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *one = json_array_get(errors, i);
        REQUIRE(json_is_string(json_object_get(one, "path")));
        REQUIRE(json_string_length(json_object_get(one, "message")) > 0);
    }
    json_decref(errors);
}

static void check_job(const struct config *config, const struct native_request *q,
                      struct runtime *runtime)
{
    AUTO(job_freep) struct job *job = NULL;
    struct err e = {0};
    if (native_job(config, q, runtime, &job, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && job == NULL);
        return;
    }
    REQUIRE(job->file_count > 0 && job->main_file < job->file_count);
    for (size_t i = 0; i < job->file_count; i++) {
        AUTO(mem_freep) char *again = NULL;
        const char *name = job->files[i].name;
        REQUIRE(job_file_name_check(name, strlen(name), &again, &e) == 0);
        REQUIRE(strcmp(name, again) == 0);
    }
    REQUIRE(memcmp(&job->run, &q->run, sizeof(job->run)) == 0 ||
            job->run.wall_ms <= q->run.wall_ms);
}

static void check_kept(const struct native_request *q, const struct runtime *runtime)
{
    char fingerprint[FINGERPRINT_LEN + 1];
    AUTO(native_request_done) struct native_request again = {0};
    struct err e = {0};
    native_fingerprint(q->body, fingerprint);
    AUTO(execution_unrefp)
    struct execution *x = native_kept(q, runtime, "somebody", fingerprint, false);
    REQUIRE(native_kept_request(x, &again, &e) == 0);
    REQUIRE(json_equal(q->body, again.body) && again.run.wall_ms == q->run.wall_ms &&
            again.run.memory_bytes == q->run.memory_bytes);
}

static void try_body(const struct config *config, enum native_use use, json_t *body)
{
    AUTO(native_request_done) struct native_request q = {0};
    json_t *errors = NULL;
    if (!native_request_read(config, NULL, use, body, &q, &errors)) {
        check_errors(errors);
        return;
    }
    REQUIRE(q.run.wall_ms <= config->native_session_wall_max_ms &&
            q.run.memory_bytes <= config->native_memory_max_bytes);
    struct runtime *runtime = runtime_make();
    if (native_request_fit(&q, NULL, runtime, &errors)) {
        check_job(config, &q, runtime);
        if (use == NATIVE_STORED) {
            check_kept(&q, runtime);
        }
    } else {
        check_errors(errors);
    }
    runtime_unref(runtime);
}

/* Small texts of the same clients: the field Prefer, and the id of the last event. */
static void try_texts(const char *text)
{
    struct trail t = {0}, again = {0};
    char written[TRAIL_TEXT_MAX], second[TRAIL_TEXT_MAX];
    prefer_parse(text);
    if (trail_read(text, &t)) {
        trail_write(&t, written);
        REQUIRE(trail_read(written, &again));
        trail_write(&again, second);
        REQUIRE(strcmp(written, second) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config *config; /* a fuzzer has no end at which it could be freed */
    config = config != NULL ? config : config_make();
    if (size == 0) {
        return 0;
    }
    json_t *body = NULL;
    struct err e = {0};
    AUTO(mem_freep) char *text = xmemdup(data + 1, size - 1);
    try_texts(text);
    if (native_parse(text, size - 1, &body, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && body == NULL);
        return 0;
    }
    try_body(config, data[0] % 2 == 0 ? NATIVE_STORED : NATIVE_STREAM, body);
    return 0;
}
