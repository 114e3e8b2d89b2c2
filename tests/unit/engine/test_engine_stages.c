/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a job: unpack, compile, and one or several runs.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "job_factory.h"
#include "queue/queue.h"

#define UNZIP "THE UNZIP PROGRAM"

/* What a box was asked for. */
struct asked {
    uint32_t box;
    struct box_maxima maxima;
    struct box_start start;
    struct box_init_start init;
    char payload[4096]; /* strings and archive */
    size_t payload_len;
    char input[64]; /* of a stdin that is a file */
};

static void read_input(struct asked *a, struct fake_packet *m, const char *noise)
{
    ssize_t n = pread(m->fds[0], a->input, sizeof(a->input) - 1, 0);
    assert_true(n >= 0);
    assert_int_equal(write(m->fds[1], noise, strlen(noise)), strlen(noise));
    for (size_t i = 0; i < m->fd_count; i++) {
        fd_close(m->fds[i]);
    }
}

/* The next box; one whose stdio is in files prints `printed`. */
static void takes(struct bench *b, struct asked *a, const char *printed)
{
    *a = (struct asked){0};
    struct fake_packet *m = fake_boxd_gets(b->boxd, BOX_MSG_CREATE);
    a->box = m->head.box;
    a->maxima = m->create.maxima;
    a->start = fake_boxd_gets(b->boxd, BOX_MSG_START)->start;
    m = fake_init_gets(b->boxd, a->box, BOX_MSG_INIT_START);
    a->init = m->init_start;
    if (m->fd_count == 3) {
        read_input(a, m, printed);
    }
    m = fake_init_gets(b->boxd, a->box, BOX_MSG_DATA);
    a->payload_len = m->len - sizeof(struct box_head);
    assert_true(a->payload_len <= sizeof(a->payload));
    memcpy(a->payload, m->bytes + sizeof(struct box_head), a->payload_len);
}

/* After one that has ended was taken down. */
static void destroyed_then_takes(struct bench *b, struct asked *a)
{
    uint32_t box = fake_boxd_gets(b->boxd, BOX_MSG_DESTROY)->head.box;
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
    takes(b, a, "");
}

/* The first arguments with blanks between. */
static void assert_argv(const struct asked *a, const char *wanted)
{
    struct buf line = {0};
    const char *at = a->payload;
    for (uint32_t i = 0; i < a->init.argc; i++, at += strlen(at) + 1) {
        buf_add_fmt(&line, "%s%s", i > 0 ? " " : "", at);
    }
    assert_string_equal(line.data, wanted);
    buf_done(&line);
}

/* Whether the archive has this file; its mode in *ret_mode. */
static bool has_file(const struct asked *a, const char *name, const char *text, uint32_t *ret_mode)
{
    size_t at = a->init.strings_bytes;
    while (at < a->payload_len) {
        struct boxarchive_item item;
        size_t used = 0;
        struct err e;
        assert_int_equal(boxarchive_parse(a->payload + at, a->payload_len - at, &item, &used, &e),
                         1);
        const char *data = a->payload + at + used;
        at += used + item.size;
        if (strcmp(item.path, name) == 0) {
            *ret_mode = item.mode;
            assert_int_equal(item.size, strlen(text));
            assert_memory_equal(data, text, item.size);
            return true;
        }
    }
    return false;
}

static void assert_file(const struct asked *a, const char *name, const char *text, uint32_t mode)
{
    uint32_t got = 0;
    if (!has_file(a, name, text, &got)) {
        fail_msg("no file '%s'", name);
    }
    assert_int_equal(got, mode);
}

static void assert_archive(const struct asked *a, const char *bytes)
{
    assert_int_equal(a->init.archive_bytes, strlen(bytes));
    assert_memory_equal(a->payload + a->init.strings_bytes, bytes, strlen(bytes));
}

/* --- unpack ------------------------------------------------------------------------------ */

