/* SPDX-License-Identifier: Apache-2.0 */
/* The client and a server on loopback in one thread; names are those of names.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client/client.h"
#include "names.h"
#include "peer.h"

#define LONG_MS  600000 /* a test that needs it to end hangs, and fails so */
#define SHORT_MS 50     /* of what is to time out */
#define MANY     12

struct outcome {
    unsigned count;
    unsigned status;
    uint64_t retry_after_s;
    struct err err;
};

struct fixture {
    struct loop *loop;
    struct client *client;
    struct peer *peer;
    struct outcome outcome;
};

static const char *const nothing[] = {NULL};
static const char *const test_names[] = {"a.test", "b.test", "127.0.0.1", NULL};

static struct fixture fixture_make(const char *const *allow, unsigned connections_max)
{
    struct fixture f = {0};
    struct err e = {0};
    const struct client_config config = {allow, connections_max};
    assert_int_equal(loop_new(&f.loop, &e), 0);
    assert_int_equal(client_new(f.loop, &config, NULL, &f.client, &e), 0);
    f.peer = peer_new(f.loop);
    return f;
}

static void fixture_done(struct fixture *f)
{
    client_free(f->client);
    peer_free(f->peer);
    loop_free(f->loop);
}

static void step(struct fixture *f)
{
    struct err e = {0};
    assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
}

static void on_done(void *ctx, unsigned status, uint64_t retry_after_s, const struct err *e)
{
    struct outcome *o = ctx;
    o->count++;
    o->status = status;
    o->retry_after_s = retry_after_s;
    o->err = *e;
}

static void await(struct fixture *f, unsigned count)
{
    while (f->outcome.count < count) {
        step(f);
    }
}

static void await_waiting(struct fixture *f, size_t count)
{
    while (peer_waiting(f->peer) < count) {
        step(f);
    }
}

static struct client_request request_make(const char *url)
{
    return (struct client_request){
        .method = "PUT",
        .url = url,
        .body = "{\"a\":1}",
        .body_len = 7,
        .timeout_ms = LONG_MS,
        .redirects_max = 3,
    };
}

static struct client_call *send_to(struct fixture *f, const char *host, const char *path)
{
    AUTO(mem_freep) char *url = peer_url(f->peer, host, path);
    struct client_request r = request_make(url);
    return client_send(f->client, &r, on_done, &f->outcome);
}

static void send_url(struct fixture *f, const char *url)
{
    struct client_request r = request_make(url);
    client_send(f->client, &r, on_done, &f->outcome);
    assert_int_equal(f->outcome.count, 0);
    await(f, 1);
}

static void answer_redirect(struct fixture *f, unsigned status, const char *to)
{
    AUTO(mem_freep) char *field = xasprintf("Location: %s\r\n", to);
    peer_answer_status(f->peer, status, field);
}

/* --- one request --- */

static void send_gives_the_status(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    peer_answer_status(f.peer, 204, "");

    send_to(&f, "127.0.0.1", "/hook?x=1");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 204);
    assert_true(str_starts(peer_request(f.peer, 0), "PUT /hook?x=1 HTTP/1.1\r\n"));
    assert_true(str_ends(peer_request(f.peer, 0), "\r\n\r\n{\"a\":1}"));
}

static void send_adds_the_headers_and_no_others(void **state)
{
    static const char *const headers[] = {"Content-Type: text/x", "X-A: b", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "127.0.0.1", "/");
    AUTO(mem_freep)
    char *expected =
        xasprintf("POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n"
                  "Content-Type: text/x\r\nX-A: b\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
                  peer_port(f.peer));
    struct client_request r = request_make(url);
    r.method = "POST";
    r.headers = headers;
    peer_answer_status(f.peer, 200, "");

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);

    assert_string_equal(peer_request(f.peer, 0), expected);
}

static void send_gives_retry_after(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    peer_answer_status(f.peer, 429, "Retry-After: 17\r\n");

    send_to(&f, "127.0.0.1", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 429);
    assert_int_equal(f.outcome.retry_after_s, 17);
}

