/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "cli/event_out.h"

struct fixture {
    int ends[2];
    json_t *event;
};

static int setup(void **state)
{
    static struct fixture f;
    assert_int_equal(pipe2(f.ends, O_CLOEXEC | O_NONBLOCK), 0);
    f.event = json_pack("{s:s,s:i}", "phase", "download", "done", 1);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fd_close(f->ends[0]);
    fd_close(f->ends[1]);
    json_decref(f->event);
    return 0;
}

static void fill(struct fixture *f)
{
    char line[] = "x\n";
    while (write(f->ends[1], line, 2) == 2) {
    }
}

/* What is in the pipe; its writer is closed. */
static void drain(struct fixture *f, struct buf *ret)
{
    struct err e;
    fd_closep(&f->ends[1]);
    assert_int_equal(fd_read_all(f->ends[0], (size_t)8 << 20, ret, &e), 0);
}

static void test_an_event_is_a_line(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf text = {0};
    event_out(f->ends[1], f->event, 0);
    event_out(f->ends[1], f->event, EVENT_END_WAIT_MS);
    drain(f, &text);
    assert_string_equal(text.data, "{\"phase\":\"download\",\"done\":1}\n"
                                   "{\"phase\":\"download\",\"done\":1}\n");
}

static void test_progress_is_dropped_whole_where_nobody_reads(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf text = {0};
    for (int i = 0; i < 10000; i++) {
        event_out(f->ends[1], f->event, 0);
    }
    drain(f, &text);
    assert_true(text.len > 4096);
    assert_string_equal(text.data + text.len - 4, ":1}\n");
}

static void test_an_end_that_nobody_reads_is_given_up(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf text = {0};
    fill(f);
    event_out(f->ends[1], f->event, 1);
    drain(f, &text);
    assert_null(strchr(text.data, '{'));
}

static void test_a_reader_that_is_gone_is_no_reason_to_wait(void **state)
{
    struct fixture *f = *state;
    fd_closep(&f->ends[0]);
    event_out(f->ends[1], f->event, EVENT_END_WAIT_MS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_an_event_is_a_line),
        TEST(test_progress_is_dropped_whole_where_nobody_reads),
        TEST(test_an_end_that_nobody_reads_is_given_up),
        TEST(test_a_reader_that_is_gone_is_no_reason_to_wait),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
