/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/utf8.h"

#define R "\xef\xbf\xbd"

struct repair {
    const char *in;
    const char *out;
};

/* The tables of the Unicode standard, chapter 3.9, and the encodings a C program gets wrong. */
static const struct repair repairs[] = {
    {"", ""},
    {"plain", "plain"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"a\x80z", "a" R "z"},
    {"\xff\xfe", R R},
    {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", R R R R R R R R "A"},
    {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", R R R R R R R R "A"},
    {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", R R R R R "A" R R "B"},
    {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", R R R R "A"},
    {"end\xe2\x82", "end" R},
    {"end\xf0\x9f\x98", "end" R},
    {"\xc1\xbf", R R},
    {"\xf5\x80", R R},
    {"\xee\x80\x80\xef\xbf\xbf", "\xee\x80\x80\xef\xbf\xbf"},
    {"\xf4\x8f\xbf\xbf\xf1\x80\x80\x80", "\xf4\x8f\xbf\xbf\xf1\x80\x80\x80"},
    {"\xed\x9f\xbf\xe0\xa0\x80", "\xed\x9f\xbf\xe0\xa0\x80"},
    {"\xc3\xc3\xa9", R "\xc3\xa9"},
};

static void test_repair_replaces_maximal_subparts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(repairs); i++) {
        AUTO(buf_done) struct buf b = {0};
        utf8_repair(repairs[i].in, strlen(repairs[i].in), &b);
        buf_add(&b, "", 0);
        assert_string_equal(b.data, repairs[i].out);
    }
}

static void test_valid_agrees_with_repair(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(repairs); i++) {
        bool same = strcmp(repairs[i].in, repairs[i].out) == 0;
        assert_int_equal(utf8_valid(repairs[i].in, strlen(repairs[i].in)), same);
    }
}

static void test_valid_takes_nul(void **state)
{
    (void)state;
    assert_true(utf8_valid("a\0b", 3));
}

static void test_stream_gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(repairs); i++) {
        size_t len = strlen(repairs[i].in);
        for (size_t piece = 1; piece <= len; piece++) {
            AUTO(buf_done) struct buf b = {0};
            struct utf8_stream s = {0};
            for (size_t at = 0; at < len; at += piece) {
                size_t n = len - at < piece ? len - at : piece;
                utf8_stream_feed(&s, repairs[i].in + at, n, &b);
                assert_true(utf8_valid(b.data, b.len));
            }
            utf8_stream_end(&s, &b);
            assert_string_equal(b.data, repairs[i].out);
        }
    }
}

static void test_exact_stream_keeps_every_byte(void **state)
{
    (void)state;
    static const char bytes[] = "a\xc3\xa4\xff\xe2\x82X\xf0\x9f";
    for (size_t piece = 1; piece < sizeof(bytes); piece++) {
        AUTO(buf_done) struct buf b = {0};
        struct utf8_stream s = {.exact = true};
        for (size_t at = 0; at < sizeof(bytes) - 1; at += piece) {
            size_t left = sizeof(bytes) - 1 - at;
            utf8_stream_feed(&s, bytes + at, left < piece ? left : piece, &b);
        }
        utf8_stream_end(&s, &b);
        assert_int_equal(b.len, sizeof(bytes) - 1);
        assert_memory_equal(b.data, bytes, b.len);
    }
}

static void test_stream_may_go_on_after_its_end(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct utf8_stream s = {0};
    utf8_stream_feed(&s, "\xe2\x82", 2, &b);
    utf8_stream_end(&s, &b);
    utf8_stream_end(&s, &b);
    utf8_stream_feed(&s, "\xac", 1, &b);
    assert_string_equal(b.data, R R);
}

static void test_whole_leaves_out_what_may_go_on(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t whole;
    } rows[] = {
        {"", 0},
        {"a", 1},
        {"a\xc3", 1},
        {"a\xc3\xa9", 3},
        {"a\xe2", 1},
        {"a\xe2\x82", 1},
        {"a\xe2\x82\xac", 4},
        {"\xf0\x9f\x98", 0},
        {"\xf0\x9f\x98\x80", 4},
        {"a\xff", 2},
        {"a\x80\x80\x80\x80", 5},
        {"a\xe2\x41", 3},
        {"\xc0", 1},
        {"\xed\xa0", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(utf8_whole(rows[i].text, strlen(rows[i].text)), rows[i].whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repair_replaces_maximal_subparts),
        cmocka_unit_test(test_whole_leaves_out_what_may_go_on),
        cmocka_unit_test(test_valid_agrees_with_repair),
        cmocka_unit_test(test_valid_takes_nul),
        cmocka_unit_test(test_stream_gives_the_same_however_it_is_cut),
        cmocka_unit_test(test_exact_stream_keeps_every_byte),
        cmocka_unit_test(test_stream_may_go_on_after_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
