/* SPDX-License-Identifier: Apache-2.0 */
/* A real server and its client in one thread: the loop runs until the client has what it waits for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client.h"
#include "http/address.h"
#include "http/guard.h"
#include "http/http.h"

#define BODY_MAX 300000

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_request *waiting;
    struct http_request *sinking;
    size_t sunk;
    unsigned gone;
    unsigned handled;
    struct address address;
};

static void answer_text(struct http_request *r, unsigned status, const char *text)
{
    http_respond(r, status, "text/plain", xstrdup(text), strlen(text));
}

static void now(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    f->handled++;
    answer_text(r, 200, "now");
}

static void echo(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    size_t len;
    const char *body = http_body(r, &len);
    f->handled++;
    http_add_header(r, "X-Client", http_client(r));
    http_respond(r, 200, NULL, xmemdup(body, len), len);
}

#define LARGE_BYTES ((size_t)300 << 20)

static void large(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    f->handled++;
    http_respond(r, 200, NULL, xcalloc(1, LARGE_BYTES), LARGE_BYTES);
}

static void param(struct http_request *r, void *ctx)
{
    (void)ctx;
    const char *q = http_query(r, "q");
    char text[100];
    snprintf(text, sizeof(text), "%s %s %s", http_method_name(r), http_param(r, "name"),
             q != NULL ? q : "-");
    answer_text(r, 200, text);
}

static void on_gone(void *ctx)
{
    struct fixture *f = ctx;
    f->gone++;
    f->waiting = NULL;
}

static void wait_here(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    f->waiting = r;
    http_on_gone(r, on_gone, f);
}

/* --- bodies that are given on --- */

#define SINK_MAX (BODY_MAX + 100000)

static void sink_data(void *ctx, const char *data, size_t len)
{
    struct fixture *f = ctx;
    f->sunk += len;
    if (memchr(data, '!', len) != NULL) {
        answer_text(f->sinking, 507, "full");
    }
}

static void sink_end(void *ctx)
{
    struct fixture *f = ctx;
    char text[32];
    snprintf(text, sizeof(text), "%zu", f->sunk);
    answer_text(f->sinking, 200, text);
}

static void sink_read(struct fixture *f)
{
    const struct http_sink sink = {sink_data, sink_end, f};
    http_read_by(f->sinking, &sink, SINK_MAX);
}

static void sink_now(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    f->sinking = r;
    http_on_gone(r, on_gone, f);
    sink_read(f);
}

static void whole_later(struct http_request *r, void *ctx)
{
    http_read_whole(r, echo, ctx);
}

static bool before(struct http_request *r, void *ctx)
{
    (void)ctx;
    if (http_header(r, "X-Refuse") == NULL) {
        return false;
    }
    answer_text(r, 415, "refused");
    return true;
}

static void error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    answer_text(r, status, text);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/now", now, 0, ""},
    {HTTP_POST, "/echo", echo, 0, ""},
    {HTTP_POST, "/large", large, 0, ""},
    {HTTP_POST, "/wait", wait_here, 0, ""},
    {HTTP_POST, "/sink", sink_now, ROUTE_HEAD, ""},
    {HTTP_POST, "/whole", whole_later, ROUTE_HEAD, ""},
    {HTTP_POST, "/head", now, ROUTE_HEAD, ""},
    {HTTP_POST, "/held", wait_here, ROUTE_HEAD, ""},
    {HTTP_GET | HTTP_DELETE, "/things/{name}", param, 0, ""},
};
static const char *const prefixes[] = {"/", NULL};

/* Says what http_check_origin says, and the query. */
static void judge(struct http_request *r, void *ctx)
{
    (void)ctx;
    struct err e = {0};
    if (http_check_origin(r, &e) < 0) {
        answer_text(r, 200, e.text);
    } else {
        answer_text(r, 200, http_query_text(r));
    }
}

