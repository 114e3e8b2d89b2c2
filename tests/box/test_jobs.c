/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs through the engine, the sandbox, a real boxd and real boxes: what only the whole chain can
 * show.  argv: belljar-boxd, belljar-init and belljar-unzip.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/engine.h"
#include "jobs_host.h"
#include "model/runtime.h"
#include "sandbox/sandbox.h"

/* --- programs and their streams ---------------------------------------------------------- */

static void test_program_sees_its_files_arguments_and_environment(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "echo \"$1|$2|$A|$PISTON_LANGUAGE|$HOME|$PWD\"; cat d/e/f");
    job_add_file(job, "d/e/f", "deep", 4, false);
    strv_add(&job->args, "one two");
    strv_add(&job->args, "");
    strv_add(&job->env, "A=b c");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "one two||b c|bash|/tmp|/box\ndeep");
}

static void test_large_stdin_arrives_whole(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "wc -c");
    job->stdin_size = 3000000;
    job->stdin_data = xcalloc(1, job->stdin_size);
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "3000000\n");
}

static void test_large_stdin_that_is_not_read_does_no_harm(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "exec <&-; echo fine");
    job->stdin_size = 3000000;
    job->stdin_data = xcalloc(1, job->stdin_size);
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "fine\n");
}

static void answer_then_end(struct outcome *o, const char *data, size_t len)
{
    (void)data, (void)len;
    if (o->outputs == 1) {
        engine_job_stdin(o->job, "answer\n", 7);
    } else {
        engine_job_stdin_end(o->job);
    }
}

static void test_open_stdin_is_a_conversation(void **state)
{
    AUTO(outcome_done) struct outcome o = {.on_output = answer_then_end};
    struct job *job = job_of(NULL, "echo question; read x; echo got $x; read y || echo end");
    job->stdin_open = true;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "question\ngot answer\nend\n");
}

static void test_stderr_can_be_merged_in_order(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "echo 1; echo 2 >&2; echo 3");
    job->merge_stderr = true;
    run(*state, job, &o);
    assert_string_equal(o.out, "1\n2\n3\n");
}

static void test_closed_output_is_not_the_end(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state, job_of(NULL, "exec >&- 2>&-; sleep 0.1; exit 4"), &o);
    assert_verdict(&o, VERDICT_NONZERO_EXIT);
    assert_int_equal(o.run.exit_code, 4);
}

static void test_daemon_that_holds_stdout_delays_nothing(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "(trap '' 1 2 15; setsid sleep 1000) & echo done");
    job->run.wall_ms = 10000;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "done\n");
    assert_true(o.run.wall_ns < 5 * NS_PER_S);
}

static void send_term(struct outcome *o, const char *data, size_t len)
{
    (void)data, (void)len;
    if (o->outputs == 1) {
        engine_job_signal(o->job, SIGTERM);
    }
}

static void test_signal_reaches_the_process_group(void **state)
{
    AUTO(outcome_done) struct outcome o = {.on_output = send_term};
    run(*state, job_of(NULL, "trap 'echo term; exit 3' TERM; echo ready; sleep 15 & wait"), &o);
    assert_int_equal(o.run.exit_code, 3);
    assert_string_equal(o.out, "ready\nterm\n");
}

/* --- terminals and files ----------------------------------------------------------------- */

static void type_on_terminal(struct outcome *o, const char *data, size_t len)
{
    (void)data, (void)len;
    if (o->outputs == 1) {
        engine_job_resize(o->job, 50, 120);
        engine_job_stdin(o->job, "hi\n", 3);
        engine_job_stdin_end(o->job);
    }
}

static void test_terminal_has_a_size_echo_and_an_end(void **state)
{
    AUTO(outcome_done) struct outcome o = {.on_output = type_on_terminal};
    struct job *job = job_of(NULL, "stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal\n"
                                   "read x; cat; stty size; echo [$x] >/dev/tty");
    job->stdio = JOB_STDIO_PTY;
    job->stdin_open = true;
    job->rows = 24;
    job->columns = 80;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_non_null(strstr(o.out, "24 80\r\n"));
    assert_non_null(strstr(o.out, "terminal\r\n"));
    assert_non_null(strstr(o.out, "50 120\r\n"));
    assert_non_null(strstr(o.out, "[hi]\r\n"));
}

static void test_files_as_stdio(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "cat; echo error >&2; [ -f /dev/stdin ] && echo file");
    job->stdio = JOB_STDIO_FILE;
    job->stdin_data = xstrdup("input\n");
    job->stdin_size = 6;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "input\nfile\n");
    assert_string_equal(o.err, "error\n");
}

