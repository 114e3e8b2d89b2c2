/* SPDX-License-Identifier: Apache-2.0 */
/* What `before` and handlers see of a request. */
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
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client.h"
#include "http/address.h"
#include "http/http.h"
#include "metrics/metrics.h"

#define HOST "Host: localhost\r\n"

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct metrics *metrics;
    struct address address;
    unsigned data_ended;
    bool before_answers;
    struct http_request *waiting;
};

static void data_done(void *data)
{
    struct fixture *f = data;
    f->data_ended++;
}

static void answer_text(struct http_request *r, const char *text)
{
    http_respond(r, 200, "text/plain", xstrdup(text), strlen(text));
}

static bool before(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    http_set_data(r, f, data_done);
    if (f->before_answers) {
        const struct http_route *route = http_route(r);
        answer_text(r, route != NULL ? route->path : "none");
    }
    return f->before_answers;
}

static void error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    http_respond(r, status, "text/plain", xstrdup(text), strlen(text));
}

static void show_client(struct http_request *r, void *ctx)
{
    assert_ptr_equal(http_data(r), ctx);
    answer_text(r, http_client(r));
}

static void keep_data(struct http_request *r, void *ctx)
{
    assert_ptr_equal(http_take_data(r), ctx);
    assert_null(http_data(r));
    answer_text(r, "kept");
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

static const struct http_route routes[] = {
    {HTTP_GET, "/client", show_client, 0, ""},
    {HTTP_GET, "/keep", keep_data, 0, ""},
    {HTTP_GET, "/wait", wait_here, 0, ""},
    {HTTP_GET, "/things/{id}", show_client, 0, ""},
};
static const char *const prefixes[] = {"/", NULL};

static int setup(void **state)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    static const char *const none[] = {NULL};
    static const char *const proxies[] = {"127.0.0.0/8", NULL};
    struct fixture *f = *state = xcalloc(1, sizeof(*f));
    struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes), before, error, f, 0};
    const struct http_dialect *const dialects[] = {&d};
    struct err e = {0};
    f->metrics = metrics_new();
    const struct http_config config = {
        .listen = listen,
        .listen_optional_from = 1,
        .body_max = 1000,
        .connections_max = 100,
        .header_timeout_s = 20,
        .keep_alive_s = 20,
        .allowed_hosts = none,
        .trusted_proxies = proxies,
        .metrics = f->metrics,
    };
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(http_server_new(f->loop, &config, dialects, 1, NULL, &f->server, &e), 0);
    return address_parse(http_server_addresses(f->server)[0], &f->address, &e);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    metrics_free(f->metrics);
    loop_free(f->loop);
    free(f);
    return 0;
}

static char *exchange(struct fixture *f, const char *request)
{
    AUTO(fd_closep) int fd = client_dial(&f->address);
    AUTO(buf_done) struct buf in = {0};
    client_say(f->loop, fd, request, strlen(request));
    return client_hear(f->loop, fd, &in);
}

static void expect(struct fixture *f, const char *request, const char *body)
{
    AUTO(mem_freep) char *answer = exchange(f, request);
    AUTO(mem_freep) char *end = xasprintf("\r\n\r\n%s", body);
    if (!str_ends(answer, end)) {
        fail_msg("for: %s\nwanted: %s\ngot: %s", request, body, answer);
    }
}

static void test_before_knows_the_route(void **state)
{
    struct fixture *f = *state;
    f->before_answers = true;
    expect(f, "GET /things/7 HTTP/1.1\r\n" HOST "\r\n", "/things/{id}");
    expect(f, "GET /elsewhere HTTP/1.1\r\n" HOST "\r\n", "none");
    expect(f, "DELETE /client HTTP/1.1\r\n" HOST "\r\n", "none");
    expect(f, "OPTIONS /client HTTP/1.1\r\n" HOST "\r\n", "none");
}

static void test_data_of_before_ends_with_the_request(void **state)
{
    struct fixture *f = *state;
    expect(f, "GET /client HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "127.0.0.1");
    while (http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    assert_int_equal(f->data_ended, 1);
}

static void test_data_that_was_taken_does_not_end(void **state)
{
    struct fixture *f = *state;
    expect(f, "GET /keep HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "kept");
    while (http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    assert_int_equal(f->data_ended, 0);
}

static void test_data_of_a_client_that_leaves_ends_too(void **state)
{
    struct fixture *f = *state;
    static const char request[] = "GET /wait HTTP/1.1\r\n" HOST "\r\n";
    int fd = client_dial(&f->address);
    client_say(f->loop, fd, request, strlen(request));
    while (f->waiting == NULL) {
        client_step(f->loop);
    }
    fd_close(fd);
    while (http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    assert_null(f->waiting);
    assert_int_equal(f->data_ended, 1);
}

static void test_client_is_as_a_trusted_proxy_tells_it(void **state)
{
    struct fixture *f = *state;
    expect(f, "GET /client HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n\r\n", "192.0.2.1");
    expect(f, "GET /client HTTP/1.1\r\n" HOST "X-Real-IP: 192.0.2.1\r\n\r\n", "192.0.2.1");
    expect(f, "GET /client HTTP/1.1\r\n" HOST "X-Forwarded-For: nonsense\r\n\r\n", "127.0.0.1");
}

static void test_several_fields_of_hops_are_one_list(void **state)
{
    struct fixture *f = *state;
    expect(f,
           "GET /client HTTP/1.1\r\n" HOST
           "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2, 127.0.0.1\r\n\r\n",
           "192.0.2.2");
}

static void expect_metric(struct fixture *f, const char *line)
{
    AUTO(buf_done) struct buf text = {0};
    metrics_write(f->metrics, &text);
    if (strstr(text.data, line) == NULL) {
        fail_msg("no '%s' in\n%s", line, text.data);
    }
}

static void test_requests_are_counted_by_route_and_status(void **state)
{
    struct fixture *f = *state;
    expect(f, "GET /things/7 HTTP/1.1\r\n" HOST "\r\n", "127.0.0.1");
    expect(f, "GET /things/8 HTTP/1.1\r\n" HOST "\r\n", "127.0.0.1");
    expect(f, "GET /elsewhere HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "Not Found");
    while (http_server_open_requests(f->server) > 0) {
        client_step(f->loop);
    }
    expect_metric(f, "belljar_http_requests_total{method=\"GET\",route=\"/things/{id}\","
                     "status=\"200\"} 2");
    expect_metric(f, "belljar_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1");
    expect_metric(f, "belljar_http_request_seconds_count{route=\"/things/{id}\"} 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_before_knows_the_route),
        TEST(test_data_of_before_ends_with_the_request),
        TEST(test_data_that_was_taken_does_not_end),
        TEST(test_data_of_a_client_that_leaves_ends_too),
        TEST(test_client_is_as_a_trusted_proxy_tells_it),
        TEST(test_several_fields_of_hops_are_one_list),
        TEST(test_requests_are_counted_by_route_and_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
