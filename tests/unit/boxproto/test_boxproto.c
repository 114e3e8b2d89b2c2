/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "boxproto/boxproto.h"

#define EVERY_TYPE UINT32_MAX

static void test_size_is_that_of_the_struct(void **state)
{
    (void)state;
    assert_int_equal(box_msg_size(BOX_MSG_CREATE), sizeof(struct box_create));
    assert_int_equal(box_msg_size(BOX_MSG_INIT_START), sizeof(struct box_init_start));
    assert_int_equal(box_msg_size(BOX_MSG_PRODUCT), sizeof(struct box_product));
}

static void test_size_of_data_and_unknown_types_is_zero(void **state)
{
    (void)state;
    static const uint32_t types[] = {0, BOX_MSG_DATA, BOX_MSG_WARM + 1, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        assert_int_equal(box_msg_size(types[i]), 0);
    }
}

static void test_every_type_has_a_name_and_passes_its_check(void **state)
{
    (void)state;
    for (uint32_t type = BOX_MSG_CREATE; type <= BOX_MSG_WARM; type++) {
        char packet[1024] = {0};
        struct box_head head = {.type = type};
        memcpy(packet, &head, sizeof head);
        size_t len = type == BOX_MSG_DATA ? sizeof head + 1 : box_msg_size(type);
        assert_in_range(len, sizeof head, sizeof packet);

        assert_string_not_equal(box_msg_name(type), "unknown");
        assert_true(box_msg_check(packet, len, EVERY_TYPE));
        assert_false(box_msg_check(packet, len, EVERY_TYPE & ~(UINT32_C(1) << type)));
    }
    assert_string_equal(box_msg_name(BOX_MSG_WARM + 1), "unknown");
}

static void test_check_refuses_other_sizes(void **state)
{
    (void)state;
    char packet[sizeof(struct box_kill) + 1] = {0};
    struct box_kill kill = {.head.type = BOX_MSG_KILL};
    memcpy(packet, &kill, sizeof kill);
    assert_false(box_msg_check(packet, 0, EVERY_TYPE));
    assert_false(box_msg_check(packet, sizeof(struct box_head) - 1, EVERY_TYPE));
    assert_false(box_msg_check(packet, sizeof kill - 1, EVERY_TYPE));
    assert_false(box_msg_check(packet, sizeof kill + 1, EVERY_TYPE));
}

static void test_check_refuses_unknown_types(void **state)
{
    (void)state;
    static const uint32_t types[] = {0, BOX_MSG_WARM + 1, 32, 64 + BOX_MSG_KILL, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct box_kill kill = {.head.type = types[i]};
        assert_false(box_msg_check(&kill, sizeof kill, EVERY_TYPE));
    }
}

static void test_check_takes_data_of_any_length_but_empty(void **state)
{
    (void)state;
    static char packet[BOX_PACKET_MAX + 1];
    struct box_head head = {.type = BOX_MSG_DATA};
    memcpy(packet, &head, sizeof head);
    assert_false(box_msg_check(packet, sizeof head, EVERY_TYPE));
    assert_true(box_msg_check(packet, sizeof head + 1, EVERY_TYPE));
    assert_true(box_msg_check(packet, BOX_PACKET_MAX, EVERY_TYPE));
    assert_false(box_msg_check(packet, BOX_PACKET_MAX + 1, EVERY_TYPE));
}

static void test_check_refuses_a_text_without_end(void **state)
{
    (void)state;
    struct box_failed failed = {.head.type = BOX_MSG_FAILED};
    memset(failed.err.text, 'x', sizeof failed.err.text);
    assert_false(box_msg_check(&failed, sizeof failed, EVERY_TYPE));
    failed.err.text[sizeof failed.err.text - 1] = 0;
    assert_true(box_msg_check(&failed, sizeof failed, EVERY_TYPE));

    struct box_boxd_hello hello = {.head.type = BOX_MSG_BOXD_HELLO};
    memset(hello.kernel, 'x', sizeof hello.kernel);
    assert_false(box_msg_check(&hello, sizeof hello, EVERY_TYPE));
}

static void test_check_takes_what_follows_the_start_of_a_payload(void **state)
{
    (void)state;
    static char packet[BOX_PACKET_MAX + 1];
    static const uint32_t longer[] = {BOX_MSG_INIT_START, BOX_MSG_WARM};
    for (size_t i = 0; i < ARRAY_LEN(longer); i++) {
        struct box_head head = {.type = longer[i]};
        memcpy(packet, &head, sizeof head);
        assert_false(box_msg_check(packet, sizeof(struct box_init_start) - 1, EVERY_TYPE));
        assert_true(box_msg_check(packet, sizeof(struct box_init_start) + 1, EVERY_TYPE));
        assert_true(box_msg_check(packet, BOX_PACKET_MAX, EVERY_TYPE));
        assert_false(box_msg_check(packet, BOX_PACKET_MAX + 1, EVERY_TYPE));
    }
}

static void test_wait_name_is_that_of_a_plain_file(void **state)
{
    (void)state;
    static const char *const good[] = {"main.py", "a", "Main.class", "x-y_Z.0..", "0"};
    static const char *const bad[] = {"",    ".",  "..",  ".a",  "-a",
                                      "a/b", "/a", "a b", "a\n", "\xc3\xa4"};
    char name[BOX_WAIT_NAME_MAX + 2] = {0};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(box_wait_name_ok(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(box_wait_name_ok(bad[i]));
    }
    memset(name, 'x', BOX_WAIT_NAME_MAX);
    assert_true(box_wait_name_ok(name));
    name[BOX_WAIT_NAME_MAX] = 'x';
    assert_false(box_wait_name_ok(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_is_that_of_the_struct),
        cmocka_unit_test(test_size_of_data_and_unknown_types_is_zero),
        cmocka_unit_test(test_every_type_has_a_name_and_passes_its_check),
        cmocka_unit_test(test_check_refuses_other_sizes),
        cmocka_unit_test(test_check_refuses_unknown_types),
        cmocka_unit_test(test_check_takes_data_of_any_length_but_empty),
        cmocka_unit_test(test_check_refuses_a_text_without_end),
        cmocka_unit_test(test_check_takes_what_follows_the_start_of_a_payload),
        cmocka_unit_test(test_wait_name_is_that_of_a_plain_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
