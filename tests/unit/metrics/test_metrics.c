/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "metrics/metrics.h"

struct fixture {
    struct metrics *metrics;
    struct buf text;
    unsigned written;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->metrics = metrics_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    metrics_free(f->metrics);
    buf_done(&f->text);
    free(f);
    return 0;
}

static const char *text_of(struct fixture *f)
{
    buf_clear(&f->text);
    buf_add_str(&f->text, "");
    metrics_write(f->metrics, &f->text);
    return f->text.data;
}

/* A whole line of the text. */
static void assert_line(struct fixture *f, const char *line)
{
    AUTO(buf_done) struct buf wanted = {0};
    buf_add_fmt(&wanted, "\n%s\n", line);
    if (!strstr(text_of(f), wanted.data)) {
        fail_msg("'%s' is not in:\n%s", line, f->text.data);
    }
}

static void assert_no(struct fixture *f, const char *text)
{
    if (strstr(text_of(f), text)) {
        fail_msg("'%s' is in:\n%s", text, f->text.data);
    }
}

static unsigned count_of(struct fixture *f, const char *text)
{
    unsigned count = 0;
    for (const char *p = text_of(f); (p = strstr(p, text)); p += strlen(text)) {
        count++;
    }
    return count;
}

static void jobs_add(struct fixture *f, const char *language, double n)
{
    metrics_add(f->metrics, METRIC_JOBS, METRIC_LABELS(language, "piston", "ok"), n);
}

static void test_add_sums_what_has_the_same_labels(void **state)
{
    struct fixture *f = *state;
    jobs_add(f, "c", 1);
    jobs_add(f, "python", 1);
    jobs_add(f, "c", 2);
    assert_line(f, "belljar_jobs_total{language=\"c\",dialect=\"piston\",verdict=\"ok\"} 3");
    assert_line(f, "belljar_jobs_total{language=\"python\",dialect=\"piston\",verdict=\"ok\"} 1");
}

static void test_set_replaces_what_was_there(void **state)
{
    struct fixture *f = *state;
    metrics_set(f->metrics, METRIC_QUEUE, METRIC_NO_LABELS, 7);
    metrics_set(f->metrics, METRIC_QUEUE, METRIC_NO_LABELS, 3);
    assert_line(f, "belljar_queue_jobs 3");
}

static void test_write_names_type_and_meaning_once(void **state)
{
    struct fixture *f = *state;
    jobs_add(f, "c", 1);
    jobs_add(f, "d", 1);
    assert_int_equal(count_of(f, "# TYPE belljar_jobs_total counter\n"), 1);
    assert_int_equal(count_of(f, "# HELP belljar_jobs_total Jobs that ended.\n"), 1);
}

static void test_write_leaves_out_what_has_labels_and_no_event(void **state)
{
    struct fixture *f = *state;
    assert_no(f, "belljar_jobs_total");
}

static void test_new_has_what_has_no_labels_with_zero(void **state)
{
    struct fixture *f = *state;
    assert_line(f, "belljar_box_start_seconds_count 0");
    assert_line(f, "belljar_box_start_seconds_bucket{le=\"+Inf\"} 0");
}

static void test_new_has_no_gauge_that_nobody_set(void **state)
{
    struct fixture *f = *state;
    assert_no(f, "belljar_slots");
}

static void test_observe_counts_in_all_buckets_from_its_own_on(void **state)
{
    struct fixture *f = *state;
    metrics_observe(f->metrics, METRIC_STAGE_SECONDS, METRIC_LABELS("run"), 0.003);
    metrics_observe(f->metrics, METRIC_STAGE_SECONDS, METRIC_LABELS("run"), 0.3);
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.0025\"} 0");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.005\"} 1");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.25\"} 1");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.5\"} 2");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"+Inf\"} 2");
    assert_line(f, "belljar_stage_seconds_sum{stage=\"run\"} 0.303");
    assert_line(f, "belljar_stage_seconds_count{stage=\"run\"} 2");
}

static void test_observe_of_a_bound_is_in_its_bucket(void **state)
{
    struct fixture *f = *state;
    metrics_observe(f->metrics, METRIC_STAGE_SECONDS, METRIC_LABELS("run"), 0.25);
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.1\"} 0");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"0.25\"} 1");
}