static const struct http_route rails_routes[] = {
    {HTTP_GET, "/rails", judge, 0, ""},
};
static const char *const rails_prefixes[] = {"/rails", NULL};

static struct http_config config_make(void)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    static const char *const hosts[] = {NULL};
    return (struct http_config){
        .listen = listen,
        .listen_optional_from = 1,
        .body_max = BODY_MAX,
        .connections_max = 100,
        .header_timeout_s = 20,
        .keep_alive_s = 20,
        .check_origin = true,
        .allowed_hosts = hosts,
    };
}

static void fixture_start(struct fixture *f, const struct http_config *config)
{
    struct err e = {0};
    memset(f, 0, sizeof(*f));
    struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes), before, error, f};
    struct http_dialect rails = {"rails",
                                 rails_prefixes,
                                 rails_routes,
                                 ARRAY_LEN(rails_routes),
                                 NULL,
                                 error,
                                 f,
                                 DIALECT_RAILS | DIALECT_ORIGINS};
    const struct http_dialect *const dialects[] = {&d, &rails};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    if (http_server_new(f->loop, config, dialects, 2, NULL, &f->server, &e) < 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(address_parse(http_server_addresses(f->server)[0], &f->address, &e), 0);
}

static void fixture_done(struct fixture *f)
{
    http_server_free(f->server);
    loop_free(f->loop);
}

static int setup(void **state)
{
    struct http_config config = config_make();
    *state = xcalloc(1, sizeof(struct fixture));
    fixture_start(*state, &config);
    return 0;
}

static int teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

static void step(struct fixture *f)
{
    client_step(f->loop);
}

static int dial(struct fixture *f)
{
    return client_dial(&f->address);
}

static void say(struct fixture *f, int fd, const char *data, size_t len)
{
    client_say(f->loop, fd, data, len);
}

static char *hear(struct fixture *f, int fd, struct buf *in)
{
    return client_hear(f->loop, fd, in);
}

static bool heard_end(struct fixture *f, int fd)
{
    AUTO(buf_done) struct buf in = {0};
    bool ended = false;
    while (!ended) {
        if (!client_hear_some(fd, &in, &ended) && !ended) {
            step(f);
        }
    }
    return in.len == 0;
}

static char *exchange_bytes(struct fixture *f, const char *data, size_t len)
{
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    say(f, fd, data, len);
    return hear(f, fd, &in);
}

static void expect(struct fixture *f, const char *request, const char *start)
{
    AUTO(mem_freep) char *answer = exchange_bytes(f, request, strlen(request));
    if (!str_starts(answer, start)) {
        fail_msg("for: %s\nwanted: %s\ngot: %s", request, start, answer);
    }
}

#define HOST "Host: localhost\r\n"

static void test_get_is_answered_with_an_id(void **state)
{
    AUTO(mem_freep) char *answer = exchange_bytes(*state, "GET /now HTTP/1.1\r\n" HOST "\r\n", 38);
    assert_true(str_starts(answer, "HTTP/1.1 200 OK\r\n"));
    assert_true(str_ends(answer, "\r\n\r\nnow"));
    assert_non_null(strstr(answer, "\r\nX-Request-Id: 0"));
    assert_null(strstr(answer, "X-Powered-By"));
    assert_null(strstr(answer, "Connection: close"));
}

