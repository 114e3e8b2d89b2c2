/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals, sessions, several tests and files that come back, in real boxes.
 * argv: belljar-boxd, belljar-init and belljar-unzip.
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

/* --- terminals --------------------------------------------------------------------------- */

static struct job *on_terminal(struct job *job)
{
    job->stdio = JOB_STDIO_PTY;
    job->stdin_open = true;
    job->rows = 24;
    job->columns = 80;
    return job;
}

static void shell_begins(struct jobs_host *h, struct outcome *o)
{
    struct job *job = on_terminal(job_of(NULL, ""));
    strv_free(job->runtime->run.argv);
    job->runtime->run.argv = strv_split("bash --norc --noprofile -i", " ");
    strv_add(&job->env, "PS1=ready:");
    begin(h, job, o);
    expect(h, o, "ready:");
}

static void test_shell_on_a_terminal_has_job_control(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    shell_begins(*state, &o);
    type(&o, "sh -c 'echo go; exec cat'\n");
    expect(*state, &o, "go\r\n");
    type(&o, "\032");
    expect(*state, &o, "Stopped");
    expect(*state, &o, "ready:");
    type(&o, "jobs\n");
    expect(*state, &o, "Stopped");
    expect(*state, &o, "ready:");
    type(&o, "fg\n");
    expect(*state, &o, "sh -c");
    type(&o, "back\n");
    expect(*state, &o, "back\r\nback\r\n");
    type(&o, "\003");
    expect(*state, &o, "ready:");
    type(&o, "echo code=$?\n");
    expect(*state, &o, "code=130\r\n");
    type(&o, "exit 7\n");
    finish(*state, &o);
    assert_int_equal(o.run.exit_code, 7);
    assert_null(strstr(o.screen.data, "job control"));
    assert_null(strstr(o.screen.data, "process group"));
}

static void test_end_of_file_ends_what_reads_and_more_can_be_typed(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    shell_begins(*state, &o);
    type(&o, "sh -c 'echo go; exec cat'\n");
    expect(*state, &o, "go\r\n");
    type(&o, "typed\n");
    expect(*state, &o, "typed\r\ntyped\r\n");
    engine_job_stdin_end(o.job);
    expect(*state, &o, "ready:");
    type(&o, "exit 3\n");
    finish(*state, &o);
    assert_int_equal(o.run.exit_code, 3);
}

static void test_input_and_end_before_the_program_runs_are_kept_in_order(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    begin(*state, on_terminal(job_of("sleep 0.1", "cat; echo between; read x; echo [$x]")), &o);
    type(&o, "first\n");
    engine_job_stdin_end(o.job);
    type(&o, "second\n");
    finish(*state, &o);
    assert_non_null(strstr(o.screen.data, "between\r\n"));
    assert_non_null(strstr(o.screen.data, "[second]\r\n"));
}

static void test_terminal_without_open_input_comes_to_its_end(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = on_terminal(job_of(NULL, "x=$(cat); echo [$x]"));
    job->stdin_open = false;
    job->stdin_data = xstrdup("no newline");
    job->stdin_size = strlen(job->stdin_data);
    run(*state, job, &o);
    assert_verdict(&o, VERDICT_OK);
    assert_non_null(strstr(o.out, "[no newline]"));
}

static void test_resize_tells_the_program(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = on_terminal(job_of(NULL, "trap 'stty size; exit 4' WINCH; stty size\n"
                                               "while :; do read -t 5 x; done"));
    begin(*state, job, &o);
    expect(*state, &o, "24 80\r\n");
    engine_job_resize(o.job, 40, 120);
    expect(*state, &o, "40 120\r\n");
    finish(*state, &o);
    assert_int_equal(o.run.exit_code, 4);
}