/* An engine that has the unzip program; with two boxes at most none is made ahead. */
static struct bench unzip_bench(uint32_t boxes)
{
    struct err e;
    AUTO(fd_closep) int fd = -1;
    assert_int_equal(fd_memfd("unzip", UNZIP, strlen(UNZIP), true, &fd, &e), 0);
    AUTO(mem_freep) char *path = xasprintf("/proc/self/fd/%d", fd);
    const struct engine_config config = {
        .slots = 1, .queue_max = 10, .queue_bytes = 1000, .product_max = 1 << 20, .unzip = path};
    return bench_of(boxes, &config);
}

static struct job *with_zip(struct job *job)
{
    job->zip_data = xstrdup("PK zip");
    job->zip_size = strlen("PK zip");
    job->unpack = (struct limits){.wall_ms = 4000,
                                  .cpu_ms = 2000,
                                  .memory_bytes = 64 << 20,
                                  .disk_bytes = 10000,
                                  .disk_inodes = 20,
                                  .open_files = 64,
                                  .processes = 4};
    return job;
}

static void test_zip_is_unpacked_then_compiled_then_run(void **state)
{
    (void)state;
    struct bench b = unzip_bench(2);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_zip(c_job()));
    takes(&b, &a, "unzip says something");
    assert_argv(&a, "./.unzip --bytes 10000 --files 20");
    assert_string_equal(a.input, "PK zip");
    assert_file(&a, ".unzip", UNZIP, 0755);
    assert_file(&a, "x.c", "int main(void) {}", 0644);
    assert_true(a.maxima.disk_bytes > 10000 + strlen(UNZIP) + 20 * 4096);
    assert_int_equal(a.maxima.disk_inodes, 20 + 2);
    assert_int_equal(a.start.wall_ns, 4000 * UINT64_C(1000000));
    stage_ends(&b, a.box, "UNPACKED");

    takes(&b, &a, "");
    assert_argv(&a, "cc x.c -o a.out");
    assert_archive(&a, "UNPACKED");
    fake_destroyed(b.boxd, fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box);
    stage_ends(&b, a.box, "COMPILED");

    takes(&b, &a, "");
    assert_argv(&a, "./a.out");
    assert_archive(&a, "COMPILED");
    fake_runs(b.boxd, a.box, "hi", 0);
    assert_string_equal(h.order, "UuCcRorF"); /* nobody is told what unzip says */
    assert_int_equal(h.verdict, VERDICT_OK);
    assert_true(h.result.unpack.ran);
    heard_done(&h);
    bench_done(&b);
}

static void test_boxes_of_later_stages_are_made_ahead(void **state)
{
    (void)state;
    struct bench b = unzip_bench(4);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_zip(c_job()));
    takes(&b, &a, "");
    fake_hello(b.boxd, a.box);
    fake_run(b.boxd);
    uint32_t compiler = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_boxd_gets_nothing(b.boxd);
    stage_ends(&b, a.box, "UNPACKED");
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_START)->head.box, compiler);
    uint32_t runner = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    assert_int_not_equal(runner, compiler);
    assert_string_equal(h.order, "UuC");
    bench_done(&b);
}

static void test_unzip_has_a_name_that_no_file_has(void **state)
{
    (void)state;
    struct bench b = unzip_bench(2);
    struct heard h = {0};
    struct asked a;
    struct job *job = with_zip(bash_job());
    job_with(job, ".unzip/readme", "");
    job_with(job, ".unzip-1", "mine");
    submitted(&b, &h, job);
    takes(&b, &a, "");
    assert_argv(&a, "./.unzip-2 --bytes 10000 --files 20");
    assert_file(&a, ".unzip-1", "mine", 0644);
    assert_file(&a, ".unzip-2", UNZIP, 0755);
    bench_done(&b);
}

