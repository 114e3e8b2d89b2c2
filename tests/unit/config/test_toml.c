/* SPDX-License-Identifier: Apache-2.0 */
#include "config/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "config/toml_text.h"

static int parse(const char *text, struct toml *ret, struct err *e)
{
    return toml_parse("x.toml", text, strlen(text), ret, e);
}

/* Refused, and the error says this. */
static void assert_refused(const char *text, const char *what)
{
    struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(parse(text, &toml, &e), -ERR_INVALID);
    if (!strstr(e.text, what)) {
        fail_msg("'%s' gave '%s', not '%s'", text, e.text, what);
    }
    assert_null(toml.entries);
}

static void assert_string(const char *text, const char *expected)
{
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(parse(text, &toml, &e), 0);
    assert_int_equal(toml.entry_count, 1);
    assert_int_equal(toml.entries[0].value.type, TOML_STRING);
    assert_string_equal(toml.entries[0].value.text, expected);
}

static void assert_integer(const char *text, int64_t expected)
{
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(parse(text, &toml, &e), 0);
    assert_int_equal(toml.entries[0].value.type, TOML_INTEGER);
    assert_true(toml.entries[0].value.number == expected);
}

static void parse_empty_gives_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only this", " \t\r\n#x\r\n", "\n\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct toml toml = {0};
        struct err e = {0};
        assert_int_equal(parse(texts[i], &toml, &e), 0);
        assert_int_equal(toml.entry_count, 0);
        assert_int_equal(toml.table_count, 0);
    }
}

static void parse_tables_gives_whole_keys_and_lines(void **state)
{
    (void)state;
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    const char *text = "top = 1\n[a.b] # comment\n\nk = true\nd.e = false\r\n[ empty ]\n";
    assert_int_equal(parse(text, &toml, &e), 0);

    assert_int_equal(toml.entry_count, 3);
    assert_string_equal(toml.entries[0].key, "top");
    assert_string_equal(toml.entries[1].key, "a.b.k");
    assert_int_equal(toml.entries[1].line, 4);
    assert_int_equal(toml.entries[1].table_len, 3);
    assert_true(toml.entries[1].value.truth);
    assert_string_equal(toml.entries[2].key, "a.b.d.e");
    assert_false(toml.entries[2].value.truth);
    assert_int_equal(toml.table_count, 2);
    assert_string_equal(toml.tables[1].name, "empty");
    assert_int_equal(toml.tables[1].line, 6);
}

static void parse_strings_reads_escapes_in_basic_ones_only(void **state)
{
    (void)state;
    assert_string("k = \"\"", "");
    assert_string("k = ''", "");
    assert_string("k = \"a#b\" # c", "a#b");
    assert_string("k = 'a\\n\"b'", "a\\n\"b");
    assert_string("k = \"\\b\\t\\n\\f\\r\\\"\\\\\"", "\b\t\n\f\r\"\\");
    assert_string("k = \"\\u00e9\\u20AC\\U0001F514\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94");
    assert_string("k = \"\xc3\xa9\"", "\xc3\xa9");
}

static void parse_strings_refuses_what_is_none(void **state)
{
    (void)state;
    assert_refused("k = \"abc", "x.toml:1: the string does not end on its line");
    assert_refused("k = \"abc\ndef\"", "does not end on its line");
    assert_refused("k = \"a\\", "escape");
    assert_refused("k = \"\\q\"", "unknown escape");
    assert_refused("k = \"\\u00g0\"", "4 hexadecimal digits");
    assert_refused("k = \"\\u0000\"", "no character");
    assert_refused("k = \"\\ud800\"", "no character");
    assert_refused("k = \"\\U00110000\"", "no character");
    assert_refused("k = 'a' 'b'", "behind the end");
}

static void parse_strings_of_lines_reads_escapes_in_basic_ones_only(void **state)
{
    (void)state;
    assert_string("k = \"\"\"\"\"\"", "");
    assert_string("k = \"\"\"one line\"\"\" # c", "one line");
    assert_string("k = \"\"\"\na\\tb\\u00e9\n# c\n\"\"\"", "a\tb\xc3\xa9\n# c\n");
    assert_string("k = \"\"\"\n\na\"\"\"", "\na");
    assert_string("k = \"\"\"\r\na\r\nb\"\"\"", "a\nb");
    assert_string("k = '''\na\\n\\\n'''", "a\\n\\\n");
    assert_string("k = '''\\'''", "\\");
}

static void parse_strings_of_lines_folds_what_a_backslash_ends(void **state)
{
    (void)state;
    assert_string("k = \"\"\"a \\\n   \n\t b\"\"\"", "a b");
    assert_string("k = \"\"\"\\\n  a\\  \t\r\n  \"\"\"", "a");
    assert_string("k = \"\"\"a\\\\\nb\"\"\"", "a\\\nb");
    assert_refused("k = \"\"\"a\\ b\"\"\"", "unknown escape");
}

