/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session between a socket and an engine that do what the test says: the functions below take the
 * place of those in http/ and engine/.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/api.h"
#include "api/session.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "model/job.h"

/* What the fakes share with the test; it is the socket, the engine and the job. */
struct fixture {
    struct api api;
    struct session session;
    struct websocket_events socket;
    struct engine_observer job;
    bool full;       /* websocket_send says so */
    struct buf sent; /* messages, each with a newline behind it */
    unsigned messages, code, heard, closed;
    bool paused, cancelled, silent;
    struct buf in; /* what came of stdin; "^D" is its end */
    size_t pending;
    int signo, resumed;
    uint16_t rows;
    struct caller caller;
};

static struct fixture *fixture_of(const void *any)
{
    return (struct fixture *)(uintptr_t)any;
}

const struct caller *gate_caller(const struct http_request *r)
{
    return &fixture_of(r)->caller;
}

struct websocket *http_accept_websocket(struct http_request *r,
                                        const struct websocket_config *config,
                                        const struct websocket_events *events)
{
    (void)config;
    fixture_of(r)->socket = *events;
    return (struct websocket *)(void *)r;
}

bool websocket_send(struct websocket *w, enum websocket_kind kind, const void *head,
                    size_t head_len, const void *data, size_t len)
{
    struct fixture *f = fixture_of(w);
    (void)kind;
    buf_add(&f->sent, head, head_len);
    buf_add(&f->sent, data, len);
    buf_add_char(&f->sent, '\n');
    f->messages++;
    return !f->full;
}

void websocket_pause(struct websocket *w)
{
    fixture_of(w)->paused = true;
}

void websocket_resume(struct websocket *w)
{
    fixture_of(w)->paused = false;
}

void websocket_set_message_max(struct websocket *w, size_t max)
{
    (void)w;
    assert_int_equal(max, SESSION_MESSAGE_MAX);
}

void websocket_close(struct websocket *w, unsigned code, const char *reason)
{
    (void)reason;
    fixture_of(w)->code = code;
}

int engine_submit(struct engine *e, struct job *job, const struct engine_observer *observer,
                  struct engine_job **ret, struct err *err)
{
    struct fixture *f = fixture_of(e);
    (void)err;
    assert_true(job->stdin_open);
    assert_false(job->keep_output);
    f->job = *observer;
    job_free(job);
    *ret = (struct engine_job *)(void *)f;
    return 0;
}

void engine_job_cancel(struct engine_job *j, bool silent)
{
    fixture_of(j)->cancelled = true;
    fixture_of(j)->silent = silent;
}

void engine_job_stdin(struct engine_job *j, const void *data, size_t len)
{
    buf_add(&fixture_of(j)->in, data, len);
}

void engine_job_stdin_end(struct engine_job *j)
{
    buf_add_str(&fixture_of(j)->in, "^D");
}

size_t engine_job_stdin_pending(const struct engine_job *j)
{
    return fixture_of(j)->pending;
}

void engine_job_signal(struct engine_job *j, int signo)
{
    fixture_of(j)->signo = signo;
}

void engine_job_resize(struct engine_job *j, uint16_t rows, uint16_t columns)
{
    (void)columns;
    fixture_of(j)->rows = rows;
}

void engine_job_resume(struct engine_job *j, enum engine_stream stream)
{
    fixture_of(j)->resumed |= (int)stream;
}

/* The owner */

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    (void)kind;
    (void)data;
    (void)len;
    fixture_of(ctx)->heard++;
}

static void on_stage(void *ctx, enum engine_stage stage)
{
    (void)ctx;
    (void)stage;
}

static void on_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    (void)stage;
    (void)result;
    buf_add_str(&fixture_of(ctx)->sent, "done\n");
}

static void on_finished(void *ctx, struct result *result)
{
    (void)result;
    session_close(&fixture_of(ctx)->session, 1000, "");
}

static void on_closed(void *ctx)
{
    fixture_of(ctx)->closed++;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct session_events events = {on_message,  on_stage,  on_stage_done,
                                          on_finished, on_closed, f};
    static const struct websocket_config config = {.message_max = 1};
    f->api.engine = (struct engine *)(void *)f;
    f->session.output_type = "output";
    buf_add_str(&f->sent, "");
    buf_add_str(&f->in, "");
    assert_true(
        session_open(&f->session, &f->api, (struct http_request *)(void *)f, &config, &events));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->socket.closed(f->socket.ctx, 1006);
    assert_int_equal(f->closed, 1);
    buf_done(&f->sent);
    buf_done(&f->in);
    free(f);
    return 0;
}

static void run(struct fixture *f)
{
    struct err e;
    assert_int_equal(session_run(&f->session, job_new(), &e), 0);
}

static bool print(struct fixture *f, enum engine_stream stream, const char *data, size_t len)
{
    return f->job.output(f->job.ctx, STAGE_RUN, stream, data, len);
}