static void test_keys_that_are_sent_as_signals_reach_the_foreground(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    shell_begins(*state, &o);
    type(&o, "sh -c 'echo go; exec sleep 100'\n");
    expect(*state, &o, "go\r\n");
    engine_job_signal(o.job, SIGINT);
    expect(*state, &o, "ready:");
    type(&o, "echo code=$?\n");
    expect(*state, &o, "code=130\r\n");
    engine_job_signal(o.job, SIGKILL); /* not one of the keys': for the shell */
    finish(*state, &o);
    assert_int_equal(o.run.signal, SIGKILL);
    assert_int_equal(o.verdict, VERDICT_SIGNALED);
}

static void test_terminal_has_a_type_unless_the_job_says_another(void **state)
{
    AUTO(outcome_done) struct outcome o = {0}, other = {0}, pipe = {0};
    run(*state, on_terminal(job_of(NULL, "echo [$TERM]; tty")), &o);
    assert_non_null(strstr(o.out, "[xterm-256color]"));
    assert_non_null(strstr(o.out, "/dev/pts/"));
    struct job *job = on_terminal(job_of(NULL, "echo [$TERM]"));
    strv_add(&job->env, "TERM=dumb");
    run(*state, job, &other);
    assert_non_null(strstr(other.out, "[dumb]"));
    run(*state, job_of(NULL, "env | grep -c ^TERM="), &pipe);
    assert_string_equal(pipe.out, "0\n");
}

/* Half a line at a time would be thrown away by the kernel, were it written and not waited for. */
static void test_much_input_on_a_terminal_arrives_whole(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    AUTO(buf_done) struct buf lines = {0};
    struct job *job = on_terminal(job_of(NULL, "stty -echo; echo go; head -n 20000 | md5sum"));
    for (int i = 0; i < 20000; i++) {
        buf_add_str(&lines, "0123456789\n");
    }
    begin(*state, job, &o);
    expect(*state, &o, "go\r\n");
    engine_job_stdin(o.job, lines.data, lines.len);
    assert_true(engine_job_stdin_pending(o.job) > 0);
    finish(*state, &o);
    assert_int_equal(o.rooms, 1);
    assert_non_null(strstr(o.screen.data, "7ac5a7e494172e23c34a9f40934d109c"));
}

/* --- sessions ---------------------------------------------------------------------------- */

static void test_sessions_leave_the_slots_to_jobs(void **state)
{
    struct jobs_host *h = *state;
    struct outcome s[2] = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(s); i++) {
        struct job *job = job_of(NULL, "exec cat");
        job->stdin_open = true;
        begin(h, job, &s[i]);
        type(&s[i], "hello\n");
        expect(h, &s[i], "hello\n");
    }
    assert_int_equal(engine_stats(h->engine).sessions, 2);
    assert_int_equal(engine_stats(h->engine).running, 0);
    for (int i = 0; i < 5; i++) {
        AUTO(outcome_done) struct outcome o = {0};
        run(h, job_of("true", "echo job"), &o);
        assert_verdict(&o, VERDICT_OK);
    }
    for (size_t i = 0; i < ARRAY_LEN(s); i++) {
        type(&s[i], "again\n");
        expect(h, &s[i], "again\n");
        engine_job_stdin_end(s[i].job);
        finish(h, &s[i]);
        assert_verdict(&s[i], VERDICT_OK);
        outcome_done(&s[i]);
    }
    assert_int_equal(engine_stats(h->engine).sessions, 0);
}

static void test_input_that_is_not_read_is_not_lost_and_not_taken(void **state)
{
    struct jobs_host *h = *state;
    AUTO(outcome_done) struct outcome o = {0};
    AUTO(mem_freep) char *much = xcalloc(1, 300000);
    struct job *job = job_of(NULL, "read go; wc -c");
    job->stdin_open = true;
    begin(h, job, &o);
    type(&o, "go\n");
    engine_job_stdin(o.job, much, 300000);
    assert_true(engine_job_stdin_pending(o.job) > 0);
    engine_job_stdin_end(o.job);
    finish(h, &o);
    assert_string_equal(o.out, "300000\n");
}

