/* SPDX-License-Identifier: Apache-2.0 */
#include "config/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void ms_reads_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"0", 0},       {"500", 500},  {"500ms", 500}, {"2s", 2000},
                 {"1.5s", 1500}, {"1m", 60000}, {"1H", 3600000}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t n = 7;
        assert_true(units_parse_ms(cases[i].text, &n));
        assert_true(n == cases[i].ms);
    }
}

static void bytes_reads_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {{"0", 0},
                 {"64K", 65536},
                 {"64M", UINT64_C(64) << 20},
                 {"64MiB", UINT64_C(64) << 20},
                 {"64mb", UINT64_C(64) << 20},
                 {"0.5G", UINT64_C(1) << 29},
                 {"0.25G", UINT64_C(1) << 28},
                 {"16777215T", UINT64_C(16777215) << 40}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t n = 7;
        assert_true(units_parse_bytes(cases[i].text, &n));
        assert_true(n == cases[i].bytes);
    }
}

static void units_refuse_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " 1",
                                        "1 ",
                                        "-1",
                                        "+1",
                                        "s",
                                        "1x",
                                        "1.s",
                                        ".5s",
                                        "1..5s",
                                        "0x1",
                                        "1e3",
                                        "1,5s",
                                        "0.5",
                                        "0.0001s",
                                        "99999999999999999999",
                                        "18446744073709551615h"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        uint64_t n = 7;
        assert_false(units_parse_ms(texts[i], &n));
        assert_true(n == 7);
    }
}

static void milli_reads_decimals(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_true(units_parse_milli("0.5", &n) && n == 500);
    assert_true(units_parse_milli("2", &n) && n == 2000);
    assert_true(units_parse_milli("1.250", &n) && n == 1250);
    assert_false(units_parse_milli("0.0005", &n));
    assert_false(units_parse_milli("half", &n));
}

static void count_reads_digits_only(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_true(units_parse_count("18446744073709551615", &n) && n == UINT64_MAX);
    assert_false(units_parse_count("18446744073709551616", &n));
    assert_false(units_parse_count("1_000", &n));
    assert_false(units_parse_count("1e6", &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ms_reads_units),
        cmocka_unit_test(bytes_reads_units),
        cmocka_unit_test(units_refuse_what_is_none),
        cmocka_unit_test(milli_reads_decimals),
        cmocka_unit_test(count_reads_digits_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