static void stage_ends(struct fixture *f)
{
    const struct stage_result result = {.ran = true};
    f->job.stage_done(f->job.ctx, STAGE_RUN, &result);
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_what_comes_before_the_job_is_kept_for_it(void **state)
{
    struct fixture *f = *state;
    session_stdin(&f->session, "early ", 6);
    session_stdin(&f->session, "bird", 4);
    session_stdin_end(&f->session);
    session_stdin(&f->session, "late", 4);
    session_resize(&f->session, 5, 6);
    session_signal(&f->session, SIGTERM);
    assert_int_equal(f->in.len, 0);
    run(f);
    assert_string_equal(f->in.data, "early bird^D");
    assert_int_equal(f->rows, 5);
    assert_int_equal(f->signo, 0);
    f->job.stage(f->job.ctx, STAGE_RUN);
    assert_int_equal(f->signo, SIGTERM);
}

static void test_much_stdin_holds_the_client_before_the_job_too(void **state)
{
    struct fixture *f = *state;
    static char much[SESSION_STDIN_MAX + 1];
    session_stdin(&f->session, much, sizeof(much) - 1);
    assert_false(f->paused);
    session_stdin(&f->session, much, 1);
    assert_true(f->paused);
    run(f);
    f->pending = 1; /* most of it went into the pipe at once */
    f->job.stage(f->job.ctx, STAGE_RUN);
    assert_false(f->paused);
    f->pending = SESSION_STDIN_MAX + 1;
    session_stdin(&f->session, "x", 1);
    assert_true(f->paused);
    f->pending = 0;
    f->job.stdin_room(f->job.ctx);
    assert_false(f->paused);
}

static void test_output_goes_out_and_waits_when_there_is_no_room(void **state)
{
    struct fixture *f = *state;
    run(f);
    assert_true(print(f, STREAM_STDOUT, "a\n", 2));
    f->full = true;
    assert_false(print(f, STREAM_STDERR, "b", 1));
    assert_string_equal(f->sent.data,
                        "{\"type\":\"output\",\"stream\":\"stdout\",\"data\":\"a\\n\"}\n"
                        "{\"type\":\"output\",\"stream\":\"stderr\",\"data\":\"b\"}\n");
    f->full = false;
    f->socket.room(f->socket.ctx);
    assert_int_equal(f->resumed, STREAM_STDERR);
}

/* 64 KiB of what becomes six times as long: only a piece of it may be in the socket's queue. */
static void test_long_text_is_sent_piece_by_piece(void **state)
{
    struct fixture *f = *state;
    static char ones[65536];
    memset(ones, 1, sizeof(ones));
    run(f);
    f->full = true;
    assert_false(print(f, STREAM_STDOUT, ones, sizeof(ones)));
    assert_int_equal(f->messages, 1);
    assert_true(f->sent.len < 40000);
    unsigned rooms = 0;
    while (f->resumed == 0) {
        f->full = ++rooms < 8;
        f->socket.room(f->socket.ctx);
    }
    assert_true(f->messages > 8);
    size_t count = 0;
    for (const char *p = f->sent.data; (p = strstr(p, "\\u0001")) != NULL; p++) {
        count++;
    }
    assert_int_equal(count, sizeof(ones));
}

static void test_end_of_a_stage_comes_behind_all_of_its_output(void **state)
{
    struct fixture *f = *state;
    static char text[65536];
    memset(text, 'x', sizeof(text));
    run(f);
    f->full = true;
    assert_false(print(f, STREAM_STDOUT, text, sizeof(text)));
    print(f, STREAM_STDERR, "\xe2\x82", 2);
    stage_ends(f);
    size_t count = 0;
    for (size_t i = 0; i < f->sent.len; i++) {
        count += f->sent.data[i] == 'x';
    }
    assert_int_equal(count, sizeof(text));
    assert_string_equal(f->sent.data + f->sent.len - 11, "\xef\xbf\xbd\"}\ndone\n");
}

static void test_binary_output_is_as_it_was_printed(void **state)
{
    struct fixture *f = *state;
    run(f);
    f->session.binary = true;
    print(f, STREAM_STDOUT, "\xff\x00z", 3);
    print(f, STREAM_STDERR, "e", 1);
    assert_int_equal(f->sent.len, 8);
    assert_memory_equal(f->sent.data, "\1\xff\x00z\n\2e\n", 8);
}

static void test_close_ends_the_job_and_hears_no_more(void **state)
{
    struct fixture *f = *state;
    run(f);
    session_close(&f->session, 4000, "");
    assert_true(f->cancelled && f->silent);
    assert_int_equal(f->code, 4000);
    f->socket.message(f->socket.ctx, WEBSOCKET_TEXT, "x", 1);
    assert_int_equal(f->heard, 0);
    session_send(&f->session, "x", 1);
    assert_int_equal(f->messages, 0);
    session_close(&f->session, 1000, "");
    assert_int_equal(f->code, 4000);
}

static void test_client_that_is_held_is_read_again_when_it_is_closed(void **state)
{
    struct fixture *f = *state;
    run(f);
    f->pending = SESSION_STDIN_MAX + 1;
    session_stdin(&f->session, "x", 1);
    session_close(&f->session, 1000, "");
    assert_false(f->paused);
}

static void test_finished_job_is_not_cancelled(void **state)
{
    struct fixture *f = *state;
    run(f);
    struct result result = {0};
    f->job.finished(f->job.ctx, &result);
    assert_int_equal(f->code, 1000);
    assert_false(f->cancelled);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_comes_before_the_job_is_kept_for_it),
        TEST(test_much_stdin_holds_the_client_before_the_job_too),
        TEST(test_output_goes_out_and_waits_when_there_is_no_room),
        TEST(test_long_text_is_sent_piece_by_piece),
        TEST(test_end_of_a_stage_comes_behind_all_of_its_output),
        TEST(test_binary_output_is_as_it_was_printed),
        TEST(test_close_ends_the_job_and_hears_no_more),
        TEST(test_client_that_is_held_is_read_again_when_it_is_closed),
        TEST(test_finished_job_is_not_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