struct looked {
    bool called;
    size_t count;
    struct engine_live first;
};

static void on_look(void *ctx, const struct engine_live *all, size_t count)
{
    struct looked *l = ctx;
    l->called = true;
    l->count = count;
    l->first = count > 0 ? all[0] : (struct engine_live){0};
}

static void test_look_measures_what_runs(void **state)
{
    struct jobs_host *h = *state;
    AUTO(outcome_done) struct outcome o = {0};
    struct looked looked = {0};
    struct err e;
    struct job *job = job_of(NULL, "for i in {1..20000}; do :; done; echo go; read x");
    job->stdin_open = true;
    begin(h, job, &o);
    expect(h, &o, "go\n");
    engine_look(h->engine, on_look, &looked);
    while (!looked.called) {
        assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(looked.count, 1);
    assert_true(looked.first.session);
    uint32_t features = sandbox_hello(h->sandbox)->features;
    assert_int_equal(looked.first.memory_bytes > 0, (features & BOX_FEATURE_MEMORY) != 0);
    assert_int_equal(looked.first.cpu_ns > 0, (features & BOX_FEATURE_CPU) != 0);
    engine_job_stdin_end(o.job);
    finish(h, &o);
}

static void on_ready(void *ctx, const struct err *why)
{
    *(int *)ctx = why ? -1 : 1;
}

static void test_canary_runs(void **state)
{
    struct jobs_host *h = *state;
    int ready = 0;
    struct err e;
    engine_ready(h->engine, 0, on_ready, &ready); /* nothing is fresh enough */
    while (!ready) {
        assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(ready, 1);
}

/* --- several tests ----------------------------------------------------------------------- */

static void test_one_compilation_serves_all_tests(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job =
        job_of("mktemp -u XXXXXXXX >product", "read x; echo $((x * 2)); cat product >&2\n"
                                              "[ ! -e left ]; touch left");
    for (int i = 1; i <= 3; i++) {
        struct job_test *t = job_add_test(job);
        t->stdin_data = xasprintf("%d\n", i);
        t->stdin_size = strlen(t->stdin_data);
        t->expected_data = xstrdup(i == 2 ? "5" : i == 1 ? "2" : "6");
        t->expected_size = 1;
    }
    run(*state, job, &o);
    assert_int_equal(o.verdict, VERDICT_WRONG_ANSWER);
    const struct stage_result *tests = o.result.tests;
    assert_int_equal(o.result.test_count, 3);
    assert_int_equal(tests[0].verdict, VERDICT_OK);
    assert_int_equal(tests[1].verdict, VERDICT_WRONG_ANSWER);
    assert_string_equal(tests[1].out.data, "4\n");
    assert_int_equal(tests[2].verdict, VERDICT_OK);
    assert_string_equal(tests[0].err.data, tests[2].err.data);
}

/* --- files that come back ---------------------------------------------------------------- */

static struct job *job_with_artifacts(const char *script, const char *names, uint64_t bytes)
{
    struct job *job = job_of(NULL, script);
    job->artifacts = strv_split(names, " ");
    job->artifact_bytes = bytes;
    return job;
}

static const struct result_file *file_of(const struct outcome *o, const char *path)
{
    const struct stage_result *r = &o->result.run;
    for (size_t i = 0; i < r->file_count; i++) {
        if (strcmp(r->files[i].path, path) == 0) {
            return &r->files[i];
        }
    }
    return NULL;
}

static void assert_file(const struct outcome *o, const char *path, const char *text)
{
    const struct result_file *f = file_of(o, path);
    if (!f) {
        fail_msg("no '%s' among %zu files", path, o->result.run.file_count);
        return;
    }
    assert_int_equal(f->size, strlen(text));
    assert_memory_equal(f->data, text, f->size);
}

static void test_files_come_back_by_name(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state,
        job_with_artifacts("mkdir -p out/deep dir/sub; echo 1 >out/a.csv; echo 2 >out/b.txt\n"
                           "echo 3 >out/deep/c.csv; printf PNG >plot.png; echo 4 >dir/sub/f",
                           "plot.png out/*.csv none dir", 1000),
        &o);
    assert_verdict(&o, VERDICT_OK);
    assert_int_equal(o.result.run.file_count, 3);
    assert_false(o.result.run.files_missed);
    assert_file(&o, "plot.png", "PNG");
    assert_file(&o, "out/a.csv", "1\n");
    assert_file(&o, "dir/sub/f", "4\n");
}

static void test_too_much_is_missed_and_no_verdict_changes(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state, job_with_artifacts("echo small >s; head -c 100 /dev/zero >big", "s big", 50), &o);
    assert_verdict(&o, VERDICT_OK);
    assert_int_equal(o.result.run.file_count, 1);
    assert_file(&o, "s", "small\n");
    assert_true(o.result.run.files_missed);
}