static void parse_strings_of_lines_reads_one_or_two_quotes(void **state)
{
    (void)state;
    assert_string("k = \"\"\"a \"b\" \"\"c\"\" \"\"\\\"d\"\"\"", "a \"b\" \"\"c\"\" \"\"\"d");
    assert_string("k = \"\"\"\"a\"\"\"\"", "\"a\"");
    assert_string("k = \"\"\"\"\"a\"\"\"\"\"", "\"\"a\"\"");
    assert_string("k = '''''a'b'''''", "''a'b''");
    assert_refused("k = \"\"\"a\"\"\"\"\"\"", "behind the end");
    assert_refused("k = '''a''''''", "behind the end");
}

static void parse_strings_of_lines_counts_them(void **state)
{
    (void)state;
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(parse("a = [\"\"\"\n\n\"\"\", '''\n''']\nb = 1\n", &toml, &e), 0);
    assert_int_equal(toml.entries[1].line, 5);
    assert_refused("k = \"\"\"\na\n\\q\"\"\"", "x.toml:3: unknown escape");
    assert_refused("\nk = \"\"\"\na\n\"\"", "begins in line 2 does not end; add \"\"\"");
    assert_refused("k = '''a", "begins in line 1 does not end; add '''");
    assert_refused("k = \"\"\"\n\\", "escape");
    assert_refused("k = \"\"\"\x01\"\"\"", "control character");
}

static void text_add_is_read_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "a",
        "it's",
        "say \"x\"",
        "a\\b",
        "a\nb\n",
        "\n",
        "'''\n\"\"\"",
        "x\n'",
        "\"'",
        "tab\tand\x01\x7f\r\n",
        "na\xc3\xafve \xf0\x9f\x8c\x8d",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(buf_done) struct buf line = {0};
        buf_add_str(&line, "k = ");
        toml_text_add(&line, texts[i]);
        assert_string(line.data, texts[i]);
    }
}

static void parse_integers_reads_signs_and_underscores(void **state)
{
    (void)state;
    assert_integer("k = 0", 0);
    assert_integer("k = 65_536", 65536);
    assert_integer("k = -1", -1);
    assert_integer("k = +7#c", 7);
    assert_integer("k = 9223372036854775807", INT64_MAX);
    assert_integer("k = -9223372036854775808", INT64_MIN);
}

static void parse_integers_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "k = 01",         "k = 1__0",
        "k = _1",         "k = 1_",
        "k = 0x10",       "k = 1.5",
        "k = 1e3",        "k = -",
        "k = 1979-05-27", "k = inf",
        "k = nan",        "k = True",
        "k = yes",        "k = 9223372036854775808",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_refused(texts[i], "is no value; write an integer");
    }
    assert_refused("k = -9223372036854775809", "is no value");
    assert_refused("k =", "a value is missing");
    assert_refused("k = # c", "a value is missing");
}

static void parse_arrays_reads_lines_and_a_last_comma(void **state)
{
    (void)state;
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    const char *text = "a = []\nb = [ # one\n \"x\", 'y'\n,\n 'z', # last\n]\nc = [1,2]\n";
    assert_int_equal(parse(text, &toml, &e), 0);

    assert_int_equal(toml.entries[0].value.count, 0);
    assert_int_equal(toml.entries[1].value.count, 3);
    assert_string_equal(toml.entries[1].value.items[2].text, "z");
    assert_int_equal(toml.entries[1].line, 2);
    assert_int_equal(toml.entries[2].line, 7);
    assert_int_equal(toml.entries[2].value.items[1].number, 2);
}

static void parse_arrays_refuses_what_is_none(void **state)
{
    (void)state;
    assert_refused("k = [1, \"a\"]", "of one type; the first one is an integer");
    assert_refused("k = [1 2]", "a comma is missing");
    assert_refused("\nk = [1,\n2", "x.toml:3: the array that begins in line 2 does not end");
    assert_refused("k = [", "does not end");
    assert_refused("k = [,]", "a value is missing");
    assert_refused("k = [[1]]", "an array in an array");
    assert_refused("k = [1] x", "behind the end");
}

static void parse_keys_refuses_what_is_none(void **state)
{
    (void)state;
    assert_refused("= 1", "a key is missing");
    assert_refused("\"\" = 1", "a key in quotes is of letters");
    assert_refused("\"a b\" = 1", "a key in quotes is of letters");
    assert_refused("\"a = 1", "a key in quotes is of letters");
    assert_refused("\"a\"b = 1", "= is missing");
    assert_refused("k = 1\n'k' = 2", "set twice");
    assert_refused("a. = 1", "a key is missing");
    assert_refused("a", "= is missing after 'a'");
    assert_refused("a b = 1", "= is missing after 'a'");
    assert_refused("[]", "a key is missing");
    assert_refused("[a", "write [a]");
    assert_refused("[a] b = 1", "behind the end");
    assert_refused("[[a]]", "arrays of tables");
    assert_refused("k = {a = 1}", "inline tables");

    char longer[TOML_KEY_MAX + 8];
    memset(longer, 'k', sizeof(longer));
    memcpy(longer + TOML_KEY_MAX + 1, " = 1", 5);
    assert_refused(longer, "longer than 255 bytes");
}

