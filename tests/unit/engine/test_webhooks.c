/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks, the client and somebody's server in one thread; pauses between tries are nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client/client.h"
#include "engine/webhook_sign.h"
#include "engine/webhooks.h"
#include "engine/webhooks_impl.h"
#include "peer.h"

#define LONG_MS  600000 /* a test that needs it to end hangs, and fails so */
#define SHORT_MS 50
#define TRIES    3
#define NOW_S    1674087231

struct fixture {
    struct loop *loop;
    struct client *client;
    struct webhooks *webhooks;
    struct peer *peer;
    struct log log;
    unsigned done, delivered;
};

static uint64_t fixed_ns(void *ctx)
{
    (void)ctx;
    return NOW_S * NS_PER_S + 999;
}

static const struct clock fixed_clock = {fixed_ns, fixed_ns, NULL};
static const char *const loopback[] = {"127.0.0.1", NULL};
static const char *const nothing[] = {NULL};

static struct fixture *fixture_new(const char *const *allow)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    const struct client_config config = {allow, 4};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(client_new(f->loop, &config, NULL, &f->client, &e), 0);
    assert_int_equal(fd_memfd("log", "", 0, false, &f->log.fd, &e), 0);
    f->webhooks = webhooks_new(f->loop, f->client, &f->log);
    f->webhooks->clock = &fixed_clock;
    f->webhooks->base_ns = 0;
    f->peer = peer_new(f->loop);
    f->log.level = LOG_LEVEL_WARN;
    return f;
}

static void fixture_freep(struct fixture **at)
{
    struct fixture *f = *at;
    webhooks_free(f->webhooks);
    client_free(f->client);
    peer_free(f->peer);
    loop_free(f->loop);
    fd_close(f->log.fd);
    free(f);
}

static void on_done(void *ctx, bool delivered)
{
    struct fixture *f = ctx;
    f->done++;
    f->delivered += delivered;
}

static struct webhook webhook_make(const struct fixture *f)
{
    return (struct webhook){
        .id = "msg_1",
        .method = "PUT",
        .url = peer_url(f->peer, "127.0.0.1", "/hook?key=hidden"),
        .content_type = xstrdup("application/json"),
        .body = xstrdup("{\"test\":1}"),
        .body_len = 10,
        .tries_max = TRIES,
        .timeout_ms = LONG_MS,
    };
}

static struct webhook_call *start(struct fixture *f)
{
    struct webhook w = webhook_make(f);
    struct webhook_call *call = webhooks_send(f->webhooks, &w, on_done, f);
    assert_null(w.url); /* taken */
    return call;
}

static void step(struct fixture *f)
{
    struct err e = {0};
    assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
}

static void await(struct fixture *f)
{
    assert_int_equal(f->done, 0);
    while (f->done == 0) {
        step(f);
    }
}

static char *log_of(const struct fixture *f)
{
    struct buf text = {0};
    struct err e = {0};
    assert_int_equal(lseek(f->log.fd, 0, SEEK_SET), 0);
    assert_int_equal(fd_read_all(f->log.fd, 65536, &text, &e), 0);
    buf_add_str(&text, ""); /* a NUL, also behind nothing */
    return buf_take(&text);
}

static void assert_header(const struct fixture *f, size_t request, const char *header)
{
    if (strstr(peer_request(f->peer, request), header) == NULL) {
        fail_msg("no %s in %s", header, peer_request(f->peer, request));
    }
}

static void send_delivers_what_is_given(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    peer_answer_status(f->peer, 200, "");

    start(f);
    await(f);

    assert_int_equal(f->delivered, 1);
    assert_true(str_starts(peer_request(f->peer, 0), "PUT /hook?key=hidden HTTP/1.1\r\n"));
    assert_header(f, 0, "\r\nContent-Type: application/json\r\n");
    assert_header(f, 0, "\r\nUser-Agent: belljar/" BELLJAR_VERSION "\r\n");
    assert_header(f, 0, "\r\nwebhook-id: msg_1\r\n");
    assert_header(f, 0, "\r\nwebhook-timestamp: 1674087231\r\n");
    assert_true(str_ends(peer_request(f->peer, 0), "\r\n\r\n{\"test\":1}"));
    assert_null(strstr(peer_request(f->peer, 0), "webhook-signature"));
    AUTO(mem_freep) char *log = log_of(f);
    assert_string_equal(log, "");
}

