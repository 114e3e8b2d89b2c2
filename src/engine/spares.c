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

static bool is_plain(const struct job *job)
{
    bool env_fits = job->env_is_ours || strv_len(job->env) == 0;
    return strv_len(job->args) == 0 && env_fits && !job->network && job->zip_size == 0 &&
           job->stdio != JOB_STDIO_PTY && job->file_count > 0;
}

static bool is_cold(const struct engine_job *j)
{
    const struct engine_config *c = &j->engine->config;
    const char *caller = j->job->caller ? j->job->caller : "";
    return j->job->cold || (c->cold && c->cold(c->callers_ctx, caller));
}

/* What the program of this stage waits for, as a template; NULL: it is not started ahead. */
static char *file_waited_for(const struct job *job, enum engine_stage kind)
{
    const struct runtime *r = job->runtime;
    if (kind != STAGE_RUN) {
        return kind == STAGE_COMPILE ? r->compile_warm : NULL;
    }
    bool other = r->warm_alone && job->file_count > 1;
    return other || holds_any(job, r->warm_unless) ? NULL : r->warm;
}

char *spares_wait(const struct engine_job *j, enum engine_stage kind)
{
    const struct job *job = j->job;
    const struct command_arguments none = {0};
    if (is_cold(j) || !is_plain(job) || !is_text(&job->files[j->layout.main])) {
        return NULL;
    }
    char *const template[] = {file_waited_for(job, kind), NULL};
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