static void parse_keys_in_quotes_tells_their_dots_from_others(void **state)
{
    (void)state;
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    const char *text = "[f]\n\"a.b\" = 1\na.b = 2\n'c+' = 3\n[f.\"d.e\"]\nx.'y.z' = 4\n";
    assert_int_equal(parse(text, &toml, &e), 0);
    assert_string_equal(toml.entries[0].key, "f.a\x1f"
                                             "b");
    assert_string_equal(toml.entries[1].key, "f.a.b");
    assert_string_equal(toml.entries[2].key, "f.c+");
    assert_string_equal(toml.entries[3].key, "f.d\x1f"
                                             "e.x.y\x1fz");
}

static void parse_twice_names_the_first_line(void **state)
{
    (void)state;
    assert_refused("a = 1\n\na = 2", "x.toml:3: 'a' is set twice (first in line 1)");
    assert_refused("[a]\nb = 1\n[c]\n[a]\n", "x.toml:4: [a] stands twice (first in line 1)");
    assert_refused("[a]\nb = 1\n[a.b]\n", "[a.b] does not go with 'a.b' in line 2");
    assert_refused("a = 1\na.b = 2\n", "'a.b' does not go with 'a' in line 1");
    assert_refused("a.b = 1\n[a]\n", "[a] does not go with 'a.b'");
    assert_refused("[a.b]\nx = 1\n[a]\nb.y = 2\n", "'a.b' is a table (line 1)");
    assert_refused("[a.b]\nx = 1\n[a]\nb = 2\n", "'a.b' does not go with 'a.b.x' in line 2");
    assert_refused("[a.b]\n[a]\nb = 2\n", "'a.b' is a table (line 1)");
}

static void parse_tables_below_and_above_go_together(void **state)
{
    (void)state;
    AUTO(toml_done) struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(parse("[a.b]\nx = 1\n[a]\ny = 2\n[a.c]\nx = 1\n", &toml, &e), 0);
    assert_int_equal(toml.entry_count, 3);
}

static void parse_bytes_refuses_what_is_no_text(void **state)
{
    (void)state;
    struct toml toml = {0};
    struct err e = {0};
    assert_int_equal(toml_parse("x", "a = 1\n\0", 7, &toml, &e), -ERR_INVALID);
    assert_string_equal(e.text, "x:2: control character 0x00; remove it");
    assert_refused("a = '\x01'", "control character 0x01");
    assert_refused("a = 1\rb = 2", "control character 0x0d");
    assert_refused("a = '\xff'", "not UTF-8");
}

static void parse_many_is_refused(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    for (int i = 0; i <= TOML_ENTRIES_MAX; i++) {
        buf_add_fmt(&text, "k%d = 1\n", i);
    }
    assert_refused(text.data, "more than 1000 keys");

    buf_clear(&text);
    buf_add_str(&text, "k = [");
    for (int i = 0; i <= TOML_ITEMS_MAX; i++) {
        buf_add_str(&text, "1,");
    }
    buf_add_str(&text, "]");
    assert_refused(text.data, "more than 4096 items");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_empty_gives_nothing),
        cmocka_unit_test(parse_tables_gives_whole_keys_and_lines),
        cmocka_unit_test(parse_strings_reads_escapes_in_basic_ones_only),
        cmocka_unit_test(parse_strings_refuses_what_is_none),
        cmocka_unit_test(parse_strings_of_lines_reads_escapes_in_basic_ones_only),
        cmocka_unit_test(parse_strings_of_lines_folds_what_a_backslash_ends),
        cmocka_unit_test(parse_strings_of_lines_reads_one_or_two_quotes),
        cmocka_unit_test(parse_strings_of_lines_counts_them),
        cmocka_unit_test(text_add_is_read_back),
        cmocka_unit_test(parse_integers_reads_signs_and_underscores),
        cmocka_unit_test(parse_integers_refuses_what_is_none),
        cmocka_unit_test(parse_arrays_reads_lines_and_a_last_comma),
        cmocka_unit_test(parse_arrays_refuses_what_is_none),
        cmocka_unit_test(parse_keys_refuses_what_is_none),
        cmocka_unit_test(parse_keys_in_quotes_tells_their_dots_from_others),
        cmocka_unit_test(parse_twice_names_the_first_line),
        cmocka_unit_test(parse_tables_below_and_above_go_together),
        cmocka_unit_test(parse_bytes_refuses_what_is_no_text),
        cmocka_unit_test(parse_many_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