static void test_connection_serves_many_requests_even_in_one_packet(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char two[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
                              "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\ntwo";
    say(f, fd, two, strlen(two));
    AUTO(mem_freep) char *first = hear(f, fd, &in);
    assert_true(str_ends(first, "\r\n\r\none"));
    AUTO(mem_freep) char *second = hear(f, fd, &in);
    assert_true(str_ends(second, "\r\n\r\ntwo"));
    assert_int_equal(f->handled, 2);
}

static void test_body_may_be_chunked_or_come_in_pieces(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    for (size_t i = 0; i < strlen(text); i++) {
        say(f, fd, text + i, 1);
        step(f);
    }
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    assert_true(str_ends(answer, "\r\n\r\nabcde"));
}

static void test_waiting_request_is_answered_later(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    for (int i = 0; i < 3; i++) {
        static const char text[] = "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx";
        say(f, fd, text, strlen(text));
        while (f->waiting == NULL) {
            step(f);
        }
        assert_int_equal(http_server_open_requests(f->server), 1);
        answer_text(f->waiting, 200, "later");
        f->waiting = NULL;
        AUTO(mem_freep) char *answer = hear(f, fd, &in);
        assert_true(str_ends(answer, "\r\n\r\nlater"));
    }
    assert_int_equal(f->gone, 0);
}

static void wait_and_leave(struct fixture *f, bool reset, bool half)
{
    int fd = dial(f);
    static const char text[] = "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx";
    say(f, fd, text, strlen(text));
    while (f->waiting == NULL) {
        step(f);
    }
    if (reset) {
        struct linger now_ = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now_, sizeof(now_));
    }
    if (half) {
        shutdown(fd, SHUT_WR);
    } else {
        close(fd);
    }
    while (f->gone == 0 || http_server_open_requests(f->server) > 0) {
        step(f);
    }
    if (half) {
        close(fd);
    }
    assert_int_equal(f->gone, 1);
}

static void test_client_that_closes_is_gone(void **state)
{
    wait_and_leave(*state, false, false);
}

static void test_client_that_resets_is_gone(void **state)
{
    wait_and_leave(*state, true, false);
}

static void test_client_that_closes_its_half_while_it_waits_is_gone(void **state)
{
    wait_and_leave(*state, false, true);
}

static void test_client_that_closed_its_half_before_hears_an_immediate_answer(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] = "GET /now HTTP/1.1\r\n" HOST "\r\n";
    say(f, fd, text, strlen(text));
    shutdown(fd, SHUT_WR);
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    assert_true(str_ends(answer, "\r\n\r\nnow"));
}

/* libmicrohttpd alone misses an end that comes in one packet with data. */
static void test_end_is_seen_behind_an_unfinished_request(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    step(f); /* the server has read: nothing there yet */
    step(f);
    say(f, fd, "GET /now HT", 11);
    shutdown(fd, SHUT_WR);
    assert_true(heard_end(f, fd));
}

static void test_end_is_seen_by_a_request_that_came_with_it(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    static const char text[] = "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
    step(f);
    step(f);
    say(f, fd, text, strlen(text));
    shutdown(fd, SHUT_WR);
    while (f->gone == 0) {
        step(f);
    }
    assert_true(heard_end(f, fd));
}

static void test_free_tells_those_who_wait(void **state)
{
    (void)state;
    struct fixture f;
    struct http_config config = config_make();
    fixture_start(&f, &config);
    AUTO(fd_closep) int fd = dial(&f);
    static const char text[] = "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
    say(&f, fd, text, strlen(text));
    while (f.waiting == NULL) {
        step(&f);
    }
    fixture_done(&f);
    assert_int_equal(f.gone, 1);
}

static void test_smuggling_never_reaches_a_handler(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "POST /echo HTTP/1.1\r\n" HOST
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "X: y\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "X: y\r\n folded\r\nContent-Length: 0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST HOST "Content-Length: 0\r\n\r\n",
        "GET /now HTTP/1.1\r\n\r\n",
        "GET /now HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
        "GET /now HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n",
        "GET /now HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n",
        "GET /now /now HTTP/1.1\r\n" HOST "\r\n",
        "GET now HTTP/1.1\r\n" HOST "\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        expect(f, bad[i], "HTTP/1.1 400 ");
    }
    assert_int_equal(f->handled, 0);
}

