/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "egress/frame.h"

#define MACS "\x52\x55\xc0\0\2\1\x02\x62\x65\x6c\x6c\x6a"
#define IP4(flags, protocol, total)                                                                \
    MACS "\x08\0\x45\0\0" total "\0\0" flags "\x40" protocol "\0\0\xc0\0\2\2\x08\x08\x08\x08"
#define TCP4                    IP4("\x40\0", "\6", "\x28") "\x30\x39\0\x50\0\0\0\1\0\0\0\0\x50\2\xff\xff\0\0\0\0"
#define UDP4                    IP4("\0\0", "\x11", "\x1f") "\x30\x39\0\x35\0\x0b\0\0abc"
#define GUEST6                  "\xfd\x62\x65\x6c\x6c\x6a\x61\x72\0\0\0\0\0\0\0\2"
#define PUBLIC6                 "\x20\1\x48\x60\x48\x60\0\0\0\0\0\0\0\0\x88\x88"
#define IP6(next, hops, length) MACS "\x86\xdd\x60\0\0\0\0" length next hops GUEST6 PUBLIC6
#define UDP6                    IP6("\x11", "\x40", "\x0b") "\x30\x39\0\x35\0\x0b\0\0abc"

/* One as it is, and one with a byte changed. */
static bool parse(const char *data, size_t len, struct frame *ret)
{
    return frame_parse((const uint8_t *)data, len, ret);
}

static bool parse_with(const char *data, size_t len, size_t at, unsigned char byte,
                       struct frame *ret)
{
    static uint8_t copy[256];
    memcpy(copy, data, len);
    copy[at] = byte;
    return frame_parse(copy, len, ret);
}

#define PARSE(text, ret)                parse(text, sizeof(text) - 1, ret)
#define PARSE_WITH(text, at, byte, ret) parse_with(text, sizeof(text) - 1, at, byte, ret)

static void expect_ip(const struct ip *a, const char *expected)
{
    char text[IP_TEXT_MAX];
    ip_format(a, text);
    assert_string_equal(text, expected);
}

static void test_tcp_of_ipv4_says_where_to(void **state)
{
    (void)state;
    struct frame f;
    assert_true(PARSE(TCP4, &f));
    assert_int_equal(f.kind, FRAME_TCP);
    assert_false(f.v6);
    expect_ip(&f.from, "192.0.2.2");
    expect_ip(&f.to, "8.8.8.8");
    assert_int_equal(f.from_port, 12345);
    assert_int_equal(f.to_port, 80);
}

static void test_udp_says_what(void **state)
{
    (void)state;
    struct frame f;
    assert_true(PARSE(UDP4, &f));
    assert_int_equal(f.kind, FRAME_UDP);
    assert_int_equal(f.payload_len, 3);
    assert_memory_equal(f.payload, "abc", 3);
    assert_true(PARSE(UDP6, &f));
    assert_true(f.v6);
    expect_ip(&f.to, "2001:4860:4860::8888");
    assert_memory_equal(f.payload, "abc", 3);
}

static void test_padding_is_left_out(void **state)
{
    (void)state;
    struct frame f;
    assert_true(PARSE(UDP4 "padding", &f));
    assert_int_equal(f.len, sizeof(UDP4) - 1);
    assert_int_equal(f.payload_len, 3);
}

static void test_of_every_shorter_length_it_is_none(void **state)
{
    (void)state;
    struct frame f;
    for (size_t len = 0; len < sizeof(TCP4) - 1; len++) {
        assert_false(parse(TCP4, len, &f));
    }
    for (size_t len = 0; len < sizeof(UDP6) - 1; len++) {
        assert_false(parse(UDP6, len, &f));
    }
}

static void test_options_and_extensions_are_none(void **state)
{
    (void)state;
    static const unsigned char extensions[] = {0, 43, 50, 51, 60, 135};
    struct frame f;
    assert_false(PARSE_WITH(TCP4, 14, 0x46, &f)); /* six words of header */
    assert_false(PARSE_WITH(TCP4, 14, 0x44, &f));
    assert_false(PARSE_WITH(TCP4, 14, 0x65, &f));
    assert_false(PARSE_WITH(UDP6, 14, 0x45, &f));
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++) {
        assert_false(PARSE_WITH(UDP6, 20, extensions[i], &f));
    }
}

static void test_other_protocols_are_none(void **state)
{
    (void)state;
    struct frame f;
    for (unsigned protocol = 0; protocol < 256; protocol++) {
        bool known = protocol == 6 || protocol == 17;
        /* ICMP's first byte is that of a port here: no error. */
        assert_int_equal(PARSE_WITH(TCP4, 23, (unsigned char)protocol, &f) && f.kind != FRAME_UDP,
                         known && protocol == 6);
    }
    assert_false(PARSE_WITH(TCP4, 13, 0x35, &f)); /* of Ethernet */
}

static void test_pieces_are_told_as_such(void **state)
{
    (void)state;
    struct frame f;
    assert_true(PARSE_WITH(TCP4, 20, 0x20, &f)); /* more follow */
    assert_int_equal(f.kind, FRAME_FRAGMENT);
    assert_true(PARSE_WITH(TCP4, 21, 1, &f)); /* not the first */
    assert_int_equal(f.kind, FRAME_FRAGMENT);
    assert_true(PARSE_WITH(UDP6, 20, 44, &f));
    assert_int_equal(f.kind, FRAME_FRAGMENT);
    expect_ip(&f.to, "2001:4860:4860::8888");
}

