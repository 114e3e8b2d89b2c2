/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/native/native.h"
#include "api/native/prefer.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "model/execution.h"
#include "model/result.h"
#include "model/runtime.h"

static void stage_fill(struct stage_result *s, const char *out, size_t len)
{
    s->ran = true;
    s->exit_code = 0;
    buf_add(&s->out, out, len);
    buf_add(&s->both, "both", 4);
}

static void expect_text(const json_t *o, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    assert_string_equal(text, wanted);
}

/* --- stages ------------------------------------------------------------------------------ */

static void test_stage_tells_text_as_it_is(void **state)
{
    (void)state;
    struct stage_result s = {.cpu_ns = 1234567, .wall_ns = 2000000, .memory_bytes = 4096};
    stage_fill(&s, "h\xc3\xa4\0", 4);
    AUTO(json_freep) json_t *o = native_stage(&s, true);
    assert_int_equal(json_string_length(json_object_get(o, "stdout")), 4);
    expect_text(o, "encoding", "utf8");
    expect_text(o, "verdict", "ok");
    expect_text(o, "reason", "");
    assert_true(json_is_null(json_object_get(o, "signal")));
    assert_int_equal(json_integer_value(json_object_get(o, "exit_code")), 0);
    assert_true(json_real_value(json_object_get(o, "cpu_ms")) == 1.235);
    assert_true(json_real_value(json_object_get(o, "wall_ms")) == 2.0);
    stage_result_done(&s);
}

static void test_stage_tells_what_is_no_text_in_base64(void **state)
{
    (void)state;
    struct stage_result s = {0};
    stage_fill(&s, "\xff", 1);
    AUTO(json_freep) json_t *o = native_stage(&s, true);
    expect_text(o, "encoding", "base64");
    expect_text(o, "stdout", "/w==");
    expect_text(o, "stderr", "");
    expect_text(o, "output", "Ym90aA==");
    stage_result_done(&s);
}

static void test_stage_tells_much_that_swells_as_json_in_base64(void **state)
{
    (void)state;
    static const struct {
        char fill;
        size_t len;
        const char *encoding;
    } table[] = {
        {'\0', 64 << 10, "base64"},
        {'\0', (64 << 10) - 1, "utf8"},
        {'\n', 64 << 10, "utf8"},
        {'"', 64 << 10, "utf8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        AUTO(mem_freep) char *out = xmalloc(table[i].len);
        memset(out, table[i].fill, table[i].len);
        struct stage_result s = {0};
        stage_fill(&s, out, table[i].len);
        AUTO(json_freep) json_t *o = native_stage(&s, true);
        expect_text(o, "encoding", table[i].encoding);
        stage_result_done(&s);
    }
}

static void test_stage_drops_half_a_character_at_the_limit(void **state)
{
    (void)state;
    struct stage_result s = {.out_truncated = true};
    stage_fill(&s, "ab\xe2\x82", 4);
    AUTO(json_freep) json_t *o = native_stage(&s, true);
    expect_text(o, "encoding", "utf8");
    expect_text(o, "stdout", "ab");
    s.out_truncated = false;
    AUTO(json_freep) json_t *whole = native_stage(&s, true);
    expect_text(whole, "encoding", "base64");
    stage_result_done(&s);
}

static void test_stage_without_output_has_none(void **state)
{
    (void)state;
    struct stage_result s = {.signal = SIGSEGV, .exit_code = -1, .verdict = VERDICT_SIGNALED};
    AUTO(json_freep) json_t *o = native_stage(&s, false);
    assert_null(json_object_get(o, "stdout"));
    expect_text(o, "signal", "SIGSEGV");
    assert_true(json_is_null(json_object_get(o, "exit_code")));
    assert_true(json_is_null(json_object_get(o, "memory_bytes")));
}

static void test_stage_that_met_its_process_limit_says_so(void **state)
{
    (void)state;
    struct stage_result s = {.verdict = VERDICT_NONZERO_EXIT, .process_limit_hits = 1};
    AUTO(json_freep) json_t *o = native_stage(&s, false);
    expect_text(o, "verdict", "process_limit");
    s.verdict = VERDICT_OK;
    AUTO(json_freep) json_t *lived = native_stage(&s, false);
    expect_text(lived, "verdict", "ok");
}

/* --- executions -------------------------------------------------------------------------- */

static struct execution *execution_asked(void)
{
    struct execution *x = execution_new();
    snprintf(x->id, sizeof(x->id), "01ABC");
    x->created_ns = UINT64_C(1767323045678) * 1000000;
    x->request = xstrdup("{\"language\":\"c\",\"version\":\"12.2.0\",\"runtime\":\"host\","
                         "\"tests\":[\"one\",\"two\"]}");
    return x;
}

static void test_one_that_waits_is_told_as_it_is(void **state)
{
    (void)state;
    struct execution *x = execution_asked();
    AUTO(json_freep) json_t *o = native_execution(x);
    expect_text(o, "id", "01ABC");
    expect_text(o, "status", "queued");
    expect_text(o, "language", "c");
    expect_text(o, "queued_at", "2026-01-02T03:04:05.678Z");
    assert_true(json_is_null(json_object_get(o, "verdict")));
    assert_true(json_is_null(json_object_get(o, "finished_at")));
    assert_true(json_is_null(json_object_get(o, "label")));
    execution_unref(x);
}

static void test_conclude_keeps_tests_by_name(void **state)
{
    (void)state;
    struct execution *x = execution_asked();
    struct result r;
    result_init(&r);
    r.verdict = VERDICT_WRONG_ANSWER;
    r.tests = xcalloc(2, sizeof(r.tests[0]));
    r.test_count = 2;
    stage_fill(&r.tests[0], "1", 1);
    stage_fill(&r.tests[1], "2", 1);
    r.tests[1].verdict = VERDICT_WRONG_ANSWER;
    snprintf(r.tests[1].reason, sizeof(r.tests[1].reason), "line 1 differs");
    x->state = EXECUTION_FINISHED;
    x->label = xstrdup("l\"");
    native_conclude(x, &r);
    assert_int_equal(x->status, VERDICT_WRONG_ANSWER);
    AUTO(json_freep) json_t *o = native_execution(x);
    assert_non_null(o);
    expect_text(o, "status", "finished");
    expect_text(o, "verdict", "wrong_answer");
    expect_text(o, "reason", "line 1 differs");
    expect_text(o, "version", "12.2.0");
    expect_text(o, "label", "l\"");
    const json_t *tests = json_object_get(o, "tests");
    assert_int_equal(json_array_size(tests), 2);
    expect_text(json_array_get(tests, 1), "name", "two");
    expect_text(json_array_get(tests, 1), "verdict", "wrong_answer");
    assert_true(json_is_null(json_object_get(o, "run")));
    result_done(&r);
    execution_unref(x);
}

static void test_summaries_have_no_output(void **state)
{
    (void)state;
    struct execution *x = execution_asked();
    struct result r;
    result_init(&r);
    stage_fill(&r.run, "1", 1);
    x->state = EXECUTION_FINISHED;
    native_conclude(x, &r);
    AUTO(json_freep) json_t *o = native_execution_summary(x);
    expect_text(o, "verdict", "ok");
    assert_null(json_object_get(o, "run"));
    result_done(&r);
    execution_unref(x);
}

static void test_artifacts_are_told_in_their_encoding(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    stage_fill(&r.run, "", 0);
    r.run.files = xcalloc(2, sizeof(r.run.files[0]));
    r.run.file_count = 2;
    r.run.files[0] = (struct result_file){xstrdup("a.txt"), xmemdup("hi", 2), 2};
    r.run.files[1] = (struct result_file){xstrdup("b"), xmemdup("\x00\xff", 2), 2};
    AUTO(json_freep) json_t *o = native_outcome(NULL, NULL, &r, true);
    const json_t *list = json_object_get(o, "artifacts");
    assert_int_equal(json_array_size(list), 2);
    expect_text(json_array_get(list, 0), "content", "hi");
    expect_text(json_array_get(list, 0), "encoding", "utf8");
    expect_text(json_array_get(list, 1), "content", "AP8=");
    expect_text(json_array_get(list, 1), "encoding", "base64");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "size")), 2);
    result_done(&r);
}

