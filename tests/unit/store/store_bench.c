/* SPDX-License-Identifier: Apache-2.0 */
#include "store_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/tree.h"

int bench_setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    struct err e;
    assert_int_equal(loop_new(&b->loop, &e), 0);
    b->driver = failing_driver_new();
    snprintf(b->dir, sizeof(b->dir), "/tmp/belljar-store-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof(b->path), "%s/db", b->dir);
    b->config = (struct store_config){.path = b->path, .readers = 1};
    *state = b;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *b = *state;
    bench_close(b);
    failing_driver_free(b->driver);
    loop_free(b->loop);
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct err e;
    assert_int_equal(tree_remove(tmp, b->dir + strlen("/tmp/"), &e), 0);
    free(b);
    return 0;
}

int bench_try_open(struct bench *b, struct err *e)
{
    return store_open_with(b->loop, &b->config, failing_driver_use(b->driver), NULL, &b->store, e);
}

void bench_open(struct bench *b)
{
    struct err e = {0};
    if (bench_try_open(b, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

void bench_close(struct bench *b)
{
    store_close(TAKE(&b->store, NULL));
}

void bench_step(struct bench *b)
{
    struct err e;
    assert_int_equal(loop_step(b->loop, 0, &e), 0);
}

static bool file_stat(const struct bench *b, const char *suffix, struct stat *ret)
{
    char path[64];
    snprintf(path, sizeof(path), "%s%s", b->path, suffix);
    return stat(path, ret) == 0;
}

long bench_file_size(const struct bench *b, const char *suffix)
{
    struct stat st;
    return file_stat(b, suffix, &st) ? (long)st.st_size : -1;
}

unsigned bench_file_mode(const struct bench *b, const char *suffix)
{
    struct stat st;
    assert_true(file_stat(b, suffix, &st));
    return st.st_mode & 07777;
}

/* Answers */

static void note(struct answer *a, const struct err *e)
{
    a->calls++;
    a->kind = e != NULL ? (int)e->kind : 0;
    snprintf(a->text, sizeof(a->text), "%s", e != NULL ? e->text : "");
}

void answer_done(struct answer *a)
{
    execution_unref(a->x);
    for (size_t i = 0; i < a->count; i++) {
        execution_unref(a->all[i]);
    }
    free(a->statistics.languages);
    free(a->statistics.statuses);
}

void answer_take(void *ctx, const struct err *e)
{
    note(ctx, e);
}

void answer_take_one(void *ctx, struct execution *x, const struct err *e)
{
    struct answer *a = ctx;
    note(a, e);
    a->x = x;
}

void answer_take_list(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                      const struct err *e)
{
    struct answer *a = ctx;
    note(a, e);
    a->total = total;
    for (size_t i = 0; i < count && i < ANSWER_MAX; i++) {
        a->all[a->count++] = all[i] != NULL ? execution_ref(all[i]) : NULL;
    }
}

static struct store_count *counts_copy(const struct store_count *all, size_t count)
{
    return count > 0 ? xmemdup(all, count * sizeof(*all)) : NULL;
}

void answer_take_statistics(void *ctx, const struct store_statistics *all, const struct err *e)
{
    struct answer *a = ctx;
    note(a, e);
    if (all != NULL) {
        a->statistics = *all;
        a->statistics.languages = counts_copy(all->languages, all->language_count);
        a->statistics.statuses = counts_copy(all->statuses, all->status_count);
    }
}

void answer_await(struct bench *b, const struct answer *a, unsigned calls)
{
    struct err e;
    while (a->calls < calls) {
        assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(a->calls, calls);
}

/* Executions */

void part_set(struct execution *x, enum execution_part part, const char *text)
{
    execution_set_part(x, part, text, strlen(text));
}

struct execution *execution_of(const char *id)
{
    struct execution *x = execution_new();
    snprintf(x->id, sizeof(x->id), "%s", id);
    snprintf(x->dialect, sizeof(x->dialect), "judge0");
    x->language = 71;
    x->status = 1;
    x->created_ns = 1000;
    x->caller = xstrdup("10.0.0.1");
    x->request = xstrdup("{\"a\":1}");
    part_set(x, PART_SOURCE, "print(1)");
    return x;
}

void execution_finish(struct execution *x, uint64_t finished_ns, const char *out)
{
    x->state = EXECUTION_FINISHED;
    x->status = 3;
    x->finished_ns = finished_ns;
    free(x->result);
    x->result = xstrdup("{\"time\":0.1}");
    part_set(x, PART_STDOUT, out);
}

/* Calls that wait */

static void check_fine(const struct answer *a)
{
    assert_string_equal(a->text, "");
    assert_int_equal(a->kind, 0);
}

void bench_insert(struct bench *b, struct execution *x)
{
    struct answer a = {0};
    store_insert(b->store, x, answer_take, &a);
    answer_await(b, &a, 1);
    check_fine(&a);
}

void bench_insert_id(struct bench *b, const char *id)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    bench_insert(b, x);
}

void bench_finish(struct bench *b, struct execution *x)
{
    struct answer a = {0};
    store_finish(b->store, x, answer_take, &a);
    answer_await(b, &a, 1);
    check_fine(&a);
}

struct execution *bench_get(struct bench *b, const char *id, unsigned parts)
{
    AUTO(answer_done) struct answer a = {0};
    store_get(b->store, id, parts, answer_take_one, &a);
    answer_await(b, &a, 1);
    check_fine(&a);
    return TAKE(&a.x, NULL);
}

void bench_check_kept(struct bench *b, const char *id, bool kept)
{
    AUTO(execution_unrefp) struct execution *x = bench_get(b, id, 0);
    if (kept != (x != NULL)) {
        fail_msg("%s is %s", id, kept ? "lost" : "there");
    }
}
