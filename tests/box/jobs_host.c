/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

#define BOXES  6
#define ROUNDS 100000

static int host_start(struct jobs_host *h, const char *boxd, const char *init, const char *unzip,
                      struct err *e)
{
    h->log = (struct log){.fd = 2, .level = LOG_LEVEL_ERROR, .process = "test_jobs"};
    struct launch_config launch = {.cgroup_parent = "",
                                   .boxes = BOXES,
                                   .uid_base = 2000000000,
                                   .memory_max = UINT64_C(1) << 30,
                                   .disk_max = UINT64_C(256) << 20,
                                   .inodes_max = 20000,
                                   .processes_max = 256,
                                   .boxd_path = boxd,
                                   .init_path = init,
                                   .log = &h->log};
    int sock = -1;
    int r = loop_new(&h->loop, e);
    r = r < 0 ? r : host_enter(&launch, e);
    r = r < 0 ? r : instance_claim(&launch, &h->instance, e);
    r = r < 0 ? r : boxd_spawn(&launch, h->instance, &h->boxd, &sock, e);
    r = r < 0 ? r : sandbox_new(h->loop, sock, &h->log, &h->sandbox, e);
    if (r == 0) {
        struct engine_config config = {.slots = 2,
                                       .queue_max = 10,
                                       .queue_bytes = UINT64_MAX,
                                       .product_max = 8 << 20,
                                       .sessions = 2,
                                       .unzip = unzip};
        h->engine = engine_new(h->loop, h->sandbox, &config, &h->log);
    }
    return r;
}

static void host_stop(struct jobs_host *h)
{
    engine_free(h->engine);
    sandbox_free(h->sandbox);
    if (h->boxd > 0) {
        waitpid(h->boxd, NULL, 0);
    }
    instance_release(h->instance);
    loop_free(h->loop);
}

/* --- a job ------------------------------------------------------------------------------- */

static void on_room(void *ctx)
{
    struct outcome *o = ctx;
    o->rooms++;
}

static bool on_output(void *ctx, enum engine_stage stage, enum engine_stream stream,
                      const char *data, size_t len)
{
    struct outcome *o = ctx;
    (void)stage, (void)stream;
    o->outputs++;
    buf_add(&o->screen, data, len);
    if (o->on_output) {
        o->on_output(o, data, len);
    }
    return true;
}

static void on_finished(void *ctx, struct result *result)
{
    struct outcome *o = ctx;
    struct stage_result *shown = result->run.ran ? &result->run : &result->compile;
    o->finished = true;
    o->job = NULL;
    o->verdict = result->verdict;
    o->out_len = shown->out.len;
    o->out = buf_take(&shown->out);
    o->err = buf_take(&shown->err);
    o->unpack = result->unpack;
    o->compile = result->compile;
    o->run = result->run;
    o->runs = result->runs;
    o->result = *result;
    result_init(result);
}

void outcome_done(struct outcome *o)
{
    free(o->out);
    free(o->err);
    buf_done(&o->screen);
    result_done(&o->result);
}

static struct runtime *runtime_of(const char *compile, const char *run)
{
    struct runtime *r = runtime_new();
    uint32_t layers[BOX_LAYERS_MAX];
    r->layer_count = r->run_layer_count = launch_host_layers(layers);
    r->layers = xmemdup(layers, r->layer_count * sizeof(layers[0]));
    r->language = xstrdup("bash");
    r->version = xstrdup("5.0.0");
    r->compile.argv = compile ? strv_split(compile, " ") : NULL;
    r->run.argv = strv_split(run, " ");
    return r;
}

/* `script` is the run stage's; `compile` is a script too, or NULL. */
struct job *job_of(const char *compile, const char *script)
{
    struct job *job = job_new();
    job->runtime = runtime_of(compile ? "bash compile" : NULL, "bash {main} {args}");
    job_add_file(job, "main", script, strlen(script), true);
    if (compile) {
        job_add_file(job, "compile", compile, strlen(compile), false);
    }
    job->run = job->compile = (struct limits){.wall_ms = 20000,
                                              .cpu_ms = 20000,
                                              .memory_bytes = UINT64_C(256) << 20,
                                              .disk_bytes = UINT64_C(64) << 20,
                                              .disk_inodes = 10000,
                                              .output_bytes = 1 << 20,
                                              .open_files = 256,
                                              .processes = 64};
    job->keep_output = true;
    return job;
}

void begin(struct jobs_host *h, struct job *job, struct outcome *o)
{
    const struct engine_observer observer = {
        .output = on_output, .stdin_room = on_room, .finished = on_finished, .ctx = o};
    struct err e;
    assert_int_equal(engine_submit(h->engine, job, &observer, &o->job, &e), 0);
}

void finish(struct jobs_host *h, struct outcome *o)
{
    struct err e;
    for (int i = 0; !o->finished && i < ROUNDS; i++) {
        assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
    }
    assert_true(o->finished);
}

void run(struct jobs_host *h, struct job *job, struct outcome *o)
{
    begin(h, job, o);
    finish(h, o);
}

void assert_verdict(const struct outcome *o, enum verdict wanted)
{
    if (o->verdict != wanted) {
        fail_msg("%s, not %s: %s%s%s; stderr: %s", verdict_name(o->verdict), verdict_name(wanted),
                 o->unpack.reason, o->compile.reason, o->run.reason, o->err ? o->err : "");
    }
}

/* --- talking with it ---------------------------------------------------------------------- */

void type(struct outcome *o, const char *text)
{
    engine_job_stdin(o->job, text, strlen(text));
}

void expect(struct jobs_host *h, struct outcome *o, const char *text)
{
    struct err e;
    const char *found = NULL;
    while (!found) {
        const char *seen = o->screen.data ? o->screen.data + o->seen : "";
        found = strstr(seen, text);
        if (!found && o->finished) {
            fail_msg("no '%s' in '%s' (%s)", text, seen, o->run.reason);
        }
        if (!found) {
            assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
        } else {
            o->seen = (size_t)(found - o->screen.data) + strlen(text);
        }
    }
}

/* --- the test's main ----------------------------------------------------------------------- */

int jobs_host_main(int argc, char **argv, int (*test_all)(struct jobs_host *h))
{
    struct jobs_host h = {0};
    struct err e;
    if (argc != 4) {
        fprintf(stderr, "usage: %s BELLJAR-BOXD BELLJAR-INIT BELLJAR-UNZIP\n", argv[0]);
        return 2;
    }
    if (host_start(&h, argv[1], argv[2], argv[3], &e) < 0) {
        const char *must = getenv("MUST_WORK");
        printf("1..0 # SKIP no box can be made here: %s\n", e.text);
        return must && strcmp(must, "1") == 0;
    }
    int failed = test_all(&h);
    host_stop(&h);
    return failed;
}
