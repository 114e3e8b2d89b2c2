/* SPDX-License-Identifier: Apache-2.0 */
/* Section 10 of Judge0's contract: lists as pure functions, the rest behind a real HTTP server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "gated.h"

#include "api/json.h"
#include "api/judge0/access.h"
#include "api/judge0/access_list.h"
#include "api/judge0/judge0.h"
#include "api/origin.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"

struct fixture {
    struct gated gated;
    struct loop *loop;
    struct http_server *server;
    struct config *config;
    struct api api;
    struct judge0 judge0;
    struct address address;
};

static void shown(struct http_request *r, void *ctx)
{
    const struct judge0 *j = ctx;
    if (access_authenticated(r, NULL, j)) {
        judge0_respond(r, 200, json_string("shown"));
    }
}

static void listed(struct http_request *r, void *ctx)
{
    const struct judge0 *j = ctx;
    if (access_authenticated(r, NULL, j) && access_authorized(r, NULL, j)) {
        judge0_respond(r, 200, json_string(gate_caller(r)->name));
    }
}

static void refuse(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    judge0_respond_error(r, status, text);
}

static void elsewhere(struct http_request *r, void *ctx)
{
    const struct judge0 *j = ctx;
    static const struct gate_rules rules = {.refuse = refuse};
    if (gate_admit(j->api->gate, r, &rules, NULL)) {
        judge0_respond_error(r, 200, "fine");
    }
}

static void error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    judge0_refuse(r, status, text);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/shown", shown, 0, ""},          {HTTP_GET, "/listed", listed, 0, ""},
    {HTTP_GET, "/elsewhere", elsewhere, 0, ""},  {HTTP_POST, "/authenticate", authenticate, 0, ""},
    {HTTP_POST, "/authorize", authorize, 0, ""},
};

static int setup(void **state)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL}, *const none[] = {NULL};
    static const char *const prefixes[] = {"/", NULL};
    static char none_flag[] = "--judge0-conf=none";
    char *words[] = {none_flag, NULL}, *environment[] = {NULL};
    AUTO(mem_freep) char **rest = NULL;
    struct http_config config = {.listen = listen,
                                 .listen_optional_from = 1,
                                 .body_max = 100000,
                                 .connections_max = 100,
                                 .header_timeout_s = 20,
                                 .keep_alive_s = 20,
                                 .check_origin = true,
                                 .allowed_hosts = none};
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    struct http_dialect d = {"judge0",      prefixes, routes,     ARRAY_LEN(routes),
                             access_before, error,    &f->judge0, DIALECT_RAILS | DIALECT_ORIGINS};
    const struct http_dialect *const dialects[] = {&d};
    assert_int_equal(config_load(words, environment, &f->config, &rest, &e), 0);
    assert_int_equal(loop_new(&f->loop, &e), 0);
    f->api.loop = f->loop;
    f->api.config = f->config;
    f->judge0.api = &f->api;
    gated_open(&f->gated, &f->api);
    if (http_server_new(f->loop, &config, dialects, 1, NULL, &f->server, &e) < 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(address_parse(http_server_addresses(f->server)[0], &f->address, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    gated_close(&f->gated, &f->api);
    loop_free(f->loop);
    config_free(f->config);
    free(f);
    return 0;
}

static void set(char ***list, const char *words)
{
    strv_free(*list);
    *list = strv_split(words, " ");
}

/* fields: "A: b\r\n", in front of them a Host that is served. */
static char *ask(struct fixture *f, const char *method, const char *target, const char *fields,
                 const char *body)
{
    AUTO(mem_freep)
    char *text = xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s\r\n%s",
                           method, target, strlen(body), fields, body);
    AUTO(fd_closep) int fd = client_dial(&f->address);
    AUTO(buf_done) struct buf in = {0};
    client_say(f->loop, fd, text, strlen(text));
    return client_hear(f->loop, fd, &in);
}

static void expect(struct fixture *f, const char *method, const char *target, const char *fields,
                   unsigned status)
{
    AUTO(mem_freep) char *answer = ask(f, method, target, fields, "");
    char start[40];
    snprintf(start, sizeof(start), "HTTP/1.1 %u ", status);
    if (!str_starts(answer, start)) {
        fail_msg("%s %s %s: not %u but %s", method, target, fields, status, answer);
    }
}

/* --- lists ------------------------------------------------------------------------------- */

static bool ip(const char *allow, const char *disallow, const char *client)
{
    AUTO(strv_freep) char **yes = strv_split(allow, " ");
    AUTO(strv_freep) char **no = strv_split(disallow, " ");
    return ip_passes(yes, no, client);
}

