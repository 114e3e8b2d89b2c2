/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/native/native.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/execution.h"
#include "model/job.h"
#include "model/runtime.h"
#include "native_config.h"

static struct runtime *runtime_c(void)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup("c");
    r->version = xstrdup("12.2.0");
    r->source = xstrdup("host");
    r->default_name = xstrdup("main.c");
    strv_add(&r->extensions, ".c");
    strv_add(&r->header_extensions, ".h");
    strv_add(&r->compile.argv, "cc");
    return r;
}

static void read_request(const struct config *config, const char *text, struct native_request *ret)
{
    json_t *body = NULL, *errors = NULL;
    struct err e = {0};
    assert_int_equal(native_parse(text, strlen(text), &body, &e), 0);
    assert_true(native_request_read(config, NULL, NATIVE_STORED, body, ret, &errors));
}

static struct job *job_of(const struct native_request *q, const struct config *config)
{
    struct runtime *runtime = runtime_c();
    struct job *job = NULL;
    struct err e = {0};
    assert_int_equal(native_job(config, q, runtime, &job, &e), 0);
    runtime_unref(runtime);
    return job;
}

static struct job *job_for(const char *text)
{
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    read_request(config, text, &q);
    return job_of(&q, config);
}

static void test_source_has_the_runtimes_name(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_for("{\"language\":\"c\",\"source\":\"a\\u0000b\"}");
    assert_int_equal(job->file_count, 1);
    assert_string_equal(job->files[0].name, "main.c");
    assert_int_equal(job->files[0].size, 3);
    assert_true(job->files[0].code);
}

static void test_files_are_code_when_they_look_like_it(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job =
        job_for("{\"language\":\"c\",\"files\":[{\"path\":\"prog\",\"content\":\"x\"},"
                "{\"path\":\"data.txt\",\"content\":\"aGk=\",\"encoding\":\"base64\"},"
                "{\"path\":\"./b.c\",\"content\":\"\"},{\"path\":\"b.h\",\"content\":\"\"}]}");
    assert_int_equal(job->file_count, 4);
    assert_true(job->files[0].code);
    assert_false(job->files[1].code);
    assert_memory_equal(job->files[1].data, "hi", 2);
    assert_string_equal(job->files[2].name, "b.c");
    assert_true(job->files[2].code);
    assert_true(job->files[3].code);
    assert_int_equal(job->main_file, 0);
}

static void test_words_are_the_jobs(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job = job_for("{\"language\":\"c\",\"source\":\"\",\"args\":[\"a b\",\"\"],"
                              "\"compile\":{\"args\":[\"-O2\"],\"wall_ms\":7},"
                              "\"env\":{\"K\":\"v=w\"},\"artifacts\":[\"out/*\"],"
                              "\"stdin\":\"aGk=\",\"stdin_encoding\":\"base64\","
                              "\"on_output_limit\":\"truncate\",\"expected_output\":\"x\"}");
    assert_int_equal(strv_len(job->args), 2);
    assert_string_equal(job->args[0], "a b");
    assert_string_equal(job->compile_args[0], "-O2");
    assert_string_equal(job->env[0], "K=v=w");
    assert_string_equal(job->artifacts[0], "out/*");
    assert_int_equal(job->stdin_size, 2);
    assert_string_equal(job->expected_data, "x");
    assert_int_equal(job->on_output_limit, JOB_OUTPUT_TRUNCATE);
    assert_int_equal(job->compile.wall_ms, 7);
    assert_true(job->keep_output);
}

