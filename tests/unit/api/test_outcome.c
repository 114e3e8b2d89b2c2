/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/piston/outcome.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "model/result.h"
#include "model/runtime.h"

static struct runtime c = {.refs = 1, .language = (char[]){"c"}, .version = (char[]){"12.2.0"}};

static char *dump(json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT);
    json_decref(v);
    return text;
}

static void expect_ending(const struct stage_result *s, bool shell_status, const char *signal_json,
                          const char *code, const char *message, const char *status)
{
    char wanted[400];
    AUTO(mem_freep) char *text = dump(outcome_stage(s, shell_status));
    snprintf(wanted, sizeof(wanted),
             "{\"signal\":%s,\"stdout\":\"\",\"stderr\":\"\",\"code\":%s,\"output\":\"\","
             "\"memory\":null,"
             "\"message\":%s,\"status\":%s,\"cpu_time\":0,\"wall_time\":0}",
             signal_json, code, message, status);
    assert_string_equal(text, wanted);
}

static struct stage_result stage(enum verdict verdict, int exit_code, int signo)
{
    return (struct stage_result){
        .ran = true, .verdict = verdict, .exit_code = exit_code, .signal = signo};
}

static void test_every_key_is_there_in_pistons_order(void **state)
{
    (void)state;
    struct stage_result s = stage(VERDICT_OK, 0, 0);
    s.memory_bytes = 1000;
    s.cpu_ns = 1499999;
    s.wall_ns = 1500000;
    buf_add(&s.out, "a\0\xff", 3);
    buf_add_str(&s.err, "e");
    buf_add_str(&s.both, "ae");
    AUTO(mem_freep) char *text = dump(outcome_stage(&s, false));
    assert_string_equal(
        text, "{\"signal\":null,\"stdout\":\"a\\u0000\xef\xbf\xbd\",\"stderr\":\"e\",\"code\":0,"
              "\"output\":\"ae\",\"memory\":1000,\"message\":null,\"status\":null,\"cpu_time\":1,"
              "\"wall_time\":2}");
    buf_done(&s.out);
    buf_done(&s.err);
    buf_done(&s.both);
}

static void test_endings_are_told_in_pistons_words(void **state)
{
    (void)state;
    struct stage_result s = stage(VERDICT_NONZERO_EXIT, 3, 0);
    expect_ending(&s, false, "null", "3", "\"Exited with error status 3\"", "\"RE\"");
    s = stage(VERDICT_SIGNALED, -1, SIGSEGV);
    expect_ending(&s, false, "\"SIGSEGV\"", "null", "\"Caught fatal signal 11\"", "\"SG\"");
    s = stage(VERDICT_TIME_LIMIT, -1, SIGKILL);
    expect_ending(&s, false, "\"SIGKILL\"", "null", "\"Time limit exceeded\"", "\"TO\"");
    s = stage(VERDICT_WALL_TIME_LIMIT, -1, SIGKILL);
    expect_ending(&s, false, "\"SIGKILL\"", "null", "\"Time limit exceeded (wall clock)\"",
                  "\"TO\"");
    s = stage(VERDICT_MEMORY_LIMIT, -1, SIGKILL);
    expect_ending(&s, false, "\"SIGKILL\"", "null", "\"Memory limit exceeded\"", "\"SG\"");
    s = stage(VERDICT_OUTPUT_LIMIT, -1, SIGKILL);
    s.out_truncated = true;
    expect_ending(&s, false, "\"SIGKILL\"", "null", "\"stdout length exceeded\"", "\"OL\"");
    s.out_truncated = false;
    s.err_truncated = true;
    expect_ending(&s, false, "\"SIGKILL\"", "null", "\"stderr length exceeded\"", "\"EL\"");
    s = stage(VERDICT_INTERNAL_ERROR, -1, 0);
    snprintf(s.reason, sizeof(s.reason), "box lost");
    expect_ending(&s, false, "null", "null", "\"box lost\"", "\"XX\"");
}

static void test_shell_status_tells_signals_as_codes(void **state)
{
    (void)state;
    struct stage_result s = stage(VERDICT_SIGNALED, -1, SIGSEGV);
    expect_ending(&s, true, "null", "139", "\"Exited with error status 139\"", "\"RE\"");
    s = stage(VERDICT_MEMORY_LIMIT, -1, SIGKILL);
    expect_ending(&s, true, "null", "137", "\"Memory limit exceeded\"", "\"RE\"");
    s = stage(VERDICT_WALL_TIME_LIMIT, -1, SIGKILL);
    expect_ending(&s, true, "\"SIGKILL\"", "null", "\"Time limit exceeded (wall clock)\"",
                  "\"TO\"");
}

static void test_run_copies_a_failed_compile(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    r.verdict = VERDICT_COMPILE_ERROR;
    r.compile = stage(VERDICT_NONZERO_EXIT, 1, 0);
    buf_add_str(&r.compile.err, "error");
    AUTO(json_freep) json_t *o = outcome(&r, &c, PISTON_V2, false);
    assert_true(json_equal(json_object_get(o, "compile"), json_object_get(o, "run")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(o, "run"), "stderr")),
                        "error");
    result_done(&r);
}

static void test_keys_of_the_answer_are_in_order(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    r.compile = stage(VERDICT_OK, 0, 0);
    r.run = stage(VERDICT_OK, 0, 0);
    static const char *const keys[] = {"compile", "run", "language", "version"};
    AUTO(json_freep) json_t *o = outcome(&r, &c, PISTON_V2, false);
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach(o, key, value)
    {
        assert_true(i < ARRAY_LEN(keys));
        assert_string_equal(key, keys[i++]);
    }
    assert_int_equal(i, 4);
    r.compile.ran = false;
    AUTO(json_freep) json_t *interpreted = outcome(&r, &c, PISTON_V2, false);
    assert_null(json_object_get(interpreted, "compile"));
}

static void test_answer_of_2021_has_five_keys(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    r.run = stage(VERDICT_SIGNALED, -1, SIGKILL);
    AUTO(mem_freep) char *text = dump(outcome(&r, &c, PISTON_V1, false));
    assert_string_equal(
        text, "{\"run\":{\"stdout\":\"\",\"stderr\":\"\",\"code\":null,\"signal\":\"SIGKILL\","
              "\"output\":\"\"},\"language\":\"c\",\"version\":\"12.2.0\"}");
}

static void test_answer_of_the_old_gateway_is_flat(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    r.run = stage(VERDICT_OK, 0, 0);
    buf_add_str(&r.run.out, "hi");
    buf_add_str(&r.run.both, "hi");
    AUTO(mem_freep) char *text = dump(outcome(&r, &c, PISTON_GATEWAY, false));
    assert_string_equal(text,
                        "{\"ran\":true,\"language\":\"c\",\"version\":\"12.2.0\",\"output\":\"hi\","
                        "\"stdout\":\"hi\",\"stderr\":\"\"}");
    result_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_is_there_in_pistons_order),
        cmocka_unit_test(test_endings_are_told_in_pistons_words),
        cmocka_unit_test(test_shell_status_tells_signals_as_codes),
        cmocka_unit_test(test_run_copies_a_failed_compile),
        cmocka_unit_test(test_keys_of_the_answer_are_in_order),
        cmocka_unit_test(test_answer_of_2021_has_five_keys),
        cmocka_unit_test(test_answer_of_the_old_gateway_is_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