static void send_passes_over_interim_answers(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    peer_answer(f.peer, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                        "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

    send_to(&f, "127.0.0.1", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 201);
}

static void send_without_an_answer_is_an_error(void **state)
{
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-",
                                          "HTTP/1.1 103 Early Hints\r\n\r\n", "nonsense\r\n\r\n"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
        peer_answer(f.peer, answers[i]);

        send_to(&f, "127.0.0.1", "/secret");
        await(&f, 1);

        assert_int_equal(f.outcome.status, 0);
        assert_int_equal(f.outcome.err.kind, ERR_IO);
        assert_true(str_starts(f.outcome.err.text, "127.0.0.1: "));
        assert_null(strstr(f.outcome.err.text, "secret"));
    }
}

static void send_to_a_closed_port_is_an_error(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "127.0.0.1", "/");
    peer_free(TAKE(&f.peer, NULL));

    send_url(&f, url);

    assert_int_equal(f.outcome.status, 0);
    assert_int_equal(f.outcome.err.kind, ERR_IO);
}

static void send_to_one_that_hangs_times_out(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "127.0.0.1", "/");
    struct client_request r = request_make(url);
    r.timeout_ms = SHORT_MS;

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);

    assert_int_equal(f.outcome.status, 0);
    assert_int_equal(f.outcome.err.kind, ERR_IO);
}

/* An answer is one from its head on, whatever becomes of its body. */
static void send_needs_no_whole_body(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "127.0.0.1", "/");
    struct client_request r = request_make(url);
    r.timeout_ms = SHORT_MS;
    peer_keep_open(f.peer);
    peer_answer(f.peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive ");

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);

    assert_int_equal(f.outcome.status, 200);
}

static void send_stops_reading_a_long_body(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep)
    char *answer = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%0100000d", 1);
    peer_keep_open(f.peer);
    peer_answer(f.peer, answer);

    send_to(&f, "127.0.0.1", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 200);
}

static void send_stops_reading_a_long_head(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *line = xasprintf("X: %0990d\r\n", 1);
    char **lines = NULL;
    strv_add(&lines, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 70; i++) {
        strv_add(&lines, line);
    }
    AUTO(mem_freep) char *answer = strv_join(lines, "");
    strv_free(lines);
    peer_keep_open(f.peer);
    peer_answer(f.peer, answer);

    send_to(&f, "127.0.0.1", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 0);
}

static void send_refuses_bad_urls_and_headers(void **state)
{
    static const char *const split[] = {"X: a\r\nY: b", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    struct client_request r = request_make("file:///etc/passwd");
    client_send(f.client, &r, on_done, &f.outcome);
    assert_int_equal(f.outcome.count, 0);
    await(&f, 1);
    assert_int_equal(f.outcome.status, 0);
    assert_int_equal(f.outcome.err.kind, ERR_INVALID);

    r = request_make("http://a.test/");
    r.headers = split;
    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 2);
    assert_int_equal(f.outcome.err.kind, ERR_INVALID);
}

/* --- where it may go --- */

static void send_refuses_addresses_that_are_not_public(void **state)
{
    static const char *const hosts[] = {
        "127.0.0.1",       "localhost",          "LOCALHOST",
        "x.localhost",     "2130706433",         "0x7f.1",
        "[::1]",           "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
        "169.254.169.254", "metadata.test",      "0",
        "a.test",          "user@127.0.0.1",     "[fe80::1]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        AUTO(fixture_done) struct fixture f = fixture_make(nothing, 4);

        send_to(&f, hosts[i], "/secret");
        await(&f, 1);

        if (f.outcome.status != 0 || f.outcome.err.kind != ERR_DENIED) {
            fail_msg("%s: %s", hosts[i], f.outcome.err.text);
        }
        assert_null(strstr(f.outcome.err.text, "secret"));
        assert_int_equal(peer_requests(f.peer), 0);
    }
}

