/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/prove_program.h"

static struct prove_program read_text(const char *text)
{
    static struct prove_source source;
    source = (struct prove_source){"one", "c", "one.c", text};
    struct prove_program p = {0};
    struct err e = {0};
    assert_int_equal(prove_program_read(&source, &p, &e), 0);
    return p;
}

static void refuse_text(const char *text, const char *says)
{
    const struct prove_source source = {"one", "c", "one.c", text};
    struct prove_program p = {0};
    struct err e = {0};
    assert_int_equal(prove_program_read(&source, &p, &e), -ERR_BUG);
    assert_non_null(strstr(e.text, "one"));
    assert_non_null(strstr(e.text, says));
}

static const char *request_text(const struct prove_program *p, const char *key)
{
    return json_string_value(json_object_get(p->request, key));
}

static void test_head_in_c_is_read(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p = read_text("/*\n * threat: B5\n * defence: a wall: high\n * tries: to\n"
                                       " * needs: swap, /proc\n * hides: mac\n * together: 3\n"
                                       " * again: 2\n */\nint main(void) { return 0; }\n");
    assert_string_equal(p.threat, "B5");
    assert_string_equal(p.defence, "a wall: high");
    assert_string_equal(p.tries, "to");
    assert_string_equal(p.needs, "swap, /proc");
    assert_string_equal(p.hides, "mac");
    assert_int_equal(p.together, 3);
    assert_int_equal(p.again, 2);
}

static void test_head_in_python_is_read(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p = read_text("# threat: A1\n# defence: walls\nprint(1)\n# tries: late\n");
    assert_string_equal(p.defence, "walls");
    assert_string_equal(p.tries, "");
    assert_int_equal(p.together, 1);
    assert_int_equal(p.again, 1);
}

static void test_what_is_for_tests_alone_is_passed_over(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p = read_text("# threat: A1\n# defence: walls\n# off: filter\n"
                                       "# control: bare\n# Two words: no key\n");
    assert_string_equal(p.threat, "A1");
}

static void test_request_gets_language_and_source(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p =
        read_text("# threat: A1\n# defence: walls\n# request: {\"stdin\": \"in\"}\n");
    assert_string_equal(request_text(&p, "language"), "c");
    assert_string_equal(request_text(&p, "source"), p.source->text);
    assert_string_equal(request_text(&p, "stdin"), "in");
}

static void test_request_with_files_begins_with_the_program(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p =
        read_text("# threat: A1\n# defence: walls\n# request: {\"files\": [{\"path\": \"b\"}]}\n");
    const json_t *files = json_object_get(p.request, "files");
    assert_int_equal(json_array_size(files), 2);
    const json_t *first = json_array_get(files, 0);
    assert_string_equal(json_string_value(json_object_get(first, "path")), "one.c");
    assert_string_equal(json_string_value(json_object_get(first, "content")), p.source->text);
    assert_null(json_object_get(p.request, "source"));
}

static void test_stdin_size_makes_stdin(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p = read_text("# threat: A1\n# defence: walls\n# stdin_size: 5\n");
    assert_string_equal(request_text(&p, "stdin"), "xxxxx");
}

static void test_without_expectations_it_must_say_held(void **state)
{
    (void)state;
    AUTO(prove_program_done)
    struct prove_program p = read_text("# threat: A1\n# defence: walls\n");
    assert_string_equal(json_string_value(json_object_get(p.expect, "has")), "held");
    assert_string_equal(json_string_value(json_object_get(p.expect, "lacks")), "LEAK");
    assert_string_equal(json_string_value(json_object_get(p.expect, "verdict")), "ok");
}

static void test_wrong_heads_are_refused(void **state)
{
    (void)state;
    refuse_text("# threat: A1\n", "defence");
    refuse_text("# defence: walls\n", "threat");
    refuse_text("# threat: A1\n# defence: walls\n# threat: A2\n", "twice");
    refuse_text("# threat: A1\n# defence: walls\n# exspect: {}\n", "exspect");
    refuse_text("# threat: A1\n# defence: walls\n# expect: {\n", "expect");
    refuse_text("# threat: A1\n# defence: walls\n# request: []\n", "request");
}

static void test_order_is_by_threat_then_name(void **state)
{
    (void)state;
    const struct prove_source a = {.name = "a"}, b = {.name = "b"};
    char a2[] = "A2", a10[] = "A10", b1[] = "B1";
    const struct prove_program one = {.source = &b, .threat = a2};
    const struct prove_program two = {.source = &a, .threat = a10};
    const struct prove_program three = {.source = &a, .threat = b1};
    const struct prove_program four = {.source = &b, .threat = b1};
    assert_true(prove_program_compare(&one, &two) < 0);
    assert_true(prove_program_compare(&two, &three) < 0);
    assert_true(prove_program_compare(&three, &four) < 0);
}

static void test_words_are_found_whole(void **state)
{
    (void)state;
    assert_true(prove_word_in("memory limit, swap", "swap"));
    assert_true(prove_word_in("memory limit, swap", "memory limit"));
    assert_true(prove_word_in("hostname mac", "mac"));
    assert_false(prove_word_in("machine_id", "mac"));
    assert_false(prove_word_in("", "mac"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_in_c_is_read),
        cmocka_unit_test(test_head_in_python_is_read),
        cmocka_unit_test(test_what_is_for_tests_alone_is_passed_over),
        cmocka_unit_test(test_request_gets_language_and_source),
        cmocka_unit_test(test_request_with_files_begins_with_the_program),
        cmocka_unit_test(test_stdin_size_makes_stdin),
        cmocka_unit_test(test_without_expectations_it_must_say_held),
        cmocka_unit_test(test_wrong_heads_are_refused),
        cmocka_unit_test(test_order_is_by_threat_then_name),
        cmocka_unit_test(test_words_are_found_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
