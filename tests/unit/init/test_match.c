/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "init/match.h"

struct row {
    const char *pattern, *path;
    enum match expected;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum match got = match_path(rows[i].pattern, rows[i].path);
        if (got != rows[i].expected) {
            fail_msg("'%s' and '%s' give %d", rows[i].pattern, rows[i].path, got);
        }
    }
}

static void test_plain_names_match_themselves_and_what_is_below(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a", "a", MATCH_ALL},         {"a", "b", MATCH_NONE},    {"a", "ab", MATCH_NONE},
        {"ab", "a", MATCH_NONE},       {"a/b", "a", MATCH_ABOVE}, {"a/b", "a/b", MATCH_ALL},
        {"a/b", "a/c", MATCH_NONE},    {"a/b", "b", MATCH_NONE},  {"a", "a/b/c", MATCH_ALL},
        {"a/b/c", "a/b", MATCH_ABOVE}, {"[a]", "a", MATCH_NONE},  {"\\*", "x", MATCH_NONE},
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void test_a_dot_matches_everything(void **state)
{
    (void)state;
    static const struct row rows[] = {{".", "a", MATCH_ALL}, {".", "a/b", MATCH_ALL}};
    assert_rows(rows, ARRAY_LEN(rows));
}

static void test_stars_stay_within_one_name(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*", "a", MATCH_ALL},       {"*", ".a", MATCH_ALL},          {"*.c", "a.c", MATCH_ALL},
        {"*.c", "a.cc", MATCH_NONE}, {"*.c", ".c", MATCH_ALL},        {"*.c", "a", MATCH_NONE},
        {"*/b", "a", MATCH_ABOVE},   {"*/b", "a/b", MATCH_ALL},       {"*/b", "a/c/b", MATCH_NONE},
        {"a*c", "a/c", MATCH_NONE},  {"a*b*c", "axxbyyc", MATCH_ALL}, {"a*b*c", "acb", MATCH_NONE},
        {"**", "x", MATCH_ALL},      {"*a*", "bab", MATCH_ALL},       {"*ab", "aab", MATCH_ALL},
        {"*", "", MATCH_ALL},
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void test_a_question_mark_is_one_byte(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"?", "a", MATCH_ALL},     {"?", "", MATCH_NONE},      {"?", "ab", MATCH_NONE},
        {"a?", "ab", MATCH_ALL},   {"a?", "a", MATCH_NONE},    {"?*", "abc", MATCH_ALL},
        {"?/?", "a", MATCH_ABOVE}, {"a?b", "a/b", MATCH_NONE},
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

static void test_a_hostile_pattern_takes_no_longer_than_it_must(void **state)
{
    (void)state;
    char pattern[2001], path[4001];
    for (size_t i = 0; i < 2000; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    pattern[1999] = 'b';
    pattern[2000] = 0;
    memset(path, 'a', 4000);
    path[4000] = 0;
    assert_int_equal(match_path(pattern, path), MATCH_NONE); /* with recursion: for years */
}

static void test_any_gives_the_best_of_all(void **state)
{
    (void)state;
    char a_b[] = "a/b", c[] = "c";
    char *patterns[] = {a_b, c, NULL};
    assert_int_equal(match_any(patterns, "a"), MATCH_ABOVE);
    assert_int_equal(match_any(patterns, "c"), MATCH_ALL);
    assert_int_equal(match_any(patterns, "d"), MATCH_NONE);
    assert_int_equal(match_any(patterns + 2, "d"), MATCH_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_names_match_themselves_and_what_is_below),
        cmocka_unit_test(test_a_dot_matches_everything),
        cmocka_unit_test(test_stars_stay_within_one_name),
        cmocka_unit_test(test_a_question_mark_is_one_byte),
        cmocka_unit_test(test_a_hostile_pattern_takes_no_longer_than_it_must),
        cmocka_unit_test(test_any_gives_the_best_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