static void test_addresses_and_networks_match(void **state)
{
    (void)state;
    assert_true(ip("", "", "10.1.2.3"));
    assert_true(ip("10.1.2.3", "", "10.1.2.3"));
    assert_false(ip("10.1.2.3", "", "10.1.2.4"));
    assert_true(ip("10.0.0.0/8", "", "10.255.0.1"));
    assert_false(ip("10.0.0.0/8", "", "11.0.0.1"));
    assert_true(ip("10.1.2.128/25", "", "10.1.2.200"));
    assert_false(ip("10.1.2.128/25", "", "10.1.2.100"));
    assert_true(ip("0.0.0.0/0", "", "10.1.2.3"));
    assert_false(ip("0.0.0.0/0", "", "::1"));
    assert_true(ip("2001:db8::/32", "", "2001:db8:1::1"));
    assert_true(ip("::1", "", "0:0::1"));
    assert_true(ip("10.1.2.3", "", "::ffff:10.1.2.3"));
    assert_false(ip("", "10.1.2.3 10.1.2.4", "10.1.2.4"));
    assert_true(ip("", "10.1.2.3", "10.1.2.4"));
    assert_false(ip("10.0.0.0/8", "10.1.0.0/16", "10.1.0.1"));
}

static void test_what_stands_in_both_lists_is_in_neither(void **state)
{
    (void)state;
    assert_true(ip("10.1.2.3", "10.1.2.3", "10.1.2.3"));
    assert_true(ip("10.1.2.3", "10.1.2.3", "10.9.9.9"));
    assert_false(ip("10.1.2.3 10.1.2.4", "10.1.2.3", "10.1.2.3"));
}

static void test_what_is_no_address_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"example.com", "10.1.2",     "10.1.2.3/33", "10.1.2.3/",
                                      "::1/129",     "10.1.2.3/x", "/8"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *list[] = {(char *)(uintptr_t) "10.0.0.1", (char *)(uintptr_t)bad[i], NULL};
        struct err e = {0};
        assert_int_equal(ip_list_check(list, "judge0.allow_ip", &e), -ERR_INVALID);
        assert_non_null(strstr(e.text, bad[i]));
    }
    struct err e = {0};
    assert_int_equal(ip_list_check(NULL, "x", &e), 0);
}

static enum origin_pass origin(const char *allow, const char *disallow, const char *text)
{
    AUTO(strv_freep) char **yes = strv_split(allow, " ");
    AUTO(strv_freep) char **no = strv_split(disallow, " ");
    return origin_passes(yes, no, text);
}

static void test_origins_match_by_host(void **state)
{
    (void)state;
    assert_int_equal(origin("", "", "http://a.example"), ORIGIN_ANY);
    assert_int_equal(origin("*", "", "http://a.example"), ORIGIN_ANY);
    assert_int_equal(origin("a.example", "", "https://a.example"), ORIGIN_NAMED);
    assert_int_equal(origin("a.example", "", "https://A.example"), ORIGIN_NAMED);
    assert_int_equal(origin("a.example", "", "https://a.example:8080"), ORIGIN_NONE);
    assert_int_equal(origin("a.example:8080", "", "https://a.example:8080"), ORIGIN_NAMED);
    assert_int_equal(origin("https://a.example", "", "https://a.example"), ORIGIN_NAMED);
    assert_int_equal(origin("a.example", "", "https://evil.a.example"), ORIGIN_NONE);
    assert_int_equal(origin("a.example", "", "null"), ORIGIN_NONE);
    assert_int_equal(origin("", "a.example", "http://a.example"), ORIGIN_NONE);
    assert_int_equal(origin("", "a.example", "http://b.example"), ORIGIN_NAMED);
    assert_int_equal(origin("*", "a.example", "http://a.example"), ORIGIN_NONE);
    assert_int_equal(origin("a.example", "a.example", "http://a.example"), ORIGIN_ANY);
}

/* --- tokens ------------------------------------------------------------------------------ */

static void test_without_tokens_all_are_authenticated_and_none_authorized(void **state)
{
    expect(*state, "GET", "/shown", "", 200);
    expect(*state, "POST", "/authenticate", "", 200);
    expect(*state, "GET", "/listed", "", 403);
    expect(*state, "GET", "/listed", "X-Auth-User: \r\n", 403);
    expect(*state, "POST", "/authorize", "", 403);
}

