/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "fake_boxd.h"
#include "sandbox/pool.h"

#define MIB (UINT64_C(1) << 20)

struct bench {
    struct fake_boxd *f;
    struct pool *pool;
};

static const struct pool_config usual = {.boxes = 4,
                                         .depth = 2,
                                         .free_boxes = 1,
                                         .cores = 2,
                                         .memory_bytes = 100 * MIB,
                                         .idle_ns = 100 * NS_PER_S,
                                         .warm = true};

static struct bench bench_of(const struct pool_config *config, uint32_t boxes)
{
    struct bench b = {.f = fake_boxd_new(boxes)};
    b.pool = pool_new(b.f->loop, config, NULL);
    pool_set_sandbox(b.pool, b.f->sandbox);
    return b;
}

static struct bench bench_new(void)
{
    return bench_of(&usual, 8);
}

static void bench_done(struct bench *b)
{
    pool_free(b->pool);
    fake_boxd_free(b->f);
}

static char *const words[] = {(char[]){"sh"}, (char[]){"main.sh"}, NULL};
static char *const other_words[] = {(char[]){"sh"}, (char[]){"-x"}, (char[]){"main.sh"}, NULL};

static bool asked_for(struct bench *b, uint64_t memory, char *const *argv, struct pool_spare *ret)
{
    static const uint32_t layers[] = {1};
    const struct box_spec spec = {
        .layers = layers, .layer_count = 1, .maxima.memory_bytes = memory};
    const struct box_program program = {.argv = argv, .archive_fd = -1};
    const struct pool_need need = {.spec = &spec,
                                   .program = argv ? &program : NULL,
                                   .wait = argv ? "main.sh" : NULL,
                                   .language = "sh"};
    return pool_take(b->pool, &need, ret);
}

/* A plain one, or, with `wait`, one that waits for that file with no arguments nor limits. */
static bool asked_with_layers(struct bench *b, const uint32_t *layers, size_t count,
                              const char *wait, struct pool_spare *ret)
{
    const struct box_spec spec = {.layers = layers, .layer_count = count};
    const struct box_program program = {.archive_fd = -1};
    const struct pool_need need = {
        .spec = &spec, .program = wait ? &program : NULL, .wait = wait, .language = "sh"};
    return pool_take(b->pool, &need, ret);
}

/* Nothing is there. */
static void missed(struct bench *b, uint64_t memory, char *const *argv)
{
    struct pool_spare spare;
    assert_false(asked_for(b, memory, argv, &spare));
    fake_run(b->f);
}

static uint32_t made(struct bench *b)
{
    return fake_boxd_gets(b->f, BOX_MSG_CREATE)->head.box;
}

static void taken(struct bench *b, uint64_t memory, char *const *argv)
{
    struct pool_spare spare;
    assert_true(asked_for(b, memory, argv, &spare));
    assert_int_equal(box_is_warm(spare.box), argv != NULL);
    box_free(spare.box);
    fake_run(b->f);
    fake_boxd_gets(b->f, BOX_MSG_DESTROY);
}

/* A spare of the kind that is asked for so: made, and built. */
static uint32_t spare_made(struct bench *b, uint64_t memory)
{
    missed(b, memory, NULL);
    missed(b, memory, NULL);
    uint32_t box = made(b);
    fake_hello(b->f, box);
    fake_run(b->f);
    return box;
}

