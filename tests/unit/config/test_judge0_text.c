/* SPDX-License-Identifier: Apache-2.0 */
#include "config/judge0_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

static struct judge0_text parsed(const char *data)
{
    struct judge0_text text = {0};
    struct err e = {0};
    if (judge0_text_parse("f", data, strlen(data), &text, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return text;
}

/* The first setting is this one. */
static void assert_value(const char *data, const char *name, const char *value)
{
    AUTO(judge0_text_done) struct judge0_text text = parsed(data);
    assert_true(text.count > 0);
    assert_string_equal(text.settings[0].name, name);
    assert_string_equal(text.settings[0].value, value);
}

static void assert_refused(const char *data, const char *expected)
{
    struct judge0_text text = {0};
    struct err e = {0};
    assert_true(judge0_text_parse("f", data, strlen(data), &text, &e) < 0);
    assert_null(text.settings);
    if (!strstr(e.text, expected)) {
        fail_msg("'%s' is not in '%s'", expected, e.text);
    }
}

static void nothing_is_no_setting(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n\n", "# only\n  # comments", " \t\r\n", ";;", NULL};
    for (const char *const *at = texts; *at; at++) {
        AUTO(judge0_text_done) struct judge0_text text = parsed(*at);
        assert_int_equal(text.count, 0);
        assert_false(text.has_sections);
    }
}

static void shell_assigns_as_a_shell_does(void **state)
{
    (void)state;
    assert_value("A=1", "A", "1");
    assert_value("A=", "A", "");
    assert_value("  export A=b # c\n", "A", "b");
    assert_value("A=a#b", "A", "a#b");
    assert_value("A=#b", "A", "#b");
    assert_value("A='a \"b\" $c \\'", "A", "a \"b\" $c \\");
    assert_value("A=\"a 'b' \\$c \\\" \\x\"", "A", "a 'b' $c \" \\x");
    assert_value("A=a\\ b\\\\", "A", "a b\\");
    assert_value("A=a'b c'\"d e\"f", "A", "ab cd ef");
    assert_value("A=a\\\nb", "A", "ab");
    assert_value("A=\"a\\\nb\"", "A", "ab");
    assert_value("A='a\nb'", "A", "a\nb");
    assert_value("A=a=b", "A", "a=b");
    assert_value("A=$ b=1", "A", "$");
    assert_value("A=\"5$\"", "A", "5$");
    assert_value("A=http://x~y", "A", "http://x~y");
    assert_value("A=*", "A", "*");
    assert_value("A=\"\\`\"", "A", "`");
    assert_value("\xef\xbb\xbf"
                 "A=1",
                 "A", "1");
}

static void shell_ends_lines_with_cr_lf_too(void **state)
{
    (void)state;
    AUTO(judge0_text_done) struct judge0_text text = parsed("A=false\r\n# x\r\nB=a\\\r\nb\r\n");
    assert_int_equal(text.count, 2);
    assert_string_equal(text.settings[0].value, "false");
    assert_string_equal(text.settings[1].value, "ab");
    assert_int_equal(text.settings[1].line, 3);
}

static void shell_takes_several_on_a_line(void **state)
{
    (void)state;
    AUTO(judge0_text_done)
    struct judge0_text text = parsed("A=1 B=2;C=3 # D=4\nexport E=5 F G=6\nexport H\n");
    static const char *const names[] = {"A", "B", "C", "E", "G"};
    assert_int_equal(text.count, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(text.settings[i].name, names[i]);
    }
    assert_int_equal(text.settings[4].line, 2);
}

static void shell_expands_what_is_assigned_above(void **state)
{
    (void)state;
    AUTO(judge0_text_done)
    struct judge0_text text = parsed("A=1\nA=2\nB=x$A\nC=\"${B}y $A\"\nD='$A'\n");
    assert_string_equal(text.settings[2].value, "x2");
    assert_string_equal(text.settings[3].value, "x2y 2");
    assert_string_equal(text.settings[4].value, "$A");
}

static void shell_lines_are_counted_through_all(void **state)
{
    (void)state;
    AUTO(judge0_text_done)
    struct judge0_text text = parsed("# 1\n\nA='3\n4'\nB=5\\\n6\nC=\"7\\\n8\n9\"\nD=10\n");
    static const unsigned lines[] = {3, 5, 7, 10};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_equal(text.settings[i].line, lines[i]);
    }
}

static void shell_refuses_what_needs_a_shell(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A=$(date)",  "A=`date`",  "A=\"$(date)\"", "A=\"`date`\"",
        "A=$((1+1))", "A=${B:-1}", "A=${#B}",       "A=${}",
        "A=${A",      "A=$1",      "A=$$",          "A=$?",
        "A=$'x'",     "A=$\"x\"",  "A=~/x",         "A=b:~/x",
        "A=1 date",   "date",      "source /etc",   ". /etc/x",
        "set -a",     "if true",   "A+=1",          "A=1 | cat",
        "A=1&",       "A=a>b",     "A=(1 2)",       "1A=2",
        "A",          "A B=1",     "\"A\"=1",       "A=1 export B=2",
        NULL,
    };
    for (const char *const *at = texts; *at; at++) {
        assert_refused(*at, "f:1: '");
        assert_refused(*at, "needs a shell");
    }
    assert_refused("A=1\nB=2 # x\n\nC=$(x)\n", "f:4: '$(x)' needs a shell");
}

