/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/piston/limits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "config/config.h"
#include "model/runtime.h"

static const struct config config = {
    .compile_wall_ms = 8000,
    .compile_cpu_ms = 7000,
    .compile_memory_bytes = 1 << 30,
    .run_wall_ms = 2000,
    .run_cpu_ms = 1000,
    .run_memory_bytes = 1 << 28,
    .disk_bytes = 1,
    .output_bytes = 65536,
    .open_files = 2048,
    .processes = 256,
};

struct asked {
    struct limits compile, run;
    int result;
    struct err e;
};

static void overrides_freep(struct limit_overrides **o)
{
    limit_overrides_free(*o);
}

static void runtime_freep(struct runtime **r)
{
    runtime_unref(*r);
}

static struct runtime *runtime_make(const char *language)
{
    struct runtime *r = runtime_new();
    r->language = strdup(language);
    r->version = strdup("1.0.0");
    return r;
}

static struct asked ask(const char *body, bool clamp)
{
    struct asked a = {0};
    AUTO(json_freep) json_t *v = NULL;
    AUTO(overrides_freep) struct limit_overrides *o = NULL;
    AUTO(runtime_freep) struct runtime *runtime = runtime_make("c");
    assert_int_equal(json_parse(body, strlen(body), &v, &a.e), 0);
    assert_int_equal(limit_overrides_parse("", &o, &a.e), 0);
    limits_configured(&config, o, runtime, &a.compile, &a.run);
    a.result = limits_request(v, clamp, &a.compile, &a.run, &a.e);
    return a;
}

static void expect_refusal(const char *body, const char *message)
{
    struct asked a = ask(body, false);
    assert_true(a.result < 0);
    assert_string_equal(a.e.text, message);
}

static void test_lower_values_are_taken(void **state)
{
    (void)state;
    struct asked a = ask(
        "{\"compile_timeout\":1,\"run_timeout\":1999.5,\"compile_cpu_time\":2,\"run_cpu_time\":3,"
        "\"compile_memory_limit\":4000000,\"run_memory_limit\":5000000}",
        false);
    assert_int_equal(a.result, 0);
    assert_int_equal(a.compile.wall_ms, 1);
    assert_int_equal(a.run.wall_ms, 2000);
    assert_int_equal(a.compile.cpu_ms, 2);
    assert_int_equal(a.run.cpu_ms, 3);
    assert_int_equal(a.compile.memory_bytes, 4000000);
    assert_int_equal(a.run.memory_bytes, 5000000);
    assert_int_equal(a.run.output_bytes, 65536);
}

static void test_what_means_no_limit_means_the_configured_one(void **state)
{
    (void)state;
    static const char *const values[] = {"-1", "0", "null", "false", "\"\""};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char body[300];
        snprintf(body, sizeof(body),
                 "{\"run_timeout\":%s,\"compile_timeout\":%s,\"run_memory_limit\":%s,\"compile_"
                 "memory_limit\":%s,"
                 "\"run_cpu_time\":%s,\"memory_limit\":%s}",
                 values[i], values[i], values[i], values[i], values[i], values[i]);
        struct asked a = ask(body, false);
        assert_int_equal(a.result, 0);
        assert_int_equal(a.run.wall_ms, 2000);
        assert_int_equal(a.compile.wall_ms, 8000);
        assert_int_equal(a.run.memory_bytes, 1 << 28);
        assert_int_equal(a.compile.memory_bytes, 1 << 30);
        assert_int_equal(a.run.cpu_ms, 1000);
    }
}

static void test_stock_timeouts_of_clients_are_clamped(void **state)
{
    (void)state;
    struct asked a = ask("{\"compile_timeout\":10000,\"run_timeout\":3000}", false);
    assert_int_equal(a.result, 0);
    assert_int_equal(a.compile.wall_ms, 8000);
    assert_int_equal(a.run.wall_ms, 2000);
}

static void test_other_excess_is_refused_in_pistons_words(void **state)
{
    (void)state;
    expect_refusal("{\"compile_timeout\":8001}",
                   "compile_timeout cannot exceed the configured limit of 8000");
    expect_refusal("{\"run_timeout\":10000}",
                   "run_timeout cannot exceed the configured limit of 2000");
    expect_refusal("{\"compile_timeout\":10001}",
                   "compile_timeout cannot exceed the configured limit of 8000");
    expect_refusal("{\"run_cpu_time\":3000}",
                   "run_cpu_time cannot exceed the configured limit of 1000");
    expect_refusal("{\"run_memory_limit\":268435457}",
                   "run_memory_limit cannot exceed the configured limit of 268435456");
    expect_refusal("{\"memory_limit\":262145}",
                   "memory_limit cannot exceed the configured limit of 262144");
}