static void test_nul_in_a_head_is_refused(void **state)
{
    static const char value[] = "GET /now HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n";
    static const char target[] = "GET /now\0x HTTP/1.1\r\n" HOST "\r\n";
    AUTO(mem_freep) char *first = exchange_bytes(*state, value, sizeof(value) - 1);
    assert_true(str_starts(first, "HTTP/1.1 400 "));
    AUTO(mem_freep) char *second = exchange_bytes(*state, target, sizeof(target) - 1);
    assert_true(str_starts(second, "HTTP/1.1 400 "));
}

static void test_bad_chunks_are_refused(void **state)
{
    static const char *const bad[] = {"xyz\r\n", "3\r\nabcd\r\n", "-1\r\n",
                                      "fffffffffffffffff\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s", bad[i]);
        expect(*state, text, "HTTP/1.1 4");
    }
}

static void test_what_is_no_http_gets_an_answer(void **state)
{
    expect(*state, "hello\r\n\r\n", "HTTP/1.1 400 ");
    expect(*state, "\x16\x03\x01\r\n\r\n", "HTTP/1.1 400 ");
    expect(*state, "GET / HTTP/3.0\r\n" HOST "\r\n", "HTTP/1.1 505 ");
}

static void test_large_heads_are_refused(void **state)
{
    static char text[100000];
    int len = snprintf(text, sizeof(text), "GET /now HTTP/1.1\r\n" HOST "A: ");
    memset(text + len, 'x', 20000);
    snprintf(text + len + 20000, 10, "\r\n\r\n");
    expect(*state, text, "HTTP/1.1 431 ");
    memset(text + len, 'x', 80000);
    snprintf(text + len + 80000, 10, "\r\n\r\n");
    expect(*state, text, "HTTP/1.1 431 ");
    len = snprintf(text, sizeof(text), "GET /");
    memset(text + len, 'x', 9000);
    snprintf(text + len + 9000, 100, " HTTP/1.1\r\n" HOST "\r\n");
    expect(*state, text, "HTTP/1.1 414 ");
    memset(text + len, 'x', 90000);
    expect(*state, text, "HTTP/1.1 414 ");
}

static void test_largest_head_passes(void **state)
{
    char text[GUARD_HEAD_MAX + 1];
    int len = snprintf(text, sizeof(text), "GET /things/x?q=");
    memset(text + len, 'y', 8000);
    len += 8000;
    len += snprintf(text + len, sizeof(text) - (size_t)len, " HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 48; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, "A%d: 1\r\n", i);
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "B: ");
    size_t rest = sizeof(text) - 1 - strlen("\r\n\r\n") - (size_t)len;
    memset(text + len, 'z', rest);
    snprintf(text + len + rest, 5, "\r\n\r\n");
    assert_int_equal(strlen(text), GUARD_HEAD_MAX);
    expect(*state, text, "HTTP/1.1 200 ");
}

static void test_announced_large_body_is_refused_before_it_comes(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\n";
    say(f, fd, text, strlen(text));
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    assert_true(str_starts(answer, "HTTP/1.1 413 "));
    assert_non_null(strstr(answer, "server.body_max"));
    assert_non_null(strstr(answer, "Connection: close"));
}

static void test_sender_of_a_large_body_still_hears_the_answer(void **state)
{
    static char text[3000000];
    snprintf(text, sizeof(text), "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2900000\r\n\r\n");
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, sizeof(text));
    assert_true(str_starts(answer, "HTTP/1.1 413 "));
}

static void test_chunked_body_is_stopped_at_the_limit(void **state)
{
    struct fixture *f = *state;
    static char text[400200];
    int len =
        snprintf(text, sizeof(text),
                 "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%x\r\n", 400000);
    memset(text + len, 'x', 400000);
    AUTO(mem_freep) char *answer = exchange_bytes(f, text, (size_t)len + 400000);
    assert_true(str_starts(answer, "HTTP/1.1 413 "));
    assert_int_equal(f->handled, 0);
}

