/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "engine/verdict.h"
#include "model/limits.h"
#include "sandbox/sandbox.h"

static const struct limits limits = {.wall_ms = 3000,
                                     .cpu_ms = 1000,
                                     .memory_bytes = UINT64_C(256) << 20,
                                     .output_bytes = 65536,
                                     .processes = 64};

static struct stage_result decide(const struct box_report *report)
{
    struct stage_result r = {.ran = true};
    verdict_decide(report, &limits, JOB_OUTPUT_STOP, &r);
    return r;
}

static struct stage_result decide_ended(struct box_ended ended)
{
    struct box_report report = {.ended = ended, .product_fd = -1};
    return decide(&report);
}

static void assert_stopped(const struct stage_result *r, enum verdict verdict, const char *reason)
{
    assert_string_equal(verdict_name(r->verdict), verdict_name(verdict));
    assert_string_equal(r->reason, reason);
    assert_int_equal(r->exit_code, -1);
    assert_int_equal(r->signal, SIGKILL);
}

static void test_exit_zero_is_ok(void **state)
{
    (void)state;
    struct stage_result r = decide_ended(
        (struct box_ended){.wait_status = 0, .cpu_ns = 5, .wall_ns = 7, .memory_peak = 9});
    assert_int_equal(r.verdict, VERDICT_OK);
    assert_int_equal(r.exit_code, 0);
    assert_int_equal(r.signal, 0);
    assert_int_equal(r.cpu_ns, 5);
    assert_int_equal(r.wall_ns, 7);
    assert_int_equal(r.memory_bytes, 9);
    assert_string_equal(r.reason, "");
}

static void test_exit_status_is_told(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.wait_status = 139 << 8});
    assert_int_equal(r.verdict, VERDICT_NONZERO_EXIT);
    assert_int_equal(r.exit_code, 139);
    assert_int_equal(r.signal, 0);
    assert_string_equal(r.reason, "exited with status 139");
}

static void test_signal_of_the_program_is_told(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.wait_status = SIGSEGV | 0x80});
    assert_int_equal(r.verdict, VERDICT_SIGNALED);
    assert_int_equal(r.exit_code, -1);
    assert_int_equal(r.signal, SIGSEGV);
    assert_string_equal(r.reason, "ended by signal 11 (SIGSEGV)");
}

static void test_file_size_signal_stays_a_signal(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.wait_status = SIGXFSZ});
    assert_int_equal(r.verdict, VERDICT_SIGNALED);
    assert_int_equal(r.signal, SIGXFSZ);
}

static void test_own_sigkill_without_a_limit_is_a_signal(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.wait_status = SIGKILL, .cpu_ns = 9});
    assert_int_equal(r.verdict, VERDICT_SIGNALED);
}

static void test_each_limit_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        enum box_end end;
        enum verdict verdict;
        const char *reason;
    } rows[] = {
        {BOX_END_WALL, VERDICT_WALL_TIME_LIMIT, "stopped after 3000 ms of wall time, the limit"},
        {BOX_END_CPU, VERDICT_TIME_LIMIT, "stopped after 1000 ms of CPU time, the limit"},
        {BOX_END_MEMORY, VERDICT_MEMORY_LIMIT, "stopped at 256 MiB of memory, the limit"},
        {BOX_END_CANCEL, VERDICT_CANCELLED, "cancelled"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stage_result r = decide_ended((struct box_ended){.end = rows[i].end});
        assert_stopped(&r, rows[i].verdict, rows[i].reason);
    }
}

static void test_output_limit_names_the_stream(void **state)
{
    (void)state;
    struct box_report report = {.ended.end = BOX_END_OUTPUT};
    struct stage_result r = {.err_truncated = true};
    verdict_decide(&report, &limits, JOB_OUTPUT_STOP, &r);
    assert_stopped(&r, VERDICT_OUTPUT_LIMIT, "stopped after 65536 bytes on stderr, the limit");
}

static void test_too_much_output_is_the_verdict_though_it_exited_first(void **state)
{
    (void)state;
    struct box_report report = {.ended.end = BOX_END_EXIT};
    struct stage_result r = {.out_truncated = true};
    verdict_decide(&report, &limits, JOB_OUTPUT_STOP, &r);
    assert_stopped(&r, VERDICT_OUTPUT_LIMIT, "stopped after 65536 bytes on stdout, the limit");
}

static void test_dropped_output_is_no_verdict(void **state)
{
    (void)state;
    struct box_report report = {.ended.end = BOX_END_EXIT};
    struct stage_result r = {.out_truncated = true};
    verdict_decide(&report, &limits, JOB_OUTPUT_TRUNCATE, &r);
    assert_int_equal(r.verdict, VERDICT_OK);
}

static void test_oom_killed_child_is_memory_though_the_parent_exits_zero(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.oom_kills = 1});
    assert_stopped(&r, VERDICT_MEMORY_LIMIT, "stopped at 256 MiB of memory, the limit");
}

static void test_lost_init_with_an_oom_kill_is_memory(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.end = BOX_END_LOST, .oom_kills = 1});
    assert_int_equal(r.verdict, VERDICT_MEMORY_LIMIT);
}

static void test_lost_init_is_an_internal_error(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.end = BOX_END_LOST});
    assert_int_equal(r.verdict, VERDICT_INTERNAL_ERROR);
    assert_int_equal(r.exit_code, -1);
}