static void send_goes_where_it_is_allowed(void **state)
{
    static const struct {
        const char *entry, *host;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.0.0.0/8", "a.test"},
        {"a.test", "a.test"},
        {"A.Test", "a.TEST"},
        {"*", "a.test"},
        {"127.0.0.1", "localhost"},
        {"localhost", "localhost"},
        {"127.0.0.1", "[::ffff:127.0.0.1]"},
        {"127.0.0.1", "2130706433"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const allow[] = {rows[i].entry, NULL};
        AUTO(fixture_done) struct fixture f = fixture_make(allow, 4);
        peer_answer_status(f.peer, 200, "");

        send_to(&f, rows[i].host, "/");
        await(&f, 1);

        if (f.outcome.status != 200) {
            fail_msg("%s for %s: %s", rows[i].host, rows[i].entry, f.outcome.err.text);
        }
    }
}

static void send_uses_the_allowed_ones_of_several_addresses(void **state)
{
    static const char *const allow[] = {"127.0.0.1", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(allow, 4);
    peer_answer_status(f.peer, 200, "");

    send_to(&f, "mixed.test", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 200);
}

/* Nothing of the first is left that the second could go through. */
static void send_judges_each_request_anew(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    peer_keep_open(f.peer);
    peer_answer_status(f.peer, 200, "");
    peer_answer_status(f.peer, 200, "");
    send_to(&f, "a.test", "/");
    await(&f, 1);
    assert_int_equal(f.outcome.status, 200);

    send_to(&f, "metadata.test", "/");
    await(&f, 2);

    assert_int_equal(f.outcome.err.kind, ERR_DENIED);
    assert_int_equal(peer_requests(f.peer), 1);
}

static void send_does_not_look_at_the_environment(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    setenv("http_proxy", "http://169.254.169.254:1/", 1);
    setenv("all_proxy", "http://169.254.169.254:1/", 1);
    peer_answer_status(f.peer, 200, "");

    send_to(&f, "127.0.0.1", "/");
    await(&f, 1);

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    assert_int_equal(f.outcome.status, 200);
}

static void send_to_an_unknown_name_is_an_error(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);

    send_to(&f, "nowhere.test", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 0);
    assert_int_equal(f.outcome.err.kind, ERR_IO);
    assert_string_equal(f.outcome.err.text, "nowhere.test: Could not resolve host: nowhere.test");
}

/* The lookup goes on behind it: the loop must not wait for it, nor must the end of the client. */
static void send_times_out_while_a_lookup_hangs(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "hang.test", "/");
    struct client_request r = request_make(url);
    r.timeout_ms = SHORT_MS;

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);
    assert_int_equal(f.outcome.err.kind, ERR_IO);
    send_to(&f, "hang.test", "/");
    step(&f);

    client_free(TAKE(&f.client, NULL));
    names_release();
}

/* --- redirects --- */

static void redirect_is_followed_with_method_and_body(void **state)
{
    static const unsigned statuses[] = {301, 302, 307, 308};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
        answer_redirect(&f, statuses[i], "/there");
        peer_answer_status(f.peer, 200, "");

        send_to(&f, "127.0.0.1", "/");
        await(&f, 1);

        assert_int_equal(f.outcome.status, 200);
        assert_true(str_starts(peer_request(f.peer, 1), "PUT /there HTTP/1.1\r\n"));
        assert_true(str_ends(peer_request(f.peer, 1), "{\"a\":1}"));
    }
}

static void redirect_303_becomes_a_get(void **state)
{
    static const char *const headers[] = {"Content-Type: text/x", "X-A: b", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "127.0.0.1", "/");
    struct client_request r = request_make(url);
    r.headers = headers;
    answer_redirect(&f, 303, "/there");
    peer_answer_status(f.peer, 200, "");

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);

    assert_int_equal(f.outcome.status, 200);
    assert_true(str_starts(peer_request(f.peer, 1), "GET /there HTTP/1.1\r\n"));
    assert_true(str_ends(peer_request(f.peer, 1), "X-A: b\r\n\r\n"));
    assert_null(strstr(peer_request(f.peer, 1), "Content-"));
}

static void redirect_to_a_refused_address_is_refused(void **state)
{
    static const char *const targets[] = {"http://metadata.test/latest/meta-data/",
                                          "http://169.254.169.254/", "//[::1]/"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
        answer_redirect(&f, 302, targets[i]);

        send_to(&f, "a.test", "/");
        await(&f, 1);

        assert_int_equal(f.outcome.status, 0);
        assert_int_equal(f.outcome.err.kind, ERR_DENIED);
    }
}