static void test_largest_body_passes(void **state)
{
    static char text[BODY_MAX + 200];
    int len = snprintf(text, sizeof(text),
                       "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", BODY_MAX);
    memset(text + len, 'y', BODY_MAX);
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, (size_t)len + BODY_MAX);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_true(str_ends(answer, "yyyyyyyyyy"));
}

static void test_expect_continue_is_answered(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char head[] =
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    say(f, fd, head, strlen(head));
    AUTO(mem_freep) char *go_on = hear(f, fd, &in);
    assert_string_equal(go_on, "HTTP/1.1 100 Continue\r\n\r\n");
    say(f, fd, "body", 4);
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    assert_true(str_ends(answer, "\r\n\r\nbody"));
}

static void test_before_refuses_and_the_connection_goes_on(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] =
        "POST /echo HTTP/1.1\r\n" HOST "X-Refuse: 1\r\nContent-Length: 4\r\n\r\nbody"
        "GET /now HTTP/1.1\r\n" HOST "\r\n";
    say(f, fd, text, strlen(text));
    AUTO(mem_freep) char *first = hear(f, fd, &in);
    assert_true(str_starts(first, "HTTP/1.1 415 "));
    AUTO(mem_freep) char *second = hear(f, fd, &in);
    assert_true(str_ends(second, "\r\n\r\nnow"));
}

static void test_routing_tells_404_405_and_options(void **state)
{
    expect(*state, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ");
    expect(*state, "GET /%6eow HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ");
    expect(*state, "PUT /now HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "HTTP/1.1 405 ");
    static const char text[] = "OPTIONS /things/x HTTP/1.1\r\n" HOST "\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, strlen(text));
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer, "\r\nAllow: GET,HEAD,DELETE\r\n"));
    assert_true(str_ends(answer, "\r\n\r\nGET,HEAD,DELETE"));
}

static void test_params_and_query_reach_the_handler(void **state)
{
    static const char text[] = "DELETE /things/c%2B%2B?q=a+b%21 HTTP/1.1\r\n" HOST "\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, strlen(text));
    assert_true(str_ends(answer, "\r\n\r\nDELETE c++ a b!"));
}

static void test_head_has_no_body(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    static const char text[] = "HEAD /now HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    say(f, fd, text, strlen(text));
    AUTO(buf_done) struct buf in = {0};
    bool ended = false;
    while (!ended) {
        if (!client_hear_some(fd, &in, &ended) && !ended) {
            step(f);
        }
    }
    assert_true(str_starts(in.data, "HTTP/1.1 200 "));
    assert_non_null(strstr(in.data, "\r\nContent-Length: 3\r\n"));
    assert_true(str_ends(in.data, "\r\n\r\n"));
}

static void test_known_etag_gives_304(void **state)
{
    static const char first[] = "GET /now HTTP/1.1\r\n" HOST "\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(*state, first, strlen(first));
    const char *tag = strstr(answer, "\r\nETag: W/\"3-");
    assert_non_null(tag);
    char text[300];
    snprintf(text, sizeof(text), "GET /now HTTP/1.1\r\n" HOST "If-None-Match: \"x\", %.*s\r\n\r\n",
             (int)strcspn(tag + 8, "\r"), tag + 8);
    expect(*state, text, "HTTP/1.1 304 ");
    snprintf(text, sizeof(text), "GET /now HTTP/1.1\r\n" HOST "If-None-Match: \"x\"\r\n\r\n");
    expect(*state, text, "HTTP/1.1 200 ");
}

static void test_foreign_pages_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char host[] = "GET /now HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(f, host, strlen(host));
    assert_true(str_starts(answer, "HTTP/1.1 403 "));
    assert_non_null(strstr(answer, "server.allowed_hosts"));
    expect(f, "GET /now HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", "HTTP/1.1 403 ");
    expect(f, "GET http://evil.example/now HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 403 ");
    assert_int_equal(f->handled, 0);
    expect(f, "GET /now HTTP/1.1\r\n" HOST "Origin: http://localhost:5173\r\n\r\n",
           "HTTP/1.1 200 ");
}