static void shell_refuses_what_has_no_end(void **state)
{
    (void)state;
    assert_refused("\nA='b\n\n", "f:2: the quote ' is not closed");
    assert_refused("A=\"b", "f:1: the quote \" is not closed");
    assert_refused("A=\"b\\\"", "f:1: the quote \" is not closed");
    assert_refused("A=1\nB=$C", "f:2: $C is not assigned above it");
}

static void growth_by_expansion_has_a_limit(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf data = {0};
    buf_add_str(&data, "A=0123456789\n");
    for (int i = 0; i < 40; i++) {
        buf_add_str(&data, "A=$A$A\n");
    }
    assert_refused(data.data, "a value is longer than 65536 bytes");
    buf_clear(&data);
    for (int i = 0; i < 1001; i++) {
        buf_add_str(&data, "A=1\n");
    }
    assert_refused(data.data, "f:1001: more than 1000 settings");
}

static void sections_are_known_by_their_look(void **state)
{
    (void)state;
    static const char *const with[] = {"[redis]",         "# x\n[a]\n", "host = x",
                                       "host=x",          "PORT = 1",   "PORT\t=1",
                                       "A=1\n[worker]\n", "; x\n[a]",   NULL};
    static const char *const without[] = {"PORT=1", "export a=1", "A='\n[ a ]\n'", NULL};
    for (const char *const *at = with; *at; at++) {
        AUTO(judge0_text_done) struct judge0_text text = parsed(*at);
        assert_true(text.has_sections);
    }
    for (const char *const *at = without; *at; at++) {
        AUTO(judge0_text_done) struct judge0_text text = parsed(*at);
        assert_false(text.has_sections);
    }
}

static void sections_give_keys_and_values(void **state)
{
    (void)state;
    AUTO(judge0_text_done)
    struct judge0_text text = parsed("top = 1\r\n[ Redis ] ; x\n  host=a b \n\n# c\n; c\n[redis]\n"
                                     "Host = 'x # y' # z\nn = 1 ; two\nu = http://a#b\ne =\n");
    static const struct {
        const char *section, *name, *value;
        unsigned line;
    } expected[] = {
        {"", "top", "1", 1},    {"redis", "host", "a b", 3},      {"redis", "Host", "x # y", 8},
        {"redis", "n", "1", 9}, {"redis", "u", "http://a#b", 10}, {"redis", "e", "", 11},
    };
    assert_int_equal(text.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_string_equal(text.settings[i].section, expected[i].section);
        assert_string_equal(text.settings[i].name, expected[i].name);
        assert_string_equal(text.settings[i].value, expected[i].value);
        assert_int_equal(text.settings[i].line, expected[i].line);
    }
}

static void sections_refuse_other_lines(void **state)
{
    (void)state;
    assert_refused("[a]\nb\n", "f:2: 'b' is neither [section] nor key = value");
    assert_refused("[a]\n= b\n", "f:2: '= b' is neither");
    assert_refused("[a]\n[b\n", "f:2: '[b' is neither");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    struct judge0_text text = {0};
    struct err e = {0};
    assert_int_equal(judge0_text_parse("f", "A=\0", 3, &text, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "f:1: a byte of the file is 0"));
    AUTO(buf_done) struct buf data = {0};
    memset(buf_reserve(&data, JUDGE0_TEXT_BYTES_MAX + 1), '\n', JUDGE0_TEXT_BYTES_MAX + 1);
    assert_int_equal(judge0_text_parse("f", data.data, JUDGE0_TEXT_BYTES_MAX + 1, &text, &e),
                     -ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_no_setting),
        cmocka_unit_test(shell_assigns_as_a_shell_does),
        cmocka_unit_test(shell_ends_lines_with_cr_lf_too),
        cmocka_unit_test(shell_takes_several_on_a_line),
        cmocka_unit_test(shell_expands_what_is_assigned_above),
        cmocka_unit_test(shell_lines_are_counted_through_all),
        cmocka_unit_test(shell_refuses_what_needs_a_shell),
        cmocka_unit_test(shell_refuses_what_has_no_end),
        cmocka_unit_test(growth_by_expansion_has_a_limit),
        cmocka_unit_test(sections_are_known_by_their_look),
        cmocka_unit_test(sections_give_keys_and_values),
        cmocka_unit_test(sections_refuse_other_lines),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
