/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job has these stages: an unpack stage when it comes with a zip, a compile stage where its
 * runtime has one, and the run stage.  Each has a box of its own, and starts with what the one
 * before it left; the first one with the job's own files.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "engine/command.h"
#include "engine/engine_impl.h"
#include "engine/verdict.h"
#include "model/runtime.h"

#define UNZIP_NAME "unzip"
#define UNZIP_MODE 0755
#define PAGE_BYTES 4096 /* a file takes whole ones */

/* --- which stages ------------------------------------------------------------------------- */

static bool has_zip(const struct job *job)
{
    return job->zip_size > 0;
}

static enum engine_stage after_unpack(const struct engine_job *j)
{
    return command_for_compile(j->job->runtime, &j->layout) ? STAGE_COMPILE : STAGE_RUN;
}

enum engine_stage plan_first(const struct engine_job *j)
{
    return has_zip(j->job) ? STAGE_UNPACK : after_unpack(j);
}

enum engine_stage plan_next(const struct engine_job *j)
{
    return j->stage_kind == STAGE_UNPACK ? after_unpack(j) : STAGE_RUN;
}

static bool may_compile(const struct job *job)
{
    return job->runtime->compile.argv || job->runtime->compile_many.argv;
}

bool plan_only_runs(const struct job *job)
{
    return !has_zip(job) && !may_compile(job);
}

/* What somebody types can be given once only. */
unsigned plan_runs(const struct job *job)
{
    return job->runs > 1 && !job->stdin_open ? job->runs : 1;
}

/* Of the run stage of `test`, or, NULL, of a job without tests. */
static const struct limits *limits_of(const struct job *job, enum engine_stage kind,
                                      const struct job_test *test)
{
    switch (kind) {
    case STAGE_UNPACK:
        return &job->unpack;
    case STAGE_COMPILE:
        return &job->compile;
    case STAGE_RUN:
        break;
    }
    return test ? &test->limits : &job->run;
}

static bool add_wall(uint64_t *sum_ns, const struct limits *l, uint64_t times)
{
    *sum_ns += times * l->wall_ms * NS_PER_MS;
    return times == 0 || l->wall_ms > 0;
}

uint64_t plan_lease_ns(const struct engine_job *j)
{
    const struct job *job = j->job;
    if (!job) {
        return LEASE_NS;
    }
    uint64_t sum = LEASE_NS;
    bool ends = add_wall(&sum, &job->unpack, has_zip(job));
    ends &= add_wall(&sum, &job->compile, may_compile(job));
    for (size_t i = 0; i < job->test_count; i++) {
        ends &= add_wall(&sum, &job->tests[i].limits, 1);
    }
    ends &= add_wall(&sum, &job->run, job->test_count > 0 ? 0 : plan_runs(job));
    return ends ? sum : UINT64_MAX;
}

int plan_check(const struct engine *e, const struct job *job, struct err *err)
{
    if (has_zip(job) && e->unzip.len == 0) {
        return err_set(err, ERR_UNSUPPORTED,
                       "this server cannot unpack archives: its program belljar-unzip is missing");
    }
    return 0;
}

/* --- what a stage is made of -------------------------------------------------------------- */

static struct stage_plan plan_of(const struct engine_job *j, enum engine_stage kind)
{
    const struct job *job = j->job;
    return (struct stage_plan){
        .job = job,
        .limits = limits_of(job, kind, tests_current(j)),
        .env = j->env,
        .layer_count = job->runtime->run_layer_count,
        .product_fd = j->product_fd,
        .product_size = j->product_size,
        .collect = kind != STAGE_RUN,
        .collect_max = j->engine->config.product_max,
        .cpu_milli = j->engine->config.cpu_milli,
        .weaken = j->engine->config.weaken,
        .network = kind == STAGE_COMPILE && job->compile_network,
        .stdio = JOB_STDIO_PIPE,
        .pool = spares_for(j, kind),
        .unhurried = j->stage_kind != STAGE_RUN,
        .keep_output = job->keep_output,
        .exact_output = job->exact_output,
        .on_output_limit = job->on_output_limit,
    };
}