static void test_negative_values_but_minus_one_are_refused(void **state)
{
    (void)state;
    expect_refusal("{\"run_timeout\":-2}", "run_timeout must be non-negative");
    expect_refusal("{\"run_memory_limit\":-1.5}", "run_memory_limit must be non-negative");
    expect_refusal("{\"memory_limit\":-2}", "memory_limit must be non-negative");
}

static void test_values_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    expect_refusal("{\"run_timeout\":\"1\"}", "If specified, run_timeout must be a number");
    expect_refusal("{\"compile_memory_limit\":true}",
                   "If specified, compile_memory_limit must be a number");
    expect_refusal("{\"run_cpu_time\":[]}", "If specified, run_cpu_time must be a number");
    expect_refusal("{\"memory_limit\":\"x\"}", "If specified, memory_limit must be a number");
}

static void test_checks_come_in_pistons_order(void **state)
{
    (void)state;
    expect_refusal("{\"run_cpu_time\":\"x\",\"run_timeout\":\"x\",\"compile_timeout\":\"x\",\"run_"
                   "memory_limit\":\"x\"}",
                   "If specified, run_memory_limit must be a number");
    expect_refusal("{\"run_cpu_time\":\"x\",\"run_timeout\":\"x\",\"compile_timeout\":\"x\"}",
                   "If specified, compile_timeout must be a number");
}

static void test_memory_limit_in_kilobytes_yields_to_the_stages_own(void **state)
{
    (void)state;
    struct asked a = ask("{\"memory_limit\":65536,\"run_memory_limit\":5000000}", false);
    assert_int_equal(a.result, 0);
    assert_int_equal(a.compile.memory_bytes, 65536 * 1024);
    assert_int_equal(a.run.memory_bytes, 5000000);
    a = ask("{\"memory_limit\":500000,\"run_memory_limit\":5000000}", false);
    assert_int_equal(a.result, 0); /* too much for a run, but the run has its own */
}

static void test_clamp_lowers_in_silence(void **state)
{
    (void)state;
    struct asked a = ask("{\"run_timeout\":60000,\"compile_timeout\":60000}", true);
    assert_int_equal(a.result, 0);
    assert_int_equal(a.run.wall_ms, 2000);
    assert_int_equal(a.compile.wall_ms, 8000);
}

static void test_runtimes_and_overrides_come_before_the_configuration(void **state)
{
    (void)state;
    struct err e = {0};
    struct limits compile, run;
    AUTO(overrides_freep) struct limit_overrides *o = NULL;
    AUTO(runtime_freep) struct runtime *runtime = runtime_make("c++");
    runtime->run_limits.processes = 128;
    runtime->compile_limits.wall_ms = 15000;
    assert_int_equal(limit_overrides_parse("{\"c++\":{\"run_timeout\":9000,\"max_open_files\":64,"
                                           "\"compile_timeout\":0,\"run_memory_limit\":-1}}",
                                           &o, &e),
                     0);
    limits_configured(&config, o, runtime, &compile, &run);
    assert_int_equal(run.processes, 128);
    assert_int_equal(compile.processes, 256);
    assert_int_equal(compile.wall_ms, 15000);
    assert_int_equal(run.wall_ms, 9000);
    assert_int_equal(run.open_files, 64);
    assert_int_equal(compile.open_files, 64);
    assert_int_equal(run.memory_bytes, 1 << 28);
}

static void test_bad_overrides_name_the_key(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{\"c++\":{\"run_time\":1}}", "c++.run_time: no such limit"},
        {"{\"c++\":{\"run_timeout\":\"1\"}}", "c++.run_timeout: must be a whole number"},
        {"{\"c++\":{\"run_timeout\":1.5}}", "c++.run_timeout: must be a whole number"},
        {"{\"c++\":5}", "c++: must be an object"},
        {"[]", "must be an object"},
        {"{", "bad JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        struct limit_overrides *o = NULL;
        assert_int_equal(limit_overrides_parse(bad[i][0], &o, &e), -ERR_INVALID);
        assert_null(o);
        assert_non_null(strstr(e.text, "piston.limit_overrides: "));
        assert_non_null(strstr(e.text, bad[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lower_values_are_taken),
        cmocka_unit_test(test_what_means_no_limit_means_the_configured_one),
        cmocka_unit_test(test_stock_timeouts_of_clients_are_clamped),
        cmocka_unit_test(test_other_excess_is_refused_in_pistons_words),
        cmocka_unit_test(test_negative_values_but_minus_one_are_refused),
        cmocka_unit_test(test_values_that_are_no_numbers_are_refused),
        cmocka_unit_test(test_checks_come_in_pistons_order),
        cmocka_unit_test(test_memory_limit_in_kilobytes_yields_to_the_stages_own),
        cmocka_unit_test(test_clamp_lowers_in_silence),
        cmocka_unit_test(test_runtimes_and_overrides_come_before_the_configuration),
        cmocka_unit_test(test_bad_overrides_name_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
