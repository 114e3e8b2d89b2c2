/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/judge0/job.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/execution.h"
#include "model/job.h"
#include "model/runtime.h"

/* --- words ----------------------------------------------------------------------------------- */

/* Each word in brackets. */
static void expect_words(const char *text, const char *wanted)
{
    AUTO(strv_freep) char **words = submission_split(text);
    AUTO(buf_done) struct buf all = {0};
    buf_add_str(&all, "");
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        buf_add_fmt(&all, "[%s]", words[i]);
    }
    assert_string_equal(all.data != NULL ? all.data : "", wanted);
}

static void test_blanks_and_newlines_split(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words(" \t\n", "");
    expect_words(" a  b\tc\nd ", "[a][b][c][d]");
}

static void test_quotes_hold_together(void **state)
{
    (void)state;
    expect_words("'a b' \"c d\"", "[a b][c d]");
    expect_words("x'a b'\"c d\"y", "[xa bc dy]");
    expect_words("'' \"\"", "[][]");
    expect_words("'it\"s' \"it's\"", "[it\"s][it's]");
    expect_words("'a\nb'", "[a\nb]");
}

static void test_backslashes_take_the_next_character(void **state)
{
    (void)state;
    expect_words("a\\ b \\'c \\\\", "[a b]['c][\\]");
    expect_words("\"\\\"\\\\\\$\\`\\n\"", "[\"\\$`\\n]");
    expect_words("'\\n'", "[\\n]");
    expect_words("a\\\nb \\\n c \"d\\\ne\"", "[ab][c][de]");
    expect_words("end\\", "[end\\]");
}

static void test_an_open_quote_ends_with_the_text(void **state)
{
    (void)state;
    expect_words("'a b", "[a b]");
    expect_words("\"a\\", "[a\\]");
    expect_words("a '", "[a][]");
}

static void test_nothing_is_expanded(void **state)
{
    (void)state;
    expect_words("$HOME ~ *.c `id` $(id) a;b a&&b <x >y |z #c {1,2}",
                 "[$HOME][~][*.c][`id`][$(id)][a;b][a&&b][<x][>y][|z][#c][{1,2}]");
}

/* --- jobs ------------------------------------------------------------------------------------ */

static char version[] = "1.13.1";

static struct config configured(void)
{
    return (struct config){
        .judge0_version = version,
        .disk_bytes = 256 << 20,
        .disk_inodes = 20000,
        .open_files = 2048,
        .file_bytes = 128 << 20,
        .judge0_cpu_max_ms = 15000,
        .judge0_wall_max_ms = 20000,
        .judge0_memory_max_kb = 512000,
        .judge0_stack_max_kb = 128000,
        .judge0_processes_max = 120,
        .judge0_file_max_kb = 4096,
        .judge0_extract_bytes = 10240 * 1024,
        .judge0_extract_files = 1000,
    };
}

#define REQUEST(cpu, extra, stack, file, per_process)                                              \
    "{\"compiler_options\":\"-O3 '-DX=a b'\",\"command_line_arguments\":\"1\\u0000 2\","           \
    "\"number_of_runs\":3,\"cpu_time_limit\":" cpu ",\"cpu_extra_time\":" extra                    \
    ",\"wall_time_limit\":10.0,\"memory_limit\":128000,\"stack_limit\":" stack                     \
    ",\"max_file_size\":" file ",\"max_processes_and_or_threads\":60,"                             \
    "\"enable_per_process_and_thread_time_limit\":false,"                                          \
    "\"enable_per_process_and_thread_memory_limit\":" per_process                                  \
    ",\"redirect_stderr_to_stdout\":true,\"enable_network\":false,\"callback_url\":null}"

static struct execution *asked(int language, const char *request)
{
    struct execution *x = execution_new();
    strcpy(x->dialect, "judge0");
    x->language = language;
    x->caller = xstrdup("127.0.0.1");
    x->request = xstrdup(request);
    execution_set_part(x, PART_SOURCE, "source", 6);
    return x;
}

static const char *made_language = "ruby";

static struct job *made(const struct config *config, struct execution *x)
{
    struct runtime *runtime = runtime_new();
    runtime->language = xstrdup(made_language);
    struct job *job = NULL;
    struct err e = {0};
    assert_int_equal(submission_job(config, x, runtime, &job, &e), 0);
    runtime_unref(runtime);
    execution_unref(x);
    return job;
}

static struct job *made_usual(int language)
{
    struct config config = configured();
    return made(&config, asked(language, REQUEST("5.0", "1.0", "64000", "1024", "false")));
}

