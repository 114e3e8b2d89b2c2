/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "egress/dns.h"

#define HEAD(flags, answers) "\x12\x34" flags "\0\1\0" answers "\0\0\0\0"
#define NAME                 "\7example\3org\0"
#define QUESTION             NAME "\0\1\0\1"
#define QUERY                HEAD("\1\0", "\0") QUESTION
#define BYTES(text)          (const uint8_t *)(text), sizeof(text) - 1

static bool parses(const char *data, size_t len, struct dns_question *ret)
{
    return dns_query_parse((const uint8_t *)data, len, ret);
}

static void test_query_gives_its_question(void **state)
{
    (void)state;
    struct dns_question q;
    assert_true(dns_query_parse(BYTES(QUERY), &q));
    assert_int_equal(q.id, 0x1234);
    assert_int_equal(q.type, 1);
    assert_int_equal(q.class, 1);
    assert_string_equal(q.name, "example.org");
    assert_int_equal(q.end, sizeof(QUERY) - 1);
}

static void test_query_of_every_shorter_length_is_none(void **state)
{
    (void)state;
    struct dns_question q;
    for (size_t len = 0; len < sizeof(QUERY) - 1; len++) {
        assert_false(parses(QUERY, len, &q));
    }
}

static void test_query_that_is_something_else_is_none(void **state)
{
    (void)state;
    struct dns_question q;
    assert_false(dns_query_parse(BYTES(HEAD("\x81\x80", "\0") QUESTION), &q)); /* an answer */
    assert_false(dns_query_parse(BYTES(HEAD("\x28\0", "\0") QUESTION), &q));   /* an update */
    assert_false(dns_query_parse(BYTES(HEAD("\1\0", "\1") QUESTION), &q));     /* with an answer */
    assert_false(dns_query_parse(BYTES(HEAD("\1\0", "\0") "\xc0\x0c\0\1\0\1"), &q));
    assert_false(dns_query_parse(BYTES(HEAD("\1\0", "\0") "\x40" NAME "\0\1\0\1"), &q));
}

static void test_a_label_that_is_no_hosts_matches_no_name(void **state)
{
    (void)state;
    struct dns_question q;
    assert_true(dns_query_parse(BYTES(HEAD("\1\0", "\0") "\13example.org\0\0\1\0\1"), &q));
    assert_string_equal(q.name, "example?org");
}

static void test_the_longest_name_fits_and_a_longer_one_does_not(void **state)
{
    (void)state;
    for (size_t last = 60; last <= 63; last++) {
        uint8_t data[512] = {[5] = 1};
        struct dns_question q;
        size_t at = DNS_HEADER_BYTES;
        for (size_t i = 0; i < 4; i++) {
            size_t label = i < 3 ? 63 : last;
            data[at] = (uint8_t)label;
            memset(data + at + 1, 'a', label);
            at += 1 + label;
        }
        at += 5;
        assert_int_equal(dns_query_parse(data, at, &q), last <= 61);
    }
}

#define EDNS(size, flags, data_len) "\0\0\51" size "\0\0" flags "\0\0" data_len

static void test_query_goes_on_without_what_else_is_in_it(void **state)
{
    (void)state;
    static const char noisy[] =
        "\x12\x34\7\x9f\0\1\0\0\0\0\0\2" QUESTION EDNS("\xff\xff", "\x80", "\4") "junk"
                                                                                 "more junk";
    static const char wanted[] =
        "\x12\x34\1\x10\0\1\0\0\0\0\0\1" QUESTION EDNS("\4\xd0", "\x80", "\0");
    struct dns_question q;
    uint8_t put[sizeof(noisy)];
    assert_true(dns_query_parse(BYTES(noisy), &q));
    assert_int_equal(dns_query_put(BYTES(noisy), &q, put), sizeof(wanted) - 1);
    assert_memory_equal(put, wanted, sizeof(wanted) - 1);
}

static void test_query_without_edns_gets_none(void **state)
{
    (void)state;
    static const char noisy[] = HEAD("\1\0", "\0") QUESTION "some more bytes";
    struct dns_question q;
    uint8_t put[sizeof(noisy)];
    assert_true(dns_query_parse(BYTES(noisy), &q));
    assert_int_equal(dns_query_put(BYTES(noisy), &q, put), sizeof(QUERY) - 1);
    assert_memory_equal(put, QUERY, sizeof(QUERY) - 1);
}

