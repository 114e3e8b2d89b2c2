/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "api/judge0/status.h"
#include "api/judge0/submission.h"
#include "api/judge0/text.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "model/execution.h"

static const struct config plain, wrapping = {.base64_wrap = true},
                                  extra = {.judge0_extra_fields = true};

#define CREATED_NS  UINT64_C(1795324564399999999) /* 2026-11-22T05:16:04.399Z */
#define FINISHED_NS UINT64_C(1795324565000000000)

static struct execution *queued(void)
{
    struct execution *x = execution_new();
    strcpy(x->id, "d85cd024-1548-4165-96c7-7bc88673f194");
    x->language = 71;
    x->status = STATUS_IN_QUEUE;
    x->created_ns = CREATED_NS;
    x->request = xstrdup(
        "{\"compiler_options\":null,\"command_line_arguments\":\"<a> "
        "\\u0000\",\"number_of_runs\":1,"
        "\"cpu_time_limit\":5.0,\"cpu_extra_time\":0.30000000000000004,\"wall_time_limit\":2.5,"
        "\"memory_limit\":128000,\"stack_limit\":64000,\"max_file_size\":1024,"
        "\"max_processes_and_or_threads\":60,\"enable_per_process_and_thread_time_limit\":false,"
        "\"enable_per_process_and_thread_memory_limit\":true,\"redirect_stderr_to_stdout\":false,"
        "\"enable_network\":false,\"callback_url\":null}");
    return x;
}

static struct execution *finished(const char *out, size_t len)
{
    struct execution *x = queued();
    x->status = STATUS_ACCEPTED;
    x->state = EXECUTION_FINISHED;
    x->finished_ns = FINISHED_NS;
    x->result = xstrdup("{\"time\":0.016,\"wall_time\":0.02,\"memory\":9084,\"exit_code\":0,"
                        "\"exit_signal\":null,\"message\":null}");
    execution_set_part(x, PART_STDOUT, out, len);
    return x;
}

/* NULL: it cannot be written. */
static char *written(const struct config *config, const struct execution *x, const char *fields,
                     bool base64)
{
    field_mask mask = 0;
    AUTO(buf_done) struct buf unknown = {0};
    struct buf text = {0};
    assert_true(fields_parse(config, fields, &mask, &unknown));
    buf_add_str(&text, "#");
    bool ok = submission_write(config, NULL, x, mask, base64, &text);
    if (!ok) {
        assert_string_equal(text.data, "#");
        buf_done(&text);
        return NULL;
    }
    buf_consume(&text, 1);
    return buf_take(&text);
}

static void expect(const struct config *config, struct execution *x, const char *fields,
                   bool base64, const char *wanted)
{
    AUTO(mem_freep) char *text = written(config, x, fields, base64);
    execution_unref(x);
    assert_non_null(text);
    assert_string_equal(text, wanted);
}

static void test_default_set_of_a_finished_one(void **state)
{
    (void)state;
    expect(&plain, finished("hi\n", 3), "", false,
           "{\"stdout\":\"hi\\n\",\"time\":\"0.016\",\"memory\":9084,\"stderr\":null,"
           "\"token\":\"d85cd024-1548-4165-96c7-7bc88673f194\",\"compile_output\":null,"
           "\"message\":null,\"status\":{\"id\":3,\"description\":\"Accepted\"}}");
}

static void test_default_set_of_a_waiting_one_is_null(void **state)
{
    (void)state;
    expect(&plain, queued(), "", true,
           "{\"stdout\":null,\"time\":null,\"memory\":null,\"stderr\":null,"
           "\"token\":\"d85cd024-1548-4165-96c7-7bc88673f194\",\"compile_output\":null,"
           "\"message\":null,\"status\":{\"id\":1,\"description\":\"In Queue\"}}");
}

static void test_one_that_runs_is_processing(void **state)
{
    (void)state;
    struct execution *x = queued();
    x->state = EXECUTION_RUNNING;
    expect(&plain, x, "status,status_id", false,
           "{\"status_id\":2,\"status\":{\"id\":2,\"description\":\"Processing\"}}");
}

static void test_what_was_asked_comes_back_in_its_types(void **state)
{
    (void)state;
    expect(&plain, queued(),
           "number_of_runs,cpu_time_limit,cpu_extra_time,wall_time_limit,memory_limit,"
           "enable_per_process_and_thread_memory_limit,compiler_options,command_line_arguments,"
           "enable_network,language_id,status_id,exit_code",
           true,
           "{\"language_id\":71,\"status_id\":1,\"number_of_runs\":1,\"cpu_time_limit\":\"5.0\","
           "\"cpu_extra_time\":\"0.3\",\"wall_time_limit\":\"2.5\",\"memory_limit\":128000,"
           "\"enable_per_process_and_thread_memory_limit\":true,\"exit_code\":null,"
           "\"compiler_options\":null,\"command_line_arguments\":\"\\u003ca\\u003e \\u0000\","
           "\"enable_network\":false}");
}

static void test_times_have_milliseconds(void **state)
{
    (void)state;
    expect(&plain, finished("", 0), "created_at,finished_at", false,
           "{\"created_at\":\"2026-11-22T05:16:04.399Z\","
           "\"finished_at\":\"2026-11-22T05:16:05.000Z\"}");
    expect(&plain, queued(), "finished_at", false, "{\"finished_at\":null}");
}

