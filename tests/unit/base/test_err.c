/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"

static void test_set_gives_minus_kind_and_text(void **state)
{
    (void)state;
    struct err e = {.sys = EIO};

    assert_int_equal(err_set(&e, ERR_LIMIT, "%d boxes are %s", 3, "too many"), -ERR_LIMIT);

    assert_int_equal(e.kind, ERR_LIMIT);
    assert_int_equal(e.sys, 0);
    assert_string_equal(e.text, "3 boxes are too many");
}

static void test_set_cuts_long_text_with_dots(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err e = {0};

    err_set(&e, ERR_INVALID, "%s", text);

    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    assert_string_equal(e.text + ERR_TEXT_MAX - 4, "...");
}

static void test_set_cuts_between_characters(void **state)
{
    (void)state;
    char text[600];
    for (size_t i = 0; i < sizeof(text) - 1; i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[598] = '\0';
    struct err e = {0};

    err_set(&e, ERR_INVALID, "%s", text);
    assert_true(utf8_valid(e.text, strlen(e.text)));
    err_set(&e, ERR_INVALID, "x%s", text);
    assert_true(utf8_valid(e.text, strlen(e.text)));
}

static void test_sys_names_the_errno_and_its_kind(void **state)
{
    (void)state;
    static const struct {
        int sys;
        enum err_kind kind;
        const char *text;
    } rows[] = {
        {ENOENT, ERR_NOT_FOUND, "open 'x': No such file or directory"},
        {EPERM, ERR_DENIED, "open 'x': Operation not permitted"},
        {EACCES, ERR_DENIED, "open 'x': Permission denied"},
        {EBUSY, ERR_BUSY, "open 'x': Device or resource busy"},
        {EIO, ERR_IO, "open 'x': Input/output error"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        errno = rows[i].sys;
        assert_int_equal(err_sys(&e, "open '%s'", "x"), -(int)rows[i].kind);
        assert_int_equal(e.sys, rows[i].sys);
        assert_int_equal(errno, rows[i].sys);
        assert_string_equal(e.text, rows[i].text);
    }
}

static void test_sys_keeps_the_reason_of_a_long_text(void **state)
{
    (void)state;
    char path[400];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct err e = {0};
    errno = ENOENT;

    err_sys(&e, "open '%s'", path);

    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    assert_non_null(strstr(e.text, "p...: No such file or directory"));
}

static void test_wrap_puts_context_first(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_BUSY, "no box is free");
    e.sys = EAGAIN;

    assert_int_equal(err_wrap(&e, "starting job %d", 7), -ERR_BUSY);

    assert_string_equal(e.text, "starting job 7: no box is free");
    assert_int_equal(e.sys, EAGAIN);
}

static void test_wrap_of_a_full_text_keeps_its_end(void **state)
{
    (void)state;
    char path[400];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct err e = {0};
    errno = ENOENT;
    err_sys(&e, "open '%s'", path);

    err_wrap(&e, "reading the cache");

    assert_memory_equal(e.text, "reading the cache: ...", 22);
    assert_non_null(strstr(e.text, "p...: No such file or directory"));
    assert_in_range(strlen(e.text), ERR_TEXT_MAX - 3, ERR_TEXT_MAX - 1);
}

static void test_wrap_may_quote_the_error_itself(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_IO, "one");

    err_wrap(&e, "two of %s", e.text);

    assert_string_equal(e.text, "two of one: one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_gives_minus_kind_and_text),
        cmocka_unit_test(test_set_cuts_long_text_with_dots),
        cmocka_unit_test(test_set_cuts_between_characters),
        cmocka_unit_test(test_sys_names_the_errno_and_its_kind),
        cmocka_unit_test(test_sys_keeps_the_reason_of_a_long_text),
        cmocka_unit_test(test_wrap_puts_context_first),
        cmocka_unit_test(test_wrap_of_a_full_text_keeps_its_end),
        cmocka_unit_test(test_wrap_may_quote_the_error_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
