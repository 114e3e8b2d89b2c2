#pragma once
/*
 * executions_bench - executions with an engine whose boxd is the test, a store that does what the
 * test says, one dialect ("test") and webhooks that only note what was sent.
 *
 * A request with "unknown" in it has no runtime, one with "callback" has a callback.
 * Linked in place of engine/webhooks.c.
 */
#include "base/clock.h"
#include "engine/engine.h"
#include "engine/executions.h"
#include "engine/webhooks.h"
#include "fake_boxd.h"
#include "fake_store.h"

#define NOON      (UINT64_C(1700000000) * NS_PER_S)
#define SLOTS     1
#define QUEUE_MAX 2
#define STATUS_OK 3
#define FAILED    13
#define SENT_MAX  16

/* Whether it was delivered is the test's to say: fn. */
struct webhook_call {
    char id[40];
    void (*fn)(void *ctx, bool delivered);
    void *ctx;
};

struct webhooks {
    struct webhook_call sent[SENT_MAX];
    size_t count;
};

extern struct webhooks *the_webhooks; /* of the bench that is there */

struct bench {
    struct fake_boxd *boxd;
    struct engine *engine;
    struct store *store;
    struct executions *executions;
    uint64_t wall_ns;
    struct clock clock;
};

struct bench *bench_made(void); /* without executions: then bench_start */
struct bench *bench_made_with(unsigned slots);
void bench_start(struct bench *b, uint64_t cache_bytes);
void bench_start_with(struct bench *b, struct executions_config config);
struct bench *bench_new(void);
void bench_done(struct bench *b);
void bench_restart_boxd(struct bench *b);           /* the old one is lost, and every box with it */
void run_until_write(struct bench *b, char letter); /* of fake_store_writes */

/* What who submits hears. */
struct heard {
    char order[16]; /* a accepted, r refused, f finished, u finished though it is not over */
    enum err_kind kind;
    struct execution *x;
};
void hear_accepted(void *ctx, const struct err *e);
void hear_finished(void *ctx, struct execution *x);
void heard_done(struct heard *h);

struct execution *execution_of(const char *id, const char *request);
struct executions_wait *ask(struct bench *b, struct heard *h, const char *id, const char *request);
void submit(struct bench *b, struct heard *h, const char *id); /* and all that comes of it now */
void submit_batch(struct bench *b, struct heard *h, const char *id);
void program_runs(struct bench *b, const char *output); /* the next one, and prints this */
const struct execution *row(const struct bench *b, const char *id); /* on disk */

/* What who reads gets. */
struct got {
    bool told;
    enum err_kind kind;
    struct execution *x;
    enum execution_state all[4];
    size_t count;
};
void on_got(void *ctx, struct execution *x, const struct err *e);
void on_listed(void *ctx, struct execution *const *all, size_t count, const struct err *e);
void on_done(void *ctx, const struct err *e);
struct got get(struct bench *b, const char *id, unsigned parts);
