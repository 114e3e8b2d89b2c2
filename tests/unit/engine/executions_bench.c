/* SPDX-License-Identifier: Apache-2.0 */
#include "executions_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "job_factory.h"
#include "model/result.h"

/* --- webhooks: what was sent, and whether it was delivered, is the test's --------------- */

struct webhooks *the_webhooks;

struct webhooks *webhooks_new(struct loop *loop, struct client *client, const struct log *log)
{
    (void)loop, (void)client, (void)log;
    return the_webhooks = xcalloc(1, sizeof(*the_webhooks));
}

void webhooks_free(struct webhooks *w)
{
    free(w);
}

void webhook_done(struct webhook *w)
{
    free(w->body);
}

struct webhook_call *webhooks_send(struct webhooks *w, struct webhook *webhook,
                                   void (*fn)(void *ctx, bool delivered), void *ctx)
{
    assert_true(w->count < SENT_MAX);
    struct webhook_call *call = &w->sent[w->count++];
    *call = (struct webhook_call){.fn = fn, .ctx = ctx};
    memcpy(call->id, webhook->id, sizeof(call->id));
    webhook_done(webhook);
    return call;
}

void webhooks_cancel(struct webhook_call *call)
{
    call->fn = NULL;
}

/* --- a dialect --------------------------------------------------------------------------- */

static int dialect_runtime(void *ctx, const struct execution *x, const char **ret_language,
                           const char **ret_range, struct runtime **ret_runtime, struct err *e)
{
    (void)ctx, (void)ret_language, (void)ret_range;
    if (strstr(x->request, "unknown")) {
        return err_set(e, ERR_NOT_FOUND, "there is no such language");
    }
    *ret_runtime = runtime_of_bash();
    return 0;
}

static int dialect_job(void *ctx, const struct execution *x, struct runtime *runtime,
                       struct job **ret, struct err *e)
{
    (void)ctx, (void)e;
    struct job *job = job_of(runtime_ref(runtime));
    job_with(job, "x.sh", x->parts[PART_SOURCE].data);
    *ret = job;
    return 0;
}

static void dialect_conclude(void *ctx, struct execution *x, struct result *result)
{
    (void)ctx;
    x->status = result->verdict == VERDICT_OK ? STATUS_OK : FAILED;
    x->result = xstrdup("{}");
    execution_set_part(x, PART_STDOUT, result->run.out.data, result->run.out.len);
}

static void dialect_fail(void *ctx, struct execution *x, const char *why)
{
    (void)ctx;
    x->status = FAILED;
    free(x->result);
    x->result = xstrdup(why);
}

static bool dialect_callback(void *ctx, const struct execution *x, struct webhook *ret)
{
    (void)ctx;
    if (!strstr(x->request, "callback")) {
        return false;
    }
    *ret = (struct webhook){.method = "PUT", .body = xstrdup("body"), .body_len = strlen("body")};
    if (strstr(x->request, "large")) {
        ret->body_len = (size_t)40 << 20; /* so it says */
    }
    return true;
}

static const struct execution_dialect dialect = {.name = "test",
                                                 .runtime = dialect_runtime,
                                                 .job = dialect_job,
                                                 .conclude = dialect_conclude,
                                                 .fail = dialect_fail,
                                                 .callback = dialect_callback};

/* --- the bench --------------------------------------------------------------------------- */

static uint64_t bench_wall(void *ctx)
{
    return ((const struct bench *)ctx)->wall_ns;
}

struct bench *bench_made_with(unsigned slots)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    b->boxd = fake_boxd_new(FAKE_BOXES);
    struct engine_config config = {
        .slots = slots, .queue_max = QUEUE_MAX, .queue_bytes = 1 << 20, .product_max = 1 << 20};
    b->engine = engine_new(b->boxd->loop, b->boxd->sandbox, &config, NULL);
    b->store = fake_store_new(b->boxd->loop);
    b->wall_ns = NOON;
    b->clock = (struct clock){.wall_ns = bench_wall, .ctx = b};
    return b;
}

struct bench *bench_made(void)
{
    return bench_made_with(SLOTS);
}

void bench_start_with(struct bench *b, struct executions_config config)
{
    config.clock = &b->clock;
    b->executions = executions_new(b->boxd->loop, &config, b->engine, NULL, NULL, NULL);
    executions_add_dialect(b->executions, &dialect);
    executions_recover(b->executions, b->store);
}

void bench_start(struct bench *b, uint64_t cache_bytes)
{
    bench_start_with(b, (struct executions_config){.cache_bytes = cache_bytes});
}