static void test_tests_have_their_limits_over_the_runs(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job =
        job_for("{\"language\":\"c\",\"source\":\"\",\"limits\":{\"wall_ms\":100,\"cpu_ms\":50},"
                "\"tests\":[{\"stdin\":\"1\",\"expected_output\":\"2\"},"
                "{\"name\":\"slow\",\"limits\":{\"wall_ms\":900,\"cpus\":0.5}}],"
                "\"stop_on_first_failure\":true}");
    assert_int_equal(job->test_count, 2);
    assert_string_equal(job->tests[0].name, "1");
    assert_int_equal(job->tests[0].limits.wall_ms, 100);
    assert_string_equal(job->tests[0].expected_data, "2");
    assert_string_equal(job->tests[1].name, "slow");
    assert_int_equal(job->tests[1].limits.wall_ms, 900);
    assert_int_equal(job->tests[1].limits.cpu_ms, 50);
    assert_int_equal(job->tests[1].limits.cpu_milli, 500);
    assert_null(job->tests[1].expected_data);
    assert_true(job->stop_on_first_failure);
}

/* --- kept -------------------------------------------------------------------------------- */

static void test_what_is_kept_is_the_same_request(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0}, again = {0};
    struct runtime *runtime = runtime_c();
    struct err e = {0};
    read_request(config,
                 "{\"language\":\"c\",\"version\":\"12.x\",\"source\":\"x\",\"ttl_s\":60,"
                 "\"label\":\"mine\",\"limits\":{\"wall_ms\":77,\"cpus\":1.5}}",
                 &q);
    struct execution *x = native_kept(&q, runtime, "key:a", "f00d", false);
    assert_string_equal(x->dialect, "native");
    assert_string_equal(x->caller, "key:a");
    assert_string_equal(x->label, "mine");
    assert_true(x->batch);
    assert_int_equal(x->expires_ns - x->created_ns, UINT64_C(60000000000));
    assert_int_equal(native_kept_request(x, &again, &e), 0);
    assert_string_equal(again.language, "c");
    assert_string_equal(again.version, "12.x");
    assert_memory_equal(&again.run, &q.run, sizeof(q.run));
    assert_memory_equal(&again.compile, &q.compile, sizeof(q.compile));
    execution_unref(x);
    runtime_unref(runtime);
}

static void test_priority_is_interactive_for_who_waits(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0}, chosen = {0};
    struct runtime *runtime = runtime_c();
    read_request(config, "{\"language\":\"c\",\"source\":\"\"}", &q);
    read_request(config, "{\"language\":\"c\",\"source\":\"\",\"priority\":\"batch\"}", &chosen);
    struct execution *x = native_kept(&q, runtime, "a", NULL, true);
    struct execution *y = native_kept(&chosen, runtime, "a", NULL, true);
    assert_false(x->batch);
    assert_true(y->batch);
    execution_unref(x);
    execution_unref(y);
    runtime_unref(runtime);
}

static void test_fingerprints_do_not_see_the_order_of_keys(void **state)
{
    (void)state;
    char one[FINGERPRINT_LEN + 1], two[FINGERPRINT_LEN + 1], other[FINGERPRINT_LEN + 1];
    AUTO(json_freep) json_t *a = json_loads("{\"x\":1,\"y\":[1,2]}", 0, NULL);
    AUTO(json_freep) json_t *b = json_loads("{ \"y\": [1, 2], \"x\": 1}", 0, NULL);
    AUTO(json_freep) json_t *c = json_loads("{\"x\":1,\"y\":[2,1]}", 0, NULL);
    native_fingerprint(a, one);
    native_fingerprint(b, two);
    native_fingerprint(c, other);
    assert_int_equal(strlen(one), FINGERPRINT_LEN);
    assert_string_equal(one, two);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_has_the_runtimes_name),
        cmocka_unit_test(test_files_are_code_when_they_look_like_it),
        cmocka_unit_test(test_words_are_the_jobs),
        cmocka_unit_test(test_tests_have_their_limits_over_the_runs),
        cmocka_unit_test(test_what_is_kept_is_the_same_request),
        cmocka_unit_test(test_priority_is_interactive_for_who_waits),
        cmocka_unit_test(test_fingerprints_do_not_see_the_order_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
