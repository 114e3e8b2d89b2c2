#pragma once
/*
 * store_bench - a loop, a directory of its own and a store in it, and calls that wait.
 * All assert that what they do themselves works.
 */
#include "base/err.h"
#include "failing_driver.h"
#include "store/store.h"

struct loop;

struct bench {
    struct loop *loop;
    struct failing_driver *driver;
    struct store *store; /* NULL: closed */
    char dir[32];
    char path[48]; /* of the database, in dir */
    struct store_config config;
};

int bench_setup(void **state); /* the store is not open; config: path, one reader */
int bench_teardown(void **state);
void bench_open(struct bench *b);
int bench_try_open(struct bench *b, struct err *e);
void bench_close(struct bench *b);
void bench_step(struct bench *b); /* one round, without waiting */
/* The size of the file dir/db<suffix>; -1: there is none.  Its mode. */
long bench_file_size(const struct bench *b, const char *suffix);
unsigned bench_file_mode(const struct bench *b, const char *suffix);

/* What came of a call. */
#define ANSWER_MAX 64
struct answer {
    unsigned calls;
    int kind; /* 0: it went well */
    char text[ERR_TEXT_MAX];
    struct execution *x; /* a reference */
    struct execution *all[ANSWER_MAX];
    size_t count;
    uint64_t total;
    struct store_statistics statistics; /* its lists are copies */
};
void answer_done(struct answer *a);                                        /* for AUTO */
void answer_take(void *ctx, const struct err *e);                          /* store_done_fn */
void answer_take_one(void *ctx, struct execution *x, const struct err *e); /* store_got_fn */
void answer_take_list(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                      const struct err *e); /* store_listed_fn */
void answer_take_statistics(void *ctx, const struct store_statistics *all,
                            const struct err *e); /* store_statistics_fn */
void answer_await(struct bench *b, const struct answer *a, unsigned calls);

/* A "judge0" execution of language 71 with a request, a source, and no callback; queued. */
struct execution *execution_of(const char *id);
void part_set(struct execution *x, enum execution_part part, const char *text);
/* Makes it finished, with a stdout. */
void execution_finish(struct execution *x, uint64_t finished_ns, const char *out);

/* These wait, and assert that it went well. */
void bench_insert(struct bench *b, struct execution *x);
void bench_insert_id(struct bench *b, const char *id);
void bench_finish(struct bench *b, struct execution *x);
/* The caller gives it back; NULL: there is none. */
struct execution *bench_get(struct bench *b, const char *id, unsigned parts);
void bench_check_kept(struct bench *b, const char *id, bool kept);
