/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/judge0/form.h"
#include "api/judge0/params.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static json_t *parse(const char *type, const char *body, const char *query)
{
    json_t *params = NULL;
    struct err e = {0};
    if (params_parse(type, body, strlen(body), query, &params, &e) < 0) {
        fail_msg("%s: %s", body, e.text);
    }
    return params;
}

static void expect(const char *type, const char *body, const char *query, const char *json)
{
    AUTO(json_freep) json_t *params = parse(type, body, query);
    AUTO(mem_freep) char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, json);
}

static void expect_bad(const char *type, const char *body, size_t len, const char *query)
{
    json_t *params = NULL;
    struct err e = {0};
    if (params_parse(type, body, len, query, &params, &e) == 0) {
        fail_msg("taken: %s %s", body, query);
    }
    assert_null(params);
    assert_true(e.text[0] != '\0');
}

static void test_query_wins_over_the_body(void **state)
{
    (void)state;
    expect(JSON, "{\"a\":1,\"b\":2}", "b=x&c=y", "{\"a\":1,\"b\":\"x\",\"c\":\"y\"}");
    expect(FORM, "a=1&b=2", "b=x", "{\"a\":\"1\",\"b\":\"x\"}");
    expect(FORM, "a[]=1&a[]=2", "a[]=3", "{\"a\":[\"3\"]}");
}

static void test_kinds_of_json_are_known_with_their_charset(void **state)
{
    (void)state;
    static const char *const types[] = {
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=x",
        "application/jsonrequest",
        "text/x-json",
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        expect(types[i], "{\"a\":15}", "", "{\"a\":15}");
    }
}

static void test_other_bodies_are_ignored(void **state)
{
    (void)state;
    expect("text/plain", "{\"a\":1}", "b=1", "{\"b\":\"1\"}");
    expect(NULL, "{\"a\":1}", "", "{}");
    expect("application/jsonp", "{", "", "{}");
    expect(JSON, "", "", "{}");
}

static void test_roots_that_are_no_objects_are_no_params(void **state)
{
    (void)state;
    expect(JSON, "[{\"a\":1}]", "b=1", "{\"b\":\"1\"}");
    expect(JSON, "1", "", "{}");
    expect(JSON, "null", "", "{}");
}

static void test_malformed_bodies_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{",           "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}",
                                      "{\"a\":1} x", "{\"a\":1e400}",       "{\"a\":NaN}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        expect_bad(JSON, bad[i], strlen(bad[i]), "");
    }
    expect_bad(FORM, "a=%", 3, "");
    expect_bad(FORM, "a=%4", 4, "");
    expect_bad(FORM, "a=%zz", 5, "");
    expect_bad(FORM, "a=%ff", 5, "");
    expect_bad(NULL, "", 0, "a=%ff");
    expect_bad("multipart/form-data", "x", 1, "");
}

static void test_integers_stay_integers(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *params = parse(JSON, "{\"a\":9007199254740993,\"b\":1.0}", "");
    assert_int_equal(json_integer_value(json_object_get(params, "a")), INT64_C(9007199254740993));
    assert_true(json_is_real(json_object_get(params, "b")));
}

static void test_only_strings_are_texts(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *params = parse(JSON, "{\"wait\":true,\"x\":\"true\",\"n\":1}", "");
    assert_false(params_is_true(params, "wait"));
    assert_true(params_is_true(params, "x"));
    assert_null(params_text(params, "n"));
    assert_null(params_text(params, "none"));
    AUTO(json_freep) json_t *upper = parse(NULL, "", "wait=TRUE");
    assert_false(params_is_true(upper, "wait"));
}

static void test_text_with_a_nul_is_not_what_stands_before_it(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *params = parse(JSON, "{\"wait\":\"true\\u0000x\"}", "");
    assert_false(params_is_true(params, "wait"));
    assert_null(params_text(params, "wait"));
}

static void test_form_values_are_decoded(void **state)
{
    (void)state;
    expect(FORM, "a=b+c%21%0A&d&e=&=f&&g=h=i", "",
           "{\"a\":\"b c!\\n\",\"d\":\"\",\"e\":\"\",\"g\":\"h=i\"}");
    expect(FORM, "a=1;b=2&a=3", "", "{\"a\":\"3\"}");
    expect(NULL, "", "a=1;b=2&a=3", "{\"a\":\"3\",\"b\":\"2\"}");
    expect(FORM, "a=%00", "", "{\"a\":\"\\u0000\"}");
}

static void test_nested_names_make_lists_and_objects(void **state)
{
    (void)state;
    expect(FORM, "s[][l]=1&s[][c]=x&s[][l]=2&s%5B%5D%5Bc%5D=y", "",
           "{\"s\":[{\"c\":\"x\",\"l\":\"1\"},{\"c\":\"y\",\"l\":\"2\"}]}");
    expect(FORM, "o[a]=1&o[b]=2", "", "{\"o\":{\"a\":\"1\",\"b\":\"2\"}}");
    expect(FORM, "a[b][c][d]=1&[x]=2&y[=3", "",
           "{\"[x]\":\"2\",\"a[b][c][d]\":\"1\",\"y[\":\"3\"}");
    expect_bad(FORM, "a=1&a[]=2", 9, "");
    expect_bad(FORM, "a[]=1&a[b]=2", 12, "");
}

#define PART(name, more, value)                                                                    \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" value "\r\n"

static void test_multipart_fields_and_files_are_values(void **state)
{
    (void)state;
    static const char type[] = "multipart/form-data; boundary=XX";
    expect(type,
           "preamble\r\n" PART("a", "", "1") PART("f", "; filename=\"x;y.py\"", "line\r\n--X\r\n")
               PART("s[][l]", "\r\nContent-Type: text/plain", "") "--XX--\r\n",
           "", "{\"a\":\"1\",\"f\":\"line\\r\\n--X\\r\\n\",\"s\":[{\"l\":\"\"}]}");
    expect("Multipart/Form-Data; charset=utf-8; boundary=\"X\\X\"", PART("a", "", "1") "--XX--", "",
           "{\"a\":\"1\"}");
    expect(type, "--XX--", "", "{}");
}

static void test_multipart_without_its_end_is_refused(void **state)
{
    (void)state;
    static const char type[] = "multipart/form-data; boundary=XX";
    static const char *const bad[] = {"--XX", "--XX\r\n", "x", PART("a", "", "1"),
                                      "--XX\r\n\r\n--XX"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        expect_bad(type, bad[i], strlen(bad[i]), "");
    }
}

static void test_too_many_fields_are_refused(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    for (int i = 0; i <= FORM_FIELDS_MAX; i++) {
        buf_add_str(&text, "a&");
    }
    expect_bad(FORM, text.data, text.len, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_wins_over_the_body),
        cmocka_unit_test(test_kinds_of_json_are_known_with_their_charset),
        cmocka_unit_test(test_other_bodies_are_ignored),
        cmocka_unit_test(test_roots_that_are_no_objects_are_no_params),
        cmocka_unit_test(test_malformed_bodies_are_refused),
        cmocka_unit_test(test_integers_stay_integers),
        cmocka_unit_test(test_only_strings_are_texts),
        cmocka_unit_test(test_text_with_a_nul_is_not_what_stands_before_it),
        cmocka_unit_test(test_form_values_are_decoded),
        cmocka_unit_test(test_nested_names_make_lists_and_objects),
        cmocka_unit_test(test_multipart_fields_and_files_are_values),
        cmocka_unit_test(test_multipart_without_its_end_is_refused),
        cmocka_unit_test(test_too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