static void test_what_is_asked_for_once_is_not_made(void **state)
{
    (void)state;
    struct bench b = bench_new();
    missed(&b, MIB, NULL);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

static void test_what_is_asked_for_twice_is_made_and_taken_once(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    struct pool_spare spare;
    assert_true(asked_for(&b, MIB, NULL, &spare));
    assert_false(asked_for(&b, MIB, NULL, &(struct pool_spare){0}));
    box_free(spare.box);
    bench_done(&b);
}

static void test_spare_of_other_limits_does_not_fit(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    missed(&b, 2 * MIB, NULL);
    bench_done(&b);
}

/* Layer 0x636261 and 26 times 0 is what layer 1, "abc" and a command without anything could be. */
static void test_layers_are_not_taken_for_a_command(void **state)
{
    (void)state;
    struct bench b = bench_new();
    struct pool_spare spare;
    const size_t words_of_nothing = 2 * (2 + 9); /* two lists, nine numbers */
    uint32_t layers[2 + 2 * (2 + 9)] = {1, 0x636261};
    for (int i = 0; i < 2; i++) {
        assert_false(asked_with_layers(&b, layers, 2 + words_of_nothing, NULL, &spare));
        fake_run(b.f);
    }
    made(&b);
    assert_false(asked_with_layers(&b, layers, 1, "abc", &spare));
    bench_done(&b);
}

static void test_another_one_is_made_when_one_was_taken(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    struct pool_spare spare;
    assert_true(asked_for(&b, MIB, NULL, &spare));
    fake_run(b.f);
    made(&b);
    box_free(spare.box);
    bench_done(&b);
}

static void test_more_are_made_where_one_was_missed(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    struct pool_spare spare;
    assert_true(asked_for(&b, MIB, NULL, &spare));
    missed(&b, MIB, NULL); /* in the same moment: one is too few */
    made(&b);
    made(&b);
    fake_boxd_gets_nothing(b.f);
    box_free(spare.box);
    bench_done(&b);
}

static void test_nothing_is_made_while_all_cores_are_busy(void **state)
{
    (void)state;
    struct bench b = bench_new();
    pool_running(b.pool, 2);
    missed(&b, MIB, NULL);
    missed(&b, MIB, NULL);
    fake_boxd_gets_nothing(b.f);
    pool_running(b.pool, 0);
    fake_run(b.f);
    made(&b);
    bench_done(&b);
}

static void test_places_that_jobs_need_stay_free(void **state)
{
    (void)state;
    struct bench b = bench_of(&usual, 1);
    missed(&b, MIB, NULL);
    missed(&b, MIB, NULL);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

static void test_memory_of_all_is_bounded(void **state)
{
    (void)state;
    struct pool_config config = usual;
    config.memory_bytes = MIB; /* a plain one is taken for as much until it was measured */
    struct bench b = bench_of(&config, 8);
    spare_made(&b, MIB);
    missed(&b, 2 * MIB, NULL);
    missed(&b, 2 * MIB, NULL);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

/* --- warm ones ----------------------------------------------------------------------------- */

static uint32_t warm_made(struct bench *b)
{
    missed(b, MIB, words);
    missed(b, MIB, words);
    uint32_t first = made(b), second = made(b); /* a plain one too: that was asked for as well */
    fake_hello(b->f, first);
    fake_hello(b->f, second);
    fake_run(b->f);
    return first;
}

static void test_warm_one_is_told_what_to_start(void **state)
{
    (void)state;
    struct bench b = bench_new();
    uint32_t box = warm_made(&b);
    const struct fake_packet *m = fake_init_gets(b.f, box, BOX_MSG_WARM);
    assert_int_equal(m->init_start.argc, 2);
    assert_int_equal(pool_stats(b.pool).warm, 1);
    taken(&b, MIB, words);
    bench_done(&b);
}

static void test_another_command_gets_the_plain_one(void **state)
{
    (void)state;
    struct bench b = bench_new();
    warm_made(&b);
    struct pool_spare spare;
    assert_true(asked_for(&b, MIB, other_words, &spare));
    assert_false(box_is_warm(spare.box));
    assert_int_equal(pool_stats(b.pool).warm, 1);
    box_free(spare.box);
    bench_done(&b);
}

static void test_nothing_is_warm_where_that_is_off(void **state)
{
    (void)state;
    struct pool_config config = usual;
    config.warm = false;
    struct bench b = bench_of(&config, 8);
    missed(&b, MIB, words);
    missed(&b, MIB, words);
    made(&b);
    fake_boxd_gets_nothing(b.f);
    assert_int_equal(pool_stats(b.pool).warm, 0);
    bench_done(&b);
}

/* --- the end of spares --------------------------------------------------------------------- */

static void test_spare_that_ends_is_not_made_again_at_once(void **state)
{
    (void)state;
    struct bench b = bench_new();
    uint32_t box = spare_made(&b, MIB);
    fake_failed(b.f, box, ERR_IO, "no room");
    fake_run(b.f);
    fake_boxd_gets(b.f, BOX_MSG_DESTROY);
    missed(&b, MIB, NULL);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

static void test_kind_that_was_spoiled_is_not_made_at_once(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    struct pool_spare spare;
    assert_true(asked_for(&b, MIB, NULL, &spare));
    pool_spoiled(b.pool, spare.kind);
    fake_run(b.f);
    fake_boxd_gets_nothing(b.f);
    box_free(spare.box);
    bench_done(&b);
}

static void test_give_way_frees_a_box(void **state)
{
    (void)state;
    struct bench b = bench_new();
    uint32_t box = spare_made(&b, MIB);
    assert_true(pool_give_way(b.pool));
    assert_int_equal(fake_boxd_gets(b.f, BOX_MSG_DESTROY)->head.box, box);
    assert_false(pool_give_way(b.pool));
    bench_done(&b);
}

static void expect(struct bench *b)
{
    static const uint32_t layers[] = {1};
    const struct box_spec spec = {.layers = layers, .layer_count = 1, .maxima.memory_bytes = MIB};
    const struct pool_need need = {.spec = &spec, .language = "sh"};
    pool_expect(b->pool, &need);
    fake_run(b->f);
}

static void test_what_is_expected_is_made_before_it_is_asked_for(void **state)
{
    (void)state;
    struct bench b = bench_new();
    expect(&b);
    made(&b);
    taken(&b, MIB, NULL);
    bench_done(&b);
}

static void test_drop_lets_go_of_all(void **state)
{
    (void)state;
    struct bench b = bench_new();
    expect(&b);
    uint32_t box = made(&b);
    pool_drop(b.pool);
    fake_run(b.f);
    assert_int_equal(fake_boxd_gets(b.f, BOX_MSG_DESTROY)->head.box, box);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

static void test_stopped_pool_makes_nothing(void **state)
{
    (void)state;
    struct bench b = bench_new();
    expect(&b);
    made(&b);
    pool_stop(b.pool);
    fake_boxd_gets(b.f, BOX_MSG_DESTROY);
    expect(&b);
    fake_boxd_gets_nothing(b.f);
    bench_done(&b);
}

static void test_loss_of_boxd_ends_all(void **state)
{
    (void)state;
    struct bench b = bench_new();
    spare_made(&b, MIB);
    fake_hang_up(b.f);
    fake_run(b.f);
    assert_int_equal(pool_stats(b.pool).plain, 0);
    missed(&b, MIB, NULL);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked_for_once_is_not_made),
        cmocka_unit_test(test_what_is_asked_for_twice_is_made_and_taken_once),
        cmocka_unit_test(test_spare_of_other_limits_does_not_fit),
        cmocka_unit_test(test_layers_are_not_taken_for_a_command),
        cmocka_unit_test(test_another_one_is_made_when_one_was_taken),
        cmocka_unit_test(test_more_are_made_where_one_was_missed),
        cmocka_unit_test(test_nothing_is_made_while_all_cores_are_busy),
        cmocka_unit_test(test_places_that_jobs_need_stay_free),
        cmocka_unit_test(test_memory_of_all_is_bounded),
        cmocka_unit_test(test_warm_one_is_told_what_to_start),
        cmocka_unit_test(test_another_command_gets_the_plain_one),
        cmocka_unit_test(test_nothing_is_warm_where_that_is_off),
        cmocka_unit_test(test_spare_that_ends_is_not_made_again_at_once),
        cmocka_unit_test(test_kind_that_was_spoiled_is_not_made_at_once),
        cmocka_unit_test(test_give_way_frees_a_box),
        cmocka_unit_test(test_what_is_expected_is_made_before_it_is_asked_for),
        cmocka_unit_test(test_drop_lets_go_of_all),
        cmocka_unit_test(test_stopped_pool_makes_nothing),
        cmocka_unit_test(test_loss_of_boxd_ends_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
