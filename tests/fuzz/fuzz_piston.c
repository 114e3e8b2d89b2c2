/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as the body of an execute request, down to the job: each is either refused with a message,
 * or becomes a job whose names, arguments and limits keep what the model promises.
 */
#include <string.h>

#include "api/json.h"
#include "api/piston/body.h"
#include "api/piston/limits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "fuzz.h"
#include "model/job.h"
#include "model/runtime.h"

static struct runtime python = {
    .refs = 1, .language = (char[]){"python"}, .version = (char[]){"3.11.2"}};

static void check_names(const struct job *job)
{
    for (size_t i = 0; i < job->file_count; i++) {
        struct err e = {0};
        AUTO(mem_freep) char *again = NULL;
        const char *name = job->files[i].name;
        if (job_file_name_check(name, strlen(name), &again, &e) < 0 || strcmp(again, name) != 0) {
            abort();
        }
    }
    if (job->file_count > 0 && job->main_file >= job->file_count) {
        abort();
    }
}

static void check_limits(const json_t *body)
{
    struct limits compile = {.wall_ms = 10, .cpu_ms = 10, .memory_bytes = 1 << 20}, run = compile;
    struct err e = {0};
    if (limits_request(body, false, &compile, &run, &e) == 0 &&
        (run.wall_ms > 10 || run.cpu_ms > 10 || run.memory_bytes > 1 << 20 ||
         compile.wall_ms > 10)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    AUTO(json_freep) json_t *body = NULL;
    AUTO(job_freep) struct job *job = job_new();
    if (json_parse((const char *)data, size, &body, &e) < 0) {
        return 0;
    }
    json_decref(body_check_v1(body));
    check_limits(body);
    if (body_check(body, &e) < 0 || body_check_encodings(body, &python, &e) < 0 ||
        body_fill_job(body, PISTON_V2, &python, job, &e) < 0) {
        if (e.text[0] == '\0') {
            abort();
        }
        return 0;
    }
    check_names(job);
    return 0;
}