static void test_observe_beyond_the_last_bucket_is_counted(void **state)
{
    struct fixture *f = *state;
    metrics_observe(f->metrics, METRIC_STAGE_SECONDS, METRIC_LABELS("run"), 1000);
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"300\"} 0");
    assert_line(f, "belljar_stage_seconds_bucket{stage=\"run\",le=\"+Inf\"} 1");
}

static void test_observe_ns_is_in_seconds(void **state)
{
    struct fixture *f = *state;
    metrics_observe_ns(f->metrics, METRIC_JOB_SECONDS, METRIC_LABELS("native"), 1500 * NS_PER_MS);
    assert_line(f, "belljar_job_seconds_sum{dialect=\"native\"} 1.5");
}

static void test_write_escapes_label_values(void **state)
{
    struct fixture *f = *state;
    jobs_add(f, "a\"b\\c\nd", 1);
    assert_line(f, "belljar_jobs_total{language=\"a\\\"b\\\\c\\nd\",dialect=\"piston\",verdict="
                   "\"ok\"} 1");
}

static void test_write_keeps_empty_label_values_apart(void **state)
{
    struct fixture *f = *state;
    metrics_add(f->metrics, METRIC_JOBS, METRIC_LABELS("", "x", ""), 1);
    metrics_add(f->metrics, METRIC_JOBS, METRIC_LABELS("x", "", NULL), 1);
    assert_line(f, "belljar_jobs_total{language=\"\",dialect=\"x\",verdict=\"\"} 1");
    assert_line(f, "belljar_jobs_total{language=\"x\",dialect=\"\",verdict=\"\"} 1");
}

static void test_add_takes_labels_of_any_length(void **state)
{
    struct fixture *f = *state;
    char language[1000];
    memset(language, 'x', sizeof(language) - 1);
    language[sizeof(language) - 1] = '\0';
    jobs_add(f, language, 1);
    jobs_add(f, language, 1);
    assert_int_equal(count_of(f, language), 1);
}

static void test_add_counts_too_many_series_as_other(void **state)
{
    struct fixture *f = *state;
    char language[32];
    for (unsigned i = 0; i < METRICS_SERIES_MAX + 5; i++) {
        snprintf(language, sizeof(language), "language-%u", i);
        jobs_add(f, language, 1);
    }
    jobs_add(f, "language-7", 1);
    assert_line(f, "belljar_jobs_total{language=\"other\",dialect=\"other\",verdict=\"other\"} 5");
    assert_line(f, "belljar_jobs_total{language=\"language-7\",dialect=\"piston\",verdict=\"ok\"}"
                   " 2");
    assert_int_equal(count_of(f, "belljar_jobs_total{"), METRICS_SERIES_MAX + 1);
}

static void test_write_shows_numbers_as_they_were_given(void **state)
{
    static const struct {
        double number;
        const char *line;
    } cases[] = {
        {0.1, "belljar_memory_bytes 0.1"},
        {9007199254740991.0, "belljar_memory_bytes 9007199254740991"},
        {1.0 / 3, "belljar_memory_bytes 0.33333333333333331"},
        {17179869184.0, "belljar_memory_bytes 17179869184"},
        {0, "belljar_memory_bytes 0"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        metrics_set(f->metrics, METRIC_MEMORY_BYTES, METRIC_NO_LABELS, cases[i].number);
        assert_line(f, cases[i].line);
    }
}

static void slots_set(void *ctx)
{
    struct fixture *f = ctx;
    metrics_set(f->metrics, METRIC_SLOTS, METRIC_NO_LABELS, ++f->written);
}

static void test_write_asks_for_gauges_each_time(void **state)
{
    struct fixture *f = *state;
    metrics_on_write(f->metrics, slots_set, f);
    text_of(f);
    assert_line(f, "belljar_slots 2");
}

/* --- quantiles ----------------------------------------------------------------------------- */

static void observe_many(struct fixture *f, const char *dialect, double seconds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        metrics_observe(f->metrics, METRIC_JOB_SECONDS, METRIC_LABELS(dialect), seconds);
    }
}

static double quantile(struct fixture *f, const char *const *labels, double q)
{
    return metrics_quantile(f->metrics, METRIC_JOB_SECONDS, labels, q);
}

