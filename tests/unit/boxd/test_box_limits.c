/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "boxd/box.h"
#include "boxd/boxd.h"

/* What box_limits.c asks of its neighbours, played. */
static struct {
    uint64_t cpu_ns;
    bool cpu_unknown;
    int stops;
    enum box_end cause;
} host;

void box_stop(struct box *box, enum box_end cause)
{
    (void)box;
    host.stops++;
    host.cause = cause;
}

int cgroup_leaf_base(struct cgroup_leaf *leaf, struct err *e)
{
    (void)leaf, (void)e;
    return 0;
}

int cgroup_leaf_cpu(const struct cgroup_leaf *leaf, uint64_t *ret_ns, struct err *e)
{
    (void)leaf;
    if (host.cpu_unknown) {
        return err_set(e, ERR_IO, "gone");
    }
    *ret_ns = host.cpu_ns;
    return 0;
}

struct scene {
    struct boxd boxd;
    struct box box;
};

static int scene_open(void **state)
{
    static struct scene scene;
    struct err e;
    scene = (struct scene){.boxd = {.features = BOX_FEATURE_CPU, .cpus = 4}};
    scene.boxd.log.level = LOG_LEVEL_NONE;
    scene.box.boxd = &scene.boxd;
    host.cpu_ns = 0;
    host.cpu_unknown = false;
    host.stops = 0;
    *state = &scene;
    return loop_new(&scene.boxd.loop, &e);
}

static int scene_close(void **state)
{
    struct scene *s = *state;
    limits_disarm(&s->box);
    loop_free(s->boxd.loop);
    return 0;
}

/* The timer's function, as the loop calls it. */
static void fire(struct loop_timer *t)
{
    loop_fn *fn = t->fn;
    void *ctx = t->ctx;
    loop_timer_cancel(t);
    fn(ctx);
}

static const struct box_maxima allowed = {100, 200, 300, 40, 1500};

static void test_clamp_lowers_what_is_above(void **state)
{
    (void)state;
    struct box_maxima asked = {101, 201, 301, 41, 1501};
    limits_clamp(&asked, &allowed);
    assert_memory_equal(&asked, &allowed, sizeof(asked));
}

static void test_clamp_leaves_what_is_below(void **state)
{
    (void)state;
    struct box_maxima asked = {1, 2, 3, 4, 5}, before = asked;
    limits_clamp(&asked, &allowed);
    assert_memory_equal(&asked, &before, sizeof(asked));
}

static void test_clamp_takes_zero_for_all_that_is_allowed(void **state)
{
    (void)state;
    struct box_maxima asked = {0};
    limits_clamp(&asked, &allowed);
    assert_memory_equal(&asked, &allowed, sizeof(asked));
}

static void test_clamp_lets_a_quota_be_set_where_none_is(void **state)
{
    (void)state;
    struct box_maxima free_quota = allowed, asked = allowed;
    free_quota.cpu_milli = 0;
    asked.cpu_milli = 700;
    limits_clamp(&asked, &free_quota);
    assert_int_equal(asked.cpu_milli, 700);
}

static void test_arm_sets_no_timer_without_limits(void **state)
{
    struct scene *s = *state;
    struct err e;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_null(s->box.wall_timer.loop);
    assert_null(s->box.cpu_timer.loop);
}

static void test_arm_looks_when_all_cpus_could_have_used_the_limit(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = 4 * NS_PER_S;
    uint64_t before = clock_mono_ns(&clock_system);
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_in_range(s->box.cpu_timer.at_ns, before + NS_PER_S,
                    clock_mono_ns(&clock_system) + NS_PER_S);
}

static void test_arm_counts_a_quota_as_so_many_cpus(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = NS_PER_S;
    s->box.start.maxima.cpu_milli = 500;
    uint64_t before = clock_mono_ns(&clock_system);
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_in_range(s->box.cpu_timer.at_ns, before + 2 * NS_PER_S,
                    clock_mono_ns(&clock_system) + 2 * NS_PER_S);
}

static void test_arm_does_not_watch_cpu_where_nothing_counts_it(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->boxd.features = 0;
    s->box.start.cpu_ns = NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_null(s->box.cpu_timer.loop);
}

static void test_cpu_timer_waits_for_what_is_left(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = 4 * NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    host.cpu_ns = 2 * NS_PER_S;
    uint64_t before = clock_mono_ns(&clock_system);
    fire(&s->box.cpu_timer);
    assert_int_equal(host.stops, 0);
    assert_in_range(s->box.cpu_timer.at_ns, before + NS_PER_S / 2,
                    clock_mono_ns(&clock_system) + NS_PER_S / 2);
}

