/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "fake_boxd.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox_impl.h"

/* What one box told its owner. */
struct seen {
    struct box *box;
    struct buf out, err;
    int ended, rooms, started;
    struct box_report report;
    bool pause, free_in_output;
};

static bool seen_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    struct seen *s = ctx;
    buf_add(stream == BOX_STDERR ? &s->err : &s->out, data, len);
    if (s->free_in_output) {
        box_free(TAKE(&s->box, NULL));
    }
    return !s->pause;
}

static void seen_ended(void *ctx, struct box_report *report)
{
    struct seen *s = ctx;
    s->ended++;
    s->report = *report;
}

static void seen_room(void *ctx)
{
    ((struct seen *)ctx)->rooms++;
}

static void seen_started(void *ctx)
{
    ((struct seen *)ctx)->started++;
}

static void seen_done(struct seen *s)
{
    if (s->ended) {
        fd_close(s->report.product_fd);
    }
    box_free(s->box);
    buf_done(&s->out);
    buf_done(&s->err);
}

static struct box *box_made(struct fake_boxd *f, struct seen *s)
{
    static const uint32_t layers[] = {1, 2};
    struct box_spec spec = {.layers = layers, .layer_count = 2, .maxima.memory_bytes = 1 << 20};
    struct box_events events = {.started = seen_started,
                                .output = seen_output,
                                .stdin_room = seen_room,
                                .ended = seen_ended,
                                .ctx = s};
    struct err e;
    assert_int_equal(box_new(f->sandbox, &spec, &events, &s->box, &e), 0);
    return s->box;
}

static char *const hello_argv[] = {(char[]){"echo"}, (char[]){"hello"}, NULL};

static struct box_program hello_program(void)
{
    return (struct box_program){.argv = hello_argv, .archive_fd = -1, .wall_ns = 7};
}

/* A box whose program runs; the fake has read all that was sent. */
static uint32_t box_running(struct fake_boxd *f, struct seen *s, const struct box_program *p)
{
    struct err e;
    assert_int_equal(box_start(box_made(f, s), p, &e), 0);
    uint32_t box = fake_takes_box(f);
    fake_hello(f, box);
    fake_run(f);
    return box;
}

static void test_start_sends_all_before_any_answer(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);

    struct fake_packet *m = fake_boxd_gets(f, BOX_MSG_CREATE);
    assert_int_equal(m->create.layer_count, 2);
    assert_int_equal(m->create.layers[1], 2);
    m = fake_boxd_gets(f, BOX_MSG_START);
    assert_int_equal(m->start.wall_ns, 7);
    assert_int_equal(m->start.maxima.memory_bytes, 1 << 20);
    m = fake_init_gets(f, m->head.box, BOX_MSG_INIT_START);
    assert_int_equal(m->init_start.argc, 2);
    assert_int_equal(m->init_start.strings_bytes, sizeof("echo") + sizeof("hello"));
    m = fake_init_gets(f, 0, BOX_MSG_DATA);
    assert_memory_equal(m->bytes + sizeof(struct box_head), "echo\0hello", 11);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_network_puts_its_layer_on_top(void **state)
{
    (void)state;
    static const uint32_t layers[] = {1, 2};
    const struct box_events events = {.output = seen_output, .ended = seen_ended};
    struct fake_boxd *f = fake_boxd_new(2);
    struct err e;
    for (unsigned network = 0; network < 2; network++) {
        const struct box_spec spec = {.layers = layers, .layer_count = 2, .network = network != 0};
        struct box *box = NULL;
        assert_int_equal(box_new(f->sandbox, &spec, &events, &box, &e), 0);
        const struct box_create *m = &fake_boxd_gets(f, BOX_MSG_CREATE)->create;
        assert_int_equal(m->network, network ? BOX_NETWORK_EGRESS : BOX_NETWORK_LOOPBACK);
        assert_int_equal(m->layer_count, 2 + network);
        assert_int_equal(m->layers[0], network ? LAYER_NETWORK : 1);
        assert_int_equal(m->layers[1 + network], 2);
        box_free(box);
        fake_boxd_gets(f, BOX_MSG_DESTROY);
    }
    fake_boxd_free(f);
}

