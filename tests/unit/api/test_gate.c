/* SPDX-License-Identifier: Apache-2.0 */
/* The gate behind a real HTTP server, with keys in a directory of their own. */
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
#include "base/cleanup.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

struct fixture {
    struct gated gated;
    struct loop *loop;
    struct config config;
    struct api api;
    struct gate_rules rules;
    struct http_server *server;
    struct address address;
};

/* In place of the executions': three jobs wait, whoever asks. */
unsigned executions_waiting_of(const struct executions *e, const char *caller)
{
    (void)e;
    (void)caller;
    return 3;
}

static void refuse(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    assert_non_null(ctx);
    json_respond_message(r, status, "%s", text);
}

static void show(struct http_request *r, void *ctx)
{
    (void)ctx;
    const struct caller *c = gate_caller(r);
    json_respond_message(r, 200, "%s %u", c != NULL ? c->name : "nobody",
                         c != NULL ? c->scopes : 0);
}

static bool before(struct http_request *r, void *ctx)
{
    struct fixture *f = ctx;
    return !gate_pass(f->api.gate, r, &f->rules);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/public", show, ROUTE_PUBLIC, ""}, {HTTP_GET, "/any", show, 0, ""},
    {HTTP_GET, "/run", show, ROUTE_RUN, ""},       {HTTP_GET, "/read", show, ROUTE_READ, ""},
    {HTTP_GET, "/admin", show, ROUTE_ADMIN, ""},
};

static void server_start(struct fixture *f)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL}, *const prefixes[] = {"/", NULL};
    static const char *const proxies[] = {"127.0.0.1", NULL};
    const struct http_config config = {.listen = listen,
                                       .listen_optional_from = 1,
                                       .body_max = 1000,
                                       .connections_max = 100,
                                       .header_timeout_s = 20,
                                       .keep_alive_s = 20,
                                       .check_origin = true,
                                       .trusted_proxies = proxies};
    const struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes),
                                   before, refuse,   f,      DIALECT_ORIGINS};
    const struct http_dialect *const dialects[] = {&d};
    struct err e = {0};
    if (http_server_new(f->loop, &config, dialects, 1, NULL, &f->server, &e) < 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(address_parse(http_server_addresses(f->server)[0], &f->address, &e), 0);
}

static int setup_with(void **state, unsigned rate)
{
    static char header[] = "X-Auth-Token", authz_header[] = "X-Auth-User";
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    f->config = (struct config){.judge0_authn_header = header,
                                .judge0_authz_header = authz_header,
                                .caller_rate = rate,
                                .caller_burst = rate > 0 ? 2 : 0,
                                .caller_running = 5};
    f->api = (struct api){.loop = f->loop, .config = &f->config};
    f->rules = (struct gate_rules){.refuse = refuse, .ctx = f};
    gated_open(&f->gated, &f->api);
    server_start(f);
    *state = f;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 0);
}

static int setup_rate(void **state)
{
    return setup_with(state, 1);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    gated_close(&f->gated, &f->api);
    loop_free(f->loop);
    strv_free(f->config.judge0_authn_token);
    strv_free(f->config.judge0_authz_token);
    free(f);
    return 0;
}

/* A key that is known to the gate when it returns. */
static void add_key(struct fixture *f, const char *name, unsigned scopes, double rate,
                    char secret[KEY_SECRET_MAX])
{
    struct key key = {.scopes = scopes, .limits = {.rate = rate, .running = 2, .queued = 4}};
    struct err e = {0};
    snprintf(key.name, sizeof(key.name), "%s", name);
    assert_int_equal(keys_add(f->gated.fd, &key, secret, &e), 0);
    while (keys_find(f->api.keys, secret) == NULL) {
        assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
    }
}

