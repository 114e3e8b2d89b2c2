/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/judge0/judge0.h"
#include "api/judge0/outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/config.h"
#include "model/execution.h"
#include "model/result.h"

static const struct config plain = {.judge0_memory_status = STATUS_OTHER},
                           shell = {.judge0_memory_status = STATUS_OTHER, .shell_status = true},
                           own = {.judge0_memory_status = 15},
                           own_shell = {.judge0_memory_status = 15, .shell_status = true};

static struct result ended(enum verdict verdict, int exit_code, int signo)
{
    struct result r;
    result_init(&r);
    r.verdict = verdict;
    r.runs = 1;
    r.run.ran = true;
    r.run.verdict = verdict;
    r.run.exit_code = exit_code;
    r.run.signal = signo;
    r.runs_cpu_ns = 16 * NS_PER_MS + 400000;
    r.run.wall_ns = 20 * NS_PER_MS - 1;
    r.runs_memory_bytes = 3 * 1024 + 1023;
    return r;
}

static struct execution *concluded(const struct config *config, struct result *r)
{
    struct execution *x = execution_new();
    outcome_conclude(config, x, r);
    result_done(r);
    return x;
}

#define RAN "{\"time\":0.016,\"wall_time\":0.02,\"memory\":3,"
#define NOTHING                                                                                    \
    "{\"time\":null,\"wall_time\":null,\"memory\":null,\"exit_code\":null,\"exit_signal\":null,"

static void expect(const struct config *config, struct result r, int status, const char *wanted)
{
    AUTO(execution_unrefp) struct execution *x = concluded(config, &r);
    assert_string_equal(x->result, wanted);
    assert_int_equal(x->status, status);
}

static void test_a_good_end_is_accepted(void **state)
{
    (void)state;
    expect(&plain, ended(VERDICT_OK, 0, 0), STATUS_ACCEPTED,
           RAN "\"exit_code\":0,\"exit_signal\":null,\"message\":null}");
}

static void test_another_output_is_a_wrong_answer(void **state)
{
    (void)state;
    expect(&plain, ended(VERDICT_WRONG_ANSWER, 0, 0), STATUS_WRONG_ANSWER,
           RAN "\"exit_code\":0,\"exit_signal\":null,\"message\":null}");
}

static void test_a_bad_exit_is_nzec(void **state)
{
    (void)state;
    expect(&plain, ended(VERDICT_NONZERO_EXIT, 3, 0), STATUS_NZEC,
           RAN "\"exit_code\":3,\"exit_signal\":null,\"message\":\"Exited with error status 3\"}");
}

static void expect_signal(int signo, int status)
{
    char wanted[200];
    snprintf(wanted, sizeof(wanted),
             RAN "\"exit_code\":0,\"exit_signal\":%d,\"message\":\"Caught fatal signal %d\"}",
             signo, signo);
    expect(&plain, ended(VERDICT_SIGNALED, -1, signo), status, wanted);
}

static void test_signals_have_their_own_statuses(void **state)
{
    (void)state;
    expect_signal(SIGSEGV, STATUS_SIGSEGV);
    expect_signal(SIGXFSZ, STATUS_SIGXFSZ);
    expect_signal(SIGFPE, STATUS_SIGFPE);
    expect_signal(SIGABRT, STATUS_SIGABRT);
    expect_signal(SIGKILL, STATUS_OTHER);
    expect_signal(SIGILL, STATUS_OTHER);
}

static void test_time_limits_are_one_status_and_two_messages(void **state)
{
    (void)state;
    expect(&plain, ended(VERDICT_TIME_LIMIT, -1, SIGKILL), STATUS_TIME_LIMIT,
           RAN "\"exit_code\":0,\"exit_signal\":null,\"message\":\"Time limit exceeded\"}");
    expect(&plain, ended(VERDICT_WALL_TIME_LIMIT, -1, SIGKILL), STATUS_TIME_LIMIT,
           RAN "\"exit_code\":0,\"exit_signal\":null,"
               "\"message\":\"Time limit exceeded (wall clock)\"}");
}

static void test_the_memory_limit_has_a_message_and_a_configured_status(void **state)
{
    (void)state;
    const char *wanted =
        RAN "\"exit_code\":0,\"exit_signal\":9,\"message\":\"Memory limit exceeded\"}";
    expect(&plain, ended(VERDICT_MEMORY_LIMIT, -1, SIGKILL), STATUS_OTHER, wanted);
    expect(&own, ended(VERDICT_MEMORY_LIMIT, -1, SIGKILL), 15, wanted);
    expect(&own_shell, ended(VERDICT_MEMORY_LIMIT, -1, SIGKILL), 15, wanted);
}

static void test_shell_status_tells_signals_as_bash_does(void **state)
{
    (void)state;
    expect(&shell, ended(VERDICT_SIGNALED, -1, SIGSEGV), STATUS_NZEC,
           RAN "\"exit_code\":139,\"exit_signal\":null,"
               "\"message\":\"Exited with error status 139\"}");
    expect(&shell, ended(VERDICT_MEMORY_LIMIT, -1, SIGKILL), STATUS_NZEC,
           RAN "\"exit_code\":137,\"exit_signal\":null,"
               "\"message\":\"Exited with error status 137\"}");
}

static void test_what_is_no_program_is_told_with_the_reason(void **state)
{
    (void)state;
    struct result r = ended(VERDICT_EXEC_FORMAT, -1, 0);
    strcpy(r.run.reason, "a.out is no program");
    expect(&plain, r, STATUS_EXEC_FORMAT,
           RAN "\"exit_code\":0,\"exit_signal\":null,\"message\":\"a.out is no program\"}");
}