static struct stage_plan plan_of_run(const struct engine_job *j)
{
    const struct job *job = j->job;
    struct stage_plan plan = plan_of(j, STAGE_RUN);
    struct run_input input = tests_input(j);
    plan.network = job->network;
    plan.stdio = job->stdio;
    plan.stdin_data = input.data;
    plan.stdin_size = input.size;
    plan.merge_stderr = job->merge_stderr;
    plan.keep_output = job->keep_output || tests_expected(j).data;
    if (job->artifacts) {
        plan.collect_some = job->artifacts;
        plan.collect_max = j->artifacts_left;
    }
    return plan;
}

static struct stage_plan plan_of_compile(const struct engine_job *j)
{
    struct stage_plan plan = plan_of(j, STAGE_COMPILE);
    plan.env = j->compile_env ? j->compile_env : j->env;
    plan.layer_count = j->job->runtime->layer_count;
    plan.merge_stderr = j->job->merge_compile_stderr;
    return plan;
}

static size_t depth_of(const char *path)
{
    size_t depth = 1;
    while ((path = strchr(path, '/')) != NULL) {
        path++;
        depth++;
    }
    return depth;
}

/*
 * The limits are those of what comes out of the zip: the job's own files and the unzip program lie
 * there too, and each file of the zip may waste most of a page.
 */
static struct stage_plan plan_of_unpack(const struct engine_job *j)
{
    const struct job *job = j->job;
    struct stage_plan plan = plan_of(j, STAGE_UNPACK);
    plan.stdio = JOB_STDIO_FILE;
    plan.stdin_data = job->zip_data;
    plan.stdin_size = job->zip_size;
    plan.on_output_limit = JOB_OUTPUT_TRUNCATE;
    plan.inodes_more = 1;
    plan.disk_more = j->engine->unzip.len;
    for (size_t i = 0; i < job->file_count; i++) {
        plan.inodes_more += depth_of(j->layout.names[i]);
        plan.disk_more += job->files[i].size;
    }
    plan.disk_more += (plan.inodes_more + plan.limits->disk_inodes) * PAGE_BYTES;
    return plan;
}

static struct stage_plan plan_for(const struct engine_job *j, enum engine_stage kind)
{
    switch (kind) {
    case STAGE_UNPACK:
        return plan_of_unpack(j);
    case STAGE_COMPILE:
        return plan_of_compile(j);
    case STAGE_RUN:
        break;
    }
    return plan_of_run(j);
}

/* --- starting it -------------------------------------------------------------------------- */

/* Whether one of the files has this name, or lies in a directory of it. */
static bool name_is_given(const struct layout *l, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < l->file_count; i++) {
        const char *given = l->names[i];
        if (strncmp(given, name, len) == 0 && (given[len] == '\0' || given[len] == '/')) {
            return true;
        }
    }
    return false;
}

static char *unzip_name(const struct layout *l)
{
    char *name = xstrdup("." UNZIP_NAME);
    for (unsigned i = 1; name_is_given(l, name); i++) {
        free(name);
        name = xasprintf("." UNZIP_NAME "-%u", i);
    }
    return name;
}

static int start(struct engine_job *j, struct stage_plan *plan, const struct stage_events *events,
                 struct err *e)
{
    return stage_start(job_stage(j), j->engine->sandbox, plan, job_result(j), events, e);
}