/* fields: "A: b\r\n"; those with %s have the secret in place of it. */
static char *ask(struct fixture *f, const char *target, const char *fields, const char *secret)
{
    const char *mark = strstr(fields, "%s");
    AUTO(mem_freep)
    char *filled = mark != NULL ? xasprintf("%.*s%s%s", (int)(mark - fields), fields, secret,
                                            mark + strlen("%s"))
                                : xstrdup(fields);
    AUTO(mem_freep)
    char *text = xasprintf("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, filled);
    AUTO(fd_closep) int fd = client_dial(&f->address);
    AUTO(buf_done) struct buf in = {0};
    client_say(f->loop, fd, text, strlen(text));
    return client_hear(f->loop, fd, &in);
}

static void expect(struct fixture *f, const char *target, const char *fields, const char *secret,
                   unsigned status, const char *told)
{
    char start[40];
    AUTO(mem_freep) char *answer = ask(f, target, fields, secret);
    snprintf(start, sizeof(start), "HTTP/1.1 %u ", status);
    if (!str_starts(answer, start) || strstr(answer, told) == NULL) {
        fail_msg("%s %s: not %u %s but %s", target, fields, status, told, answer);
    }
}

static void test_open_gate_names_addresses(void **state)
{
    struct fixture *f = *state;
    expect(f, "/public", "", "", 200, "\"nobody 0\"");
    expect(f, "/admin", "", "", 200, "\"127.0.0.1 7\"");
    expect(f, "/any", "X-Real-IP: 10.1.2.3\r\n", "", 200, "\"10.1.2.3 7\"");
    expect(f, "/any", "X-Real-IP: 2001:db8:1:2:3:4:5:6\r\n", "", 200, "\"2001:db8:1:2::/64 7\"");
    expect(f, "/any", "X-Real-IP: ::1\r\n", "", 200, "\"::1 7\"");
    expect(f, "/any", "X-Real-IP: ::ffff:10.1.2.3\r\n", "", 200, "\"10.1.2.3 7\"");
    expect(f, "/nowhere", "", "", 404, "");
}

static void test_a_key_is_needed_once_there_is_one(void **state)
{
    static const char *const good[] = {
        "Authorization: Bearer %s\r\n",
        "Authorization: bearer %s\r\n",
        "Authorization: %s\r\n",
        "X-Api-Key: %s\r\n",
        "X-Auth-Token: %s\r\n",
        "Sec-WebSocket-Protocol: belljar, belljar.key.%s\r\n",
        "Sec-WebSocket-Protocol: belljar.key.%s, belljar\r\n",
        "Authorization: Basic eDp5\r\nX-Api-Key: %s\r\n",
    };
    static const char *const none[] = {"", "Sec-WebSocket-Protocol: %s\r\n", "Cookie: key=%s\r\n"};
    static const char *const wrong[] = {"Authorization: Bearer x%s\r\n", "Authorization: x%s\r\n",
                                        "X-Api-Key: x%s\r\n"};
    struct fixture *f = *state;
    char secret[KEY_SECRET_MAX];
    add_key(f, "one", SCOPE_RUN, 0, secret);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        expect(f, "/any", good[i], secret, 200, "\"key:one 1\"");
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        expect(f, "/any", none[i], secret, 401, "a key is needed here");
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        expect(f, "/any", wrong[i], secret, 401, "the key that was sent is none of this server's");
    }
    expect(f, "/any", "Authorization: Basic %s\r\n", secret, 401, "");
    expect(f, "/public", "", "", 200, "nobody");
    expect(f, "/nowhere", "", "", 404, "");
}

static void test_scopes_open_their_routes(void **state)
{
    static const struct {
        const char *name;
        unsigned scope;
        unsigned run, read, admin;
    } table[] = {
        {"run", SCOPE_RUN, 200, 403, 403},
        {"read", SCOPE_READ, 403, 200, 403},
        {"admin", SCOPE_ADMIN, 200, 200, 200},
        {"none", 0, 403, 403, 403},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char secret[KEY_SECRET_MAX];
        add_key(f, table[i].name, table[i].scope, 0, secret);
        expect(f, "/run", "X-Api-Key: %s\r\n", secret, table[i].run, "");
        expect(f, "/read", "X-Api-Key: %s\r\n", secret, table[i].read, "");
        expect(f, "/admin", "X-Api-Key: %s\r\n", secret, table[i].admin, "");
        expect(f, "/any", "X-Api-Key: %s\r\n", secret, 200, "");
    }
}

static void test_tokens_of_judge0_are_as_good(void **state)
{
    struct fixture *f = *state;
    strv_add(&f->config.judge0_authn_token, "legacy");
    expect(f, "/read", "X-Auth-Token: legacy\r\n", "", 200, "\"token 1 7\"");
    expect(f, "/run", "Authorization: Bearer legacy\r\n", "", 200, "\"token 1 7\"");
    expect(f, "/any", "X-Auth-Token: legacy2\r\n", "", 401, "");
    f->rules.tokens_as_judge0 = true;
    expect(f, "/any", "Authorization: legacy\r\n", "", 401, "");
    expect(f, "/any", "X-Auth-Token: legacy\r\n", "", 200, "");
}

static void test_token_of_judge0_administers_nothing_alone(void **state)
{
    struct fixture *f = *state;
    strv_add(&f->config.judge0_authn_token, "legacy");
    expect(f, "/admin", "X-Auth-Token: legacy\r\n", "", 403, "");
    expect(f, "/admin", "X-Auth-Token: legacy\r\nX-Auth-User: %s\r\n", "boss", 403, "");
    strv_add(&f->config.judge0_authz_token, "boss");
    expect(f, "/admin", "X-Auth-Token: legacy\r\nX-Auth-User: %s\r\n", "boss", 200, "");
    expect(f, "/admin", "X-Auth-Token: legacy\r\nX-Auth-User: %s\r\n", "bos", 403, "");
    expect(f, "/admin", "X-Auth-User: %s\r\n", "boss", 401, "");
}

static void test_rates_are_told_and_held(void **state)
{
    struct fixture *f = *state;
    char slow[KEY_SECRET_MAX], fast[KEY_SECRET_MAX];
    add_key(f, "slow", SCOPE_RUN, 0.001, slow);
    add_key(f, "fast", SCOPE_RUN, 0, fast);
    expect(f, "/read", "X-Api-Key: %s\r\n", slow, 403, "\r\nRateLimit-Remaining: 0\r\n");
    expect(f, "/run", "X-Api-Key: %s\r\n", slow, 429, "\r\nRetry-After: 1000\r\n");
    expect(f, "/run", "X-Api-Key: %s\r\n", slow, 429, "\r\nRateLimit-Limit: 1\r\n");
    AUTO(mem_freep) char *answer = ask(f, "/run", "X-Api-Key: %s\r\n", fast);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_null(strstr(answer, "RateLimit"));
}