static void test_rails_knows_no_405_and_no_options(void **state)
{
    static const char text[] = "PUT /rails HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, strlen(text));
    assert_true(str_starts(answer, "HTTP/1.1 404 "));
    assert_null(strstr(answer, "\r\nAllow:"));
    expect(*state, "OPTIONS /rails HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ");
    expect(*state, "GET //rails.json HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 ");
}

static void test_dialect_may_decide_on_origins_itself(void **state)
{
    static const char foreign[] = "GET /rails HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    AUTO(mem_freep) char *answer = exchange_bytes(*state, foreign, strlen(foreign));
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer, "host 'evil.example' is not served here"));
    static const char own[] = "GET /rails?a=%31&b HTTP/1.1\r\n" HOST "\r\n";
    AUTO(mem_freep) char *query = exchange_bytes(*state, own, strlen(own));
    assert_true(str_ends(query, "\r\n\r\na=%31&b"));
}

static void test_gzip_body_is_inflated(void **state)
{
    /* gzip -9n of "hello" */
    static const unsigned char packed[] = {0x1f, 0x8b, 8,    0,    0,    0,    0, 0, 2,
                                           3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86,
                                           0xa6, 0x10, 0x36, 5,    0,    0,    0};
    char text[300];
    int len = snprintf(text, sizeof(text),
                       "POST /echo HTTP/1.1\r\n" HOST
                       "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                       sizeof(packed));
    memcpy(text + len, packed, sizeof(packed));
    AUTO(mem_freep) char *answer = exchange_bytes(*state, text, (size_t)len + sizeof(packed));
    assert_true(str_ends(answer, "\r\n\r\nhello"));
    expect(*state,
           "POST /echo HTTP/1.1\r\n" HOST
           "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 400 ");
    expect(*state,
           "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 415 ");
}

static void test_quiesce_answers_what_is_under_way_and_ends_the_rest(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int idle = dial(f);
    AUTO(fd_closep) int busy = dial(f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] = "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
    say(f, busy, text, strlen(text));
    while (f->waiting == NULL) {
        step(f);
    }
    http_server_quiesce(f->server);
    assert_true(heard_end(f, idle));
    answer_text(f->waiting, 200, "last");
    AUTO(mem_freep) char *answer = hear(f, busy, &in);
    assert_true(str_ends(answer, "last"));
    assert_non_null(strstr(answer, "Connection: close"));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&f->address.sa, f->address.len), -1);
    close(fd);
}

static void test_slow_request_times_out(void **state)
{
    (void)state;
    struct fixture f;
    struct http_config config = config_make();
    config.header_timeout_s = 1;
    fixture_start(&f, &config);
    AUTO(fd_closep) int head = dial(&f);
    AUTO(fd_closep) int body = dial(&f);
    AUTO(buf_done) struct buf in = {0};
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx";
    say(&f, head, "GET /now HT", 11);
    say(&f, body, text, strlen(text));
    AUTO(mem_freep) char *first = hear(&f, head, &in);
    assert_true(str_starts(first, "HTTP/1.1 408 "));
    buf_clear(&in);
    AUTO(mem_freep) char *second = hear(&f, body, &in);
    assert_true(str_starts(second, "HTTP/1.1 408 "));
    fixture_done(&f);
}

static void test_busy_address_is_an_error_or_skipped(void **state)
{
    struct fixture *f = *state, second;
    struct err e = {0};
    struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes), before, error, f};
    const struct http_dialect *const dialects[] = {&d};
    const char *listen[] = {"127.0.0.1:0", http_server_addresses(f->server)[0], NULL};
    struct http_config config = config_make();
    config.listen = listen;
    config.listen_optional_from = 2;
    assert_int_equal(http_server_new(f->loop, &config, dialects, 1, NULL, &second.server, &e),
                     -ERR_BUSY);
    assert_non_null(strstr(e.text, listen[1]));

    config.listen_optional_from = 1;
    assert_int_equal(http_server_new(f->loop, &config, dialects, 1, NULL, &second.server, &e), 0);
    assert_int_equal(strv_len(http_server_addresses(second.server)), 1);
    http_server_free(second.server);
}