static void test_an_internal_error_keeps_nothing_but_its_reason(void **state)
{
    (void)state;
    struct result r = ended(VERDICT_INTERNAL_ERROR, -1, 0);
    strcpy(r.run.reason, "no room on \xff");
    buf_add_str(&r.run.out, "half");
    AUTO(execution_unrefp) struct execution *x = concluded(&plain, &r);
    assert_string_equal(x->result, NOTHING "\"message\":\"no room on \xef\xbf\xbd\"}");
    assert_int_equal(x->status, STATUS_INTERNAL_ERROR);
    assert_null(x->parts[PART_STDOUT].data);
}

static void test_outputs_are_taken_whole(void **state)
{
    (void)state;
    struct result r = ended(VERDICT_OK, 0, 0);
    r.compile.ran = true;
    buf_add_str(&r.compile.out, "warning");
    buf_add(&r.run.out, "a\0b", 3);
    AUTO(execution_unrefp) struct execution *x = concluded(&plain, &r);
    assert_int_equal(x->parts[PART_STDOUT].len, 3);
    assert_memory_equal(x->parts[PART_STDOUT].data, "a\0b", 4);
    assert_string_equal(x->parts[PART_COMPILE_OUTPUT].data, "warning");
    assert_null(x->parts[PART_STDERR].data);
}

static struct result not_compiled(enum verdict verdict, const char *out)
{
    struct result r;
    result_init(&r);
    r.verdict = VERDICT_COMPILE_ERROR;
    r.compile.ran = true;
    r.compile.verdict = verdict;
    strcpy(r.compile.reason, "the reason");
    buf_add_str(&r.compile.out, out);
    return r;
}

static void expect_compile_output(enum verdict verdict, const char *out, const char *wanted)
{
    struct result r = not_compiled(verdict, out);
    AUTO(execution_unrefp) struct execution *x = concluded(&plain, &r);
    assert_int_equal(x->status, STATUS_COMPILATION_ERROR);
    assert_string_equal(x->result, NOTHING "\"message\":null}");
    assert_string_equal(x->parts[PART_COMPILE_OUTPUT].data, wanted);
    assert_null(x->parts[PART_STDOUT].data);
}

static void test_a_compile_error_is_the_compilers_output(void **state)
{
    (void)state;
    expect_compile_output(VERDICT_NONZERO_EXIT, "error\n", "error\n");
    expect_compile_output(VERDICT_TIME_LIMIT, "half", "Compilation time limit exceeded.");
    expect_compile_output(VERDICT_WALL_TIME_LIMIT, "", "Compilation time limit exceeded.");
}

static void test_what_else_stopped_a_compiler_is_said_below_its_output(void **state)
{
    (void)state;
    expect_compile_output(VERDICT_MEMORY_LIMIT, "half", "half\nCompilation memory limit exceeded.");
    expect_compile_output(VERDICT_MEMORY_LIMIT, "", "Compilation memory limit exceeded.");
    expect_compile_output(VERDICT_SIGNALED, "line\n", "line\nCompilation failed: the reason.");
}

static void test_a_silent_compile_error_has_no_output(void **state)
{
    (void)state;
    struct result r = not_compiled(VERDICT_NONZERO_EXIT, "");
    AUTO(execution_unrefp) struct execution *x = concluded(&plain, &r);
    assert_null(x->parts[PART_COMPILE_OUTPUT].data);
}

static void test_numbers_of_several_runs_are_means(void **state)
{
    (void)state;
    struct result r = ended(VERDICT_OK, 0, 0);
    r.runs = 3;
    r.runs_cpu_ns = 50 * NS_PER_MS;
    r.runs_memory_bytes = 3 * 10 * 1024 - 1;
    expect(&plain, r, STATUS_ACCEPTED,
           "{\"time\":0.016667,\"wall_time\":0.02,\"memory\":9,\"exit_code\":0,"
           "\"exit_signal\":null,\"message\":null}");
}

static void test_memory_is_null_where_the_host_cannot_tell(void **state)
{
    (void)state;
    struct result r = ended(VERDICT_OK, 0, 0);
    r.runs_memory_bytes = 0;
    expect(&plain, r, STATUS_ACCEPTED,
           "{\"time\":0.016,\"wall_time\":0.02,\"memory\":null,\"exit_code\":0,"
           "\"exit_signal\":null,\"message\":null}");
}

static void test_failing_gives_the_internal_error(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    outcome_fail(x, "it ended the server three times");
    assert_int_equal(x->status, STATUS_INTERNAL_ERROR);
    assert_string_equal(x->result, NOTHING "\"message\":\"it ended the server three times\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_end_is_accepted),
        cmocka_unit_test(test_another_output_is_a_wrong_answer),
        cmocka_unit_test(test_a_bad_exit_is_nzec),
        cmocka_unit_test(test_signals_have_their_own_statuses),
        cmocka_unit_test(test_time_limits_are_one_status_and_two_messages),
        cmocka_unit_test(test_the_memory_limit_has_a_message_and_a_configured_status),
        cmocka_unit_test(test_shell_status_tells_signals_as_bash_does),
        cmocka_unit_test(test_what_is_no_program_is_told_with_the_reason),
        cmocka_unit_test(test_an_internal_error_keeps_nothing_but_its_reason),
        cmocka_unit_test(test_outputs_are_taken_whole),
        cmocka_unit_test(test_a_compile_error_is_the_compilers_output),
        cmocka_unit_test(test_what_else_stopped_a_compiler_is_said_below_its_output),
        cmocka_unit_test(test_a_silent_compile_error_has_no_output),
        cmocka_unit_test(test_numbers_of_several_runs_are_means),
        cmocka_unit_test(test_memory_is_null_where_the_host_cannot_tell),
        cmocka_unit_test(test_failing_gives_the_internal_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
