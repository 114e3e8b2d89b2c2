/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"

struct pair {
    const char *text;
    const char *encoded;
};

/* RFC 4648, section 10. */
static const struct pair vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static void test_base64_encode_gives_the_rfc_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        AUTO(buf_done) struct buf b = {0};
        base64_encode(vectors[i].text, strlen(vectors[i].text), &b);
        assert_string_equal(b.data, vectors[i].encoded);
    }
}

static void test_base64_decode_takes_the_rfc_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        AUTO(buf_done) struct buf b = {0};
        struct err e;
        assert_int_equal(base64_decode(vectors[i].encoded, strlen(vectors[i].encoded), &b, &e), 0);
        assert_string_equal(b.data, vectors[i].text);
    }
}

static void test_base64_decode_refuses_and_leaves_ret(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zg= ", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "-_-_", "Zm9v\n"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO(buf_done) struct buf b = {0};
        struct err e;
        buf_add_str(&b, ">");
        assert_int_equal(base64_decode(wrong[i], strlen(wrong[i]), &b, &e), -ERR_INVALID);
        assert_int_equal(b.len, 1);
    }
}

static void check_lenient(void (*decode)(const char *, size_t, struct buf *),
                          const struct pair *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(buf_done) struct buf b = {0};
        decode(rows[i].encoded, strlen(rows[i].encoded), &b);
        assert_string_equal(b.data, rows[i].text);
    }
}

/* What node's Buffer.from(text, "base64") gives. */
static void test_base64_lenient_is_as_sloppy_as_node(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        {"foobar", "Zm9vYmFy"},
        {"foobar", "Zm9v\nYm Fy"},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"f", "Zh=="},
        {"", "Z"},
        {"foo", "Zm9v=YmFy"},
        {"", "="},
        {"\xfb\xff\xfe", "-__-"},
        {"foo", "Zm9v!"},
        {"foob", "#Zm9vYg"},
        {"", ""},
    };
    check_lenient(base64_decode_lenient, rows, ARRAY_LEN(rows));
}

static void test_hex_lenient_stops_at_what_is_no_pair(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        {"AZ", "415a"}, {"AZ", "415A"}, {"A", "41zz41"}, {"A", "415"},
        {"", "4"},      {"", "g1"},     {"", ""},
    };
    check_lenient(hex_decode_lenient, rows, ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_encode_gives_the_rfc_vectors),
        cmocka_unit_test(test_base64_decode_takes_the_rfc_vectors),
        cmocka_unit_test(test_base64_decode_refuses_and_leaves_ret),
        cmocka_unit_test(test_base64_lenient_is_as_sloppy_as_node),
        cmocka_unit_test(test_hex_lenient_stops_at_what_is_no_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