static void test_failures_are_internal_errors_with_a_sentence(void **state)
{
    (void)state;
    struct execution *x = execution_asked();
    x->state = EXECUTION_FINISHED;
    native_conclude_failed(x, "the store is full");
    AUTO(json_freep) json_t *o = native_execution(x);
    expect_text(o, "verdict", "internal_error");
    expect_text(o, "reason", "the store is full");
    expect_text(o, "language", "c");
    execution_unref(x);
}

/* --- problems, Prefer -------------------------------------------------------------------- */

static void test_problem_has_the_members_of_the_rfc(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *o = native_problem_json(404, "no such thing", NULL);
    expect_text(o, "type", "about:blank");
    expect_text(o, "title", "Not Found");
    expect_text(o, "detail", "no such thing");
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 404);
    assert_null(json_object_get(o, "errors"));
}

static void expect_wait(const char *text, bool waits, uint64_t seconds)
{
    struct prefer p = prefer_parse(text);
    assert_int_equal(p.waits, waits);
    assert_int_equal(p.wait_s, seconds);
}

static void test_prefer_finds_its_wait(void **state)
{
    (void)state;
    expect_wait(NULL, false, 0);
    expect_wait("", false, 0);
    expect_wait("wait=10", true, 10);
    expect_wait("respond-async, wait=10", true, 10);
    expect_wait("respond-async,  WAIT = \"5\" ; x=1", true, 5);
    expect_wait("a=\"x, wait=3\", b", false, 0);
    expect_wait("wait, waiting=3, wait=x", false, 0);
    expect_wait("wait=99999999999999999999999999", true, 9999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stage_tells_text_as_it_is),
        cmocka_unit_test(test_stage_tells_what_is_no_text_in_base64),
        cmocka_unit_test(test_stage_tells_much_that_swells_as_json_in_base64),
        cmocka_unit_test(test_stage_drops_half_a_character_at_the_limit),
        cmocka_unit_test(test_stage_without_output_has_none),
        cmocka_unit_test(test_stage_that_met_its_process_limit_says_so),
        cmocka_unit_test(test_one_that_waits_is_told_as_it_is),
        cmocka_unit_test(test_conclude_keeps_tests_by_name),
        cmocka_unit_test(test_summaries_have_no_output),
        cmocka_unit_test(test_artifacts_are_told_in_their_encoding),
        cmocka_unit_test(test_failures_are_internal_errors_with_a_sentence),
        cmocka_unit_test(test_problem_has_the_members_of_the_rfc),
        cmocka_unit_test(test_prefer_finds_its_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
