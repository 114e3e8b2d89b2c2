/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/result.h"
#include "model/runtime.h"

static void test_every_verdict_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_OK), "ok");
    assert_string_equal(verdict_name(VERDICT_WALL_TIME_LIMIT), "wall_time_limit");
    for (unsigned v = 0; v <= VERDICT_INTERNAL_ERROR; v++) {
        for (unsigned w = 0; w < v; w++) {
            assert_string_not_equal(verdict_name(v), verdict_name(w));
        }
    }
    assert_string_equal(verdict_name(VERDICT_INTERNAL_ERROR + 1), "unknown");
}

static void test_signals_go_by_name_and_back(void **state)
{
    (void)state;
    for (int signo = 1; signo <= 64; signo++) {
        const char *name = signal_name(signo);
        if (signo == 32 || signo == 33) {
            assert_null(name);
        } else {
            assert_int_equal(signal_number(name), signo);
        }
    }
}

static void test_signals_have_the_names_of_linux(void **state)
{
    (void)state;
    static const struct {
        int number;
        const char *name;
    } rows[] = {
        {SIGHUP, "SIGHUP"},   {SIGILL, "SIGILL"},     {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},
        {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"},   {SIGSEGV, "SIGSEGV"}, {SIGPIPE, "SIGPIPE"},
        {SIGTERM, "SIGTERM"}, {SIGCHLD, "SIGCHLD"},   {SIGSTOP, "SIGSTOP"}, {SIGXCPU, "SIGXCPU"},
        {SIGXFSZ, "SIGXFSZ"}, {SIGWINCH, "SIGWINCH"}, {SIGSYS, "SIGSYS"},   {34, "SIGRTMIN"},
        {35, "SIGRTMIN+1"},   {49, "SIGRTMIN+15"},    {50, "SIGRTMAX-14"},  {63, "SIGRTMAX-1"},
        {64, "SIGRTMAX"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(signal_name(rows[i].number), rows[i].name);
    }
}

static void test_what_is_no_signal_has_no_name(void **state)
{
    (void)state;
    assert_null(signal_name(0));
    assert_null(signal_name(-1));
    assert_null(signal_name(65));
    assert_int_equal(signal_number("sigkill"), 0);
    assert_int_equal(signal_number("KILL"), 0);
    assert_int_equal(signal_number(""), 0);
}

static void test_result_begins_empty_and_frees(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    assert_int_equal(r.run.exit_code, -1);
    assert_int_equal(r.compile.exit_code, -1);
    assert_false(r.compile.ran);
    buf_add_str(&r.run.out, "text");
    buf_add_str(&r.compile.both, "text");
    result_done(&r);
    assert_null(r.run.out.data);
    assert_null(r.compile.both.data);
}

static void test_runtime_knows_its_names(void **state)
{
    (void)state;
    struct runtime *r = runtime_new();
    r->language = xstrdup("c++");
    strv_add(&r->aliases, "cpp");
    strv_add(&r->run.argv, "./a.out");
    assert_true(runtime_has_name(r, "c++"));
    assert_true(runtime_has_name(r, "cpp"));
    assert_false(runtime_has_name(r, "C++"));
    assert_false(runtime_is_compiled(r));
    strv_add(&r->compile.argv, "g++");
    assert_true(runtime_is_compiled(r));
    runtime_unref(r);
}

static void test_runtime_lives_until_its_last_reference(void **state)
{
    (void)state;
    struct runtime *r = runtime_new();
    assert_ptr_equal(runtime_ref(r), r);
    runtime_unref(r);
    assert_int_equal(r->refs, 1);
    runtime_unref(r);
    runtime_unref(NULL);
}

static void test_stage_result_that_is_done_is_as_if_the_stage_had_not_been(void **state)
{
    (void)state;
    struct stage_result r = {.ran = true, .verdict = VERDICT_SIGNALED, .signal = 9, .cpu_ns = 1};
    buf_add_str(&r.out, "printed");
    stage_result_done(&r);
    assert_false(r.ran);
    assert_int_equal(r.verdict, VERDICT_OK);
    assert_int_equal(r.exit_code, -1);
    assert_int_equal(r.signal, 0);
    assert_null(r.out.data);
}

static void test_result_frees_its_tests_and_their_files(void **state)
{
    (void)state;
    struct result r;
    result_init(&r);
    r.tests = xcalloc(2, sizeof(r.tests[0]));
    r.test_count = 2;
    buf_add_str(&r.tests[1].out, "printed");
    for (int i = 0; i < 3; i++) {
        stage_result_add_file(&r.tests[0], "out/a.csv", "1,2", 3);
    }
    assert_int_equal(r.tests[0].file_count, 3);
    assert_string_equal(r.tests[0].files[2].path, "out/a.csv");
    assert_memory_equal(r.tests[0].files[2].data, "1,2", 3);
    result_done(&r);
    assert_null(r.tests);
    assert_int_equal(r.test_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verdict_has_its_name),
        cmocka_unit_test(test_signals_go_by_name_and_back),
        cmocka_unit_test(test_signals_have_the_names_of_linux),
        cmocka_unit_test(test_what_is_no_signal_has_no_name),
        cmocka_unit_test(test_result_begins_empty_and_frees),
        cmocka_unit_test(test_runtime_knows_its_names),
        cmocka_unit_test(test_runtime_lives_until_its_last_reference),
        cmocka_unit_test(test_stage_result_that_is_done_is_as_if_the_stage_had_not_been),
        cmocka_unit_test(test_result_frees_its_tests_and_their_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
