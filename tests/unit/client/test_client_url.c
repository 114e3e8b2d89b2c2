/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/client_url.h"

static void parse_takes_http_and_https_apart(void **state)
{
    static const struct {
        const char *text, *scheme, *host, *port;
    } rows[] = {
        {"http://example.com/a?b#c", "http", "example.com", "80"},
        {"HTTPS://Example.com", "https", "Example.com", "443"},
        {"http://u:p@example.com:8080/", "http", "example.com", "8080"},
        {"http://[::1]:1/", "http", "[::1]", "1"},
        {"http://2130706433/", "http", "127.0.0.1", "80"},
        {"http://0x7f.1/", "http", "127.0.0.1", "80"},
        {"http://a.example@127.0.0.1/", "http", "127.0.0.1", "80"},
        {"http:///example.com/", "http", "example.com", "80"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(client_url_done) struct client_url url = {0};
        struct err e = {0};
        if (client_url_parse(rows[i].text, &url, &e) < 0) {
            fail_msg("%s: %s", rows[i].text, e.text);
        }
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.port, rows[i].port);
    }
}

static void parse_refuses_all_else(void **state)
{
    static const char *const texts[] = {
        "",
        "example.com",
        "//example.com/",
        "/path",
        "http://",
        "http://a b/",
        "http://a/\r\nX: y",
        "http://a/\x7f",
        "http://a/\t",
        "http://a:99999/",
        "http://a:b/",
        "ftp://a/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "dict://127.0.0.1/",
        "unknown://a/",
        "javascript:alert(1)",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct client_url url = {0};
        struct err e = {0};
        if (client_url_parse(texts[i], &url, &e) != -ERR_INVALID) {
            fail_msg("'%s' passes", texts[i]);
        }
        assert_null(url.parsed);
    }
}

static void parse_refuses_long_ones(void **state)
{
    (void)state;
    AUTO(mem_freep) char *text = xcalloc(1, CLIENT_URL_MAX + 2);
    memset(text, 'a', CLIENT_URL_MAX + 1);
    memcpy(text, "http://x/", 9);
    AUTO(client_url_done) struct client_url url = {0};
    struct err e = {0};

    assert_int_equal(client_url_parse(text, &url, &e), -ERR_INVALID);
    text[CLIENT_URL_MAX] = '\0';
    assert_int_equal(client_url_parse(text, &url, &e), 0);
}

static void parse_does_not_repeat_secrets(void **state)
{
    (void)state;
    struct client_url url = {0};
    struct err e = {0};

    client_url_parse("http://user:secret@host:99999/secret", &url, &e);

    assert_null(strstr(e.text, "secret"));
}

static void same_origin_compares_scheme_host_and_port(void **state)
{
    static const struct {
        const char *other;
        bool same;
    } rows[] = {
        {"http://EXAMPLE.com:80/other", true},
        {"https://example.com/", false},
        {"http://example.com:81/", false},
        {"http://example.org/", false},
    };
    (void)state;
    AUTO(client_url_done) struct client_url url = {0};
    struct err e = {0};
    assert_int_equal(client_url_parse("http://example.com/", &url, &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(client_url_done) struct client_url other = {0};
        assert_int_equal(client_url_parse(rows[i].other, &other, &e), 0);
        assert_int_equal(client_url_same_origin(&url, &other), rows[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_http_and_https_apart),
        cmocka_unit_test(parse_refuses_all_else),
        cmocka_unit_test(parse_refuses_long_ones),
        cmocka_unit_test(parse_does_not_repeat_secrets),
        cmocka_unit_test(same_origin_compares_scheme_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
