/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"
#include "fake_boxd.h"
#include "job_factory.h"

static void note(struct heard *h, char letter)
{
    size_t len = strlen(h->order);
    assert_true(len + 1 < sizeof(h->order));
    h->order[len] = letter;
    if (letter == h->cancel_at) {
        engine_job_cancel(h->job, true);
    }
}

static void hear_load(void *ctx)
{
    note(ctx, 'L');
}

static void hear_stage(void *ctx, enum engine_stage stage)
{
    note(ctx, "UCR"[stage]);
}

static bool hear_output(void *ctx, enum engine_stage stage, enum engine_stream stream,
                        const char *data, size_t len)
{
    struct heard *h = ctx;
    (void)stage, (void)stream;
    note(h, 'o');
    buf_add(&h->output, data, len);
    return !h->pause;
}

static void hear_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    (void)result;
    note(ctx, "ucr"[stage]);
}

static void hear_finished(void *ctx, struct result *result)
{
    struct heard *h = ctx;
    note(h, 'F');
    h->job = NULL;
    h->verdict = result->verdict;
    h->result = *result;
    if (result->run.both.len > 0 && result->run.both.len < sizeof(h->both)) {
        memcpy(h->both, result->run.both.data, result->run.both.len);
    }
    if (result->run.out.len > 0 && result->run.out.len < sizeof(h->out)) {
        memcpy(h->out, result->run.out.data, result->run.out.len);
    }
}

static void hear_room(void *ctx)
{
    ((struct heard *)ctx)->rooms++;
}

void heard_done(struct heard *h)
{
    buf_done(&h->output);
}

struct bench bench_of(uint32_t boxes, const struct engine_config *config)
{
    struct bench b = {.boxd = fake_boxd_new(boxes)};
    b.engine = engine_new(b.boxd->loop, b.boxd->sandbox, config, NULL);
    return b;
}

struct bench bench_new(uint32_t boxes, unsigned slots, unsigned queue_max)
{
    const struct engine_config config = {.slots = slots,
                                         .queue_max = queue_max,
                                         .queue_bytes = 1000,
                                         .product_max = 1 << 20,
                                         .sessions = 1};
    return bench_of(boxes, &config);
}

void bench_done(struct bench *b)
{
    engine_free(b->engine);
    fake_boxd_free(b->boxd);
}

static struct engine_observer observer_of(struct heard *h)
{
    return (struct engine_observer){.load = hear_load,
                                    .stage = hear_stage,
                                    .output = hear_output,
                                    .stage_done = hear_stage_done,
                                    .stdin_room = hear_room,
                                    .finished = hear_finished,
                                    .ctx = h};
}

int submit(struct bench *b, struct heard *h, struct job *job, struct err *e)
{
    struct engine_observer observer = observer_of(h);
    return engine_submit(b->engine, job, &observer, &h->job, e);
}

void submitted(struct bench *b, struct heard *h, struct job *job)
{
    struct err e;
    assert_int_equal(submit(b, h, job, &e), 0);
    assert_string_equal(h->order, ""); /* never from inside the call */
    fake_run(b->boxd);
}

int submit_ticket(struct bench *b, struct heard *h, const struct queue_item *item, bool forced,
                  struct err *e)
{
    struct engine_observer observer = observer_of(h);
    return engine_submit_ticket(b->engine, item, forced, &observer, &h->job, e);
}

struct job *bash_job(void)
{
    struct job *job = job_of(runtime_of_bash());
    job_with(job, "x.sh", "echo");
    return job;
}

struct job *c_job(void)
{
    struct job *job = job_of(runtime_of_c());
    job_with(job, "x.c", "int main(void) {}");
    return job;
}

void stage_ends(struct bench *b, uint32_t box, const char *product)
{
    struct err e;
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 0);
    fake_product(b->boxd, box);
    int fd = b->boxd->init[box].product_fd;
    assert_int_equal(fd_write_all(fd, product, strlen(product), &e), 0);
    fake_init_says(b->boxd, box, BOX_MSG_COLLECTED, -1);
    fd_closep(&b->boxd->init[box].product_fd);
    fake_run(b->boxd);
}

struct sandbox *boxd_again(struct fake_boxd *f, struct sandbox **old)
{
    int pair[2];
    struct err e;
    assert_int_equal(fd_seqpacket_pair(pair, &e), 0);
    f->sock = pair[1];
    struct box_boxd_hello hello = {
        .head.type = BOX_MSG_BOXD_HELLO, .version = BOX_PROTO_VERSION, .boxes = 4};
    assert_int_equal(fd_send(f->sock, &hello, sizeof(hello), NULL, 0, &e), 0);
    *old = f->sandbox;
    assert_int_equal(sandbox_new(f->loop, pair[0], NULL, &f->sandbox, &e), 0);
    return f->sandbox;
}

void boxd_restarts(struct bench *b)
{
    fake_hang_up(b->boxd);
    fake_run(b->boxd);
    struct sandbox *old, *new = boxd_again(b->boxd, &old);
    engine_set_sandbox(b->engine, new);
    sandbox_free(old);
    fake_run(b->boxd);
}
