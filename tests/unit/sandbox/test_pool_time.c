/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pool does in the course of time: which kinds are made, and how much they hold.
 *
 * The clock is the test's own, and boxd answers all that it is asked at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "fake_boxd.h"
#include "sandbox/pool.h"

#define MIB   (UINT64_C(1) << 20)
#define KINDS 16

struct rig {
    struct fake_boxd *f;
    struct pool *pool;
    uint64_t holds[KINDS]; /* bytes of a warm spare of each kind; a plain one has a MiB */
    unsigned kind_of[FAKE_INITS];
    unsigned created, measured; /* so many CREATE, USAGE came */
    bool unhurried;
    enum box_class class; /* of whoever asks */
};

static uint64_t now_ns;

uint64_t __wrap_clock_mono_ns(const struct clock *c); /* NOLINT */
uint64_t __wrap_clock_mono_ns(const struct clock *c)  /* NOLINT */
{
    (void)c;
    return now_ns;
}

static const struct pool_config usual = {.boxes = 32,
                                         .depth = 4,
                                         .cores = 2,
                                         .memory_bytes = 128 * MIB,
                                         .idle_ns = 300 * NS_PER_S,
                                         .warm = true};

static struct rig rig_of(const struct pool_config *config, uint32_t features, uint64_t holds)
{
    now_ns = 1000 * NS_PER_S;
    struct rig r = {.f = fake_boxd_with(FAKE_INITS, features)};
    r.pool = pool_new(r.f->loop, config, NULL);
    pool_set_sandbox(r.pool, r.f->sandbox);
    for (size_t i = 0; i < KINDS; i++) {
        r.holds[i] = holds;
    }
    return r;
}

static struct rig rig_new(uint64_t holds)
{
    return rig_of(&usual, BOX_FEATURE_MEMORY, holds);
}

static void rig_done(struct rig *r)
{
    pool_free(r->pool);
    fake_boxd_free(r->f);
}

