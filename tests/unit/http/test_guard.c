/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/guard.h"

/* A head cut into slices in place, as libmicrohttpd does it. */
struct cut {
    char bytes[40000];
    struct guard_field fields[256];
    struct guard_head head;
};

static char *line_end(char *p)
{
    char *end = rawmemchr(p, '\n');
    if (end > p && end[-1] == '\r') {
        end[-1] = '\0';
    }
    *end = '\0';
    return end + 1;
}

static void cut_line(struct cut *c, char *line, size_t len)
{
    char *blank = strchr(line, ' ');
    char *last = memrchr(line, ' ', len);
    *blank = '\0';
    *last = '\0';
    c->head.method = line;
    c->head.method_len = strlen(line);
    c->head.target = c->head.target_at = blank + 1;
    c->head.target_len = (size_t)(last - blank) - 1;
    c->head.version = last + 1;
}

static struct guard_refusal check(const char *text, size_t len)
{
    static struct cut c;
    memset(&c, 0, sizeof(c));
    memcpy(c.bytes, text, len);
    char *p = line_end(c.bytes);
    cut_line(&c, c.bytes, (size_t)(p - c.bytes) - 1);
    while (*p != '\r' && *p != '\n') {
        char *line = p;
        p = line_end(line);
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            continue; /* a folded line: sewn on elsewhere */
        }
        *colon++ = '\0';
        colon += strspn(colon, " \t");
        c.fields[c.head.field_count++] =
            (struct guard_field){line, strlen(line), colon, strlen(colon)};
    }
    p = line_end(p);
    c.head.fields = c.fields;
    c.head.size = (size_t)(p - c.bytes);
    return guard_check(&c.head);
}

static unsigned status_of(const char *text)
{
    return check(text, strlen(text)).status;
}

#define HOST "Host: localhost\r\n"

static void test_plain_request_passes(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET /x?a=b HTTP/1.1\r\n" HOST "\r\n"), 0);
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 12\r\nX:y\r\n\r\n"), 0);
    assert_int_equal(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_int_equal(status_of("GET / HTTP/1.1\nHost:a\n\n"), 0);
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"), 0);
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n"), 0);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Empty:\r\nTab: a\tb\r\n\r\n"), 0);
}

static void test_two_lengths_are_refused(void **state)
{
    (void)state;
    assert_int_equal(
        status_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\ncontent-length: 1\r\n\r\n"),
        400);
}

static void test_length_beside_chunked_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST
                               "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     400);
}

static void test_length_that_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"+1", "-1", "1,1", "0x1", "", "1 ", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\n",
                 bad[i]);
        assert_int_equal(status_of(text), 400);
    }
}

static void test_other_transfer_codings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"gzip",     "gzip, chunked", "chunked, chunked",
                                      "xchunked", "chunked ",      "\"chunked\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: %s\r\n\r\n",
                 bad[i]);
        assert_int_equal(status_of(text), 501);
    }
    assert_int_equal(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void test_host_must_be_there_once(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\nX: y\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400);
}

static void test_folded_line_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\r\n chunked\r\nC: d\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n"), 400);
}

static void test_nul_is_refused(void **state)
{
    (void)state;
    static const char value[] = "GET / HTTP/1.1\r\n" HOST "A: b\0c\r\nD: e\r\n\r\n";
    static const char last[] = "GET / HTTP/1.1\r\n" HOST "A: b\0cdefg\r\n\r\n";
    static const char target[] = "GET /a\0b HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(check(value, sizeof(value) - 1).status, 400);
    assert_int_equal(check(last, sizeof(last) - 1).status, 400);
    assert_int_equal(check(target, sizeof(target) - 1).status, 400);
}

static void test_control_characters_are_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n"), 400);
}

static void test_field_names_must_be_tokens(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A(b): c\r\n\r\n"), 400);
}

static void test_method_is_one_that_we_know(void **state)
{
    (void)state;
    assert_int_equal(status_of("BREW / HTTP/1.1\r\n" HOST "\r\n"), 501);
    assert_int_equal(status_of("get / HTTP/1.1\r\n" HOST "\r\n"), 501);
    assert_int_equal(status_of("G@T / HTTP/1.1\r\n" HOST "\r\n"), 400);
}

static void test_target_has_no_blanks_and_an_end(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400);
    assert_int_equal(status_of("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400);
    assert_int_equal(status_of("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"), 400);
    static char text[GUARD_TARGET_MAX + 100];
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    memcpy(text + GUARD_TARGET_MAX + 10, " HTTP/1.1\r\n" HOST "\r\n",
           strlen(" HTTP/1.1\r\n" HOST "\r\n") + 1);
    assert_int_equal(status_of(text), 414);
}

static void test_large_heads_are_refused(void **state)
{
    (void)state;
    static char text[30000];
    size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < GUARD_FIELDS_MAX; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "A: b\r\n");
    }
    snprintf(text + len, sizeof(text) - len, "\r\n");
    assert_int_equal(status_of(text), 431);

    len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "A: ");
    memset(text + len, 'x', GUARD_HEAD_MAX);
    snprintf(text + len + GUARD_HEAD_MAX, sizeof(text) - len - GUARD_HEAD_MAX, "\r\n\r\n");
    assert_int_equal(status_of(text), 431);
}

static void test_other_expectations_are_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST "Expect: magic\r\n\r\n"), 417);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_request_passes),
        cmocka_unit_test(test_two_lengths_are_refused),
        cmocka_unit_test(test_length_beside_chunked_is_refused),
        cmocka_unit_test(test_length_that_is_no_number_is_refused),
        cmocka_unit_test(test_other_transfer_codings_are_refused),
        cmocka_unit_test(test_host_must_be_there_once),
        cmocka_unit_test(test_folded_line_is_refused),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_control_characters_are_refused),
        cmocka_unit_test(test_field_names_must_be_tokens),
        cmocka_unit_test(test_method_is_one_that_we_know),
        cmocka_unit_test(test_target_has_no_blanks_and_an_end),
        cmocka_unit_test(test_large_heads_are_refused),
        cmocka_unit_test(test_other_expectations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