static void test_zip_that_breaks_a_limit_is_as_good_as_none(void **state)
{
    (void)state;
    struct bench b = unzip_bench(2);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_zip(bash_job()));
    takes(&b, &a, "");
    fake_ended(b.boxd, a.box, BOX_END_WALL, SIGKILL);
    fake_run(b.boxd);

    takes(&b, &a, "");
    assert_argv(&a, "bash x.sh");
    assert_file(&a, "x.sh", "echo", 0644);
    fake_runs(b.boxd, a.box, "", 0);
    assert_string_equal(h.order, "UuRrF");
    assert_int_equal(h.verdict, VERDICT_OK);
    assert_int_equal(h.result.unpack.verdict, VERDICT_WALL_TIME_LIMIT);
    assert_string_equal(h.result.unpack.reason, "stopped after 4000 ms of wall time, the limit");
    bench_done(&b);
}

static void test_failed_unzip_gives_what_it_left(void **state)
{
    (void)state;
    struct bench b = unzip_bench(2);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_zip(bash_job()));
    takes(&b, &a, "");
    fake_ended(b.boxd, a.box, BOX_END_EXIT, 3 << 8);
    fake_product(b.boxd, a.box);
    struct err e;
    assert_int_equal(fd_write_all(b.boxd->init[a.box].product_fd, "SOME", 4, &e), 0);
    fake_init_says(b.boxd, a.box, BOX_MSG_COLLECTED, -1);
    fd_closep(&b.boxd->init[a.box].product_fd);
    fake_run(b.boxd);
    takes(&b, &a, "");
    assert_archive(&a, "SOME");
    bench_done(&b);
}

static void test_unpack_box_that_fails_is_an_internal_error(void **state)
{
    (void)state;
    static const enum err_kind kinds[] = {ERR_IO, ERR_UNSUPPORTED /* unzip is for another CPU */};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct bench b = unzip_bench(2);
        struct heard h = {0};
        struct asked a;
        submitted(&b, &h, with_zip(bash_job()));
        takes(&b, &a, "");
        fake_failed(b.boxd, a.box, kinds[i], "no mounts");
        fake_run(b.boxd);
        assert_string_equal(h.order, "UuF");
        assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
        assert_string_equal(h.result.unpack.reason, "no mounts");
        bench_done(&b);
    }
}

static void test_cancel_while_it_is_unpacked(void **state)
{
    (void)state;
    struct bench b = unzip_bench(2);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_zip(bash_job()));
    takes(&b, &a, "");
    engine_job_cancel(h.job, false);
    fake_ended(b.boxd, a.box, BOX_END_CANCEL, SIGKILL);
    fake_run(b.boxd);
    assert_string_equal(h.order, "UuF");
    assert_int_equal(h.verdict, VERDICT_CANCELLED);
    bench_done(&b);
}

static void test_zip_is_refused_where_there_is_no_unzip(void **state)
{
    (void)state;
    struct bench b = bench_new(2, 1, 10);
    struct heard h = {0}, ticket = {0};
    struct err e;
    assert_int_equal(submit(&b, &h, with_zip(bash_job()), &e), -ERR_UNSUPPORTED);
    assert_int_equal(engine_stats(b.engine).queued, 0);

    struct queue_item item = {.id = "1"};
    assert_int_equal(submit_ticket(&b, &ticket, &item, false, &e), 0);
    fake_run(b.boxd);
    engine_job_load(ticket.job, with_zip(bash_job()));
    fake_run(b.boxd);
    assert_string_equal(ticket.order, "LuF");
    assert_int_equal(ticket.verdict, VERDICT_INTERNAL_ERROR);
    assert_non_null(strstr(ticket.result.unpack.reason, "belljar-unzip"));
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

/* --- several runs ------------------------------------------------------------------------ */

static struct job *with_runs(struct job *job, unsigned runs)
{
    job->runs = runs;
    return job;
}

static void test_runs_are_added_up(void **state)
{
    (void)state;
    struct bench b = bench_new(2, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_runs(bash_job(), 3));
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "1", 0);
    static const char *const printed[] = {"2", "3"};
    for (size_t i = 0; i < ARRAY_LEN(printed); i++) {
        uint32_t last = a.box;
        takes(&b, &a, ""); /* before the last one is taken down */
        assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, last);
        fake_destroyed(b.boxd, last);
        fake_runs(b.boxd, a.box, printed[i], 0);
    }
    assert_string_equal(h.order, "RorRorRorF");
    assert_int_equal(h.verdict, VERDICT_OK);
    assert_int_equal(h.result.runs, 3);
    assert_int_equal(h.result.runs_cpu_ns, 9000000);
    assert_int_equal(h.result.runs_memory_bytes, 3 << 20);
    assert_int_equal(h.result.run.cpu_ns, 3000000);
    assert_string_equal(h.out, "3"); /* the last run's alone */
    heard_done(&h);
    bench_done(&b);
}

