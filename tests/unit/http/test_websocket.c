/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets and event streams as their owners see them; the bytes on the wire are Python's
 * (test_websocket_frames.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client.h"
#include "http/address.h"
#include "http/event_stream.h"
#include "http/http.h"
#include "http/websocket.h"
#include "http/websocket_frame.h"

#define MESSAGE_MAX 1000
#define HANDSHAKE                                                                                  \
    " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define MASK "\0\0\0\0"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct address address;
    struct http_request *waiting;
    struct websocket *w;
    struct event_stream *e;
    struct buf heard; /* messages, each with a blank behind it */
    unsigned messages, rooms, closed, code;
    bool pause_next, drop_next;
};

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct fixture *f = ctx;
    (void)kind;
    assert_int_equal(data[len], '\0');
    buf_add(&f->heard, data, len);
    buf_add_char(&f->heard, ' ');
    f->messages++;
    if (f->pause_next) {
        websocket_pause(f->w);
    }
    if (f->drop_next) {
        websocket_drop(f->w);
        f->w = NULL;
    }
}

static void on_room(void *ctx)
{
    struct fixture *f = ctx;
    f->rooms++;
}

static void on_closed(void *ctx, unsigned code)
{
    struct fixture *f = ctx;
    f->closed++;
    f->code = code;
    f->w = NULL;
}

static void accept_ws(struct http_request *r, void *ctx)
{
    static const struct websocket_config config = {MESSAGE_MAX, "a"};
    struct fixture *f = ctx;
    const struct websocket_events events = {on_message, on_room, on_closed, f};
    f->w = http_accept_websocket(r, &config, &events);
}

static void accept_and_drop(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    accept_ws(r, f);
    websocket_drop(f->w);
    f->w = NULL;
}

static void accept_and_close(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    accept_ws(r, f);
    websocket_send(f->w, WEBSOCKET_TEXT, "he", 2, "llo", 3);
    websocket_close(f->w, 4000, "done");
}

static void on_gone(void *ctx)
{
    struct fixture *f = ctx;
    f->waiting = NULL;
}

static void wait_here(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    f->waiting = r;
    http_on_gone(r, on_gone, f);
}

static void on_events_closed(void *ctx)
{
    struct fixture *f = ctx;
    f->closed++;
    f->e = NULL;
}

static void accept_events(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    const struct event_stream_events events = {on_room, on_events_closed, f};
    f->e = http_accept_event_stream(r, &events);
    event_stream_send(f->e, "line", "7", "a\r\nb\nc", 6);
}

static void error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    if (status == 404 && http_wants_websocket(r)) {
        accept_ws(r, ctx);
        return;
    }
    http_respond(r, status, "text/plain", xstrdup(text), strlen(text));
}

static bool before(struct http_request *r, void *ctx)
{
    bool now = strcmp(http_path(r), "/before") == 0;
    if (now) {
        accept_ws(r, ctx);
    }
    return now;
}

static const struct http_route routes[] = {
    {HTTP_GET, "/ws", accept_ws, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/drop", accept_and_drop, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/close", accept_and_close, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/wait", wait_here, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/events", accept_events, 0, ""},
};

static int setup(void **state)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL}, *const none[] = {NULL};
    static const char *const prefixes[] = {"/", NULL};
    struct fixture *f = *state = xcalloc(1, sizeof(*f));
    const struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes),
                                   before, error,    f,      0};
    const struct http_dialect *const dialects[] = {&d};
    const struct http_config config = {
        .listen = listen,
        .listen_optional_from = 1,
        .body_max = 1000,
        .connections_max = 100,
        .header_timeout_s = 20,
        .keep_alive_s = 20,
        .allowed_hosts = none,
    };
    struct err e = {0};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(http_server_new(f->loop, &config, dialects, 1, NULL, &f->server, &e), 0);
    return address_parse(http_server_addresses(f->server)[0], &f->address, &e);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    loop_free(f->loop);
    buf_done(&f->heard);
    free(f);
    return 0;
}

static int dial(struct fixture *f, const char *path)
{
    AUTO(mem_freep) char *request = xasprintf("GET %s" HANDSHAKE, path);
    int fd = client_dial(&f->address);
    client_say(f->loop, fd, request, strlen(request));
    return fd;
}

static int dial_open(struct fixture *f, const char *path, struct buf *in)
{
    int fd = dial(f, path);
    AUTO(mem_freep) char *answer = client_hear(f->loop, fd, in);
    assert_true(str_starts(answer, "HTTP/1.1 101 "));
    assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    return fd;
}

static void say(struct fixture *f, int fd, const char *data, size_t len)
{
    client_say(f->loop, fd, data, len);
}

static void hear_end(struct fixture *f, int fd, struct buf *in)
{
    bool ended = false;
    while (!ended) {
        if (!client_hear_some(fd, in, &ended) && !ended) {
            client_step(f->loop);
        }
    }
}

static void await_closed(struct fixture *f)
{
    while (f->closed == 0) {
        client_step(f->loop);
    }
}