static void test_the_source_is_called_as_in_judge0(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *python = made_usual(71);
    AUTO(job_freep) struct job *executable = made_usual(44);
    assert_int_equal(python->file_count, 1);
    assert_string_equal(python->files[0].name, "script.py");
    assert_memory_equal(python->files[0].data, "source", 6);
    assert_true(python->files[0].code);
    assert_false(python->files[0].executable);
    assert_string_equal(executable->files[0].name, "a.out");
    assert_true(executable->files[0].executable);
}

static void test_several_files_are_all_in_the_archive(void **state)
{
    (void)state;
    struct config config = configured();
    struct execution *x = asked(89, REQUEST("5.0", "1.0", "64000", "1024", "false"));
    execution_take_part(x, PART_SOURCE, NULL, 0);
    execution_set_part(x, PART_FILES, "PK", 2);
    AUTO(job_freep) struct job *job = made(&config, x);
    assert_int_equal(job->file_count, 0);
    assert_int_equal(job->zip_size, 2);
    assert_int_equal(job->unpack.cpu_ms, 2000);
    assert_int_equal(job->unpack.wall_ms, 4000);
    assert_int_equal(job->unpack.disk_bytes, 10240 * 1024);
    assert_int_equal(job->unpack.disk_inodes, 1000);
}

static void test_limits_are_those_that_were_asked(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = made_usual(71);
    assert_int_equal(job->run.cpu_ms, 5000);
    assert_int_equal(job->run.cpu_stop_ms, 5000);
    assert_int_equal(job->run.wall_ms, 10000);
    assert_int_equal(job->run.memory_bytes, 128000 * 1024);
    assert_int_equal(job->run.stack_bytes, 64000 * 1024);
    assert_int_equal(job->run.file_bytes, 1024 * 1024);
    assert_int_equal(job->run.output_bytes, 1024 * 1024);
    assert_int_equal(job->run.processes, 60);
    assert_int_equal(job->run.address_bytes, 0);
    assert_int_equal(job->run.open_files, 2048);
    assert_int_equal(job->run.disk_bytes, 256 << 20);
}

static void test_a_program_is_stopped_at_the_later_of_two_times(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(job_freep)
    struct job *job = made(&config, asked(71, REQUEST("0.5", "2.25", "1", "1", "false")));
    assert_int_equal(job->run.cpu_ms, 500);
    assert_int_equal(job->run.cpu_stop_ms, 2250);
}

static void test_zero_means_what_it_means_in_judge0(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(job_freep)
    struct job *job = made(&config, asked(71, REQUEST("0.0", "1.0", "0", "0", "false")));
    assert_int_equal(job->run.cpu_ms, 0);
    assert_int_equal(job->run.cpu_stop_ms, 0);
    assert_int_equal(job->run.stack_bytes, 1);
    assert_true(job->run.file_bytes == LIMIT_FILE_NOTHING);
}

static void test_less_than_a_millisecond_is_not_none(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(job_freep)
    struct job *job = made(&config, asked(71, REQUEST("0.0001", "0.0", "1", "1", "false")));
    assert_int_equal(job->run.cpu_ms, 1);
}

static void test_the_memory_of_each_process_is_its_address_space(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(job_freep)
    struct job *job = made(&config, asked(71, REQUEST("1.0", "0.0", "1", "1", "true")));
    assert_int_equal(job->run.address_bytes, 128000 * 1024);
    assert_int_equal(job->run.memory_bytes, 128000 * 1024);
}

static void test_compilers_have_the_most_that_may_be_asked_for(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = made_usual(50);
    assert_int_equal(job->compile.cpu_ms, 15000);
    assert_int_equal(job->compile.wall_ms, 20000);
    assert_int_equal(job->compile.memory_bytes, UINT64_C(512000) * 1024);
    assert_int_equal(job->compile.stack_bytes, 128000 * 1024);
    assert_int_equal(job->compile.processes, 120);
    assert_int_equal(job->compile.file_bytes, 128 << 20);
    assert_int_equal(job->compile.output_bytes, 4096 * 1024);
}

static void test_c_is_compiled_without_optimisation_unless_asked(void **state)
{
    (void)state;
    struct runtime runtime = {.language = (char[]){"c++"}};
    assert_string_equal(submission_compile_option(&runtime), "-O0");
    runtime.language = (char[]){"rust"};
    assert_null(submission_compile_option(&runtime));
    made_language = "c";
    AUTO(job_freep) struct job *job = made_usual(50);
    made_language = "ruby";
    assert_string_equal(job->compile_args[0], "-O0");
    assert_string_equal(job->compile_args[1], "-O3"); /* the last one counts */
}