static void test_what_is_no_file_comes_not_back_and_harms_nobody(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    run(*state,
        job_with_artifacts("ln -s /etc/passwd link; mkfifo pipe; ln -s /etc etc; ln -s . loop\n"
                           "ln /proc/self/exe hard 2>/dev/null; echo secret >locked\n"
                           "truncate -s 1T huge; mkdir shut; echo x >shut/f; chmod 0 shut locked\n"
                           "d=deep; for i in {1..300}; do mkdir $d; cd $d; d=d; done\n"
                           "cd /box; echo good >good; : >$'new\\nline'",
                           "* etc/passwd loop/good shut/f", 1 << 20),
        &o);
    assert_verdict(&o, VERDICT_OK);
    assert_true(o.result.run.files_missed);
    assert_file(&o, "good", "good\n");
    assert_file(&o, "new\nline", "");
    static const char *const none[] = {"link", "pipe",   "etc/passwd", "loop/good",
                                       "huge", "locked", "shut/f"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_null(file_of(&o, none[i]));
    }
}

static void test_files_of_a_stopped_program_come_back(void **state)
{
    static const struct {
        const char *script;
        enum verdict verdict;
        bool needs_cpu;
    } rows[] = {
        {"echo x >f; sleep 15", VERDICT_WALL_TIME_LIMIT, false},
        {"echo x >f; trap '' 1 2 15; while :; do :; done", VERDICT_TIME_LIMIT, true},
        {"echo x >f; exec yes", VERDICT_OUTPUT_LIMIT, false},
        {"echo x >f; kill -SEGV $$", VERDICT_SIGNALED, false},
        {"echo x >f; exit 3", VERDICT_NONZERO_EXIT, false},
        {"echo x >f; (kill -STOP $BASHPID) & kill -STOP $$", VERDICT_WALL_TIME_LIMIT, false},
        {"echo x >f; f() { f | f & }; f 2>/dev/null; sleep 15", VERDICT_WALL_TIME_LIMIT, false},
    };
    struct jobs_host *h = *state;
    bool cpu = sandbox_hello(h->sandbox)->features & BOX_FEATURE_CPU;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(outcome_done) struct outcome o = {0};
        struct job *job = job_with_artifacts(rows[i].script, "f", 100);
        job->run.wall_ms = rows[i].verdict == VERDICT_WALL_TIME_LIMIT ? 600 : 4000;
        job->run.cpu_ms = rows[i].needs_cpu ? 200 : 20000;
        job->run.output_bytes = 10000;
        if (rows[i].needs_cpu && !cpu) {
            job_free(job);
            continue;
        }
        run(h, job, &o);
        assert_verdict(&o, rows[i].verdict);
        assert_file(&o, "f", "x\n");
        assert_true(o.run.wall_ns < 5 * NS_PER_S);
    }
}