#define SAY(f, fd, text) say(f, fd, text, sizeof(text) - 1)

static void test_wrong_frames_close_with_their_code(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t len;
        unsigned code;
    } cases[] = {
#define CASE(text, code) {text, sizeof(text) - 1, code}
        CASE("\xc1\x81" MASK "x", 1002),                  /* reserved bit */
        CASE("\x83\x80" MASK, 1002),                      /* opcode 3 */
        CASE("\x8b\x80" MASK, 1002),                      /* opcode 11 */
        CASE("\x81\x01x", 1002),                          /* no mask */
        CASE("\x09\x80" MASK, 1002),                      /* a fragment of a ping */
        CASE("\x89\xfe\0\x7e" MASK, 1002),                /* a ping of 126 bytes */
        CASE("\x80\x81" MASK "x", 1002),                  /* goes on with nothing */
        CASE("\x01\x81" MASK "x\x81\x81" MASK "y", 1002), /* within another */
        CASE("\x81\xfe\0\x05" MASK "xxxxx", 1002),  /* a length that is longer than it need be */
        CASE("\x81\x81" MASK "\xff", 1007),         /* no UTF-8 */
        CASE("\x88\x81" MASK "\x03", 1002),         /* half a code */
        CASE("\x88\x82" MASK "\x03\xed", 1002),     /* 1005 */
        CASE("\x88\x83" MASK "\x03\xe8\xff", 1007), /* a reason that is no UTF-8 */
        CASE("\x82\xfe\x03\xe9" MASK "x", 1009),    /* 1001 bytes */
#undef CASE
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(buf_done) struct buf in = {0};
        AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
        f->closed = 0;
        say(f, fd, cases[i].bytes, cases[i].len);
        hear_end(f, fd, &in);
        const char wanted[] = {'\x88', 2, (char)(cases[i].code >> 8), (char)cases[i].code};
        if (in.len != sizeof(wanted) || memcmp(in.data, wanted, sizeof(wanted)) != 0) {
            fail_msg("case %zu: %zu bytes", i, in.len);
        }
        assert_int_equal(f->closed, 1);
        assert_int_equal(f->code, cases[i].code);
    }
    assert_int_equal(f->messages, 0);
}

static void test_close_of_the_client_is_told_with_its_code(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    SAY(f, fd, "\x88\x82" MASK "\x0f\xa1");
    hear_end(f, fd, &in);
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->code, 4001);
}

static void test_client_that_leaves_is_told_as_such(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    fd_closep(&fd);
    await_closed(f);
    assert_int_equal(f->code, WEBSOCKET_ABNORMAL);
}

static void test_pause_counts_for_the_very_next_message(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    f->pause_next = true;
    SAY(f, fd, "\x81\x81" MASK "1\x81\x81" MASK "2\x81\x81" MASK "3");
    while (f->messages == 0) {
        client_step(f->loop);
    }
    assert_string_equal(f->heard.data, "1 ");
    f->pause_next = false;
    websocket_resume(f->w);
    assert_string_equal(f->heard.data, "1 "); /* nothing comes from inside a call */
    while (f->messages < 3) {
        client_step(f->loop);
    }
    assert_string_equal(f->heard.data, "1 2 3 ");
}

static void test_client_that_leaves_in_a_pause_is_noticed(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    f->pause_next = true;
    SAY(f, fd, "\x81\x81" MASK "1\x81\x81" MASK "2");
    fd_closep(&fd);
    await_closed(f);
    assert_int_equal(f->messages, 1);
}

static void test_drop_within_a_message_is_the_end(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    f->drop_next = true;
    SAY(f, fd, "\x81\x81" MASK "1\x81\x81" MASK "2");
    hear_end(f, fd, &in);
    assert_int_equal(f->messages, 1);
    assert_int_equal(f->closed, 0);
}

static void test_drop_before_the_handshake_is_answered_is_fine(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial(f, "/drop");
    hear_end(f, fd, &in);
    assert_int_equal(f->closed, 0);
}

static void test_what_is_sent_before_the_handshake_is_answered_follows_it(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/close", &in);
    while (in.len < 15) {
        bool ended;
        if (!client_hear_some(fd, &in, &ended)) {
            client_step(f->loop);
        }
    }
    assert_memory_equal(in.data,
                        "\x81\x05hello\x88\x06\x0f\xa0"
                        "done",
                        15);
    assert_int_equal(f->closed, 0);
    SAY(f, fd, "\x88\x82" MASK "\x0f\xa0");
    await_closed(f);
    assert_int_equal(f->code, 4000);
}

static void test_full_queue_says_so_and_has_room_later(void **state)
{
    static const char piece[65536];
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    while (websocket_send(f->w, WEBSOCKET_BINARY, NULL, 0, piece, sizeof(piece))) {
    }
    assert_false(websocket_send(f->w, WEBSOCKET_BINARY, NULL, 0, NULL, 0));
    assert_int_equal(f->rooms, 0);
    bool ended = false;
    while (f->rooms == 0) {
        if (!client_hear_some(fd, &in, &ended)) {
            client_step(f->loop);
        }
    }
    assert_int_equal(f->rooms, 1);
    assert_true(websocket_send(f->w, WEBSOCKET_BINARY, NULL, 0, "x", 1));
}