static void test_quantile_of_nothing_is_no_number(void **state)
{
    struct fixture *f = *state;
    assert_true(isnan(quantile(f, NULL, 0.5)));
    observe_many(f, "native", 1, 1);
    assert_true(isnan(quantile(f, METRIC_LABELS("piston"), 0.5)));
}

static void test_quantile_is_what_was_observed(void **state)
{
    struct fixture *f = *state;
    observe_many(f, "native", 0.75, 40);
    observe_many(f, "native", 0.25, 60);
    assert_float_equal(quantile(f, NULL, 0.6), 0.25, 1e-9);
    assert_float_equal(quantile(f, NULL, 0.61), 0.75, 1e-9);
    assert_float_equal(quantile(f, NULL, 1), 0.75, 1e-9);
}

static void test_quantile_without_labels_is_of_all(void **state)
{
    struct fixture *f = *state;
    observe_many(f, "native", 0.25, 10);
    observe_many(f, "piston", 0.75, 10);
    assert_float_equal(quantile(f, METRIC_LABELS("native"), 1), 0.25, 1e-9);
    assert_float_equal(quantile(f, METRIC_LABELS("piston"), 0.01), 0.75, 1e-9);
    assert_float_equal(quantile(f, NULL, 0.5), 0.25, 1e-9);
}

static void test_quantile_forgets_what_is_long_ago(void **state)
{
    struct fixture *f = *state;
    observe_many(f, "native", 1000, 100);
    observe_many(f, "native", 0.5, 256);
    assert_float_equal(quantile(f, NULL, 1), 0.5, 1e-9);
}

static void test_all_calls_take_null(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    metrics_add(NULL, METRIC_JOBS, METRIC_LABELS("c", "piston", "ok"), 1);
    metrics_set(NULL, METRIC_SLOTS, METRIC_NO_LABELS, 1);
    metrics_observe(NULL, METRIC_STAGE_SECONDS, METRIC_LABELS("run"), 1);
    metrics_on_write(NULL, slots_set, NULL);
    metrics_write(NULL, &text);
    assert_true(isnan(metrics_quantile(NULL, METRIC_JOB_SECONDS, NULL, 0.5)));
    metrics_free(NULL);
    assert_int_equal(text.len, 0);
}

/* --- the table ----------------------------------------------------------------------------- */

struct row {
    const char *name, *labels, *buckets, *help;
};

#define COUNTER   1
#define GAUGE     2
#define HISTOGRAM 3
static const struct row rows[] = {
#define X(id, type, name, labels, buckets, help) {name, labels, buckets, help},
#include "metrics/metrics.def"
#undef X
};

static void test_each_bound_is_above_the_one_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double last = 0;
        const char *at = rows[i].buckets;
        for (char *end; *at; at = end + strspn(end, " ")) {
            double bound = strtod(at, &end);
            assert_true(bound > last);
            last = bound;
        }
    }
}

static void test_each_name_is_there_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(strncmp(rows[i].name, "belljar_", strlen("belljar_")) == 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(rows[i].name, rows[k].name);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_add_sums_what_has_the_same_labels),
        T(test_set_replaces_what_was_there),
        T(test_write_names_type_and_meaning_once),
        T(test_write_leaves_out_what_has_labels_and_no_event),
        T(test_new_has_what_has_no_labels_with_zero),
        T(test_new_has_no_gauge_that_nobody_set),
        T(test_observe_counts_in_all_buckets_from_its_own_on),
        T(test_observe_of_a_bound_is_in_its_bucket),
        T(test_observe_beyond_the_last_bucket_is_counted),
        T(test_observe_ns_is_in_seconds),
        T(test_write_escapes_label_values),
        T(test_write_keeps_empty_label_values_apart),
        T(test_add_takes_labels_of_any_length),
        T(test_add_counts_too_many_series_as_other),
        T(test_write_shows_numbers_as_they_were_given),
        T(test_write_asks_for_gauges_each_time),
        T(test_quantile_of_nothing_is_no_number),
        T(test_quantile_is_what_was_observed),
        T(test_quantile_without_labels_is_of_all),
        T(test_quantile_forgets_what_is_long_ago),
        T(test_all_calls_take_null),
        T(test_each_bound_is_above_the_one_before),
        T(test_each_name_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