static void test_cpu_rlimit_signals_are_the_time_limit(void **state)
{
    (void)state;
    static const int signals[] = {SIGXCPU, SIGKILL};
    for (size_t i = 0; i < 2; i++) {
        struct stage_result r =
            decide_ended((struct box_ended){.wait_status = signals[i], .cpu_ns = NS_PER_S});
        assert_stopped(&r, VERDICT_TIME_LIMIT, "stopped after 1000 ms of CPU time, the limit");
    }
}

static void test_exit_after_more_time_than_allowed_is_the_limit(void **state)
{
    (void)state;
    struct stage_result r = decide_ended((struct box_ended){.cpu_ns = NS_PER_S + 1});
    assert_int_equal(r.verdict, VERDICT_TIME_LIMIT);
    r = decide_ended((struct box_ended){.cpu_ns = NS_PER_S});
    assert_int_equal(r.verdict, VERDICT_OK);
    r = decide_ended((struct box_ended){.wall_ns = 3 * NS_PER_S + 1});
    assert_int_equal(r.verdict, VERDICT_WALL_TIME_LIMIT);
}

static void test_process_limit_is_a_hint_not_a_verdict(void **state)
{
    (void)state;
    struct stage_result r =
        decide_ended((struct box_ended){.wait_status = 1 << 8, .process_limit_hits = 3});
    assert_int_equal(r.verdict, VERDICT_NONZERO_EXIT);
    assert_string_equal(r.reason, "exited with status 1 (it reached the limit of 64 processes)");
}

static struct box_report failed(enum box_end end, enum err_kind kind, const char *text)
{
    struct box_report report = {.ended.end = end, .product_fd = -1};
    err_set(&report.failure, kind, "%s", text);
    return report;
}

static void test_box_that_could_not_be_built_is_an_internal_error(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_LOST, ERR_NOT_FOUND, "exec 'nonesuch': not found");
    struct stage_result r = decide(&report);
    assert_int_equal(r.verdict, VERDICT_INTERNAL_ERROR);
    assert_string_equal(r.reason, "exec 'nonesuch': not found");
}

static void test_files_that_do_not_fit_are_a_limit(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_LOST, ERR_LIMIT, "unpacking 'big'");
    struct stage_result r = decide(&report);
    assert_stopped(&r, VERDICT_MEMORY_LIMIT,
                   "the limits of this box are too small to start: unpacking 'big'");
}

static void test_box_that_was_ended_for_its_failure_is_an_internal_error(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_CANCEL, ERR_BUG, "GO is not for the server");
    struct stage_result r = decide(&report);
    assert_int_equal(r.verdict, VERDICT_INTERNAL_ERROR);
    assert_string_equal(r.reason, "GO is not for the server");
}

static void test_no_room_on_the_host_is_an_internal_error(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_LOST, ERR_IO, "no cgroup can be made");
    report.failure.sys = ENOSPC;
    struct stage_result r = decide(&report);
    assert_int_equal(r.verdict, VERDICT_INTERNAL_ERROR);
}

static void test_product_too_large_is_an_output_limit(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_EXIT, ERR_LIMIT, "more than 5 bytes");
    struct stage_result r = decide(&report);
    assert_int_equal(r.verdict, VERDICT_OUTPUT_LIMIT);
    assert_string_equal(r.reason, "more than 5 bytes");
}

static void test_failed_program_stays_failed_when_its_product_is_too(void **state)
{
    (void)state;
    struct box_report report = failed(BOX_END_EXIT, ERR_IO, "lost");
    report.ended.wait_status = 1 << 8;
    struct stage_result r = decide(&report);
    assert_int_equal(r.verdict, VERDICT_NONZERO_EXIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box_that_was_ended_for_its_failure_is_an_internal_error),
        cmocka_unit_test(test_exit_zero_is_ok),
        cmocka_unit_test(test_exit_status_is_told),
        cmocka_unit_test(test_signal_of_the_program_is_told),
        cmocka_unit_test(test_file_size_signal_stays_a_signal),
        cmocka_unit_test(test_own_sigkill_without_a_limit_is_a_signal),
        cmocka_unit_test(test_each_limit_has_its_verdict),
        cmocka_unit_test(test_output_limit_names_the_stream),
        cmocka_unit_test(test_too_much_output_is_the_verdict_though_it_exited_first),
        cmocka_unit_test(test_dropped_output_is_no_verdict),
        cmocka_unit_test(test_oom_killed_child_is_memory_though_the_parent_exits_zero),
        cmocka_unit_test(test_lost_init_with_an_oom_kill_is_memory),
        cmocka_unit_test(test_lost_init_is_an_internal_error),
        cmocka_unit_test(test_cpu_rlimit_signals_are_the_time_limit),
        cmocka_unit_test(test_exit_after_more_time_than_allowed_is_the_limit),
        cmocka_unit_test(test_process_limit_is_a_hint_not_a_verdict),
        cmocka_unit_test(test_box_that_could_not_be_built_is_an_internal_error),
        cmocka_unit_test(test_files_that_do_not_fit_are_a_limit),
        cmocka_unit_test(test_no_room_on_the_host_is_an_internal_error),
        cmocka_unit_test(test_product_too_large_is_an_output_limit),
        cmocka_unit_test(test_failed_program_stays_failed_when_its_product_is_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
