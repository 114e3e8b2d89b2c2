/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "http/inflate.h"

static void inflate_freep(struct inflate **i)
{
    inflate_free(*i);
}

static size_t pack(const char *data, size_t len, bool gzip, char *ret, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(
        deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + (gzip ? 16 : 0), 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)ret;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return cap - z.avail_out;
}

static void test_feed_takes_pieces(void **state)
{
    (void)state;
    for (int gzip = 0; gzip < 2; gzip++) {
        char packed[200];
        struct err e = {0};
        AUTO(buf_done) struct buf out = {0};
        AUTO(inflate_freep) struct inflate *i = inflate_new(gzip ? CODING_GZIP : CODING_DEFLATE);
        size_t len = pack("hello, hello, hello", 19, gzip, packed, sizeof(packed));
        for (size_t k = 0; k < len; k++) {
            assert_int_equal(inflate_feed(i, packed + k, 1, &out, 19, &e), 0);
        }
        assert_int_equal(inflate_end(i, &e), 0);
        assert_int_equal(out.len, 19);
        assert_string_equal(out.data, "hello, hello, hello");
    }
}

static void test_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    static char zeros[4000000], packed[100000];
    struct err e = {0};
    AUTO(buf_done) struct buf out = {0};
    AUTO(inflate_freep) struct inflate *i = inflate_new(CODING_GZIP);
    size_t len = pack(zeros, sizeof(zeros), true, packed, sizeof(packed));
    assert_int_equal(inflate_feed(i, packed, len, &out, 1000, &e), -ERR_LIMIT);
    assert_true(out.len < 100000);
}

static void test_broken_input_is_invalid(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(buf_done) struct buf out = {0};
    AUTO(inflate_freep) struct inflate *i = inflate_new(CODING_GZIP);
    assert_int_equal(inflate_feed(i, "plain text", 10, &out, 1000, &e), -ERR_INVALID);
}

static void test_bytes_behind_the_end_are_invalid(void **state)
{
    (void)state;
    char packed[200];
    struct err e = {0};
    AUTO(buf_done) struct buf out = {0};
    AUTO(inflate_freep) struct inflate *i = inflate_new(CODING_GZIP);
    size_t len = pack("x", 1, true, packed, sizeof(packed));
    assert_int_equal(inflate_feed(i, packed, len + 1, &out, 1000, &e), -ERR_INVALID);
}

static void test_early_end_is_told(void **state)
{
    (void)state;
    char packed[200];
    struct err e = {0};
    AUTO(buf_done) struct buf out = {0};
    AUTO(inflate_freep) struct inflate *i = inflate_new(CODING_GZIP);
    size_t len = pack("hello", 5, true, packed, sizeof(packed));
    assert_int_equal(inflate_feed(i, packed, len - 1, &out, 1000, &e), 0);
    assert_int_equal(inflate_end(i, &e), -ERR_INVALID);
}

static void test_codings_have_names(void **state)
{
    (void)state;
    assert_int_equal(coding_parse(NULL), CODING_IDENTITY);
    assert_int_equal(coding_parse("Identity"), CODING_IDENTITY);
    assert_int_equal(coding_parse("GZIP"), CODING_GZIP);
    assert_int_equal(coding_parse("deflate"), CODING_DEFLATE);
    assert_int_equal(coding_parse("br"), CODING_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feed_takes_pieces),
        cmocka_unit_test(test_bomb_stops_at_the_limit),
        cmocka_unit_test(test_broken_input_is_invalid),
        cmocka_unit_test(test_bytes_behind_the_end_are_invalid),
        cmocka_unit_test(test_early_end_is_told),
        cmocka_unit_test(test_codings_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