static void test_ipv4_in_ipv6s_clothes_is_none(void **state)
{
    (void)state;
    uint8_t copy[sizeof(UDP6)];
    struct frame f;
    memcpy(copy, UDP6, sizeof(UDP6));
    memcpy(copy + 14 + 24, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
    assert_false(frame_parse(copy, sizeof(UDP6) - 1, &f));
}

#define NDP(type, hops) IP6("\x3a", hops, "\x18") type "\0\0\0\0\0\0\0" GUEST6

static void test_neighbours_ask_and_answer_on_this_wire_only(void **state)
{
    (void)state;
    struct frame f;
    assert_true(PARSE(NDP("\x87", "\xff"), &f));
    assert_int_equal(f.kind, FRAME_NEIGHBOUR);
    assert_true(PARSE(NDP("\x88", "\xff"), &f));
    assert_false(PARSE(NDP("\x87", "\x40"), &f)); /* it came through a router */
    assert_false(PARSE(NDP("\x85", "\xff"), &f)); /* who is a router? */
    assert_false(PARSE(NDP("\x86", "\xff"), &f)); /* I am */
    assert_false(PARSE(NDP("\x80", "\xff"), &f)); /* ping */
    assert_true(PARSE(NDP("\x01", "\x40"), &f));
    assert_int_equal(f.kind, FRAME_UNREACHABLE);
}

static uint16_t checksum(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i += 2) {
        sum += (uint32_t)(data[i] << 8 | (i + 1 < len ? data[i + 1] : 0));
    }
    while (sum > UINT16_MAX) {
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void test_udp_is_made_as_it_is_read(void **state)
{
    (void)state;
    struct frame asked, made;
    uint8_t data[FRAME_BYTES];
    assert_true(PARSE(UDP4, &asked));
    struct frame_way way = frame_way_back(&asked);
    size_t len = frame_udp(&way, "answer", 6, data);
    assert_true(frame_parse(data, len, &made));
    assert_int_equal(made.len, len);
    expect_ip(&made.from, "8.8.8.8");
    expect_ip(&made.to, "192.0.2.2");
    assert_int_equal(made.from_port, 53);
    assert_int_equal(made.to_port, 12345);
    assert_memory_equal(made.payload, "answer", 6);
    assert_int_equal(checksum(data + 14, 20, 0), UINT16_MAX);
    assert_memory_equal(data, "\x02\x62\x65\x6c\x6c\x6a\x52\x55\xc0\0\2\1", 12);
}

static void test_refusal_of_ipv4_quotes_what_is_refused(void **state)
{
    (void)state;
    struct frame f, made;
    struct ip gateway;
    uint8_t data[FRAME_BYTES];
    assert_true(PARSE(TCP4, &f));
    assert_true(ip_parse("192.0.2.1", &gateway));
    size_t len = frame_prohibited(&f, &gateway, data);
    assert_true(frame_parse(data, len, &made));
    assert_int_equal(made.kind, FRAME_UNREACHABLE);
    expect_ip(&made.from, "192.0.2.1");
    expect_ip(&made.to, "192.0.2.2");
    assert_memory_equal(data + 34, "\3\x0d", 2);
    assert_memory_equal(data + 42, f.data + 14, 28);
    assert_int_equal(checksum(data + 34, len - 34, 0), UINT16_MAX);
}

static void test_refusal_of_ipv6_has_the_right_sum(void **state)
{
    (void)state;
    struct frame f, made;
    struct ip gateway;
    uint8_t data[FRAME_BYTES];
    assert_true(PARSE(UDP6, &f));
    assert_true(ip_parse("fd62:656c:6c6a:6172::1", &gateway));
    size_t len = frame_prohibited(&f, &gateway, data);
    assert_true(frame_parse(data, len, &made));
    assert_int_equal(made.kind, FRAME_UNREACHABLE);
    assert_memory_equal(data + 54, "\1\1", 2);
    uint16_t head = checksum(data + 22, 32, (uint32_t)(len - 54) + 58);
    assert_int_equal(checksum(data + 54, len - 54, head), UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_of_ipv4_says_where_to),
        cmocka_unit_test(test_udp_says_what),
        cmocka_unit_test(test_padding_is_left_out),
        cmocka_unit_test(test_of_every_shorter_length_it_is_none),
        cmocka_unit_test(test_options_and_extensions_are_none),
        cmocka_unit_test(test_other_protocols_are_none),
        cmocka_unit_test(test_pieces_are_told_as_such),
        cmocka_unit_test(test_ipv4_in_ipv6s_clothes_is_none),
        cmocka_unit_test(test_neighbours_ask_and_answer_on_this_wire_only),
        cmocka_unit_test(test_udp_is_made_as_it_is_read),
        cmocka_unit_test(test_refusal_of_ipv4_quotes_what_is_refused),
        cmocka_unit_test(test_refusal_of_ipv6_has_the_right_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