static void send_tries_again_with_the_same_id(void **state)
{
    static const unsigned statuses[] = {500, 503, 599, 408, 429};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
        peer_answer_status(f->peer, statuses[i], "Retry-After: 0\r\n");
        peer_answer(f->peer, ""); /* no answer at all */
        peer_answer_status(f->peer, 200, "");

        start(f);
        await(f);

        assert_int_equal(f->delivered, 1);
        assert_int_equal(peer_requests(f->peer), 3);
        assert_header(f, 2, "\r\nwebhook-id: msg_1\r\n");
    }
}

static void send_gives_up_after_the_last_try(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    for (int i = 0; i < TRIES + 1; i++) {
        peer_answer_status(f->peer, 500, "");
    }

    start(f);
    await(f);

    assert_int_equal(f->delivered, 0);
    assert_int_equal(peer_requests(f->peer), TRIES);
    AUTO(mem_freep) char *log = log_of(f);
    assert_non_null(strstr(log, "level=warn event=\"a callback was not delivered\" id=msg_1 "
                                "host=127.0.0.1 tries=3 error=\"answered with status 500\"\n"));
}

static void send_tries_again_after_a_timeout(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    struct webhook w = webhook_make(f);
    w.timeout_ms = SHORT_MS;

    webhooks_send(f->webhooks, &w, on_done, f);
    await(f);

    assert_int_equal(f->delivered, 0);
    assert_int_equal(peer_requests(f->peer), TRIES);
}

static void send_gives_up_at_once_on_other_answers(void **state)
{
    static const unsigned statuses[] = {300, 304, 400, 401, 404, 410};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
        peer_answer_status(f->peer, statuses[i], "");
        peer_answer_status(f->peer, 200, "");

        start(f);
        await(f);

        assert_int_equal(f->delivered, 0);
        assert_int_equal(peer_requests(f->peer), 1);
    }
}

static void send_gives_up_on_endless_redirects(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    for (int i = 0; i < 20; i++) {
        peer_answer_status(f->peer, 302, "Location: /again\r\n");
    }

    start(f);
    await(f);

    assert_int_equal(f->delivered, 0);
    assert_int_equal(peer_requests(f->peer), 6);
}

static void send_gives_up_at_once_on_refused_addresses(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(nothing);

    start(f);
    await(f);

    assert_int_equal(f->delivered, 0);
    AUTO(mem_freep) char *log = log_of(f);
    assert_non_null(strstr(log, "tries=1 error=\"127.0.0.1: 127.0.0.1 is a loopback address, which "
                                "is refused unless it is allowed; callbacks.allow can allow it\""));
    assert_null(strstr(log, "hidden"));
}

static void send_gives_up_at_once_on_bad_urls(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    struct webhook w = webhook_make(f);
    free(w.url);
    w.url = xstrdup("gopher://127.0.0.1/hidden");

    webhooks_send(f->webhooks, &w, on_done, f);
    await(f);

    assert_int_equal(f->delivered, 0);
    AUTO(mem_freep) char *log = log_of(f);
    assert_non_null(strstr(log, "tries=1 error=\"the URL begins with gopher:"));
    assert_null(strstr(log, "hidden"));
}