static void test_file_as_stdout_ends_at_the_file_limit(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "exec yes");
    job->stdio = JOB_STDIO_FILE;
    job->run.file_bytes = 4096;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_SIGNALED);
    assert_int_equal(o.run.signal, SIGXFSZ);
    assert_int_equal(o.out_len, 4096);
}

static void test_file_limit_of_nothing_lets_nothing_be_printed(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "exec cat main");
    job->stdio = JOB_STDIO_FILE;
    job->run.file_bytes = LIMIT_FILE_NOTHING;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_SIGNALED);
    assert_int_equal(o.run.signal, SIGXFSZ);
    assert_int_equal(o.out_len, 0);
}

/* --- two stages -------------------------------------------------------------------------- */

static void test_product_keeps_files_exec_bits_and_links(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("mkdir -p d/e; echo x >d/e/f; chmod 711 d/e/f; ln -s f d/e/l\n"
                             "head -c 3000000 /dev/zero >big; mkfifo pipe; touch /tmp/gone",
                             "stat -c '%a %s' d/e/f big; readlink d/e/l; cat d/e/l\n"
                             "ls /tmp; [ -e pipe ] || echo no pipe");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "755 2\n644 3000000\nf\nx\nno pipe\n");
}

static void test_product_that_is_too_large_is_said(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state, job_of("head -c 9000000 /dev/zero >big", "true"), &o);
    assert_verdict(&o, VERDICT_COMPILE_ERROR);
    assert_int_equal(o.compile.verdict, VERDICT_OUTPUT_LIMIT);
    assert_false(o.run.ran);
}

static void test_stopped_compiler_is_a_compile_error(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("echo working; sleep 15", "true");
    job->compile.wall_ms = 200;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_COMPILE_ERROR);
    assert_int_equal(o.compile.verdict, VERDICT_WALL_TIME_LIMIT);
    assert_string_equal(o.out, "working\n");
}

static void test_daemon_of_the_compiler_cannot_touch_the_product(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("(trap '' 1 2 15; while :; do echo late >f; done) & echo early >f",
                             "ls -A; ps -e 2>/dev/null | grep -c compile");
    run(*state, job, &o);
    assert_non_null(strstr(o.out, "compile\nf\nmain\n0\n"));
}

static void test_compiler_output_can_be_merged_in_order(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("echo 1; echo 2 >&2; echo 3; exit 1", "true");
    job->merge_compile_stderr = true;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_COMPILE_ERROR);
    assert_string_equal(o.out, "1\n2\n3\n");
}

static void test_compiler_gets_no_stdin(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("cat >seen", "cat seen -");
    job->stdin_data = xstrdup("for the program");
    job->stdin_size = strlen(job->stdin_data);
    run(*state, job, &o);
    assert_string_equal(o.out, "for the program");
}

/* --- archives and several runs ----------------------------------------------------------- */

/* data/x: "from the zip"; main: "echo overwritten". */
static const unsigned char zip[] = {
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x50, 0x4d, 0x3f,
    0x02, 0x89, 0x0d, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x64, 0x61,
    0x74, 0x61, 0x2f, 0x78, 0x66, 0x72, 0x6f, 0x6d, 0x20, 0x74, 0x68, 0x65, 0x20, 0x7a, 0x69, 0x70,
    0x0a, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x50, 0x8b,
    0x15, 0x46, 0x50, 0x11, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x6d,
    0x61, 0x69, 0x6e, 0x65, 0x63, 0x68, 0x6f, 0x20, 0x6f, 0x76, 0x65, 0x72, 0x77, 0x72, 0x69, 0x74,
    0x74, 0x65, 0x6e, 0x0a, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x21, 0x50, 0x4d, 0x3f, 0x02, 0x89, 0x0d, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00,
    0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa4, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x64, 0x61, 0x74, 0x61, 0x2f, 0x78, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x50, 0x8b, 0x15, 0x46, 0x50, 0x11, 0x00, 0x00, 0x00,
    0x11, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xa4, 0x01, 0x31, 0x00, 0x00, 0x00, 0x6d, 0x61, 0x69, 0x6e, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x66, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static struct job *with_zip(struct job *job, const void *data, size_t size)
{
    job->zip_data = xmemdup(data, size);
    job->zip_size = size;
    job->unpack = (struct limits){.wall_ms = 20000,
                                  .cpu_ms = 20000,
                                  .memory_bytes = UINT64_C(128) << 20,
                                  .disk_bytes = 1 << 20,
                                  .disk_inodes = 100,
                                  .output_bytes = 4096,
                                  .open_files = 64,
                                  .processes = 8};
    return job;
}

static void test_zip_is_unpacked_and_overwrites_nothing(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "ls -A; cat data/x; stat -c %s main");
    run(*state, with_zip(job, zip, sizeof(zip)), &o);
    assert_verdict(&o, VERDICT_OK);
    assert_int_equal(o.unpack.verdict, VERDICT_OK);
    assert_string_equal(o.out, "data\nmain\nfrom the zip\n34\n");
}