static void test_runs_with_one_box_wait_for_each_other(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_runs(bash_job(), 2));
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "", 0);
    assert_string_equal(h.order, "Rr");
    destroyed_then_takes(&b, &a);
    fake_runs(b.boxd, a.box, "", 0);
    assert_string_equal(h.order, "RrRrF");
    assert_int_equal(h.result.runs, 2);
    bench_done(&b);
}

static void test_runs_stop_at_the_first_that_fails(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_runs(bash_job(), 5));
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "", 0);
    destroyed_then_takes(&b, &a);
    fake_runs(b.boxd, a.box, "", 7 << 8);
    assert_string_equal(h.order, "RrRrF");
    assert_int_equal(h.verdict, VERDICT_NONZERO_EXIT);
    assert_int_equal(h.result.runs, 2);
    assert_int_equal(h.result.run.exit_code, 7);
    bench_done(&b);
}

static void test_each_run_reads_stdin_from_its_start(void **state)
{
    (void)state;
    static const enum job_stdio kinds[] = {JOB_STDIO_PIPE, JOB_STDIO_FILE};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct bench b = bench_new(1, 1, 10);
        struct heard h = {0};
        struct asked a;
        struct job *job = with_runs(bash_job(), 2);
        job->stdio = kinds[i];
        job->stdin_data = xstrdup("input");
        job->stdin_size = strlen("input");
        submitted(&b, &h, job);
        takes(&b, &a, "");
        for (int run = 0; run < 2; run++) {
            fake_hello(b.boxd, a.box);
            fake_run(b.boxd);
            if (kinds[i] == JOB_STDIO_PIPE) {
                assert_true(read(b.boxd->init[a.box].stdin_fd, a.input, sizeof(a.input)) > 0);
            }
            assert_string_equal(a.input, "input");
            fake_closes_output(b.boxd, a.box);
            fake_ended(b.boxd, a.box, BOX_END_EXIT, 0);
            fake_run(b.boxd);
            if (run == 0) {
                destroyed_then_takes(&b, &a);
            }
        }
        assert_string_equal(h.order, "RrRrF");
        bench_done(&b);
    }
}

static void test_program_is_compiled_once_for_all_runs(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, with_runs(c_job(), 2));
    takes(&b, &a, "");
    stage_ends(&b, a.box, "COMPILED");
    for (int run = 0; run < 2; run++) {
        destroyed_then_takes(&b, &a);
        assert_archive(&a, "COMPILED");
        fake_runs(b.boxd, a.box, "", 0);
    }
    assert_string_equal(h.order, "CcRrRrF");
    bench_done(&b);
}

static void test_program_whose_stdin_is_typed_runs_once(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = with_runs(bash_job(), 2);
    job->stdin_open = true;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "", 0);
    assert_string_equal(h.order, "RrF");
    bench_done(&b);
}

/* --- expected output --------------------------------------------------------------------- */

static struct job *expecting(const char *expected)
{
    struct job *job = with_runs(bash_job(), 2);
    job->keep_output = false;
    job->expected_data = xstrdup(expected);
    job->expected_size = strlen(expected);
    return job;
}