struct bench *bench_new(void)
{
    struct bench *b = bench_made();
    bench_start(b, 1 << 20);
    fake_run(b->boxd);
    return b;
}

void bench_done(struct bench *b)
{
    executions_free(b->executions);
    engine_free(b->engine);
    store_close(b->store);
    fake_boxd_free(b->boxd);
    free(b);
}

void bench_restart_boxd(struct bench *b)
{
    int pair[2];
    struct err e;
    struct box_boxd_hello hello = {
        .head.type = BOX_MSG_BOXD_HELLO, .version = BOX_PROTO_VERSION, .boxes = FAKE_BOXES};
    struct sandbox *old = b->boxd->sandbox;
    fake_hang_up(b->boxd);
    fake_run(b->boxd);
    assert_int_equal(fd_seqpacket_pair(pair, &e), 0);
    b->boxd->sock = pair[1];
    assert_int_equal(fd_send(b->boxd->sock, &hello, sizeof(hello), NULL, 0, &e), 0);
    assert_int_equal(sandbox_new(b->boxd->loop, pair[0], NULL, &b->boxd->sandbox, &e), 0);
    engine_set_sandbox(b->engine, b->boxd->sandbox);
    sandbox_free(old);
    fake_run(b->boxd);
}

void run_until_write(struct bench *b, char letter)
{
    struct err e;
    while (!strchr(fake_store_writes(b->store), letter)) {
        assert_int_equal(loop_step(b->boxd->loop, UINT64_MAX, &e), 0);
    }
}

/* --- who submits ------------------------------------------------------------------------- */

void hear_accepted(void *ctx, const struct err *e)
{
    struct heard *h = ctx;
    strcat(h->order, e ? "r" : "a");
    h->kind = e ? e->kind : 0;
}

void hear_finished(void *ctx, struct execution *x)
{
    struct heard *h = ctx;
    strcat(h->order, execution_is_over(x) ? "f" : "u");
    execution_unref(h->x);
    h->x = execution_ref(x);
}

void heard_done(struct heard *h)
{
    execution_unref(h->x);
}

struct execution *execution_of(const char *id, const char *request)
{
    struct execution *x = execution_new();
    snprintf(x->id, sizeof(x->id), "%s", id);
    snprintf(x->dialect, sizeof(x->dialect), "test");
    x->caller = xstrdup("127.0.0.1");
    x->request = xstrdup(request);
    execution_set_part(x, PART_SOURCE, "echo", strlen("echo"));
    return x;
}

struct executions_wait *ask(struct bench *b, struct heard *h, const char *id, const char *request)
{
    struct executions_listener listener = {hear_accepted, hear_finished, h};
    struct executions_wait *w =
        executions_submit(b->executions, execution_of(id, request), &listener);
    assert_string_equal(h->order, ""); /* never from inside the call */
    return w;
}

void submit(struct bench *b, struct heard *h, const char *id)
{
    ask(b, h, id, "{}");
    fake_run(b->boxd);
}

void submit_batch(struct bench *b, struct heard *h, const char *id)
{
    struct executions_listener listener = {hear_accepted, NULL, h};
    struct execution *x = execution_of(id, "{}");
    x->batch = true;
    executions_submit(b->executions, x, &listener);
    fake_run(b->boxd);
}

/* The next program runs, and prints this. */
void program_runs(struct bench *b, const char *output)
{
    uint32_t box = fake_takes_box(b->boxd);
    fake_runs(b->boxd, box, output, 0);
    assert_int_equal(fake_destroy_comes(b->boxd), box);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
}

const struct execution *row(const struct bench *b, const char *id)
{
    const struct execution *x = fake_store_row(b->store, id);
    assert_non_null(x);
    return x;
}

/* --- who reads ------------------------------------------------------------------------- */

void on_got(void *ctx, struct execution *x, const struct err *e)
{
    struct got *g = ctx;
    g->told = true;
    g->kind = e ? e->kind : 0;
    g->x = x ? execution_ref(x) : NULL;
}

void on_listed(void *ctx, struct execution *const *all, size_t count, const struct err *e)
{
    struct got *g = ctx;
    assert_null(e);
    g->told = true;
    g->count = count;
    for (size_t i = 0; i < count; i++) {
        g->all[i] = all[i] ? all[i]->state : 0;
    }
}

void on_done(void *ctx, const struct err *e)
{
    struct got *g = ctx;
    g->told = true;
    g->kind = e ? e->kind : 0;
}

struct got get(struct bench *b, const char *id, unsigned parts)
{
    struct got g = {0};
    executions_get(b->executions, id, parts, on_got, &g);
    assert_false(g.told);
    fake_run(b->boxd);
    assert_true(g.told);
    return g;
}