static void test_memory_that_ran_out_loses_at_most_the_files(void **state)
{
    struct jobs_host *h = *state;
    AUTO(outcome_done) struct outcome o = {0};
    if (!(sandbox_hello(h->sandbox)->features & BOX_FEATURE_MEMORY)) {
        skip();
    }
    struct job *job = job_with_artifacts("echo x >f; x=x; while :; do x=$x$x$x$x; done", "f", 100);
    job->run.memory_bytes = 32 << 20;
    run(h, job, &o);
    assert_verdict(&o, VERDICT_MEMORY_LIMIT);
    assert_true(o.result.run.file_count == 1 || o.result.run.files_missed);
}

static void test_cancelled_program_brings_nothing_and_ends_at_once(void **state)
{
    struct jobs_host *h = *state;
    AUTO(outcome_done) struct outcome o = {0};
    begin(h, job_with_artifacts("echo x >f; echo go; sleep 15", "f", 100), &o);
    expect(h, &o, "go\n");
    engine_job_cancel(o.job, false);
    finish(h, &o);
    assert_int_equal(o.verdict, VERDICT_CANCELLED);
    assert_true(o.run.wall_ns < 5 * NS_PER_S);
}

static void test_files_of_all_tests_share_their_room(void **state)
{
    AUTO(outcome_done) struct outcome o = {0};
    struct job *job = job_with_artifacts("echo 12345 >f", "f", 15);
    for (int i = 0; i < 3; i++) {
        job_add_test(job);
    }
    run(*state, job, &o);
    assert_int_equal(o.result.test_count, 3);
    assert_int_equal(o.result.tests[0].file_count, 1);
    assert_int_equal(o.result.tests[1].file_count, 1);
    assert_int_equal(o.result.tests[2].file_count, 0);
    assert_true(o.result.tests[2].files_missed);
    assert_int_equal(o.verdict, VERDICT_OK);
}

static void test_nothing_is_left(void **state)
{
    struct jobs_host *h = *state;
    struct err e;
    while (sandbox_live(h->sandbox) > 0) {
        assert_int_equal(loop_step(h->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(engine_stats(h->engine).running, 0);
    assert_int_equal(engine_stats(h->engine).sessions, 0);
}

static int test_all(struct jobs_host *h)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shell_on_a_terminal_has_job_control),
        cmocka_unit_test(test_end_of_file_ends_what_reads_and_more_can_be_typed),
        cmocka_unit_test(test_input_and_end_before_the_program_runs_are_kept_in_order),
        cmocka_unit_test(test_terminal_without_open_input_comes_to_its_end),
        cmocka_unit_test(test_resize_tells_the_program),
        cmocka_unit_test(test_keys_that_are_sent_as_signals_reach_the_foreground),
        cmocka_unit_test(test_terminal_has_a_type_unless_the_job_says_another),
        cmocka_unit_test(test_much_input_on_a_terminal_arrives_whole),
        cmocka_unit_test(test_sessions_leave_the_slots_to_jobs),
        cmocka_unit_test(test_input_that_is_not_read_is_not_lost_and_not_taken),
        cmocka_unit_test(test_look_measures_what_runs),
        cmocka_unit_test(test_canary_runs),
        cmocka_unit_test(test_one_compilation_serves_all_tests),
        cmocka_unit_test(test_files_come_back_by_name),
        cmocka_unit_test(test_too_much_is_missed_and_no_verdict_changes),
        cmocka_unit_test(test_what_is_no_file_comes_not_back_and_harms_nobody),
        cmocka_unit_test(test_files_of_a_stopped_program_come_back),
        cmocka_unit_test(test_memory_that_ran_out_loses_at_most_the_files),
        cmocka_unit_test(test_cancelled_program_brings_nothing_and_ends_at_once),
        cmocka_unit_test(test_files_of_all_tests_share_their_room),
        cmocka_unit_test(test_nothing_is_left),
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