static void test_compiler_finds_what_was_unpacked(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("mv data/x product", "cat product");
    run(*state, with_zip(job, zip, sizeof(zip)), &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "from the zip\n");
}

static void test_broken_zip_leaves_nothing(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state, with_zip(job_of(NULL, "ls -A"), "no zip", 6), &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "main\n");
}

static void test_zip_that_is_too_large_stops_nothing_else(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = with_zip(job_of(NULL, "ls -A; cat data/x"), zip, sizeof(zip));
    job->unpack.disk_bytes = 5;
    run(*state, job, &o);
    assert_int_equal(o.unpack.verdict, VERDICT_NONZERO_EXIT);
    assert_true(o.run.ran);
    assert_null(strstr(o.out, "zip"));
}

static void test_each_run_has_a_box_of_its_own(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of("echo >product", "[ -e product ] && [ ! -e f ] && touch f && cat");
    job->runs = 3;
    job->stdin_data = xstrdup("again");
    job->stdin_size = strlen("again");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_int_equal(o.runs, 3);
    assert_string_equal(o.out, "again");
}

static void test_wrong_answer_is_told(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "echo 42");
    job->runs = 2;
    job->expected_data = xstrdup("41");
    job->expected_size = strlen("41");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_WRONG_ANSWER);
    assert_int_equal(o.runs, 1);
}

/* --- what cannot run --------------------------------------------------------------------- */

static void test_command_that_is_not_there_is_named(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "");
    strv_free(job->runtime->run.argv);
    job->runtime->run.argv = strv_split("no-such-interpreter {main}", " ");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_INTERNAL_ERROR);
    assert_non_null(strstr(o.run.reason, "no-such-interpreter"));
}

static void test_file_that_is_no_program_is_told_apart(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "neither a binary nor a script");
    job->files[0].executable = true;
    strv_free(job->runtime->run.argv);
    job->runtime->run.argv = strv_split("./{main}", " ");
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_EXEC_FORMAT);
    assert_non_null(strstr(o.run.reason, "./main"));
}

static void test_files_that_do_not_fit_are_a_limit(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "");
    AUTO(mem_freep) char *big = xcalloc(1, 2 << 20);
    job_add_file(job, "big", big, 2 << 20, false);
    job->run.disk_bytes = 1 << 20;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_MEMORY_LIMIT);
    assert_non_null(strstr(o.run.reason, "big"));
}

static void test_many_arguments_arrive(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "echo $#");
    job->args = xcalloc(20001, sizeof(char *));
    for (size_t i = 0; i < 20000; i++) {
        job->args[i] = xstrdup("argument");
    }
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_string_equal(o.out, "20000\n");
}

/* --- stopping ---------------------------------------------------------------------------- */

static void cancel_it(struct outcome *o, const char *data, size_t len)
{
    (void)data, (void)len;
    engine_job_cancel(o->job, false);
}

static void test_cancelled_program_is_killed_with_what_it_printed(void **state)
{
    AUTO(outcome_done) struct outcome o = {.on_output = cancel_it};
    run(*state, job_of(NULL, "trap '' 1 2 15; echo here; sleep 15; echo never"), &o);
    assert_verdict(&o, VERDICT_CANCELLED);
    assert_string_equal(o.out, "here\n");
}

static void test_output_is_kept_to_the_byte(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_of(NULL, "yes");
    job->run.output_bytes = 100001;
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OUTPUT_LIMIT);
    assert_int_equal(o.out_len, 100001);
}

