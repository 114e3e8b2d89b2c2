/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of one job while it is there.
 */
#include "engine/engine_impl.h"
#include "sandbox/sandbox.h"

const struct job *engine_job(const struct engine_job *j)
{
    return j->job;
}

void engine_job_load(struct engine_job *j, struct job *job)
{
    runner_load(j, job);
}

void engine_job_cancel(struct engine_job *j, bool silent)
{
    runner_cancel(j, silent);
}

/* The box of a program that can be given input; NULL: not yet, or no more. */
static struct box *run_box(const struct engine_job *j)
{
    bool running = j->state == JOB_RUNNING && j->stage_kind == STAGE_RUN;
    return running ? j->stages[STAGE_RUN].box : NULL;
}

static bool takes_stdin(const struct engine_job *j)
{
    return j->job && j->job->stdin_open && !j->stdin_ended && j->state != JOB_FINISHED;
}

void engine_job_stdin(struct engine_job *j, const void *data, size_t len)
{
    if (!takes_stdin(j)) {
        return;
    }
    if (run_box(j)) {
        box_stdin(run_box(j), data, len);
    } else {
        buf_add(&j->stdin_wait, data, len);
    }
}

void engine_job_stdin_end(struct engine_job *j)
{
    if (!takes_stdin(j)) {
        return;
    }
    /* On a terminal this is a character; more may come after it. */
    bool terminal = j->job->stdio == JOB_STDIO_PTY;
    j->stdin_ended = !terminal;
    if (run_box(j)) {
        box_stdin_end(run_box(j));
    } else if (terminal) {
        buf_add_char(&j->stdin_wait, BOX_PTY_EOF);
    }
}

const struct result *engine_job_result(const struct engine_job *j)
{
    return &j->result;
}

size_t engine_job_stdin_pending(const struct engine_job *j)
{
    return j->stdin_wait.len + (run_box(j) ? box_stdin_pending(run_box(j)) : 0);
}

void engine_job_signal(struct engine_job *j, int signo)
{
    if (j->state == JOB_RUNNING && job_stage(j)->box) {
        box_signal(job_stage(j)->box, signo);
    }
}

/* Before the run stage the new size becomes the one that it starts with. */
void engine_job_resize(struct engine_job *j, uint16_t rows, uint16_t columns)
{
    if (!j->job) {
        return;
    }
    j->job->rows = rows;
    j->job->columns = columns;
    if (run_box(j)) {
        box_resize(run_box(j), rows, columns);
    }
}

void engine_job_resume(struct engine_job *j, enum engine_stream stream)
{
    share_resume(j, stream);
    stage_resume(job_stage(j), stream);
}