/* Its init was told to start something. */
static bool is_warm(const struct rig *r, uint32_t box)
{
    char byte;
    return recv(r->f->init[box].control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void answer(struct rig *r, const struct fake_packet *p)
{
    uint32_t box = p->head.box;
    if (p->head.type == BOX_MSG_CREATE) {
        r->created++;
        r->kind_of[box] = (unsigned)(p->create.maxima.memory_bytes / MIB);
        fake_hello(r->f, box);
    } else if (p->head.type == BOX_MSG_USAGE) {
        r->measured++;
        fake_used(r->f, box, is_warm(r, box) ? r->holds[r->kind_of[box]] : MIB, 0);
    } else if (p->head.type == BOX_MSG_DESTROY) {
        fake_destroyed(r->f, box);
    }
}

static void settle(struct rig *r)
{
    const struct fake_packet *p = NULL;
    fake_run(r->f);
    while ((p = fake_boxd_gets_any(r->f))) {
        answer(r, p);
        fake_run(r->f);
    }
}

static void pass(struct rig *r, uint64_t ns)
{
    const uint64_t step = 5 * NS_PER_MS;
    for (uint64_t end = now_ns + ns; now_ns < end;) {
        now_ns += step;
        settle(r);
    }
}

/* A warm one; `kind` 1 to KINDS - 1. */
static bool take(struct rig *r, unsigned kind, struct pool_spare *ret)
{
    static const uint32_t layers[] = {1};
    static char word[] = "sh";
    static char *const words[] = {word, NULL};
    const struct box_spec spec = {
        .layers = layers, .layer_count = 1, .class = r->class, .maxima.memory_bytes = kind * MIB};
    const struct box_program program = {.argv = words, .archive_fd = -1};
    const struct pool_need need = {
        .spec = &spec,
        .program = &program,
        .wait = "main.sh",
        .language = "sh",
        .unhurried = r->unhurried,
    };
    return pool_take(r->pool, &need, ret);
}

/* Whether a warm one was there for it. */
static bool asks(struct rig *r, unsigned kind)
{
    struct pool_spare spare;
    bool warm = false;
    if (take(r, kind, &spare)) {
        warm = box_is_warm(spare.box);
        box_free(spare.box);
    }
    settle(r);
    return warm;
}

static struct pool_stats stats(struct rig *r)
{
    return pool_stats(r->pool);
}

/* --- which --------------------------------------------------------------------------------- */

static void test_all_kinds_that_are_asked_for_in_turn_are_made(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    unsigned found = 0;
    for (int round = 0; round < 6; round++) {
        found = 0;
        for (unsigned kind = 1; kind < KINDS; kind++) {
            found += asks(&r, kind);
            pass(&r, 60 * NS_PER_MS); /* never a second in which nobody asks */
        }
    }
    assert_int_equal(found, KINDS - 1);
    assert_true(stats(&r).memory_bytes <= usual.memory_bytes);
    rig_done(&r);
}

static void test_kind_without_any_gets_the_place_of_one_of_many(void **state)
{
    (void)state;
    struct pool_config config = usual;
    config.boxes = 3;
    config.warm = false;
    struct rig r = rig_of(&config, BOX_FEATURE_MEMORY, MIB);
    for (int i = 0; i < 8; i++) { /* three in one moment: three lie there soon */
        struct pool_spare spares[3] = {{0}};
        for (size_t j = 0; j < ARRAY_LEN(spares); j++) {
            take(&r, 1, &spares[j]);
        }
        for (size_t j = 0; j < ARRAY_LEN(spares); j++) {
            box_free(spares[j].box);
        }
        pass(&r, 100 * NS_PER_MS);
    }
    assert_int_equal(stats(&r).plain, 3);
    asks(&r, 2);
    asks(&r, 2);
    pass(&r, 100 * NS_PER_MS);
    struct pool_spare spare;
    assert_true(take(&r, 2, &spare));
    box_free(spare.box);
    rig_done(&r);
}

static void test_batches_get_theirs_last(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    pool_running(r.pool, usual.cores);
    for (int i = 0; i < 2; i++) {
        r.class = BOX_CLASS_INTERACTIVE;
        asks(&r, 1);
        r.class = BOX_CLASS_BATCH;
        asks(&r, 2);
    }
    pool_running(r.pool, usual.cores - 1); /* one at a time */
    pass(&r, 50 * NS_PER_MS);
    r.class = BOX_CLASS_INTERACTIVE;
    assert_true(asks(&r, 1));
    r.class = BOX_CLASS_BATCH;
    assert_false(asks(&r, 2));
    rig_done(&r);
}

static void test_kind_that_is_taken_at_once_leaves_others_their_turn(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    asks(&r, 2);
    for (int i = 0; i < 100; i++) { /* none of it is ever at rest */
        asks(&r, 1);
        pass(&r, 10 * NS_PER_MS);
        if (i == 50) {
            asks(&r, 2);
        }
    }
    assert_true(asks(&r, 2));
    rig_done(&r);
}

/* --- how much ------------------------------------------------------------------------------ */

static void test_measured_memory_counts(void **state)
{
    (void)state;
    struct rig r = rig_new(7 * MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, NS_PER_S);
    assert_int_equal(stats(&r).warm, 1);
    assert_int_equal(stats(&r).plain, 1);
    assert_int_equal(stats(&r).memory_bytes, (7 + 1) * MIB);
    rig_done(&r);
}

static void test_large_kinds_do_not_pass_the_bound(void **state)
{
    (void)state;
    struct pool_config config = usual;
    config.boxes = 16;
    struct rig r = rig_of(&config, BOX_FEATURE_MEMORY, 60 * MIB);
    for (int round = 0; round < 4; round++) {
        for (unsigned kind = 1; kind < KINDS; kind++) {
            asks(&r, kind);
            pass(&r, 60 * NS_PER_MS);
            struct pool_stats s = stats(&r);
            assert_true((s.plain + s.warm * 60) * MIB <= config.memory_bytes + 60 * MIB);
        }
    }
    pass(&r, 2 * NS_PER_S);
    assert_int_equal(stats(&r).warm, 2);
    assert_true(stats(&r).memory_bytes <= config.memory_bytes);
    rig_done(&r);
}

static void test_kind_that_is_not_known_is_made_alone(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    for (unsigned kind = 1; kind < 5; kind++) {
        asks(&r, kind);
    }
    for (unsigned kind = 1; kind < 5; kind++) {
        asks(&r, kind);
    }
    assert_int_equal(stats(&r).warm, 1);
    pass(&r, NS_PER_S);
    assert_int_equal(stats(&r).warm, 4);
    rig_done(&r);
}

static void test_one_that_still_grows_is_not_measured_yet(void **state)
{
    (void)state;
    struct rig r = rig_new(20 * MIB);
    for (int i = 0; i < 2; i++) {
        asks(&r, 2);
        asks(&r, 1);
    }
    for (uint64_t grown = 40; grown <= 80; grown += 20) {
        pass(&r, 50 * NS_PER_MS);
        r.holds[1] = r.holds[2] = grown * MIB;
    }
    assert_int_equal(stats(&r).warm, 1);
    pass(&r, 100 * NS_PER_MS);
    assert_int_equal(stats(&r).warm, 2); /* the next, as that one is known */
    rig_done(&r);
}

static void test_what_grew_later_goes(void **state)
{
    (void)state;
    struct rig r = rig_new(30 * MIB);
    for (int i = 0; i < 2; i++) {
        for (unsigned kind = 1; kind < 5; kind++) {
            asks(&r, kind);
        }
    }
    pass(&r, 600 * NS_PER_MS);
    assert_int_equal(stats(&r).warm, 4);
    for (unsigned kind = 1; kind < 5; kind++) {
        r.holds[kind] = 50 * MIB;
    }
    pass(&r, 2 * NS_PER_S);
    assert_int_equal(stats(&r).warm, 2);
    assert_true(stats(&r).memory_bytes <= usual.memory_bytes);
    rig_done(&r);
}

static void test_kind_of_more_than_all_is_not_kept(void **state)
{
    (void)state;
    struct rig r = rig_new(200 * MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, 120 * NS_PER_S);
    assert_int_equal(stats(&r).too_large, 1);
    assert_int_equal(stats(&r).warm, 0);
    unsigned created = r.created; /* of both kinds one */
    assert_int_equal(created, 2);
    assert_false(asks(&r, 1)); /* it got the plain one: there is another now */
    pass(&r, NS_PER_S);
    assert_int_equal(r.created, created + 1);
    rig_done(&r);
}

static void test_measure_of_a_kind_is_remembered(void **state)
{
    (void)state;
    struct rig r = rig_new(60 * MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, NS_PER_S);
    assert_true(asks(&r, 1));
    settle(&r);
    assert_int_equal(stats(&r).memory_bytes, 61 * MIB); /* also of one that was just made */
    rig_done(&r);
}

/* --- where it cannot be measured ----------------------------------------------------------- */

static void test_host_that_cannot_measure_has_few_until_jobs_show_what_they_hold(void **state)
{
    (void)state;
    struct rig r = rig_of(&usual, 0, 0);
    for (int i = 0; i < 2; i++) {
        asks(&r, 1);
        asks(&r, 2);
        pass(&r, 100 * NS_PER_MS);
    }
    assert_int_equal(r.measured, 0);
    assert_int_equal(stats(&r).warm, 1); /* as each could hold half of all */

    struct pool_spare spare;
    assert_true(take(&r, 1, &spare));
    assert_true(box_is_warm(spare.box));
    box_free(spare.box);
    pool_used(r.pool, spare.kind, 8 * MIB);
    pass(&r, 100 * NS_PER_MS);
    assert_int_equal(stats(&r).warm, 2);
    assert_int_equal(stats(&r).memory_bytes, (8 + 64 + 2) * MIB); /* two plain ones too */
    rig_done(&r);
}

/* --- when ---------------------------------------------------------------------------------- */

/* A kind that is asked for, of which one lies there. */
static struct rig rig_asked(unsigned cores)
{
    struct pool_config config = usual;
    config.cores = cores;
    struct rig r = rig_of(&config, BOX_FEATURE_MEMORY, MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, 2 * NS_PER_S);
    return r;
}

/* How many are made in this time beside so many that run, after one took a spare. */
static unsigned made_beside(struct rig *r, unsigned running, uint64_t ns)
{
    unsigned before = r->created;
    pool_running(r->pool, running);
    assert_true(asks(r, 1));
    pass(r, ns);
    return r->created - before;
}

static void left_alone(bool unhurried, uint64_t ns)
{
    struct rig r = rig_asked(2);
    r.unhurried = unhurried;
    assert_int_equal(made_beside(&r, 1, ns), 0);
    pass(&r, 10 * NS_PER_MS);
    assert_int_equal(stats(&r).warm, 1);
    rig_done(&r);
}

static void test_last_idle_core_is_left_to_who_runs(void **state)
{
    (void)state;
    left_alone(false, 15 * NS_PER_MS);
    left_alone(true, 45 * NS_PER_MS);
}

static void test_spares_are_made_as_soon_as_nothing_runs(void **state)
{
    (void)state;
    struct rig r = rig_asked(2);
    assert_int_equal(made_beside(&r, 1, 5 * NS_PER_MS), 0);
    pool_running(r.pool, 0);
    settle(&r);
    assert_int_equal(stats(&r).warm, 1);
    rig_done(&r);
}

static void test_one_that_runs_after_another_is_left_alone_as_long(void **state)
{
    (void)state;
    struct rig r = rig_asked(2);
    made_beside(&r, 1, 5 * NS_PER_MS);
    pool_running(r.pool, 0);
    pass(&r, 10 * NS_PER_MS);
    assert_int_equal(made_beside(&r, 1, 15 * NS_PER_MS), 0);
    rig_done(&r);
}

static void test_cores_that_are_idle_besides_make_spares_at_once(void **state)
{
    (void)state;
    struct rig r = rig_asked(4);
    assert_int_not_equal(made_beside(&r, 1, 5 * NS_PER_MS), 0);
    rig_done(&r);
}

static void test_spares_are_made_beside_who_found_none(void **state)
{
    (void)state;
    struct rig r = rig_asked(2);
    made_beside(&r, 1, 0);
    asks(&r, 1);
    pass(&r, 5 * NS_PER_MS);
    assert_int_not_equal(stats(&r).warm, 0);
    rig_done(&r);
}

static void test_who_comes_meanwhile_does_not_put_it_off(void **state)
{
    (void)state;
    struct rig r = rig_asked(2);
    r.unhurried = true;
    unsigned before = r.created;
    pool_running(r.pool, 1);
    for (int i = 0; i < 12; i++) {
        asks(&r, 1);
        pass(&r, 5 * NS_PER_MS);
    }
    assert_int_not_equal(r.created, before);
    rig_done(&r);
}

/* --- rest ---------------------------------------------------------------------------------- */

static void test_what_nobody_asks_for_is_let_go(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, usual.idle_ns - NS_PER_S);
    assert_int_equal(stats(&r).warm, 1);
    pass(&r, NS_PER_S);
    assert_int_equal(stats(&r).warm, 0);
    assert_int_equal(sandbox_live(r.f->sandbox), 0);
    rig_done(&r);
}

static void test_nothing_is_done_for_spares_at_rest(void **state)
{
    (void)state;
    struct rig r = rig_new(3 * MIB);
    asks(&r, 1);
    asks(&r, 1);
    pass(&r, 5 * NS_PER_S);
    unsigned measured = r.measured, created = r.created;
    pass(&r, 60 * NS_PER_S);
    assert_int_equal(r.measured, measured);
    assert_int_equal(r.created, created);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds_that_are_asked_for_in_turn_are_made),
        cmocka_unit_test(test_kind_without_any_gets_the_place_of_one_of_many),
        cmocka_unit_test(test_batches_get_theirs_last),
        cmocka_unit_test(test_kind_that_is_taken_at_once_leaves_others_their_turn),
        cmocka_unit_test(test_measured_memory_counts),
        cmocka_unit_test(test_large_kinds_do_not_pass_the_bound),
        cmocka_unit_test(test_kind_that_is_not_known_is_made_alone),
        cmocka_unit_test(test_one_that_still_grows_is_not_measured_yet),
        cmocka_unit_test(test_what_grew_later_goes),
        cmocka_unit_test(test_kind_of_more_than_all_is_not_kept),
        cmocka_unit_test(test_measure_of_a_kind_is_remembered),
        cmocka_unit_test(test_host_that_cannot_measure_has_few_until_jobs_show_what_they_hold),
        cmocka_unit_test(test_last_idle_core_is_left_to_who_runs),
        cmocka_unit_test(test_spares_are_made_as_soon_as_nothing_runs),
        cmocka_unit_test(test_one_that_runs_after_another_is_left_alone_as_long),
        cmocka_unit_test(test_cores_that_are_idle_besides_make_spares_at_once),
        cmocka_unit_test(test_spares_are_made_beside_who_found_none),
        cmocka_unit_test(test_who_comes_meanwhile_does_not_put_it_off),
        cmocka_unit_test(test_what_nobody_asks_for_is_let_go),
        cmocka_unit_test(test_nothing_is_done_for_spares_at_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