/* That a.test may be at a loopback address does not open that address to other names. */
static void redirect_from_an_allowed_name_to_its_address_is_refused(void **state)
{
    static const char *const allow[] = {"a.test", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(allow, 4);
    AUTO(mem_freep) char *there = peer_url(f.peer, "127.0.0.1", "/");
    answer_redirect(&f, 302, there);
    peer_answer_status(f.peer, 200, "");

    send_to(&f, "a.test", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.err.kind, ERR_DENIED);
    assert_int_equal(peer_requests(f.peer), 1);
}

static void redirect_to_other_schemes_is_refused(void **state)
{
    static const char *const targets[] = {"file:///etc/passwd", "gopher://127.0.0.1:1/x",
                                          "ftp://a.test/"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
        answer_redirect(&f, 302, targets[i]);

        send_to(&f, "a.test", "/");
        await(&f, 1);

        assert_int_equal(f.outcome.status, 0);
        assert_int_equal(f.outcome.err.kind, ERR_INVALID);
    }
}

static void redirects_end_at_the_most(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    for (int i = 0; i < 10; i++) {
        answer_redirect(&f, 302, "/again");
    }

    send_to(&f, "a.test", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 302);
    assert_int_equal(peer_requests(f.peer), 4);
}

static void redirect_tells_credentials_to_no_other_host(void **state)
{
    static const char *const headers[] = {"authorization: Bearer t0ken", "Cookie: t0ken", NULL};
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "user:pass@a.test", "/");
    AUTO(mem_freep) char *there = peer_url(f.peer, "b.test", "/");
    struct client_request r = request_make(url);
    answer_redirect(&f, 302, "/here");
    answer_redirect(&f, 302, there);
    peer_answer_status(f.peer, 200, "");
    r.headers = headers;

    client_send(f.client, &r, on_done, &f.outcome);
    await(&f, 1);

    assert_non_null(strstr(peer_request(f.peer, 0), "t0ken"));
    assert_non_null(strstr(peer_request(f.peer, 1), "t0ken"));
    assert_null(strstr(peer_request(f.peer, 2), "t0ken"));
    assert_null(strcasestr(peer_request(f.peer, 2), "authorization"));
}

static void redirect_without_a_place_is_the_answer(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    peer_answer_status(f.peer, 302, "");

    send_to(&f, "a.test", "/");
    await(&f, 1);

    assert_int_equal(f.outcome.status, 302);
}

/* --- many --- */

static void many_are_under_way_up_to_the_most(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 8);
    for (int i = 0; i < MANY; i++) {
        send_to(&f, i % 2 ? "a.test" : "b.test", "/");
    }
    await_waiting(&f, 4); /* two hosts, two each */
    for (int i = 0; i < MANY; i++) {
        peer_answer_status(f.peer, 200, "");
    }

    await(&f, MANY);

    assert_int_equal(peer_waiting_most(f.peer), 4);
    assert_int_equal(peer_requests(f.peer), MANY);
}

static void many_to_a_host_that_hangs_delay_no_other(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    struct peer *quick = peer_new(f.loop);
    AUTO(mem_freep) char *url = peer_url(quick, "b.test", "/");
    peer_answer_status(quick, 200, "");
    for (int i = 0; i < MANY; i++) {
        send_to(&f, "a.test", "/");
    }

    send_url(&f, url);

    assert_int_equal(f.outcome.status, 200);
    peer_free(quick);
}

/* --- the end --- */

static void cancel_drops_a_call_at_any_moment(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 1);
    struct client_call *first = send_to(&f, "a.test", "/");
    await_waiting(&f, 1);
    struct client_call *waiting = send_to(&f, "a.test", "/");
    struct client_request bad = request_make("nonsense");
    struct client_call *ended = client_send(f.client, &bad, on_done, &f.outcome);

    client_cancel(NULL);
    client_cancel(ended);
    client_cancel(waiting);
    client_cancel(first);
    peer_answer_status(f.peer, 200, ""); /* perhaps taken by the connection of the first */
    peer_answer_status(f.peer, 200, "");
    send_to(&f, "a.test", "/last");
    await(&f, 1);

    assert_int_equal(f.outcome.count, 1);
    assert_true(str_starts(peer_request(f.peer, 1), "PUT /last "));
}

static void free_drops_what_is_under_way(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    for (int i = 0; i < MANY; i++) {
        send_to(&f, i % 2 ? "a.test" : "b.test", "/");
    }
    await_waiting(&f, 2);
    struct client_request bad = request_make("nonsense");
    client_send(f.client, &bad, on_done, &f.outcome);

    client_free(TAKE(&f.client, NULL));

    assert_int_equal(f.outcome.count, 0);
}