static void test_words_streams_and_runs_are_those_that_were_asked(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = made_usual(50);
    assert_string_equal(job->args[0], "1");
    assert_string_equal(job->args[1], "2");
    assert_null(job->args[2]);
    assert_string_equal(job->compile_args[0], "-O3");
    assert_string_equal(job->compile_args[1], "-DX=a b");
    assert_null(job->compile_args[2]);
    assert_int_equal(job->runs, 3);
    assert_true(job->merge_stderr);
    assert_true(job->merge_compile_stderr);
    assert_true(job->keep_output);
    assert_int_equal(job->stdio, JOB_STDIO_FILE);
    assert_int_equal(job->on_output_limit, JOB_OUTPUT_TRUNCATE);
    assert_string_equal(job->caller, "127.0.0.1");
}

static void test_stdin_and_expected_output_may_be_absent_or_empty(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(job_freep) struct job *without = made_usual(71);
    assert_null(without->stdin_data);
    assert_null(without->expected_data);
    struct execution *x = asked(71, REQUEST("5.0", "1.0", "64000", "1024", "false"));
    execution_set_part(x, PART_STDIN, "a\0b", 3);
    execution_set_part(x, PART_EXPECTED, "", 0);
    AUTO(job_freep) struct job *with = made(&config, x);
    assert_int_equal(with->stdin_size, 3);
    assert_memory_equal(with->stdin_data, "a\0b", 3);
    assert_non_null(with->expected_data);
    assert_int_equal(with->expected_size, 0);
    assert_true(with->expected_needs_output);
}

static void test_who_waits_comes_before_a_batch(void **state)
{
    (void)state;
    struct config config = configured();
    struct execution *x = asked(71, REQUEST("5.0", "1.0", "64000", "1024", "false"));
    x->batch = true;
    AUTO(job_freep) struct job *batch = made(&config, x);
    AUTO(job_freep) struct job *single = made_usual(71);
    assert_int_equal(batch->priority, JOB_BATCH);
    assert_int_equal(single->priority, JOB_INTERACTIVE);
}

static void test_programs_see_judge0s_variables(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = made_usual(71);
    assert_true(strv_has(job->env, "JUDGE0_VERSION=1.13.1"));
    assert_true(strv_has(job->env, "JUDGE0_HOMEPAGE=https://judge0.com"));
    assert_true(strv_has(job->env, "JUDGE0_SOURCE_CODE=https://github.com/judge0/judge0"));
    assert_int_equal(strv_len(job->env), 4);
}

static void test_a_language_that_is_no_more_is_said(void **state)
{
    (void)state;
    struct config config = configured();
    AUTO(execution_unrefp) struct execution *x = asked(150000, "{}");
    struct runtime *runtime = runtime_new();
    struct job *job = NULL;
    struct err e = {0};
    assert_int_equal(submission_job(&config, x, runtime, &job, &e), -ERR_NOT_FOUND);
    assert_string_equal(e.text, "there is no language with id 150000 (any more)");
    assert_null(job);
    runtime_unref(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blanks_and_newlines_split),
        cmocka_unit_test(test_quotes_hold_together),
        cmocka_unit_test(test_backslashes_take_the_next_character),
        cmocka_unit_test(test_an_open_quote_ends_with_the_text),
        cmocka_unit_test(test_nothing_is_expanded),
        cmocka_unit_test(test_the_source_is_called_as_in_judge0),
        cmocka_unit_test(test_several_files_are_all_in_the_archive),
        cmocka_unit_test(test_limits_are_those_that_were_asked),
        cmocka_unit_test(test_a_program_is_stopped_at_the_later_of_two_times),
        cmocka_unit_test(test_zero_means_what_it_means_in_judge0),
        cmocka_unit_test(test_less_than_a_millisecond_is_not_none),
        cmocka_unit_test(test_the_memory_of_each_process_is_its_address_space),
        cmocka_unit_test(test_compilers_have_the_most_that_may_be_asked_for),
        cmocka_unit_test(test_c_is_compiled_without_optimisation_unless_asked),
        cmocka_unit_test(test_words_streams_and_runs_are_those_that_were_asked),
        cmocka_unit_test(test_stdin_and_expected_output_may_be_absent_or_empty),
        cmocka_unit_test(test_who_waits_comes_before_a_batch),
        cmocka_unit_test(test_programs_see_judge0s_variables),
        cmocka_unit_test(test_a_language_that_is_no_more_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