/* The verdict of a program that prints `printed` and is run twice; its runs in *ret_runs. */
static enum verdict verdict_of(struct job *job, const char *printed, unsigned *ret_runs)
{
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, printed, 0);
    if (h.job) {
        destroyed_then_takes(&b, &a);
        fake_runs(b.boxd, a.box, printed, 0);
    }
    assert_null(h.job);
    heard_done(&h);
    bench_done(&b);
    *ret_runs = h.result.runs;
    return h.verdict;
}

static void test_expected_output_is_compared(void **state)
{
    (void)state;
    unsigned runs = 0;
    assert_int_equal(verdict_of(expecting("1\n2"), "1 \n2\n\n", &runs), VERDICT_OK);
    assert_int_equal(runs, 2);
    assert_int_equal(verdict_of(expecting("1\n2"), "1\n3\n", &runs), VERDICT_WRONG_ANSWER);
    assert_int_equal(runs, 1); /* the first wrong one is the last */
}

static void test_output_that_was_cut_is_wrong(void **state)
{
    (void)state;
    unsigned runs = 0;
    struct job *job = expecting("12345");
    job->run.output_bytes = 5;
    job->on_output_limit = JOB_OUTPUT_TRUNCATE;
    assert_int_equal(verdict_of(job, "123456", &runs), VERDICT_WRONG_ANSWER);
}

static void test_no_output_equals_nothing_only_where_that_is_allowed(void **state)
{
    (void)state;
    unsigned runs = 0;
    assert_int_equal(verdict_of(expecting("\n"), "", &runs), VERDICT_OK);
    struct job *job = expecting("");
    job->expected_needs_output = true;
    assert_int_equal(verdict_of(job, "", &runs), VERDICT_WRONG_ANSWER);
    job = expecting("");
    job->expected_needs_output = true;
    assert_int_equal(verdict_of(job, "\n", &runs), VERDICT_OK);
}

static void test_failed_program_is_not_compared(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, expecting("x"));
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "y", SIGSEGV);
    assert_int_equal(h.verdict, VERDICT_SIGNALED);
    heard_done(&h);
    bench_done(&b);
}

/* --- what boxd and init are told --------------------------------------------------------- */

static void test_streams_of_each_stage_are_merged_by_request(void **state)
{
    (void)state;
    for (int compile = 0; compile < 2; compile++) {
        struct bench b = bench_new(1, 1, 10);
        struct heard h = {0};
        struct asked a;
        struct job *job = c_job();
        job->merge_compile_stderr = compile;
        job->merge_stderr = !compile;
        submitted(&b, &h, job);
        takes(&b, &a, "");
        assert_int_equal(!!(a.init.flags & BOX_START_MERGE_STDERR), compile);
        stage_ends(&b, a.box, "COMPILED");
        destroyed_then_takes(&b, &a);
        assert_int_equal(!!(a.init.flags & BOX_START_MERGE_STDERR), !compile);
        bench_done(&b);
    }
}

static void test_limits_are_passed_on(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = bash_job();
    job->run.cpu_ms = 2000;
    job->run.cpu_stop_ms = 2500;
    job->run.address_bytes = 1 << 20;
    job->run.file_bytes = LIMIT_FILE_NOTHING;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    assert_int_equal(a.start.cpu_ns, 2500 * UINT64_C(1000000));
    assert_int_equal(a.init.address_bytes, 1 << 20);
    assert_true(a.init.file_bytes == LIMIT_FILE_NOTHING);
    bench_done(&b);
}

static void test_late_stop_without_a_limit_is_none(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = bash_job();
    job->run.cpu_ms = 0;
    job->run.cpu_stop_ms = 1000;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    assert_int_equal(a.start.cpu_ns, 0);
    bench_done(&b);
}

/* The fake says that 3 ms were used. */
static void test_program_that_ends_between_limit_and_stop_has_passed_the_limit(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = bash_job();
    job->run.cpu_ms = 2;
    job->run.cpu_stop_ms = 10;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    fake_runs(b.boxd, a.box, "", 0);
    assert_int_equal(h.verdict, VERDICT_TIME_LIMIT);
    assert_string_equal(h.result.run.reason, "used 3 ms of CPU time, the limit is 2 ms");
    bench_done(&b);
}