static void test_empty_outputs_are_null_and_empty_inputs_are_not(void **state)
{
    (void)state;
    struct execution *x = finished("", 0);
    execution_set_part(x, PART_STDIN, "", 0);
    expect(&plain, x, "stdin,expected_output,stdout", false,
           "{\"stdin\":\"\",\"expected_output\":null,\"stdout\":null}");
}

static void test_base64_is_one_line(void **state)
{
    (void)state;
    struct execution *x = finished("hi\n", 3);
    free(x->result);
    x->result = xstrdup("{\"message\":\"Exited\"}");
    execution_set_part(x, PART_FILES, "zip", 3);
    expect(&plain, x, "stdout,message,additional_files,token", true,
           "{\"stdout\":\"aGkK\",\"token\":\"d85cd024-1548-4165-96c7-7bc88673f194\","
           "\"message\":\"RXhpdGVk\",\"additional_files\":\"emlw\"}");
}

static void test_wrapped_base64_has_lines_of_sixty(void **state)
{
    (void)state;
    const char text[] = "0123456789012345678901234567890123456789012345678";
    expect(&wrapping, finished(text, 46), "stdout", true,
           "{\"stdout\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
           "\\nNQ==\\n\"}");
    expect(&wrapping, finished(text, 45), "stdout", true,
           "{\"stdout\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0\\n\"}");
}

static void test_additional_files_are_base64_always(void **state)
{
    (void)state;
    struct execution *x = queued();
    execution_set_part(x, PART_FILES, "PK\xff", 3);
    expect(&plain, x, "additional_files", false, "{\"additional_files\":\"UEv/\"}");
}

static void test_valid_utf8_is_shown_as_it_is(void **state)
{
    (void)state;
    expect(&plain, finished("\xc3\xa9\0\x7f", 4), "stdout", false,
           "{\"stdout\":\"\xc3\xa9\\u0000\x7f\"}");
}

static void test_invalid_utf8_needs_base64(void **state)
{
    (void)state;
    struct execution *x = finished("a\xff", 2);
    assert_null(written(&plain, x, "token,stdout,status", false));
    AUTO(mem_freep) char *unasked = written(&plain, x, "status_id", false);
    assert_string_equal(unasked, "{\"status_id\":3}");
    expect(&plain, x, "stdout", true, "{\"stdout\":\"Yf8=\"}");
}

static void test_text_is_escaped_as_rails_does(void **state)
{
    (void)state;
    const char text[] = "\"\\/\b\f\n\r\t\x01<>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac";
    expect(&plain, finished(text, sizeof(text) - 1), "stdout", false,
           "{\"stdout\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u003c\\u003e\\u0026\\u2028\\u2029"
           "\xe2\x82\xac\"}");
}

static void test_extra_fields_say_when(void **state)
{
    (void)state;
    struct execution *x = queued();
    x->started_ns = FINISHED_NS;
    expect(
        &extra, x, "started_at,queued_at,updated_at", false,
        "{\"started_at\":\"2026-11-22T05:16:05.000Z\",\"queued_at\":\"2026-11-22T05:16:04.399Z\","
        "\"updated_at\":\"2026-11-22T05:16:05.000Z\"}");
    expect(&extra, queued(), "execution_host", false, "{\"execution_host\":null}");
}

static void expect_decimal(double value, const char *wanted)
{
    AUTO(buf_done) struct buf text = {0};
    text_decimal(value, &text);
    assert_string_equal(text.data, wanted);
}

static void test_decimals_are_shortest_with_one_place(void **state)
{
    (void)state;
    expect_decimal(0, "\"0.0\"");
    expect_decimal(5, "\"5.0\"");
    expect_decimal(0.02, "\"0.02\"");
    expect_decimal(0.016, "\"0.016\"");
    expect_decimal(0.1 + 0.2, "\"0.3\"");
    expect_decimal(0.01699999999999999, "\"0.017\"");
    expect_decimal(0.0166665, "\"0.016667\"");
    expect_decimal(3600, "\"3600.0\"");
}

static void test_statuses_are_judge0s_and_one_that_is_configured(void **state)
{
    (void)state;
    struct judge0_status_name statuses[STATUSES_MAX];
    const struct config usual = {.judge0_memory_status = 12}, own = {.judge0_memory_status = 15};
    assert_int_equal(status_list(&usual, statuses), 14);
    assert_int_equal(statuses[13].id, 14);
    assert_string_equal(statuses[13].description, "Exec Format Error");
    assert_int_equal(status_list(&own, statuses), 15);
    assert_int_equal(statuses[14].id, 15);
    assert_string_equal(statuses[14].description, "Memory Limit Exceeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_set_of_a_finished_one),
        cmocka_unit_test(test_default_set_of_a_waiting_one_is_null),
        cmocka_unit_test(test_one_that_runs_is_processing),
        cmocka_unit_test(test_what_was_asked_comes_back_in_its_types),
        cmocka_unit_test(test_times_have_milliseconds),
        cmocka_unit_test(test_empty_outputs_are_null_and_empty_inputs_are_not),
        cmocka_unit_test(test_base64_is_one_line),
        cmocka_unit_test(test_wrapped_base64_has_lines_of_sixty),
        cmocka_unit_test(test_additional_files_are_base64_always),
        cmocka_unit_test(test_valid_utf8_is_shown_as_it_is),
        cmocka_unit_test(test_invalid_utf8_needs_base64),
        cmocka_unit_test(test_text_is_escaped_as_rails_does),
        cmocka_unit_test(test_extra_fields_say_when),
        cmocka_unit_test(test_decimals_are_shortest_with_one_place),
        cmocka_unit_test(test_statuses_are_judge0s_and_one_that_is_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