static int start_unpack(struct engine_job *j, const struct stage_events *events, struct err *e)
{
    const struct engine *engine = j->engine;
    struct stage_plan plan = plan_of_unpack(j);
    AUTO(buf_done) struct buf files = {0};
    AUTO(mem_freep) char *name = unzip_name(&j->layout);
    int r = plan_check(engine, j->job, e);
    if (r == 0) {
        r = layout_archive(j->job, &j->layout, &files, e);
    }
    if (r == 0) {
        r = boxarchive_add(&files, BOXARCHIVE_FILE, UNZIP_MODE, name, engine->unzip.data,
                           engine->unzip.len, e);
    }
    if (r < 0) {
        return r;
    }
    AUTO(strv_freep) char **argv = NULL;
    strv_add_take(&argv, xasprintf("./%s", name));
    strv_add(&argv, "--bytes");
    strv_add_take(&argv, xasprintf("%" PRIu64, plan.limits->disk_bytes));
    strv_add(&argv, "--files");
    strv_add_take(&argv, xasprintf("%" PRIu64, plan.limits->disk_inodes));
    plan.argv = argv;
    plan.files = &files;
    return start(j, &plan, events, e);
}

static char **command_of(const struct engine_job *j, enum engine_stage kind)
{
    const struct job *job = j->job;
    bool compile = kind == STAGE_COMPILE;
    char *const *template = compile ? command_for_compile(job->runtime, &j->layout)
                                    : command_for_run(job->runtime, &j->layout);
    const struct command_arguments given = {job->args, compile ? job->compile_args : NULL};
    return template ? command_expand(template, &j->layout, &given) : NULL;
}

static int start_program(struct engine_job *j, const struct stage_events *events, struct err *e)
{
    const struct runtime *runtime = j->job->runtime;
    struct stage_plan plan = plan_for(j, j->stage_kind);
    AUTO(strv_freep) char **argv = command_of(j, j->stage_kind);
    AUTO(mem_freep) char *wait = spares_wait(j, j->stage_kind);
    if (!argv) {
        return err_set(e, ERR_BUG, "%s %s has no command to run a program with", runtime->language,
                       runtime->version);
    }
    AUTO(buf_done) struct buf files = {0};
    if (j->product_fd < 0) {
        int r = layout_archive(j->job, &j->layout, &files, e);
        if (r < 0) {
            return r;
        }
        plan.files = &files;
    }
    plan.argv = argv;
    plan.wait = wait;
    return start(j, &plan, events, e);
}

bool plan_product_key(const struct engine_job *j, char ret[PRODUCT_KEY_SIZE])
{
    const struct job *job = j->job;
    struct stage_plan plan = plan_of_compile(j);
    const char *caller = job->caller ? job->caller : "";
    AUTO(strv_freep) char **argv = command_of(j, STAGE_COMPILE);
    plan.argv = argv;
    return product_key_make(&plan, &j->layout, j->engine->config.products_shared ? NULL : caller,
                            ret);
}

int plan_start(struct engine_job *j, const struct stage_events *events, struct err *e)
{
    return j->stage_kind == STAGE_UNPACK ? start_unpack(j, events, e) : start_program(j, events, e);
}

static void expect(const struct engine_job *j, enum engine_stage kind)
{
    struct stage_plan plan = plan_for(j, kind);
    AUTO(strv_freep) char **argv = command_of(j, kind);
    AUTO(mem_freep) char *wait = spares_wait(j, kind);
    plan.argv = argv;
    plan.wait = wait;
    if (argv && plan.pool) {
        stage_expect(j->engine->sandbox, &plan);
    }
}

void plan_expect(const struct engine_job *j)
{
    if (after_unpack(j) == STAGE_COMPILE) {
        expect(j, STAGE_COMPILE);
    }
    expect(j, STAGE_RUN);
}

/* Not beside a run that may be one of several: what is measured is better alone. */
void plan_prepare_next(struct engine_job *j)
{
    if (j->stage_kind == STAGE_RUN || !engine_has_spare(j->engine)) {
        return;
    }
    enum engine_stage next = plan_next(j);
    struct stage_plan plan = plan_for(j, next);
    AUTO(strv_freep) char **argv = command_of(j, next);
    AUTO(mem_freep) char *wait = spares_wait(j, next);
    plan.argv = argv;
    plan.wait = wait;
    struct err ignored; /* the stage tries again, and tells */
    if (!j->stages[next].box) {
        stage_prepare(&j->stages[next], j->engine->sandbox, &plan, &ignored);
    }
}
