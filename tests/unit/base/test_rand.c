/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"

static void test_system_clock_is_that_of_the_kernel(void **state)
{
    (void)state;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    uint64_t mono = clock_mono_ns(&clock_system);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(mono >= (uint64_t)before.tv_sec * NS_PER_S + (uint64_t)before.tv_nsec);
    assert_true(mono <= (uint64_t)after.tv_sec * NS_PER_S + (uint64_t)after.tv_nsec);
    time_t seconds = time(NULL);
    assert_in_range(clock_wall_ns(&clock_system) / NS_PER_S, seconds, seconds + 3600);
}

static uint64_t fixed_time(void *ctx)
{
    const uint64_t *value = ctx;
    return *value;
}

static void test_clock_asks_the_one_it_is_given(void **state)
{
    (void)state;
    uint64_t value = 42;
    struct clock fake = {fixed_time, fixed_time, &value};
    assert_int_equal(clock_mono_ns(&fake), 42);
    assert_int_equal(clock_wall_ns(&fake), 42);
}

static void test_random_numbers_differ(void **state)
{
    (void)state;
    assert_int_not_equal(rand_u64(), rand_u64());
}

static void test_random_bytes_fill_all_and_no_more(void **state)
{
    (void)state;
    unsigned char seen[600] = {0};
    for (int round = 0; round < 8; round++) {
        unsigned char bytes[600] = {0};
        rand_bytes(bytes, 599); /* over 256: getrandom may give less in one call */
        assert_int_equal(bytes[599], 0);
        for (size_t i = 0; i < sizeof(seen); i++) {
            seen[i] |= bytes[i];
        }
    }
    for (size_t i = 0; i < 599; i++) {
        assert_int_not_equal(seen[i], 0); /* all zero eight times: 1 in 2^64 */
    }
}

static void test_ulid_begins_with_its_time(void **state)
{
    (void)state;
    char id[ULID_LEN + 1];
    ulid_make(1469918176385, id); /* the example of the specification's README */
    assert_memory_equal(id, "01ARYZ6S41", 10);
    ulid_make(0, id);
    assert_memory_equal(id, "0000000000", 10);
    ulid_make((UINT64_C(1) << 48) - 1, id);
    assert_memory_equal(id, "7ZZZZZZZZZ", 10);
}

static void test_ulid_is_crockford_base32(void **state)
{
    (void)state;
    char id[ULID_LEN + 1], other[ULID_LEN + 1];
    ulid_make(1, id);
    ulid_make(1, other);
    assert_int_equal(strlen(id), ULID_LEN);
    assert_int_equal(strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), ULID_LEN);
    assert_string_not_equal(id, other);
}

static void test_uuid_is_of_version_4(void **state)
{
    (void)state;
    char id[UUID_LEN + 1], other[UUID_LEN + 1];
    uuid_make(id);
    uuid_make(other);
    assert_int_equal(strlen(id), UUID_LEN);
    assert_int_equal(strspn(id, "0123456789abcdef-"), UUID_LEN);
    assert_int_equal(id[8], '-');
    assert_int_equal(id[13], '-');
    assert_int_equal(id[14], '4');
    assert_int_equal(id[18], '-');
    assert_non_null(strchr("89ab", id[19]));
    assert_int_equal(id[23], '-');
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_clock_is_that_of_the_kernel),
        cmocka_unit_test(test_clock_asks_the_one_it_is_given),
        cmocka_unit_test(test_random_numbers_differ),
        cmocka_unit_test(test_random_bytes_fill_all_and_no_more),
        cmocka_unit_test(test_ulid_begins_with_its_time),
        cmocka_unit_test(test_ulid_is_crockford_base32),
        cmocka_unit_test(test_uuid_is_of_version_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
