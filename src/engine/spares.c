/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which spare box would do for a stage.
 *
 * A program may be started ahead of its files only when nothing that it can see before it opens the
 * main one differs from job to job (docs/warm.md).
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxproto.h"
#include "engine/command.h"
#include "engine/engine_impl.h"
#include "model/runtime.h"

/* Interpreters look whether the main file is an archive before they open it. */
static bool is_text(const struct job_file *f)
{
    return f->size == 0 || memchr(f->data, '\0', f->size) == NULL;
}

static bool holds_any(const struct job *job, char *const *texts)
{
    for (; texts && *texts; texts++) {
        for (size_t i = 0; i < job->file_count; i++) {
            const struct job_file *f = &job->files[i];
            if (f->size > 0 && memmem(f->data, f->size, *texts, strlen(*texts))) {
                return true;
            }
        }
    }
    return false;
}

/* Nothing that a program is started with is a client's, but the name of its main file. */
static bool is_plain(const struct job *job)
{
    bool env_fits = job->env_is_ours || strv_len(job->env) == 0;
    return env_fits && job->zip_size == 0 && job->file_count > 0;
}

static bool run_is_plain(const struct job *job)
{
    return strv_len(job->args) == 0 && !job->network && job->stdio != JOB_STDIO_PTY;
}

/* A compiler is told the names of all sources. */
static bool compile_is_plain(const struct engine_job *j)
{
    const struct job *job = j->job;
    bool args_fit = job->compile_args_are_ours || strv_len(job->compile_args) == 0;
    return args_fit && !job->compile_network && j->layout.source_count == 1;
}

static bool is_cold(const struct engine_job *j)
{
    const struct engine_config *c = &j->engine->config;
    const char *caller = j->job->caller ? j->job->caller : "";
    return j->job->cold || (c->cold && c->cold(c->callers_ctx, caller));
}

static char *file_of_run(const struct job *job)
{
    const struct runtime *r = job->runtime;
    bool other = r->warm_alone && job->file_count > 1;
    return !run_is_plain(job) || other || holds_any(job, r->warm_unless) ? NULL : r->warm;
}

static char *file_of_compile(const struct engine_job *j)
{
    const struct runtime *r = j->job->runtime;
    bool other = r->compile_warm_alone && j->job->file_count > 1;
    bool fits = compile_is_plain(j) && !other && !holds_any(j->job, r->compile_warm_unless);
    return fits ? r->compile_warm : NULL;
}

/* What the program of this stage waits for, as a template; NULL: it is not started ahead. */
static char *file_waited_for(const struct engine_job *j, enum engine_stage kind)
{
    switch (kind) {
    case STAGE_UNPACK:
        return NULL;
    case STAGE_COMPILE:
        return file_of_compile(j);
    case STAGE_RUN:
        break;
    }
    return file_of_run(j->job);
}

char *spares_wait(const struct engine_job *j, enum engine_stage kind)
{
    const struct job *job = j->job;
    const struct command_arguments none = {0};
    if (is_cold(j) || !is_plain(job) || !is_text(&job->files[j->layout.main])) {
        return NULL;
    }
    char *const template[] = {file_waited_for(j, kind), NULL};
    if (!template[0]) {
        return NULL;
    }
    AUTO(strv_freep) char **expanded = command_expand(template, &j->layout, &none);
    return box_wait_name_ok(expanded[0]) ? xstrdup(expanded[0]) : NULL;
}

/*
 * A network is attached to a box for as long as there is one.  What somebody types would be lost
 * with a spare that fails.
 */
struct pool *spares_for(const struct engine_job *j, enum engine_stage kind)
{
    const struct job *job = j->job;
    bool network = kind == STAGE_RUN ? job->network : kind == STAGE_COMPILE && job->compile_network;
    return j->no_spare || network || (kind == STAGE_RUN && job->stdin_open) ? NULL
                                                                            : j->engine->pool;
}

void engine_expect(struct engine *e, struct job *job)
{
    struct engine_job *j = runner_new(e, "", &(struct engine_observer){0});
    runner_hold(j, job);
    runner_lay_out(j);
    if (e->sandbox) {
        plan_expect(j);
    }
    runner_free(j);
}

void engine_drop_spares(struct engine *e)
{
    pool_drop(e->pool);
}