static void send_signs_with_a_secret(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    struct webhook w = webhook_make(f);
    w.secret = xstrdup("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    peer_answer_status(f->peer, 500, "");
    peer_answer_status(f->peer, 200, "");

    webhooks_send(f->webhooks, &w, on_done, f);
    await(f);

    static const char signature[] =
        "\r\nwebhook-signature: v1,Bw5XEpTzCd0gr7NJ7lhiU6HBu9nHF4kg7MXqie8rtYQ=\r\n";
    assert_header(f, 0, signature);
    assert_header(f, 1, signature);
}

/* The keys of callbacks that are not sent would be no less known for it: but who checks signatures
 * would take an unsigned one for forged. */
static void send_never_leaves_the_signature_out(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    struct webhook w = webhook_make(f);
    w.secret = xstrdup("whsec_no base64");

    webhooks_send(f->webhooks, &w, on_done, f);
    await(f);

    assert_int_equal(f->delivered, 0);
    assert_int_equal(peer_requests(f->peer), 0);
    AUTO(mem_freep) char *log = log_of(f);
    assert_non_null(strstr(log, "whsec_ goes on in base64"));
    assert_null(strstr(log, "no base64"));
}

static void cancel_drops_it_at_any_moment(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    f->webhooks->base_ns = UINT64_MAX;
    f->log.level = LOG_LEVEL_DEBUG;
    struct webhook_call *unsent = start(f);
    webhooks_cancel(unsent);
    webhooks_cancel(NULL);

    struct webhook_call *paused = start(f);
    peer_answer_status(f->peer, 500, "");
    while (lseek(f->log.fd, 0, SEEK_END) == 0) {
        step(f);
    }
    webhooks_cancel(paused);

    struct webhook_call *under_way = start(f);
    while (peer_requests(f->peer) < 2) {
        step(f);
    }
    webhooks_cancel(under_way);

    assert_int_equal(f->done, 0);
    assert_true(list_empty(&f->webhooks->calls));
}

static void pause_doubles_up_to_a_minute(void **state)
{
    static const struct {
        unsigned tries;
        uint64_t max_s;
    } rows[] = {{1, 1}, {2, 2}, {3, 4}, {6, 32}, {7, 60}, {100, 60}, {UINT32_MAX, 60}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t max = rows[i].max_s * NS_PER_S;
        assert_int_equal(webhook_pause_ns(NS_PER_S, rows[i].tries, 0, max), max);
        assert_int_equal(webhook_pause_ns(NS_PER_S, rows[i].tries, 0, max + 1), 0);
    }
}

static void pause_keeps_to_retry_after_up_to_five_minutes(void **state)
{
    (void)state;
    assert_int_equal(webhook_pause_ns(NS_PER_S, 1, 17, 5), 17 * NS_PER_S + 5);
    assert_int_equal(webhook_pause_ns(NS_PER_S, 1, UINT64_MAX, 5), 300 * NS_PER_S + 5);
}

static void free_drops_what_is_under_way(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    for (int i = 0; i < 5; i++) {
        start(f);
    }
    while (peer_requests(f->peer) < 1) {
        step(f);
    }
    start(f);

    webhooks_free(TAKE(&f->webhooks, NULL));

    assert_int_equal(f->done, 0);
}

static void on_done_free(void *ctx, bool delivered)
{
    struct fixture *f = ctx;
    webhooks_free(TAKE(&f->webhooks, NULL));
    on_done(f, delivered);
}

static void free_from_its_own_callback_is_fine(void **state)
{
    (void)state;
    AUTO(fixture_freep) struct fixture *f = fixture_new(loopback);
    struct webhook w = webhook_make(f);
    peer_answer_status(f->peer, 200, "");

    webhooks_send(f->webhooks, &w, on_done_free, f);
    await(f);

    assert_int_equal(f->delivered, 1);
}

static void sign_gives_the_values_of_the_standard(void **state)
{
    static const struct {
        const char *secret, *id, *body, *signature;
        uint64_t timestamp;
    } rows[] = {
        /* of the standard's own libraries */
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
         "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330},
        /* computed with Python's hmac */
        {"secret", "msg_1", "", "v1,2KVvbOTcg46qflKAAlWctNjrU5UHgBP9XQP2pvdcpU8=", 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf signature = {0};
        struct err e = {0};
        assert_int_equal(webhook_sign(rows[i].secret, rows[i].id, rows[i].timestamp, rows[i].body,
                                      strlen(rows[i].body), &signature, &e),
                         0);
        assert_string_equal(signature.data, rows[i].signature);
    }
}

static void check_secret_refuses_what_cannot_sign(void **state)
{
    static const char *const bad[] = {"", "whsec_", "whsec_???", "whsec_YQ"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        assert_int_equal(webhooks_check_secret(bad[i], &e), -ERR_INVALID);
        assert_null(strstr(e.text, "???"));
    }
    struct err e = {0};
    assert_int_equal(webhooks_check_secret("any text", &e), 0);
    assert_int_equal(webhooks_check_secret("whsec_YQ==", &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_delivers_what_is_given),
        cmocka_unit_test(send_tries_again_with_the_same_id),
        cmocka_unit_test(send_gives_up_after_the_last_try),
        cmocka_unit_test(send_tries_again_after_a_timeout),
        cmocka_unit_test(send_gives_up_at_once_on_other_answers),
        cmocka_unit_test(send_gives_up_on_endless_redirects),
        cmocka_unit_test(send_gives_up_at_once_on_refused_addresses),
        cmocka_unit_test(send_gives_up_at_once_on_bad_urls),
        cmocka_unit_test(send_signs_with_a_secret),
        cmocka_unit_test(send_never_leaves_the_signature_out),
        cmocka_unit_test(cancel_drops_it_at_any_moment),
        cmocka_unit_test(free_drops_what_is_under_way),
        cmocka_unit_test(free_from_its_own_callback_is_fine),
        cmocka_unit_test(pause_doubles_up_to_a_minute),
        cmocka_unit_test(pause_keeps_to_retry_after_up_to_five_minutes),
        cmocka_unit_test(sign_gives_the_values_of_the_standard),
        cmocka_unit_test(check_secret_refuses_what_cannot_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
