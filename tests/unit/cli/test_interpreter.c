/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/interpreter.h"

static void assert_interpreter(const char *text, const char *expected)
{
    AUTO(mem_freep) char *found = interpreter_of(text, strlen(text));
    if (expected) {
        assert_non_null(found);
        assert_string_equal(found, expected);
    } else {
        assert_null(found);
    }
}

static void test_interpreter_is_the_last_name_of_the_path(void **state)
{
    (void)state;
    assert_interpreter("#!/usr/bin/python3\nprint(1)\n", "python3");
    assert_interpreter("#! /bin/sh -e\r\n", "sh");
    assert_interpreter("#!perl", "perl");
}

static void test_interpreter_behind_env_is_found(void **state)
{
    (void)state;
    assert_interpreter("#!/usr/bin/env node\n", "node");
    assert_interpreter("#!/usr/bin/env -S A=b python3 -u\n", "python3");
    assert_interpreter("#!/usr/bin/env -S\n", NULL);
}

static void test_other_texts_have_none(void **state)
{
    (void)state;
    assert_interpreter("", NULL);
    assert_interpreter("#!", NULL);
    assert_interpreter("#!\nx", NULL);
    assert_interpreter("#!/usr/bin/\n", NULL);
    assert_interpreter("print(1) #!/bin/sh\n", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interpreter_is_the_last_name_of_the_path),
        cmocka_unit_test(test_interpreter_behind_env_is_found),
        cmocka_unit_test(test_other_texts_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