static void on_done_free(void *ctx, unsigned status, uint64_t retry_after_s, const struct err *e)
{
    struct fixture *f = ctx;
    client_free(TAKE(&f->client, NULL));
    on_done(&f->outcome, status, retry_after_s, e);
}

static void free_from_its_own_callback_is_fine(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);
    AUTO(mem_freep) char *url = peer_url(f.peer, "a.test", "/");
    struct client_request r = request_make(url);
    for (int i = 0; i < 3; i++) {
        client_send(f.client, &r, on_done_free, &f);
    }
    peer_answer_status(f.peer, 200, "");

    await(&f, 1);

    assert_null(f.client);
    assert_int_equal(f.outcome.count, 1);
}

static size_t entries_in(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static void new_makes_neither_descriptors_nor_threads(void **state)
{
    (void)state;
    size_t fds = entries_in("/proc/self/fd"), tasks = entries_in("/proc/self/task");
    AUTO(fixture_done) struct fixture f = fixture_make(test_names, 4);

    assert_int_equal(entries_in("/proc/self/fd"), fds + 2); /* the loop's, and the peer's */
    assert_int_equal(entries_in("/proc/self/task"), tasks);
}

static void new_names_a_bad_entry(void **state)
{
    static const char *const allow[] = {"10.0.0.0/99", NULL};
    const struct client_config config = {allow, 4};
    struct client *client = NULL;
    struct err e = {0};
    (void)state;

    assert_int_equal(client_new(NULL, &config, NULL, &client, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "'10.0.0.0/99'"));
}

static void host_of_is_the_host_alone(void **state)
{
    (void)state;
    AUTO(mem_freep) char *host = client_host_of("https://user:secret@a.test:1/secret");
    AUTO(mem_freep) char *none = client_host_of("secret");

    assert_string_equal(host, "a.test");
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_makes_neither_descriptors_nor_threads),
        cmocka_unit_test(new_names_a_bad_entry),
        cmocka_unit_test(send_gives_the_status),
        cmocka_unit_test(send_adds_the_headers_and_no_others),
        cmocka_unit_test(send_gives_retry_after),
        cmocka_unit_test(send_passes_over_interim_answers),
        cmocka_unit_test(send_without_an_answer_is_an_error),
        cmocka_unit_test(send_to_a_closed_port_is_an_error),
        cmocka_unit_test(send_to_one_that_hangs_times_out),
        cmocka_unit_test(send_needs_no_whole_body),
        cmocka_unit_test(send_stops_reading_a_long_body),
        cmocka_unit_test(send_stops_reading_a_long_head),
        cmocka_unit_test(send_refuses_bad_urls_and_headers),
        cmocka_unit_test(send_refuses_addresses_that_are_not_public),
        cmocka_unit_test(send_goes_where_it_is_allowed),
        cmocka_unit_test(send_uses_the_allowed_ones_of_several_addresses),
        cmocka_unit_test(send_judges_each_request_anew),
        cmocka_unit_test(send_does_not_look_at_the_environment),
        cmocka_unit_test(send_to_an_unknown_name_is_an_error),
        cmocka_unit_test(send_times_out_while_a_lookup_hangs),
        cmocka_unit_test(redirect_is_followed_with_method_and_body),
        cmocka_unit_test(redirect_303_becomes_a_get),
        cmocka_unit_test(redirect_to_a_refused_address_is_refused),
        cmocka_unit_test(redirect_from_an_allowed_name_to_its_address_is_refused),
        cmocka_unit_test(redirect_to_other_schemes_is_refused),
        cmocka_unit_test(redirects_end_at_the_most),
        cmocka_unit_test(redirect_tells_credentials_to_no_other_host),
        cmocka_unit_test(redirect_without_a_place_is_the_answer),
        cmocka_unit_test(many_are_under_way_up_to_the_most),
        cmocka_unit_test(many_to_a_host_that_hangs_delay_no_other),
        cmocka_unit_test(cancel_drops_a_call_at_any_moment),
        cmocka_unit_test(free_drops_what_is_under_way),
        cmocka_unit_test(free_from_its_own_callback_is_fine),
        cmocka_unit_test(host_of_is_the_host_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