/* Init has the write ends for as long as it lives. */
static void test_ended_is_the_end_of_the_output(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_ended(f, box, BOX_END_EXIT, 3 << 8);
    fake_print(f, box, BOX_STDOUT, "late");
    fake_print(f, box, BOX_STDERR, "oops");
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.ended.wait_status, 3 << 8);
    assert_string_equal(s.out.data, "late");
    assert_string_equal(s.err.data, "oops");
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_ended_comes_after_output_that_fills_the_pipe(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    size_t size = (size_t)64 << 10;
    char *full = xcalloc(1, size + 1);
    memset(full, 'x', size);
    fake_print(f, box, BOX_STDOUT, full);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.out.len, size);
    free(full);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_ended_waits_for_output_that_is_paused(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {.pause = true};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_print(f, box, BOX_STDOUT, "one");
    fake_run(f);
    fake_print(f, box, BOX_STDOUT, "two");
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(s.ended, 0);

    s.pause = false;
    box_resume(s.box, BOX_STDOUT);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_string_equal(s.out.data, "onetwo");
    seen_done(&s);
    fake_boxd_free(f);
}

/* Whatever an init does that goes on writing: nobody listens. */
static void test_output_after_the_end_is_not_told(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    fake_print(f, box, BOX_STDOUT, "more");
    fake_init_says(f, box, BOX_MSG_STARTED, -1);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.out.len, 0);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_ended_before_hello_was_read_loses_no_output(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);
    uint32_t box = fake_takes_box(f);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(s.ended, 0);

    fake_hello(f, box);
    fake_print(f, box, BOX_STDOUT, "x");
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_string_equal(s.out.data, "x");
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_box_killed_before_hello_ends(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);
    box_kill(s.box, BOX_KILL_CANCEL);
    box_kill(s.box, BOX_KILL_OUTPUT);
    uint32_t box = fake_takes_box(f);
    assert_int_equal(fake_boxd_gets(f, BOX_MSG_KILL)->kill.cause, BOX_KILL_CANCEL);
    fake_boxd_gets_nothing(f);

    fake_init_ends(f, box);
    fake_ended(f, box, BOX_END_CANCEL, 9);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.ended.end, BOX_END_CANCEL);
    assert_int_equal(s.report.failure.kind, 0);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_failed_box_does_not_wait_for_pipes(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_failed(f, box, ERR_IO, "no mount");
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.ended.end, BOX_END_LOST);
    assert_string_equal(s.report.failure.text, "no mount");
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_failure_text_from_a_box_is_made_plain(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_failed(f, box, (enum err_kind)77, "a\nb\033c");
    fake_run(f);

    assert_string_equal(s.report.failure.text, "a?b?c");
    assert_int_equal(s.report.failure.kind, ERR_IO);
    seen_done(&s);
    fake_boxd_free(f);
}