static void test_refusal_repeats_the_question(void **state)
{
    (void)state;
    struct dns_question q;
    uint8_t answer[sizeof(QUERY) - 1];
    assert_true(dns_query_parse(BYTES(QUERY), &q));
    dns_refuse((const uint8_t *)QUERY, &q, DNS_REFUSED, answer);
    assert_memory_equal(answer, HEAD("\x81\x85", "\0") QUESTION, sizeof(answer));
    dns_refuse((const uint8_t *)QUERY, &q, DNS_TRUNCATED, answer);
    assert_memory_equal(answer, HEAD("\x83\x80", "\0") QUESTION, sizeof(answer));
}

#define A_RECORD     "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x08\x08\x08\x08"
#define CNAME_RECORD "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x14"
#define AAAA_RECORD  NAME "\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x48\x60\x48\x60\0\0\0\0\0\0\0\0\x88\x88"
#define ANSWER       HEAD("\x81\x80", "\3") QUESTION CNAME_RECORD A_RECORD AAAA_RECORD

static void test_answer_gives_its_addresses(void **state)
{
    (void)state;
    struct ip found[4];
    char text[IP_TEXT_MAX];
    assert_int_equal(dns_addresses(BYTES(ANSWER), found, ARRAY_LEN(found)), 2);
    ip_format(&found[0], text);
    assert_string_equal(text, "8.8.8.8");
    ip_format(&found[1], text);
    assert_string_equal(text, "2001:4860:4860::8888");
    assert_int_equal(dns_addresses(BYTES(ANSWER), found, 1), 1);
}

static void test_answer_that_is_cut_gives_what_is_whole(void **state)
{
    (void)state;
    struct ip found[4];
    size_t most = 0;
    for (size_t len = 0; len < sizeof(ANSWER) - 1; len++) {
        size_t count = dns_addresses((const uint8_t *)ANSWER, len, found, ARRAY_LEN(found));
        assert_in_range(count, most, 1);
        most = count;
    }
    assert_int_equal(most, 1);
}

static void test_address_of_another_class_or_size_is_none(void **state)
{
    (void)state;
    struct ip found[4];
    assert_int_equal(dns_addresses(BYTES(HEAD("\x81\x80", "\1") QUESTION
                                         "\xc0\x0c\0\1\0\3\0\0\0\x3c\0\4\x08\x08\x08\x08"),
                                   found, ARRAY_LEN(found)),
                     0);
    assert_int_equal(dns_addresses(BYTES(HEAD("\x81\x80", "\1") QUESTION
                                         "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\5\x08\x08\x08\x08\x08"),
                                   found, ARRAY_LEN(found)),
                     0);
}

static void test_answer_is_that_of_its_question_only(void **state)
{
    (void)state;
    struct dns_question q, other;
    assert_true(dns_query_parse(BYTES(QUERY), &q));
    assert_true(dns_is_answer(BYTES(ANSWER), &q));
    assert_false(dns_is_answer(BYTES(QUERY), &q));
    other = q;
    other.id ^= 1;
    assert_false(dns_is_answer(BYTES(ANSWER), &other));
    other = q;
    other.type = 28;
    assert_false(dns_is_answer(BYTES(ANSWER), &other));
    other = q;
    other.name[0] = 'f';
    assert_false(dns_is_answer(BYTES(ANSWER), &other));
    other.name[0] = 'E';
    assert_true(dns_is_answer(BYTES(ANSWER), &other));
}

static void test_number_is_read_as_it_was_set(void **state)
{
    (void)state;
    uint8_t data[2];
    dns_set_id(data, 0xabcd);
    assert_int_equal(dns_id(data), 0xabcd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_gives_its_question),
        cmocka_unit_test(test_query_of_every_shorter_length_is_none),
        cmocka_unit_test(test_query_that_is_something_else_is_none),
        cmocka_unit_test(test_a_label_that_is_no_hosts_matches_no_name),
        cmocka_unit_test(test_the_longest_name_fits_and_a_longer_one_does_not),
        cmocka_unit_test(test_query_goes_on_without_what_else_is_in_it),
        cmocka_unit_test(test_query_without_edns_gets_none),
        cmocka_unit_test(test_refusal_repeats_the_question),
        cmocka_unit_test(test_answer_gives_its_addresses),
        cmocka_unit_test(test_answer_that_is_cut_gives_what_is_whole),
        cmocka_unit_test(test_address_of_another_class_or_size_is_none),
        cmocka_unit_test(test_answer_is_that_of_its_question_only),
        cmocka_unit_test(test_number_is_read_as_it_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
