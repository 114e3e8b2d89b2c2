/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job has of compile stages that are not its own: it takes the product of one that was done,
 * or rests without a slot while the same one is under way for another job.
 *
 * Who hears such a stage hears it as if it were done again: begun, what the compiler printed, done.
 */
#include <fcntl.h>

#include "base/buf.h"
#include "base/fd.h"
#include "engine/engine_impl.h"
#include "metrics/metrics.h"

static void count(const struct engine_job *j, const char *outcome)
{
    metrics_add(j->engine->config.metrics, METRIC_COMPILE_CACHE, METRIC_LABELS(outcome), 1);
}

/* --- a product that is there --------------------------------------------------------------- */

static void text_copy(const struct engine_job *j, struct buf *ret, const struct buf *from)
{
    *ret = (struct buf){0};
    if (j->job->keep_output && from->len > 0) {
        buf_add(ret, from->data, from->len);
    }
}

static void result_take(struct engine_job *j, const struct stage_result *from)
{
    struct stage_result *r = &j->result.compile;
    stage_result_done(r);
    *r = *from;
    r->cached = true;
    text_copy(j, &r->out, &from->out);
    text_copy(j, &r->err, &from->err);
    text_copy(j, &r->both, &from->both);
}

/* A descriptor of its own: the cache may forget the product before this job has run. */
static bool product_take(struct engine_job *j, const struct product *p)
{
    int fd = p->fd < 0 ? -1 : fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
    if (p->fd >= 0 && fd < 0) {
        return false;
    }
    fd_close(j->product_fd);
    j->product_fd = fd;
    j->product_size = p->size;
    result_take(j, p->result);
    return true;
}

static void stream_tell(struct engine_job *j, enum engine_stream stream, const struct buf *said)
{
    if (said->len > 0 && j->state == JOB_SHARING &&
        !runner_tell_output(j, stream, said->data, said->len)) {
        j->paused |= 1U << stream;
    }
}

/* `said`: copies, as whoever hears them may do anything. */
static void share_tell(struct engine_job *j, const struct buf *out, const struct buf *err)
{
    runner_tell_stage(j);
    stream_tell(j, STREAM_STDOUT, out);
    stream_tell(j, STREAM_STDERR, err);
    if (j->state == JOB_SHARING && j->paused != 0) {
        j->is_told = true;
        engine_job_rest(j); /* nothing bounds how long that takes */
    } else if (j->state == JOB_SHARING) {
        runner_stage_done(j);
    }
}

/* What would have been cut here. */
static bool says_too_much(const struct engine_job *j, const struct stage_result *r)
{
    uint64_t max = j->job->compile.output_bytes;
    return r->out.len > max || r->err.len > max;
}

static bool share_take(struct engine_job *j, const struct product *p)
{
    struct buf out = {0}, err = {0};
    if (says_too_much(j, p->result) || !product_take(j, p)) {
        return false; /* it is compiled; without a descriptor that will say so */
    }
    buf_add(&out, p->result->out.data, p->result->out.len);
    buf_add(&err, p->result->err.data, p->result->err.len);
    stage_end(job_stage(j)); /* a box that was made ahead is others' now */
    j->state = JOB_SHARING;
    j->paused = 0;
    count(j, "hit");
    share_tell(j, &out, &err);
    buf_done(&out);
    buf_done(&err);
    return true;
}

void share_resume(struct engine_job *j, enum engine_stream stream)
{
    bool paused = j->state == JOB_SHARING && j->paused & 1U << stream;
    j->paused &= ~(1U << stream);
    if (paused && j->paused == 0 && j->is_told) {
        engine_job_wake(j);
    }
}

void share_go_on(struct engine_job *j)
{
    if (TAKE(&j->is_told, false)) {
        runner_stage_done(j);
    } else {
        runner_continue(j);
    }
}

/* --- one that is being made ---------------------------------------------------------------- */

static void share_on_ready(void *ctx, bool alone)
{
    struct engine_job *j = ctx;
    j->compiles_alone = alone;
    engine_job_wake(j);
}

bool share_begin(struct engine_job *j)
{
    char key[PRODUCT_KEY_SIZE];
    struct product product;
    bool off = j->engine->config.products.bytes == 0;
    bool begun = j->claim.makes || j->no_spare; /* it had to wait for a box, or for another one */
    if (off || begun || !plan_product_key(j, key)) {
        return false;
    }
    const struct product_asker asker = {
        .key = key,
        .batch = j->job->priority == JOB_BATCH,
        .alone = j->compiles_alone,
        .ready = share_on_ready,
        .ctx = j,
    };
    switch (product_ask(j->engine->products, &asker, &j->claim, &product)) {
    case PRODUCT_THERE:
        return share_take(j, &product);
    case PRODUCT_AWAIT:
        count(j, "wait");
        stage_end(job_stage(j));
        engine_job_rest(j);
        return true;
    case PRODUCT_MAKE:
        break;
    }
    count(j, "miss");
    return false;
}

/* Of an output that was told and not gathered nobody else can be told. */
void share_offer(struct engine_job *j)
{
    const struct stage_result *r = job_result(j);
    if (j->stage_kind != STAGE_COMPILE) {
        return;
    }
    if (!j->job->keep_output && j->output_told) {
        share_leave(j);
        return;
    }
    const struct product product = {j->product_fd, j->product_size, r};
    product_offer(j->engine->products, &j->claim, &product);
}

void share_leave(struct engine_job *j)
{
    product_drop(j->engine->products, &j->claim);
}