static void test_one_of_the_tokens_is_needed(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_authn_token, "one two");
    set(&f->config->judge0_authz_token, "boss");
    static const char *const bad[] = {"",
                                      "X-Auth-Token: three\r\n",
                                      "X-Auth-Token: one two\r\n",
                                      "X-Auth-Token: \r\n",
                                      "X-Auth-Token: on\r\n",
                                      "X-Auth-Token: oneone\r\n",
                                      "Authorization: one\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        expect(f, "GET", "/shown", bad[i], 401);
        expect(f, "POST", "/authenticate", bad[i], 401);
        expect(f, "POST", "/authorize", bad[i], 401);
    }
    expect(f, "GET", "/shown", "x-auth-token: two\r\n", 200);
    expect(f, "POST", "/authorize", "X-Auth-Token: one\r\n", 403);
    expect(f, "POST", "/authorize", "X-Auth-Token: one\r\nX-Auth-User: boss\r\n", 200);
    AUTO(mem_freep)
    char *answer = ask(f, "GET", "/listed", "X-Auth-Token: two\r\nX-Auth-User: boss\r\n", "");
    assert_true(str_ends(answer, "\"token 2\""));
}

static void test_empty_answers_are_html(void **state)
{
    AUTO(mem_freep) char *answer = ask(*state, "POST", "/authorize", "", "");
    assert_true(str_starts(answer, "HTTP/1.1 403 "));
    assert_non_null(strstr(answer, "\r\nContent-Type: text/html\r\n"));
    assert_non_null(strstr(answer, "\r\nContent-Length: 0\r\n"));
    assert_true(str_ends(answer, "\r\n\r\n"));
}

static void test_token_may_be_a_parameter(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_authn_token, "one");
    expect(f, "POST", "/authenticate?X-Auth-Token=one", "", 200);
    expect(f, "POST", "/authenticate?x-auth-token=one", "", 401);
    AUTO(mem_freep)
    char *json = ask(f, "POST", "/authenticate", "Content-Type: application/json\r\n",
                     "{\"X-Auth-Token\":\"one\"}");
    assert_true(str_starts(json, "HTTP/1.1 200 "));
    AUTO(mem_freep)
    char *form = ask(f, "POST", "/authenticate",
                     "Content-Type: application/x-www-form-urlencoded\r\n", "X-Auth-Token=one");
    assert_true(str_starts(form, "HTTP/1.1 200 "));
    AUTO(mem_freep)
    char *broken = ask(f, "POST", "/authenticate", "Content-Type: application/json\r\n", "{");
    assert_true(str_ends(broken, "{\"status\":400,\"error\":\"Bad Request\"}"));
}

static void test_address_comes_before_the_token(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_authn_token, "one");
    set(&f->config->judge0_disallow_ip, "127.0.0.0/8");
    expect(f, "GET", "/shown", "", 403);
    expect(f, "GET", "/shown", "X-Forwarded-For: 10.0.0.1\r\nX-Auth-Token: one\r\n", 403);
    expect(f, "GET", "/nowhere", "", 404);
}

static void test_other_dialects_want_the_same(void **state)
{
    struct fixture *f = *state;
    expect(f, "GET", "/elsewhere", "", 200);
    set(&f->config->judge0_authn_token, "one");
    expect(f, "GET", "/elsewhere", "", 401);
    expect(f, "GET", "/elsewhere", "Authorization: Bearer two\r\n", 401);
    expect(f, "GET", "/elsewhere?X-Auth-Token=one", "", 401);
    expect(f, "GET", "/elsewhere", "Authorization: one\r\n", 200);
    expect(f, "GET", "/elsewhere", "Authorization: bearer one\r\n", 200);
    expect(f, "GET", "/elsewhere", "X-Auth-Token: one\r\n", 200);
    set(&f->config->judge0_allow_ip, "10.0.0.1");
    expect(f, "GET", "/elsewhere", "X-Auth-Token: one\r\n", 403);
}

/* --- origins ----------------------------------------------------------------------------- */

#define PAGE      "Origin: https://page.example\r\n"
#define PREFLIGHT "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: a, b\r\n"

static void test_foreign_pages_are_refused_and_told_the_remedy(void **state)
{
    AUTO(mem_freep) char *answer = ask(*state, "GET", "/shown", PAGE, "");
    assert_true(str_starts(answer, "HTTP/1.1 403 "));
    assert_non_null(strstr(answer, "{\"error\":\"pages of origin 'https://page.example' may not"));
    assert_non_null(strstr(answer, "server.allowed_hosts"));
    assert_non_null(strstr(answer, "ALLOW_ORIGIN"));
    assert_null(strstr(answer, "Access-Control-Allow-Origin"));
    expect(*state, "OPTIONS", "/shown", PAGE PREFLIGHT, 403);
    expect(*state, "GET", "http://evil.example/shown", "", 403);
}