static void test_strangers_pay_with_their_address(void **state)
{
    struct fixture *f = *state;
    char secret[KEY_SECRET_MAX];
    expect(f, "/any", "X-Real-IP: 10.0.0.1\r\n", "", 200, "\r\nRateLimit-Remaining: 1\r\n");
    add_key(f, "one", SCOPE_RUN, 0, secret);
    expect(f, "/any", "X-Real-IP: 2001:db8::1\r\nX-Api-Key: a\r\n", "", 401, "Remaining: 1");
    expect(f, "/any", "X-Real-IP: 2001:db8::2\r\nX-Api-Key: b\r\n", "", 401, "Remaining: 0");
    expect(f, "/any", "X-Real-IP: 2001:db8::3\r\nX-Api-Key: c\r\n", "", 429, "Retry-After");
    expect(f, "/any", "X-Real-IP: 2001:db8:0:1::3\r\nX-Api-Key: c\r\n", "", 401, "");
    expect(f, "/any", "X-Real-IP: 2001:db8::4\r\nX-Api-Key: %s\r\n", secret, 200, "key:one");
}

static void test_share_of_the_queue(void **state)
{
    (void)state;
    struct fixture *f = *state;
    struct caller c = {.limits = {.queued = 4}};
    struct err e = {0};
    assert_int_equal(gate_check_share(f->api.gate, &c, 1, &e), 0);
    assert_int_equal(gate_check_share(f->api.gate, &c, 2, &e), -ERR_BUSY);
    c.limits.queued = 0;
    assert_int_equal(gate_check_share(f->api.gate, &c, 1000, &e), 0);
}

static void test_running_is_by_the_callers_name(void **state)
{
    struct fixture *f = *state;
    char secret[KEY_SECRET_MAX];
    add_key(f, "one", SCOPE_RUN, 0, secret);
    assert_int_equal(gate_running_max(f->api.gate, "key:one"), 2);
    assert_int_equal(gate_running_max(f->api.gate, "10.0.0.1"), 5);
    assert_int_equal(gate_running_max(f->api.gate, "key:two"), 5);
    assert_int_equal(gate_running_max(f->api.gate, NULL), 5);
}

static void test_own_is_what_one_submitted(void **state)
{
    (void)state;
    char name[] = "key:one", other[] = "key:two";
    struct caller c = {.name = "key:one", .scopes = SCOPE_READ};
    struct execution mine = {.caller = name}, theirs = {.caller = other}, nobodys = {0};
    assert_true(gate_owns(&c, &mine));
    assert_false(gate_owns(&c, &theirs));
    assert_false(gate_owns(&c, &nobodys));
    c.scopes = SCOPE_ADMIN;
    assert_true(gate_owns(&c, &theirs));
    assert_true(gate_sees_all(&c));
}

static void test_ceilings_lower_and_never_raise(void **state)
{
    (void)state;
    const struct limits ceiling = {.wall_ms = 100,
                                   .cpu_ms = 50,
                                   .memory_bytes = 1000,
                                   .file_bytes = 10,
                                   .output_bytes = 7,
                                   .processes = 3};
    struct limits l = {.wall_ms = 0,
                       .cpu_ms = 60,
                       .cpu_stop_ms = 70,
                       .memory_bytes = 999,
                       .file_bytes = LIMIT_FILE_NOTHING,
                       .output_bytes = 0,
                       .processes = 4,
                       .open_files = 9};
    gate_lower(&ceiling, &l);
    assert_int_equal(l.wall_ms, 100); /* there was none */
    assert_int_equal(l.cpu_ms, 50);
    assert_int_equal(l.cpu_stop_ms, 50);
    assert_int_equal(l.memory_bytes, 999);
    assert_true(l.file_bytes == LIMIT_FILE_NOTHING);
    assert_int_equal(l.output_bytes, 0);
    assert_int_equal(l.processes, 3);
    assert_int_equal(l.open_files, 9);
    l.file_bytes = 0;
    gate_lower(&ceiling, &l);
    assert_int_equal(l.file_bytes, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_open_gate_names_addresses),
        TEST(test_a_key_is_needed_once_there_is_one),
        TEST(test_scopes_open_their_routes),
        TEST(test_tokens_of_judge0_are_as_good),
        TEST(test_token_of_judge0_administers_nothing_alone),
        TEST(test_rates_are_told_and_held),
        cmocka_unit_test_setup_teardown(test_strangers_pay_with_their_address, setup_rate,
                                        teardown),
        TEST(test_share_of_the_queue),
        TEST(test_running_is_by_the_callers_name),
        cmocka_unit_test(test_own_is_what_one_submitted),
        cmocka_unit_test(test_ceilings_lower_and_never_raise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