/* The first bytes of the answer to "POST /large", whose rest nobody reads. */
static char *large_begins(struct fixture *f, int fd)
{
    static const char text[] = "POST /large HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
    struct buf in = {0};
    bool ended = false;
    say(f, fd, text, strlen(text));
    while (in.len == 0 && !ended) {
        if (!client_hear_some(fd, &in, &ended)) {
            step(f);
        }
    }
    return buf_take(&in);
}

static void test_large_answers_that_nobody_reads_are_bounded(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int slow = dial(f);
    AUTO(mem_freep) char *first = large_begins(f, slow);
    assert_true(str_starts(first, "HTTP/1.1 200 "));
    AUTO(fd_closep) int other = dial(f);
    AUTO(mem_freep) char *second = large_begins(f, other);
    assert_true(str_starts(second, "HTTP/1.1 503 "));
    assert_non_null(strstr(second, "\r\nRetry-After: 1\r\n"));
    expect(f, "GET /now HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 ");
    fd_closep(&slow);
    fd_closep(&other);
    while (http_server_open_requests(f->server) > 0) {
        step(f);
    }
    AUTO(fd_closep) int third_fd = dial(f);
    AUTO(mem_freep) char *third = large_begins(f, third_fd);
    assert_true(str_starts(third, "HTTP/1.1 200 "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- bodies that are given on --- */

static char *sink_request(const char *path, size_t len)
{
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", path, len);
    memset(buf_reserve(&text, len), 'x', len);
    buf_commit(&text, len);
    return buf_take(&text);
}

static void test_sink_gets_more_than_a_body_may_have(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *request = sink_request("/sink", SINK_MAX);
    expect(f, request, "HTTP/1.1 200 ");
    assert_int_equal(f->sunk, SINK_MAX);
    assert_int_equal(f->gone, 0);
}

static void test_sink_of_too_much_is_gone(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *request = sink_request("/sink", SINK_MAX + 1);
    expect(f, request, "HTTP/1.1 413 ");
    assert_int_equal(f->gone, 1);
}

static void test_sink_may_answer_in_the_middle(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *request = sink_request("/sink", SINK_MAX);
    *strstr(request, "xxx") = '!';
    expect(f, request, "HTTP/1.1 507 ");
    assert_true(f->sunk < SINK_MAX);
    assert_int_equal(f->gone, 0);
}

static void test_sink_hears_of_a_client_that_left(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *request = sink_request("/sink", 1000);
    int fd = dial(f);
    say(f, fd, request, strlen(request) - 1);
    while (f->sunk == 0) {
        step(f);
    }
    close(fd);
    while (f->gone == 0 || http_server_open_requests(f->server) > 0) {
        step(f);
    }
    assert_int_equal(f->gone, 1);
}

static void test_held_body_is_read_when_it_is_asked_for(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    AUTO(mem_freep) char *request = sink_request("/held", 100000);
    say(f, fd, request, strlen(request));
    while (f->waiting == NULL) {
        step(f);
    }
    step(f);
    f->sinking = TAKE(&f->waiting, NULL);
    sink_read(f);
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    if (!str_ends(answer, "\r\n\r\n100000")) {
        fail_msg("%s", answer);
    }
}

static void test_held_request_may_be_answered_without_its_body(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = dial(f);
    AUTO(buf_done) struct buf in = {0};
    AUTO(mem_freep) char *request = sink_request("/held", 100000);
    say(f, fd, request, strlen(request));
    while (f->waiting == NULL) {
        step(f);
    }
    answer_text(TAKE(&f->waiting, NULL), 503, "no");
    AUTO(mem_freep) char *answer = hear(f, fd, &in);
    assert_true(str_starts(answer, "HTTP/1.1 503 "));
    assert_int_equal(f->gone, 0);
}

static void test_held_request_hears_of_a_client_that_left(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *request = sink_request("/held", 10);
    int fd = dial(f);
    say(f, fd, request, strlen(request) - 1);
    while (f->waiting == NULL) {
        step(f);
    }
    close(fd);
    while (f->gone == 0 || http_server_open_requests(f->server) > 0) {
        step(f);
    }
    assert_int_equal(f->gone, 1);
}

static void test_head_route_may_answer_or_take_the_whole(void **state)
{
    struct fixture *f = *state;
    expect(f, "POST /head HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none", "HTTP/1.1 200 ");
    expect(f, "POST /whole HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none", "HTTP/1.1 200 ");
    expect(f, "POST /head HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "HTTP/1.1 200 ");
    AUTO(mem_freep) char *large_request = sink_request("/whole", BODY_MAX + 1);
    expect(f, large_request, "HTTP/1.1 413 ");
    expect(f,
           "POST /sink HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\none",
           "HTTP/1.1 415 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get_is_answered_with_an_id),
        TEST(test_connection_serves_many_requests_even_in_one_packet),
        TEST(test_body_may_be_chunked_or_come_in_pieces),
        TEST(test_waiting_request_is_answered_later),
        TEST(test_sink_gets_more_than_a_body_may_have),
        TEST(test_sink_of_too_much_is_gone),
        TEST(test_sink_may_answer_in_the_middle),
        TEST(test_sink_hears_of_a_client_that_left),
        TEST(test_held_body_is_read_when_it_is_asked_for),
        TEST(test_held_request_may_be_answered_without_its_body),
        TEST(test_held_request_hears_of_a_client_that_left),
        TEST(test_head_route_may_answer_or_take_the_whole),
        TEST(test_client_that_closes_is_gone),
        TEST(test_client_that_resets_is_gone),
        cmocka_unit_test_setup_teardown(test_client_that_closes_its_half_while_it_waits_is_gone,
                                        setup, teardown),
        TEST(test_client_that_closed_its_half_before_hears_an_immediate_answer),
        TEST(test_end_is_seen_behind_an_unfinished_request),
        TEST(test_end_is_seen_by_a_request_that_came_with_it),
        TEST(test_free_tells_those_who_wait),
        TEST(test_smuggling_never_reaches_a_handler),
        TEST(test_nul_in_a_head_is_refused),
        TEST(test_bad_chunks_are_refused),
        TEST(test_what_is_no_http_gets_an_answer),
        TEST(test_large_heads_are_refused),
        TEST(test_largest_head_passes),
        TEST(test_announced_large_body_is_refused_before_it_comes),
        TEST(test_sender_of_a_large_body_still_hears_the_answer),
        TEST(test_chunked_body_is_stopped_at_the_limit),
        TEST(test_largest_body_passes),
        TEST(test_expect_continue_is_answered),
        TEST(test_before_refuses_and_the_connection_goes_on),
        TEST(test_routing_tells_404_405_and_options),
        TEST(test_params_and_query_reach_the_handler),
        TEST(test_head_has_no_body),
        TEST(test_known_etag_gives_304),
        TEST(test_foreign_pages_are_refused),
        TEST(test_rails_knows_no_405_and_no_options),
        TEST(test_dialect_may_decide_on_origins_itself),
        TEST(test_gzip_body_is_inflated),
        cmocka_unit_test_setup_teardown(test_quiesce_answers_what_is_under_way_and_ends_the_rest,
                                        setup, teardown),
        TEST(test_slow_request_times_out),
        TEST(test_busy_address_is_an_error_or_skipped),
        TEST(test_large_answers_that_nobody_reads_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