static void test_before_and_error_may_accept(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/before", "/nowhere"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(buf_done) struct buf in = {0};
        AUTO(fd_closep) int fd = dial_open(f, paths[i], &in);
        f->closed = 0;
        SAY(f, fd, "\x88\x80" MASK);
        hear_end(f, fd, &in);
        assert_int_equal(f->code, WEBSOCKET_NO_CODE);
    }
}

static void test_waiting_request_may_be_accepted_later(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial(f, "/wait");
    SAY(f, fd, "\x81\x81" MASK "1");
    while (f->waiting == NULL) {
        client_step(f->loop);
    }
    accept_ws(f->waiting, f);
    while (f->messages == 0 || http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    assert_string_equal(f->heard.data, "1 ");
}

static void test_streams_count_as_open_only_when_they_are_told_to_end(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    while (f->w == NULL || http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    http_server_quiesce(f->server);
    assert_int_equal(f->closed, 0);
    http_server_end_streams(f->server);
    assert_int_equal(http_server_open_requests(f->server), 1);
    SAY(f, fd, "\x88\x82" MASK "\x03\xe9");
    hear_end(f, fd, &in);
    assert_memory_equal(in.data + 2, "\x03\xe9", 2); /* 1001 */
    assert_int_equal(http_server_open_requests(f->server), 0);
    assert_int_equal(f->closed, 1);
}

static void test_free_tells_who_is_open(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int fd = dial_open(f, "/ws", &in);
    http_server_free(TAKE(&f->server, NULL));
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->code, WEBSOCKET_ABNORMAL);
}

static void get_events(struct fixture *f, const char *method, struct buf *in)
{
    AUTO(mem_freep)
    char *request = xasprintf("%s /events HTTP/1.1\r\nHost: localhost\r\n\r\n", method);
    AUTO(fd_closep) int fd = client_dial(&f->address);
    client_say(f->loop, fd, request, strlen(request));
    while (f->e == NULL && f->closed == 0) {
        client_step(f->loop);
    }
    if (f->e != NULL) {
        event_stream_send(f->e, "end", NULL, "x", 1);
        event_stream_end(f->e);
    }
    hear_end(f, fd, in);
    await_closed(f);
}

static void test_event_stream_ends_with_its_connection(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    get_events(f, "GET", &in);
    assert_true(str_starts(in.data, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(in.data, "\r\nContent-Type: text/event-stream\r\n"));
    assert_non_null(strstr(in.data, "\r\nConnection: close\r\n"));
    assert_true(str_ends(in.data, "\r\n\r\nevent: line\nid: 7\ndata: a\ndata: b\ndata: c\n\n"
                                  "event: end\ndata: x\n\n"));
    assert_int_equal(f->closed, 1);
}

static void test_head_of_an_event_stream_has_no_body(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf in = {0};
    get_events(f, "HEAD", &in);
    assert_true(str_starts(in.data, "HTTP/1.1 200 OK\r\n"));
    assert_true(str_ends(in.data, "\r\n\r\n"));
}

static void test_lengths_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    uint8_t head[FRAME_HEAD_MAX];
    assert_int_equal(websocket_frame_head(OPCODE_TEXT, 125, head), 2);
    assert_memory_equal(head, "\x81\x7d", 2);
    assert_int_equal(websocket_frame_head(OPCODE_BINARY, 126, head), 4);
    assert_memory_equal(head, "\x82\x7e\0\x7e", 4);
    assert_int_equal(websocket_frame_head(OPCODE_BINARY, 65535, head), 4);
    assert_int_equal(websocket_frame_head(OPCODE_BINARY, 65536, head), 10);
    assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_wrong_frames_close_with_their_code),
        TEST(test_close_of_the_client_is_told_with_its_code),
        TEST(test_client_that_leaves_is_told_as_such),
        TEST(test_pause_counts_for_the_very_next_message),
        TEST(test_client_that_leaves_in_a_pause_is_noticed),
        TEST(test_drop_within_a_message_is_the_end),
        TEST(test_drop_before_the_handshake_is_answered_is_fine),
        TEST(test_what_is_sent_before_the_handshake_is_answered_follows_it),
        TEST(test_full_queue_says_so_and_has_room_later),
        TEST(test_before_and_error_may_accept),
        TEST(test_waiting_request_may_be_accepted_later),
        TEST(test_streams_count_as_open_only_when_they_are_told_to_end),
        TEST(test_free_tells_who_is_open),
        TEST(test_event_stream_ends_with_its_connection),
        TEST(test_head_of_an_event_stream_has_no_body),
        cmocka_unit_test(test_lengths_are_written_in_their_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