/* The kernel says ECONNRESET first when START was never read: FAILED lies behind it. */
static void test_failure_of_init_is_heard_though_it_left_bytes_unread(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);
    uint32_t box = fake_boxd_gets(f, BOX_MSG_CREATE)->head.box;
    fake_init_fails(f, box, ERR_NOT_FOUND, "no such program");
    fake_init_ends(f, box);
    fake_run(f);
    fake_ended(f, box, BOX_END_LOST, 0);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_string_equal(s.report.failure.text, "no such program");
    assert_int_equal(s.report.failure.kind, ERR_NOT_FOUND);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_init_that_breaks_the_protocol_is_killed(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_init_says(f, box, BOX_MSG_GO, -1);
    fake_run(f);
    assert_int_equal(s.ended, 0);
    fake_boxd_gets(f, BOX_MSG_KILL);

    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_CANCEL, 9);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.failure.kind, ERR_INVALID);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_second_hello_is_refused(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    int first_out = f->init[box].stdout_fd, first_err = f->init[box].stderr_fd;
    int first_in = f->init[box].stdin_fd;
    fake_hello(f, box);
    fake_run(f);
    fake_boxd_gets(f, BOX_MSG_KILL);
    fd_close(first_out);
    fd_close(first_err);
    fd_close(first_in);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_paused_stream_is_read_after_resume(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {.pause = true};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_print(f, box, BOX_STDOUT, "one");
    fake_run(f);
    fake_print(f, box, BOX_STDOUT, "two");
    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_string_equal(s.out.data, "one");
    assert_int_equal(s.ended, 0);

    s.pause = false;
    box_resume(s.box, BOX_STDOUT);
    assert_string_equal(s.out.data, "one"); /* not from inside the call */
    fake_run(f);
    assert_string_equal(s.out.data, "onetwo");
    assert_int_equal(s.ended, 1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_paused_stream_does_not_keep_a_dead_box_for_ever(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {.pause = true};
    struct box_program p = hello_program();
    f->sandbox->settle_ns = 1;
    uint32_t box = box_running(f, &s, &p);
    fake_print(f, box, BOX_STDOUT, "one");
    fake_run(f);
    fake_print(f, box, BOX_STDOUT, "two");
    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_EXIT, 0);
    while (!s.ended) { /* a test that hangs fails */
        struct err e;
        assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
    }
    assert_string_equal(s.out.data, "one");
    assert_int_equal(s.report.ended.end, BOX_END_EXIT);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_box_freed_in_its_output_hears_no_more(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {.free_in_output = true};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fake_print(f, box, BOX_STDOUT, "one");
    fake_print(f, box, BOX_STDERR, "two");
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);

    assert_null(s.box);
    assert_int_equal(s.err.len, 0);
    assert_int_equal(s.ended, 0);
    fake_boxd_gets(f, BOX_MSG_DESTROY);
    seen_done(&s);
    fake_boxd_free(f);
}

/* --- stdin ------------------------------------------------------------------------------- */

static void assert_reads(int fd, const char *text)
{
    char got[64] = {0};
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
}

static void test_stdin_given_before_hello_is_written_then_closed(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);
    box_stdin(s.box, "abc", 3);
    box_stdin_end(s.box);
    box_stdin(s.box, "after the end", 13);
    assert_int_equal(box_stdin_pending(s.box), 3);
    uint32_t box = fake_takes_box(f);
    fake_hello(f, box);
    fake_run(f);

    assert_reads(f->init[box].stdin_fd, "abc");
    assert_reads(f->init[box].stdin_fd, "");
    assert_int_equal(s.rooms, 1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_stdin_larger_than_the_pipe_waits_for_its_reader(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    size_t size = 300000;
    AUTO(mem_freep) char *data = xmalloc(size);
    memset(data, 'x', size);
    box_stdin(s.box, data, size);
    box_stdin_end(s.box);
    fake_run(f);
    assert_in_range(box_stdin_pending(s.box), 1, size - 1);
    assert_int_equal(s.rooms, 0);

    size_t got = 0;
    ssize_t n;
    while ((n = read(f->init[box].stdin_fd, data, size)) > 0) {
        got += (size_t)n;
        fake_run(f);
    }
    assert_int_equal(got, size);
    assert_int_equal(s.rooms, 1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_stdin_that_nobody_reads_any_more_is_dropped(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    uint32_t box = box_running(f, &s, &p);
    fd_closep(&f->init[box].stdin_fd);
    box_stdin(s.box, "abc", 3);
    assert_int_equal(box_stdin_pending(s.box), 0);

    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    seen_done(&s);
    fake_boxd_free(f);
}

/* --- files ------------------------------------------------------------------------------- */

static void test_large_archive_goes_as_a_file(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    AUTO(mem_freep) char *archive = xcalloc(1, 200000);
    archive[199999] = 'z';
    p.archive = archive;
    p.archive_size = 200000;
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);

    fake_boxd_gets(f, BOX_MSG_CREATE);
    struct fake_packet *m = fake_init_gets(f, 0, BOX_MSG_INIT_START);
    assert_true(m->init_start.flags & BOX_START_ARCHIVE_FD);
    assert_int_equal(m->init_start.archive_bytes, 200000);
    assert_int_equal(m->fd_count, 1);
    char last = 0;
    assert_int_equal(pread(m->fds[0], &last, 1, 199999), 1);
    assert_int_equal(last, 'z');
    assert_true(fcntl(m->fds[0], F_GET_SEALS) & F_SEAL_WRITE);
    fd_close(m->fds[0]);
    m = fake_init_gets(f, 0, BOX_MSG_DATA);
    assert_int_equal(m->len, sizeof(struct box_head) + 11);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_large_product_is_shared_and_a_small_one_copied(void **state)
{
    (void)state;
    for (size_t size = 100; size <= 100000; size *= 1000) {
        struct fake_boxd *f = fake_boxd_new(2);
        struct seen s = {0};
        struct box_program p = hello_program();
        AUTO(mem_freep) char *archive = xcalloc(1, size);
        struct err e;
        AUTO(fd_closep) int fd = -1;
        assert_int_equal(fd_memfd("product", archive, size, true, &fd, &e), 0);
        p.archive_fd = fd;
        p.archive_size = size;
        assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);

        fake_boxd_gets(f, BOX_MSG_CREATE);
        struct fake_packet *m = fake_init_gets(f, 0, BOX_MSG_INIT_START);
        assert_int_equal(m->fd_count, size > 1000);
        if (m->fd_count) {
            struct stat sent, ours;
            assert_int_equal(fstat(m->fds[0], &sent) | fstat(fd, &ours), 0);
            assert_int_equal(sent.st_ino, ours.st_ino);
            fd_close(m->fds[0]);
        }
        size_t data = fake_init_gets(f, 0, BOX_MSG_DATA)->len - sizeof(struct box_head);
        assert_int_equal(data, 11 + (size > 1000 ? 0 : size));
        seen_done(&s);
        fake_boxd_free(f);
    }
}

static void test_very_many_strings_go_as_one_file(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    AUTO(mem_freep) char *text = xmalloc(100001);
    memset(text, 'a', 100000);
    text[100000] = '\0';
    char *argv[] = {text, NULL};
    p.argv = argv;
    p.archive = "zz";
    p.archive_size = 2;
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);

    fake_boxd_gets(f, BOX_MSG_CREATE);
    struct fake_packet *m = fake_init_gets(f, 0, BOX_MSG_INIT_START);
    assert_true(m->init_start.flags & BOX_START_PAYLOAD_FD);
    struct stat st;
    assert_int_equal(fstat(m->fds[0], &st), 0);
    assert_int_equal(st.st_size, 100003);
    fd_close(m->fds[0]);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_too_many_strings_are_refused(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    AUTO(mem_freep) char *text = xmalloc(BOX_STRINGS_MAX + 1);
    memset(text, 'a', BOX_STRINGS_MAX);
    text[BOX_STRINGS_MAX] = '\0';
    char *argv[] = {text, NULL};
    p.argv = argv;
    struct err e;
    assert_int_equal(box_start(box_made(f, &s), &p, &e), -ERR_LIMIT);
    seen_done(&s);
    fake_boxd_free(f);
}

static uint32_t box_collecting(struct fake_boxd *f, struct seen *s)
{
    struct box_program p = hello_program();
    char *const collect[] = {(char[]){"."}, NULL};
    p.collect = collect;
    p.collect_bytes = 100;
    uint32_t box = box_running(f, s, &p);
    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_product(f, box);
    fake_run(f);
    assert_int_equal(s->ended, 0);
    return box;
}

static void product_writes(struct fake_boxd *f, uint32_t box, const char *text)
{
    struct err e;
    assert_int_equal(fd_write_all(f->init[box].product_fd, text, strlen(text), &e), 0);
    fake_run(f);
}

static void test_product_is_whole_and_sealed(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting(f, &s);
    product_writes(f, box, "abc");
    product_writes(f, box, "def");
    fake_init_says(f, box, BOX_MSG_COLLECTED, -1);
    fd_closep(&f->init[box].product_fd);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.product_size, 6);
    char got[7] = {0};
    assert_int_equal(read(s.report.product_fd, got, 6), 6);
    assert_string_equal(got, "abcdef");
    assert_true(fcntl(s.report.product_fd, F_GET_SEALS) & F_SEAL_WRITE);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_product_of_a_collector_that_was_ended_met_a_limit(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting(f, &s);
    product_writes(f, box, "abc");
    fake_init_ends(f, box);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.ended.end, BOX_END_EXIT);
    assert_int_equal(s.report.failure.kind, ERR_LIMIT);
    assert_int_equal(s.report.product_fd, -1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_product_beyond_its_limit_is_a_failure(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting(f, &s);
    char text[102];
    memset(text, 'x', sizeof(text));
    text[101] = '\0';
    product_writes(f, box, text);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.failure.kind, ERR_LIMIT);
    assert_int_equal(s.report.product_fd, -1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_collector_that_says_failed_is_a_failure(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting(f, &s);
    fake_init_fails(f, box, ERR_LIMIT, "too large");
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.ended.end, BOX_END_EXIT);
    assert_string_equal(s.report.failure.text, "too large");
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_program_that_was_stopped_has_no_product(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    char *const collect[] = {(char[]){"."}, NULL};
    p.collect = collect;
    uint32_t box = box_running(f, &s, &p);
    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_WALL, 9);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.failure.kind, 0);
    seen_done(&s);
    fake_boxd_free(f);
}

/* --- terminals and files ----------------------------------------------------------------- */

static void test_pty_carries_both_directions(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    p.stdio = BOX_STDIO_PTY;
    uint32_t box = box_running(f, &s, &p);
    int ends[2];
    struct err e;
    assert_int_equal(fd_seqpacket_pair(ends, &e), 0); /* two-way, as a terminal is */
    fake_init_says(f, box, BOX_MSG_STARTED, ends[0]);
    fake_run(f);
    assert_int_equal(s.started, 1);
    box_stdin(s.box, "ls", 2);
    box_stdin_end(s.box);
    assert_reads(ends[1], "ls");
    assert_reads(ends[1], "\004");
    assert_int_equal(write(ends[1], "out", 3), 3);
    fd_close(ends[1]);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_string_equal(s.out.data, "out");
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_files_as_stdio_are_sent_and_nothing_is_read(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    p.stdio = BOX_STDIO_FILE;
    struct err e;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fd_memfd("file", "", 0, false, &p.stdio_fds[i], &e), 0);
    }
    assert_int_equal(box_start(box_made(f, &s), &p, &e), 0);
    uint32_t box = fake_boxd_gets(f, BOX_MSG_CREATE)->head.box;
    struct fake_packet *m = fake_init_gets(f, box, BOX_MSG_INIT_START);
    assert_int_equal(m->fd_count, 3);
    for (size_t i = 0; i < 3; i++) {
        fd_close(m->fds[i]);
        fd_close(p.stdio_fds[i]);
    }
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_terminal_of_a_box_that_was_made_ahead_replaces_its_pipes(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    struct box_program p = hello_program();
    struct err e;
    box_made(f, &s);
    uint32_t box = fake_boxd_gets(f, BOX_MSG_CREATE)->head.box;
    fake_hello(f, box);
    fake_run(f);
    p.stdio = BOX_STDIO_PTY;
    assert_int_equal(box_start(s.box, &p, &e), 0);
    box_stdin(s.box, "early", 5);
    int ends[2];
    assert_int_equal(fd_seqpacket_pair(ends, &e), 0);
    fake_init_says(f, box, BOX_MSG_STARTED, ends[0]);
    fake_run(f);
    assert_reads(ends[1], "early");
    assert_int_equal(write(ends[1], "out", 3), 3);
    fd_close(ends[1]);
    fake_ended(f, box, BOX_END_EXIT, 0);
    fake_run(f);

    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.failure.kind, 0);
    assert_string_equal(s.out.data, "out");
    seen_done(&s);
    fake_boxd_free(f);
}

/* --- some files, as many as can be had ----------------------------------------------------- */

static uint32_t box_collecting_some(struct fake_boxd *f, struct seen *s, enum box_end end)
{
    struct box_program p = hello_program();
    char *const collect[] = {(char[]){"f"}, NULL};
    struct err e;
    p.collect = collect;
    p.collect_bytes = 100;
    p.collect_some = true;
    assert_int_equal(box_start(box_made(f, s), &p, &e), 0);
    uint32_t box = fake_boxd_gets(f, BOX_MSG_CREATE)->head.box;
    assert_int_equal(fake_boxd_gets(f, BOX_MSG_START)->start.flags, BOX_STOP_GENTLY);
    uint32_t flags = fake_init_gets(f, box, BOX_MSG_INIT_START)->init_start.flags;
    assert_true(flags & BOX_START_COLLECT_SOME);
    fake_hello(f, box);
    fake_run(f);
    fake_closes_output(f, box);
    fake_ended(f, box, end, 9);
    fake_run(f);
    assert_int_equal(s->ended, 0); /* its init may still bring them */
    return box;
}

static void test_program_that_was_stopped_brings_some_files(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting_some(f, &s, BOX_END_WALL);
    fake_product(f, box);
    fake_run(f);
    product_writes(f, box, "abc");
    fake_init_says(f, box, BOX_MSG_COLLECTED, -1);
    fd_closep(&f->init[box].product_fd);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.product_size, 3);
    assert_false(s.report.product_missed);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_init_that_dies_while_it_collects_some_is_no_failure(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting_some(f, &s, BOX_END_EXIT);
    fake_product(f, box);
    fake_run(f);
    product_writes(f, box, "abc");
    fake_init_ends(f, box);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.failure.kind, 0);
    assert_int_equal(s.report.product_size, 3);
    assert_true(s.report.product_missed);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_box_that_was_killed_has_missed_its_files(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting_some(f, &s, BOX_END_MEMORY);
    fake_init_ends(f, box);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_int_equal(s.report.product_fd, -1);
    assert_true(s.report.product_missed);
    seen_done(&s);
    fake_boxd_free(f);
}

static void test_collector_that_could_not_begin_has_missed_them(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct seen s = {0};
    uint32_t box = box_collecting_some(f, &s, BOX_END_EXIT);
    fake_init_says(f, box, BOX_MSG_COLLECTED, -1);
    fake_run(f);
    assert_int_equal(s.ended, 1);
    assert_true(s.report.product_missed);
    seen_done(&s);
    fake_boxd_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_sends_all_before_any_answer),
        cmocka_unit_test(test_network_puts_its_layer_on_top),
        cmocka_unit_test(test_ended_is_the_end_of_the_output),
        cmocka_unit_test(test_ended_comes_after_output_that_fills_the_pipe),
        cmocka_unit_test(test_ended_waits_for_output_that_is_paused),
        cmocka_unit_test(test_output_after_the_end_is_not_told),
        cmocka_unit_test(test_ended_before_hello_was_read_loses_no_output),
        cmocka_unit_test(test_box_killed_before_hello_ends),
        cmocka_unit_test(test_failed_box_does_not_wait_for_pipes),
        cmocka_unit_test(test_failure_text_from_a_box_is_made_plain),
        cmocka_unit_test(test_failure_of_init_is_heard_though_it_left_bytes_unread),
        cmocka_unit_test(test_init_that_breaks_the_protocol_is_killed),
        cmocka_unit_test(test_second_hello_is_refused),
        cmocka_unit_test(test_paused_stream_is_read_after_resume),
        cmocka_unit_test(test_paused_stream_does_not_keep_a_dead_box_for_ever),
        cmocka_unit_test(test_box_freed_in_its_output_hears_no_more),
        cmocka_unit_test(test_stdin_given_before_hello_is_written_then_closed),
        cmocka_unit_test(test_stdin_larger_than_the_pipe_waits_for_its_reader),
        cmocka_unit_test(test_stdin_that_nobody_reads_any_more_is_dropped),
        cmocka_unit_test(test_large_archive_goes_as_a_file),
        cmocka_unit_test(test_large_product_is_shared_and_a_small_one_copied),
        cmocka_unit_test(test_very_many_strings_go_as_one_file),
        cmocka_unit_test(test_too_many_strings_are_refused),
        cmocka_unit_test(test_product_is_whole_and_sealed),
        cmocka_unit_test(test_product_of_a_collector_that_was_ended_met_a_limit),
        cmocka_unit_test(test_product_beyond_its_limit_is_a_failure),
        cmocka_unit_test(test_collector_that_says_failed_is_a_failure),
        cmocka_unit_test(test_program_that_was_stopped_has_no_product),
        cmocka_unit_test(test_pty_carries_both_directions),
        cmocka_unit_test(test_files_as_stdio_are_sent_and_nothing_is_read),
        cmocka_unit_test(test_terminal_of_a_box_that_was_made_ahead_replaces_its_pipes),
        cmocka_unit_test(test_program_that_was_stopped_brings_some_files),
        cmocka_unit_test(test_init_that_dies_while_it_collects_some_is_no_failure),
        cmocka_unit_test(test_box_that_was_killed_has_missed_its_files),
        cmocka_unit_test(test_collector_that_could_not_begin_has_missed_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