static void test_each_limit_stops_its_program(void **state)
{
    struct jobs_host *h = *state;
    bool memory = sandbox_hello(h->sandbox)->features & BOX_FEATURE_MEMORY;
    static const struct {
        const char *script;
        enum verdict verdict;
        struct limits limits;
    } rows[] = {
        {"sleep 15", VERDICT_WALL_TIME_LIMIT, {.wall_ms = 200}},
        {"while :; do :; done", VERDICT_TIME_LIMIT, {.cpu_ms = 200}},
        {"x=x; while :; do x=$x$x$x$x; done", VERDICT_MEMORY_LIMIT, {.memory_bytes = 32 << 20}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows) - !memory; i++) {
        AUTO(outcome_done) struct outcome o = {0};
        struct job *job = job_of(NULL, rows[i].script);
        const struct limits *l = &rows[i].limits;
        job->run.wall_ms = l->wall_ms ? l->wall_ms : job->run.wall_ms;
        job->run.cpu_ms = l->cpu_ms ? l->cpu_ms : job->run.cpu_ms;
        job->run.memory_bytes = l->memory_bytes ? l->memory_bytes : job->run.memory_bytes;
        run(h, job, &o);
        assert_verdict(&o, rows[i].verdict);
        assert_int_equal(o.run.signal, SIGKILL);
    }
}

static void test_process_is_held_where_no_cgroup_holds_the_box(void **state)
{
    struct jobs_host *h = *state;
    AUTO(outcome_done) struct outcome o = {0};
    run(h, job_of(NULL, "ulimit -d"), &o);
    bool memory = sandbox_hello(h->sandbox)->features & BOX_FEATURE_MEMORY;
    assert_string_equal(o.out, memory ? "unlimited\n" : "786432\n"); /* KiB: 256 and 512 MiB */
}

static void test_many_jobs_at_once_leave_no_box(void **state)
{
    struct jobs_host *h = *state;
    struct outcome o[8] = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(o); i++) {
        begin(h, job_of(i % 2 ? "echo >product" : NULL, "cat product 2>/dev/null; exit 2"), &o[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(o); i++) {
        finish(h, &o[i]);
        assert_int_equal(o[i].run.exit_code, 2);
        outcome_done(&o[i]);
    }
    struct err e;
    while (sandbox_live(h->sandbox) > 0) {
        assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(engine_stats(h->engine).running, 0);
}

static int test_all(struct jobs_host *h)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_sees_its_files_arguments_and_environment),
        cmocka_unit_test(test_large_stdin_arrives_whole),
        cmocka_unit_test(test_large_stdin_that_is_not_read_does_no_harm),
        cmocka_unit_test(test_open_stdin_is_a_conversation),
        cmocka_unit_test(test_stderr_can_be_merged_in_order),
        cmocka_unit_test(test_closed_output_is_not_the_end),
        cmocka_unit_test(test_daemon_that_holds_stdout_delays_nothing),
        cmocka_unit_test(test_signal_reaches_the_process_group),
        cmocka_unit_test(test_terminal_has_a_size_echo_and_an_end),
        cmocka_unit_test(test_files_as_stdio),
        cmocka_unit_test(test_file_as_stdout_ends_at_the_file_limit),
        cmocka_unit_test(test_file_limit_of_nothing_lets_nothing_be_printed),
        cmocka_unit_test(test_product_keeps_files_exec_bits_and_links),
        cmocka_unit_test(test_product_that_is_too_large_is_said),
        cmocka_unit_test(test_stopped_compiler_is_a_compile_error),
        cmocka_unit_test(test_daemon_of_the_compiler_cannot_touch_the_product),
        cmocka_unit_test(test_compiler_output_can_be_merged_in_order),
        cmocka_unit_test(test_compiler_gets_no_stdin),
        cmocka_unit_test(test_zip_is_unpacked_and_overwrites_nothing),
        cmocka_unit_test(test_compiler_finds_what_was_unpacked),
        cmocka_unit_test(test_broken_zip_leaves_nothing),
        cmocka_unit_test(test_zip_that_is_too_large_stops_nothing_else),
        cmocka_unit_test(test_each_run_has_a_box_of_its_own),
        cmocka_unit_test(test_wrong_answer_is_told),
        cmocka_unit_test(test_command_that_is_not_there_is_named),
        cmocka_unit_test(test_file_that_is_no_program_is_told_apart),
        cmocka_unit_test(test_files_that_do_not_fit_are_a_limit),
        cmocka_unit_test(test_many_arguments_arrive),
        cmocka_unit_test(test_cancelled_program_is_killed_with_what_it_printed),
        cmocka_unit_test(test_output_is_kept_to_the_byte),
        cmocka_unit_test(test_each_limit_stops_its_program),
        cmocka_unit_test(test_process_is_held_where_no_cgroup_holds_the_box),
        cmocka_unit_test(test_many_jobs_at_once_leave_no_box),
    };
    for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
        tests[i].initial_state = h;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return jobs_host_main(argc, argv, test_all);
}
