/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of `belljar run`: its files, and its limits, which are the configuration's, or the
 * runtime's where no flag says otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxproto.h"
#include "cli/command.h"
#include "cli/run.h"
#include "cli/tty.h"
#include "config/config.h"
#include "model/job.h"
#include "model/runtime.h"

static uint64_t limit_of(const struct config *c, const uint64_t *field, uint64_t of_runtime)
{
    bool given = config_source(c, field) == CONFIG_FLAG;
    return given || of_runtime == 0 ? *field : of_runtime;
}

/* More time on the clock is of no use when the CPU limit ends the program before. */
static uint64_t cpu_limit_of(const struct config *c, const uint64_t *wall, const uint64_t *cpu,
                             uint64_t of_runtime)
{
    uint64_t limit = limit_of(c, cpu, of_runtime);
    bool longer = config_source(c, wall) == CONFIG_FLAG && config_source(c, cpu) != CONFIG_FLAG;
    return longer && *wall > limit ? *wall : limit;
}

static void limits_fill(const struct config *c, const struct limits *of, struct limits *ret)
{
    ret->stack_bytes = limit_of(c, &c->stack_bytes, of->stack_bytes);
    ret->disk_bytes = limit_of(c, &c->disk_bytes, of->disk_bytes);
    ret->disk_inodes = limit_of(c, &c->disk_inodes, of->disk_inodes);
    ret->file_bytes = limit_of(c, &c->file_bytes, of->file_bytes);
    ret->output_bytes = limit_of(c, &c->output_bytes, of->output_bytes);
    ret->open_files = (uint32_t)limit_of(c, &c->open_files, of->open_files);
    ret->processes = (uint32_t)limit_of(c, &c->processes, of->processes);
    ret->cpu_milli = config_cpu_milli(c);
}

static void job_limits(struct job *job, const struct config *c, const struct runtime *runtime)
{
    const struct limits *compile = &runtime->compile_limits, *run = &runtime->run_limits;
    limits_fill(c, compile, &job->compile);
    limits_fill(c, run, &job->run);
    job->compile.wall_ms = limit_of(c, &c->compile_wall_ms, compile->wall_ms);
    job->compile.cpu_ms = cpu_limit_of(c, &c->compile_wall_ms, &c->compile_cpu_ms, compile->cpu_ms);
    job->compile.memory_bytes = limit_of(c, &c->compile_memory_bytes, compile->memory_bytes);
    job->run.wall_ms = limit_of(c, &c->run_wall_ms, run->wall_ms);
    job->run.cpu_ms = cpu_limit_of(c, &c->run_wall_ms, &c->run_cpu_ms, run->cpu_ms);
    job->run.memory_bytes = limit_of(c, &c->run_memory_bytes, run->memory_bytes);
}

static uint64_t larger_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Somebody sits there, who sees the output and can end the program: what no flag says is wide. */
static void session_limits(struct job *job, const struct config *c)
{
    struct limits *run = &job->run;
    if (config_source(c, &c->run_wall_ms) != CONFIG_FLAG) {
        run->wall_ms = larger_of(run->wall_ms, c->native_session_wall_max_ms);
    }
    if (config_source(c, &c->run_cpu_ms) != CONFIG_FLAG) {
        run->cpu_ms = larger_of(run->cpu_ms, c->native_cpu_max_ms);
    }
    if (config_source(c, &c->output_bytes) != CONFIG_FLAG) {
        job->compile.output_bytes = run->output_bytes = UINT64_MAX;
    }
}

static bool env_has(char *const *env, const char *start)
{
    for (; env && *env; env++) {
        if (str_starts(*env, start)) {
            return true;
        }
    }
    return false;
}

/* The program's terminal is like ours: its size, and what it understands. */
static void terminal_fill(struct job *job)
{
    const char *term = secure_getenv("TERM");
    job->stdio = JOB_STDIO_PTY;
    tty_size(STDIN_FILENO, &job->rows, &job->columns);
    if (term && *term && !env_has(job->env, "TERM=")) {
        strv_add_take(&job->env, xasprintf("TERM=%s", term));
    }
}

/* Other files are there for the program, but no compiler is handed them. */
static bool is_code(const struct runtime *runtime, const char *name)
{
    char *const *const lists[] = {runtime->extensions, runtime->header_extensions};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        for (char *const *end = lists[i]; end && *end; end++) {
            if (str_ends(name, *end)) {
                return true;
            }
        }
    }
    return false;
}

int run_job_make(const struct run_options *o, struct runtime *runtime, struct job **ret,
                 struct err *e)
{
    AUTO(job_freep) struct job *job = job_new();
    snprintf(job->dialect, sizeof(job->dialect), "cli");
    job->runtime = runtime_ref(runtime);
    for (size_t i = 0; i < o->file_count; i++) {
        const struct run_file *file = &o->files[i];
        const char *name = file->name ? file->name : runtime->default_name;
        job_add_file(job, name, file->data.data, file->data.len, i == 0 || is_code(runtime, name));
    }
    job->args = strv_dup(o->args);
    job->env = strv_dup(o->env);
    job->stdin_open = true;
    job->keep_output = o->json;
    job_limits(job, o->config, runtime);
    if (o->tty) {
        session_limits(job, o->config);
    }
    if (o->terminal) {
        terminal_fill(job);
    }
    int r = job_check(job, e);
    if (r == 0) {
        *ret = TAKE(&job, NULL);
    }
    return r;
}

/* A limit that was asked for on the command line and will not hold. */
static bool note_flag(const struct config *c, uint32_t features, uint32_t feature,
                      const void *field, const char *flag)
{
    bool given = config_source(c, field) == CONFIG_FLAG;
    bool lost = given && !(features & feature);
    if (lost) {
        cli_note("run",
                 "%s does not hold here: there is no cgroup for it; 'belljar doctor' says how "
                 "to get one",
                 flag);
    }
    return lost;
}

/* Said on each run, until sandbox.require says that the user knows. */
void run_note_limits(const struct config *c, uint32_t features)
{
    bool known = config_source(c, &c->require) != CONFIG_DEFAULT;
    bool told = note_flag(c, features, BOX_FEATURE_MEMORY, &c->run_memory_bytes, "--memory");
    told |=
        note_flag(c, features, BOX_FEATURE_MEMORY, &c->compile_memory_bytes, "--compile-memory");
    told |= note_flag(c, features, BOX_FEATURE_CPU_QUOTA, &c->cpus, "--cpus");
    if (!told && !known && !(features & BOX_FEATURE_MEMORY)) {
        cli_note("run", "without a cgroup, memory of a box is not limited as a whole; 'belljar "
                        "doctor' says more, --require none hides this line");
    }
}