static void test_executable_file_can_be_executed(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = bash_job();
    job->files[0].executable = true;
    submitted(&b, &h, job);
    takes(&b, &a, "");
    assert_file(&a, "x.sh", "echo", 0755);
    bench_done(&b);
}

static void test_file_that_is_no_program(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, bash_job());
    takes(&b, &a, "");
    fake_init_fails(b.boxd, a.box, ERR_UNSUPPORTED, "program 'x' is neither");
    fake_failed(b.boxd, a.box, ERR_UNSUPPORTED, "program 'x' is neither");
    fake_run(b.boxd);
    assert_int_equal(h.verdict, VERDICT_EXEC_FORMAT);
    assert_string_equal(h.result.run.reason, "program 'x' is neither");
    assert_int_equal(h.result.run.exit_code, -1);
    bench_done(&b);
}

static void test_compiler_that_is_no_program_is_an_internal_error(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    submitted(&b, &h, c_job());
    takes(&b, &a, "");
    fake_failed(b.boxd, a.box, ERR_UNSUPPORTED, "program 'cc' is neither");
    fake_run(b.boxd);
    assert_string_equal(h.order, "CcF");
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    bench_done(&b);
}

static void test_compiler_gets_what_it_is_asked_for_and_the_program_does_not(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard h = {0};
    struct asked a;
    struct job *job = c_job();
    strv_add(&job->compile_args, "-O3");
    strv_add(&job->args, "one");
    submitted(&b, &h, job);
    takes(&b, &a, "");
    assert_argv(&a, "cc -O3 x.c -o a.out");
    stage_ends(&b, a.box, "COMPILED");
    destroyed_then_takes(&b, &a);
    assert_argv(&a, "./a.out one");
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zip_is_unpacked_then_compiled_then_run),
        cmocka_unit_test(test_boxes_of_later_stages_are_made_ahead),
        cmocka_unit_test(test_unzip_has_a_name_that_no_file_has),
        cmocka_unit_test(test_zip_that_breaks_a_limit_is_as_good_as_none),
        cmocka_unit_test(test_failed_unzip_gives_what_it_left),
        cmocka_unit_test(test_unpack_box_that_fails_is_an_internal_error),
        cmocka_unit_test(test_cancel_while_it_is_unpacked),
        cmocka_unit_test(test_zip_is_refused_where_there_is_no_unzip),
        cmocka_unit_test(test_runs_are_added_up),
        cmocka_unit_test(test_runs_with_one_box_wait_for_each_other),
        cmocka_unit_test(test_runs_stop_at_the_first_that_fails),
        cmocka_unit_test(test_each_run_reads_stdin_from_its_start),
        cmocka_unit_test(test_program_is_compiled_once_for_all_runs),
        cmocka_unit_test(test_program_whose_stdin_is_typed_runs_once),
        cmocka_unit_test(test_expected_output_is_compared),
        cmocka_unit_test(test_output_that_was_cut_is_wrong),
        cmocka_unit_test(test_no_output_equals_nothing_only_where_that_is_allowed),
        cmocka_unit_test(test_failed_program_is_not_compared),
        cmocka_unit_test(test_streams_of_each_stage_are_merged_by_request),
        cmocka_unit_test(test_limits_are_passed_on),
        cmocka_unit_test(test_late_stop_without_a_limit_is_none),
        cmocka_unit_test(test_program_that_ends_between_limit_and_stop_has_passed_the_limit),
        cmocka_unit_test(test_executable_file_can_be_executed),
        cmocka_unit_test(test_file_that_is_no_program),
        cmocka_unit_test(test_compiler_that_is_no_program_is_an_internal_error),
        cmocka_unit_test(test_compiler_gets_what_it_is_asked_for_and_the_program_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
