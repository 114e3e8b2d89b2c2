/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/compare.h"

struct pair {
    const char *expected;
    size_t expected_len;
    const char *actual;
    size_t actual_len;
};

#define PAIR(expected, actual)                                                                     \
    {                                                                                              \
        expected, sizeof(expected) - 1, actual, sizeof(actual) - 1                                 \
    }

/* Both ways round: the rule is the same for both texts. */
static void assert_all(const struct pair *pairs, size_t count, bool equal)
{
    for (size_t i = 0; i < count; i++) {
        const struct pair *p = &pairs[i];
        bool there = compare_lines(p->expected, p->expected_len, p->actual, p->actual_len);
        bool back = compare_lines(p->actual, p->actual_len, p->expected, p->expected_len);
        if (there != equal || back != equal) {
            fail_msg("pair %zu: %d, %d", i, there, back);
        }
    }
}

static void test_equal_texts_are_equal(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        PAIR("", ""),
        PAIR("a", "a"),
        PAIR("1 2\n3", "1 2\n3"),
        PAIR("\xc3\xa9\n", "\xc3\xa9\n"),
    };
    assert_all(pairs, ARRAY_LEN(pairs), true);
    assert_true(compare_lines(NULL, 0, NULL, 0));
    assert_true(compare_lines("\n", 1, NULL, 0));
    assert_false(compare_lines("x", 1, NULL, 0));
}

static void test_white_space_at_the_end_of_a_line_does_not_count(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        PAIR("a\nb", "a \nb"),      PAIR("a\nb", "a\r\nb\r\n"),  PAIR("a\nb", "a\t\v\f\r \nb"),
        PAIR("a\nb", "a\0\nb\0\0"), PAIR("a\n\nb", "a\n \t\nb"), /* an inner line of blanks is an
                                                                    empty line */
        PAIR("a\rb", "a\rb\r"),
    };
    assert_all(pairs, ARRAY_LEN(pairs), true);
}

static void test_empty_lines_at_the_end_do_not_count(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        PAIR("a", "a\n"), PAIR("a\n", "a\n\n\n"), PAIR("a", "a\r\n \r\n\0\n"),
        PAIR("", "\n\n"), PAIR("", " \n\t"),
    };
    assert_all(pairs, ARRAY_LEN(pairs), true);
}

static void test_all_else_counts(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        PAIR("a", "b"),
        PAIR("a", "ab"),
        PAIR("a", " a"),             /* leading blanks */
        PAIR("a", "\na"),            /* leading empty lines */
        PAIR("a\nb", "a\n\nb"),      /* inner empty lines */
        PAIR("a b", "a  b"),         /* inner blanks */
        PAIR("a\nb", "a b"),         /* a line's end is no blank */
        PAIR("a\nb", "a"),           /* one line less */
        PAIR("a\r\rb", "a\rb"),      /* a CR within a line */
        PAIR("a", "a\xc2\xa0"),      /* a no-break space is no blank */
        PAIR("a", "a\x1c"),          /* nor are ASCII's separators */
        PAIR("", "0"),               /* nothing, and something */
        PAIR("a\0b", "a\0c"),        /* a NUL ends nothing */
        PAIR("a \nb \nc", "a\nb\nd") /* the last line, after others that had to be trimmed */
    };
    assert_all(pairs, ARRAY_LEN(pairs), false);
}

/* Many lines, each white at its end in one of the texts only. */
static void test_long_texts(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    AUTO(mem_freep) char *plain = xmalloc(LINES * 2), *blanks = xmalloc(LINES * 4);
    for (size_t i = 0; i < LINES; i++) {
        memcpy(plain + i * 2, "x\n", 2);
        memcpy(blanks + i * 4, "x \r\n", 4);
    }
    assert_true(compare_lines(plain, LINES * 2, blanks, LINES * 4));
    blanks[(LINES - 1) * 4] = 'y';
    assert_false(compare_lines(plain, LINES * 2, blanks, LINES * 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_texts_are_equal),
        cmocka_unit_test(test_white_space_at_the_end_of_a_line_does_not_count),
        cmocka_unit_test(test_empty_lines_at_the_end_do_not_count),
        cmocka_unit_test(test_all_else_counts),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