static void test_cpu_timer_never_waits_less_than_a_step(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = 10 * NS_PER_MS;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    host.cpu_ns = 10 * NS_PER_MS - 1;
    uint64_t before = clock_mono_ns(&clock_system);
    fire(&s->box.cpu_timer);
    assert_true(s->box.cpu_timer.at_ns >= before + NS_PER_MS);
}

static void test_cpu_timer_looks_every_few_milliseconds_just_before_the_limit(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = 3 * NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    host.cpu_ns = s->box.start.cpu_ns - 1;
    uint64_t before = clock_mono_ns(&clock_system);
    fire(&s->box.cpu_timer);
    assert_in_range(s->box.cpu_timer.at_ns, before + 4 * NS_PER_MS,
                    clock_mono_ns(&clock_system) + 4 * NS_PER_MS);
}

static void test_arm_takes_limits_beyond_the_clock_for_none(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.wall_ns = s->box.start.cpu_ns = UINT64_MAX;
    s->box.start.maxima.cpu_milli = 500;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_true(s->box.wall_timer.at_ns == UINT64_MAX);
    assert_true(s->box.cpu_timer.at_ns == UINT64_MAX);
}

static void test_cpu_timer_stops_a_box_at_its_limit(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    host.cpu_ns = NS_PER_S;
    fire(&s->box.cpu_timer);
    assert_int_equal(host.stops, 1);
    assert_int_equal(host.cause, BOX_END_CPU);
}

static void test_cpu_timer_stops_a_box_whose_time_is_unknown(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.cpu_ns = NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    host.cpu_unknown = true;
    fire(&s->box.cpu_timer);
    assert_int_equal(host.stops, 1);
    assert_int_equal(host.cause, BOX_END_LOST);
}

static void test_wall_timer_stops_a_box(void **state)
{
    struct scene *s = *state;
    struct err e;
    s->box.start.wall_ns = NS_PER_S;
    assert_int_equal(limits_arm(&s->box, &e), 0);
    assert_int_equal(s->box.wall_timer.at_ns, s->box.go_ns + NS_PER_S);
    fire(&s->box.wall_timer);
    assert_int_equal(host.stops, 1);
    assert_int_equal(host.cause, BOX_END_WALL);
}

static void test_verdict_names_what_an_ended_program_had_passed(void **state)
{
    struct scene *s = *state;
    static const struct {
        struct box_ended ended;
        enum box_end end;
    } cases[] = {
        {{.wait_status = 0, .wall_ns = 10, .cpu_ns = 20}, BOX_END_EXIT},
        {{.wait_status = 0, .wall_ns = 11, .cpu_ns = 20}, BOX_END_WALL},
        {{.wait_status = 0, .wall_ns = 11, .cpu_ns = 21}, BOX_END_CPU},
        {{.wait_status = SIGKILL, .cpu_ns = 21, .oom_kills = 1}, BOX_END_MEMORY},
        {{.wait_status = SIGKILL}, BOX_END_EXIT},
        {{.wait_status = SIGSEGV, .oom_kills = 1}, BOX_END_EXIT},
        {{.wait_status = 0, .oom_kills = 1}, BOX_END_EXIT}, /* a child of its: it went on */
    };
    s->box.start.wall_ns = 10;
    s->box.start.cpu_ns = 20;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(limits_verdict(&s->box, &cases[i].ended), cases[i].end);
    }
}

#define SCENE(fn) cmocka_unit_test_setup_teardown(fn, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clamp_lowers_what_is_above),
        cmocka_unit_test(test_clamp_leaves_what_is_below),
        cmocka_unit_test(test_clamp_takes_zero_for_all_that_is_allowed),
        cmocka_unit_test(test_clamp_lets_a_quota_be_set_where_none_is),
        SCENE(test_arm_sets_no_timer_without_limits),
        SCENE(test_arm_looks_when_all_cpus_could_have_used_the_limit),
        SCENE(test_arm_counts_a_quota_as_so_many_cpus),
        SCENE(test_arm_does_not_watch_cpu_where_nothing_counts_it),
        SCENE(test_cpu_timer_waits_for_what_is_left),
        SCENE(test_cpu_timer_never_waits_less_than_a_step),
        SCENE(test_cpu_timer_looks_every_few_milliseconds_just_before_the_limit),
        SCENE(test_arm_takes_limits_beyond_the_clock_for_none),
        SCENE(test_cpu_timer_stops_a_box_at_its_limit),
        SCENE(test_cpu_timer_stops_a_box_whose_time_is_unknown),
        SCENE(test_wall_timer_stops_a_box),
        SCENE(test_verdict_names_what_an_ended_program_had_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
