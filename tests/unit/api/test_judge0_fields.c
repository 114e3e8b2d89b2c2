/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/judge0/fields.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"

static const struct config plain, extra = {.judge0_extra_fields = true};

/* The names of a mask, joined by ','. */
static char *names(field_mask mask)
{
    struct buf text = {0};
    size_t count;
    const struct field *table = fields_table(&count);
    for (size_t i = 0; i < count; i++) {
        if ((mask >> i & 1) != 0) {
            buf_add_str(&text, text.len > 0 ? "," : "");
            buf_add_str(&text, table[i].name);
        }
    }
    buf_add_str(&text, "");
    return buf_take(&text);
}

static void expect(const struct config *config, const char *text, const char *wanted)
{
    field_mask mask = 0;
    AUTO(buf_done) struct buf unknown = {0};
    assert_true(fields_parse(config, text, &mask, &unknown));
    char *found = names(mask);
    assert_string_equal(found, wanted);
    free(found);
}

static void expect_unknown(const struct config *config, const char *text, const char *wanted)
{
    field_mask mask = 42;
    AUTO(buf_done) struct buf unknown = {0};
    assert_false(fields_parse(config, text, &mask, &unknown));
    assert_string_equal(unknown.data != NULL ? unknown.data : "", wanted);
    assert_int_equal(mask, 42);
}

#define DEFAULT "stdout,time,memory,stderr,token,compile_output,message,status"
#define ALL_UP_TO_NETWORK                                                                          \
    "source_code,language_id,stdin,expected_output,stdout,status_id,created_at,finished_at,time,"  \
    "memory,stderr,token,number_of_runs,cpu_time_limit,cpu_extra_time,wall_time_limit,"            \
    "memory_limit,stack_limit,max_processes_and_or_threads,"                                       \
    "enable_per_process_and_thread_time_limit,enable_per_process_and_thread_memory_limit,"         \
    "max_file_size,compile_output,exit_code,exit_signal,message,wall_time,compiler_options,"       \
    "command_line_arguments,redirect_stderr_to_stdout,callback_url,additional_files,"              \
    "enable_network"

static void test_nothing_asked_is_the_default_set(void **state)
{
    (void)state;
    expect(&plain, NULL, DEFAULT);
    expect(&plain, "", DEFAULT);
    expect(&plain, ",", DEFAULT);
    expect(&plain, ",,,", DEFAULT);
}

static void test_order_is_the_tables_not_the_asked_one(void **state)
{
    (void)state;
    expect(&plain, "status,stdout,token", "stdout,token,status");
    expect(&plain, "stdout,stdout", "stdout");
    expect(&plain, "time,,,", "time");
}

static void test_star_anywhere_is_all(void **state)
{
    (void)state;
    expect(&plain, "*", ALL_UP_TO_NETWORK ",status,language");
    expect(&plain, "stdout,*", ALL_UP_TO_NETWORK ",status,language");
}

static void test_unknown_names_come_back_verbatim(void **state)
{
    (void)state;
    expect_unknown(&plain, "bad, stderr,stdout", "bad,  stderr");
    expect_unknown(&plain, "id", "id");
    expect_unknown(&plain, ",stdout", "");
    expect_unknown(&plain, "stdou,stdoutt", "stdou, stdoutt");
}

static void test_extra_fields_are_there_only_when_configured(void **state)
{
    (void)state;
    expect_unknown(&plain, "started_at", "started_at");
    expect(&extra, "execution_host,started_at", "started_at,execution_host");
    expect(&extra, "*",
           ALL_UP_TO_NETWORK ",started_at,queued_at,updated_at,queue_host,execution_host,status,"
                             "language");
    expect(&extra, "", DEFAULT);
}

static field_mask parsed(const char *text)
{
    field_mask mask = 0;
    AUTO(buf_done) struct buf unknown = {0};
    assert_true(fields_parse(&plain, text, &mask, &unknown));
    return mask;
}

static void test_parts_are_those_that_are_shown(void **state)
{
    (void)state;
    const unsigned results = 1U << PART_STDOUT | 1U << PART_STDERR | 1U << PART_COMPILE_OUTPUT;
    assert_int_equal(fields_parts(fields_default()), results);
    assert_int_equal(fields_parts(parsed("token,status")), 0);
    assert_int_equal(fields_parts(parsed("stdin,stderr")), 1U << PART_STDIN | 1U << PART_STDERR);
    assert_int_equal(fields_parts(parsed("*")), PARTS_ALL & ~(1U << PART_BODY | 1U << PART_ANSWER));
}

static void test_languages_are_needed_for_the_language_alone(void **state)
{
    (void)state;
    assert_false(fields_need_languages(parsed("language_id")));
    assert_true(fields_need_languages(parsed("language")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_is_the_default_set),
        cmocka_unit_test(test_order_is_the_tables_not_the_asked_one),
        cmocka_unit_test(test_star_anywhere_is_all),
        cmocka_unit_test(test_unknown_names_come_back_verbatim),
        cmocka_unit_test(test_extra_fields_are_there_only_when_configured),
        cmocka_unit_test(test_parts_are_those_that_are_shown),
        cmocka_unit_test(test_languages_are_needed_for_the_language_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
