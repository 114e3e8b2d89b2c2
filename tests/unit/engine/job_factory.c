/* SPDX-License-Identifier: Apache-2.0 */
#include "job_factory.h"

#include <string.h>

#include "base/mem.h"
#include "base/strv.h"

static struct runtime *runtime_of(const char *language)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup(language);
    r->version = xstrdup("1.0.0");
    r->layers = xcalloc(1, sizeof(r->layers[0]));
    r->layers[0] = 1;
    r->layer_count = r->run_layer_count = 1;
    r->generation = 1;
    return r;
}

struct runtime *runtime_of_c(void)
{
    struct runtime *r = runtime_of("c");
    r->compile.argv = strv_split("cc|{sources}|-o|a.out", "|");
    r->run.argv = strv_split("./a.out|{args}", "|");
    strv_add(&r->extensions, ".c");
    strv_add(&r->header_extensions, ".h");
    r->needs_extension = true;
    return r;
}

struct runtime *runtime_of_bash(void)
{
    struct runtime *r = runtime_of("bash");
    r->run.argv = strv_split("bash|{main}|{args}", "|");
    return r;
}

struct job *job_of(struct runtime *runtime)
{
    struct limits limits = {.wall_ms = 3000,
                            .cpu_ms = 2000,
                            .memory_bytes = UINT64_C(64) << 20,
                            .output_bytes = 65536,
                            .open_files = 64,
                            .processes = 16};
    struct job *job = job_new();
    job->runtime = runtime;
    job->compile = job->run = limits;
    job->keep_output = true;
    return job;
}

void job_with(struct job *job, const char *name, const char *text)
{
    job_add_file(job, name, text, strlen(text), true);
}