static void test_own_pages_may_ask(void **state)
{
    AUTO(mem_freep)
    char *answer = ask(*state, "GET", "/shown", "Origin: http://localhost:3000\r\n", "");
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Origin: *\r\n"));
}

static void test_with_a_token_all_pages_may_ask(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_authn_token, "one");
    AUTO(mem_freep) char *answer = ask(f, "GET", "/shown", PAGE, "");
    assert_true(str_starts(answer, "HTTP/1.1 401 ")); /* also on error replies */
    assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Origin: *\r\n"));
    assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, "
                                   "DELETE, OPTIONS\r\n"));
    assert_non_null(strstr(answer, "\r\nAccess-Control-Max-Age: 7200\r\n"));
    assert_non_null(strstr(answer, "\r\nVary: Accept, Origin\r\n"));
    assert_null(strstr(answer, "Access-Control-Allow-Credentials"));
    expect(f, "GET", "http://judge.example/shown", "X-Auth-Token: one\r\n", 200);
    AUTO(mem_freep) char *plain = ask(f, "GET", "/shown", "", "");
    assert_null(strstr(plain, "Access-Control-Allow-Origin"));
}

static void test_preflights_are_answered_before_all_else(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_authn_token, "one");
    static const char *const paths[] = {"/shown", "/nowhere", "/authenticate"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(mem_freep) char *answer = ask(f, "OPTIONS", paths[i], PAGE PREFLIGHT, "");
        assert_true(str_starts(answer, "HTTP/1.1 200 "));
        assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Headers: a, b\r\n"));
        assert_true(str_ends(answer, "\r\n\r\n"));
    }
    expect(f, "OPTIONS", "/shown", PREFLIGHT, 404);
    expect(f, "OPTIONS", "/shown", PAGE, 404);
}

static void test_listed_origins_are_echoed_and_others_need_a_token(void **state)
{
    struct fixture *f = *state;
    set(&f->config->judge0_allow_origin, "page.example other.example");
    AUTO(mem_freep) char *answer = ask(f, "GET", "/shown", PAGE, "");
    assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Origin: https://page.example\r\n"));
    expect(f, "GET", "/shown", "Origin: https://evil.example\r\n", 403);
    expect(f, "GET", "http://evil.example/shown", "", 403);
    set(&f->config->judge0_authn_token, "one");
    AUTO(mem_freep)
    char *evil =
        ask(f, "GET", "/shown", "X-Auth-Token: one\r\nOrigin: https://evil.example\r\n", "");
    assert_true(str_starts(evil, "HTTP/1.1 200 "));
    assert_null(strstr(evil, "Access-Control-"));
}

static void test_answers_carry_rails_headers(void **state)
{
    static const char *const wanted[] = {
        "\r\nX-Frame-Options: SAMEORIGIN\r\n",
        "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nCache-Control: max-age=0, private, must-revalidate\r\n",
        "\r\nX-Runtime: 0.",
        "\r\nX-Request-Id: ",
        "\r\nETag: W/\"",
        "\r\nContent-Type: application/json; charset=utf-8\r\n",
    };
    AUTO(mem_freep) char *answer = ask(*state, "GET", "/shown", "", "");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_non_null(strstr(answer, wanted[i]));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_and_networks_match),
        cmocka_unit_test(test_what_stands_in_both_lists_is_in_neither),
        cmocka_unit_test(test_what_is_no_address_is_named),
        cmocka_unit_test(test_origins_match_by_host),
        TEST(test_without_tokens_all_are_authenticated_and_none_authorized),
        TEST(test_one_of_the_tokens_is_needed),
        TEST(test_empty_answers_are_html),
        TEST(test_token_may_be_a_parameter),
        TEST(test_address_comes_before_the_token),
        TEST(test_other_dialects_want_the_same),
        TEST(test_foreign_pages_are_refused_and_told_the_remedy),
        TEST(test_own_pages_may_ask),
        TEST(test_with_a_token_all_pages_may_ask),
        TEST(test_preflights_are_answered_before_all_else),
        TEST(test_listed_origins_are_echoed_and_others_need_a_token),
        TEST(test_answers_carry_rails_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
