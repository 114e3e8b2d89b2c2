/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/piston/body.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/job.h"
#include "model/runtime.h"

static json_t *parse(const char *text)
{
    json_t *v = NULL;
    struct err e = {0};
    if (json_parse(text, strlen(text), &v, &e) < 0) {
        fail_msg("%s: %s", text, e.text);
    }
    return v;
}

static struct runtime python = {
    .refs = 1, .language = (char[]){"python"}, .version = (char[]){"3.11.2"}};
static struct runtime file = {
    .refs = 1, .language = (char[]){"file"}, .version = (char[]){"0.0.1"}};

static void expect_first(const char *body, const char *message)
{
    struct err e = {0};
    AUTO(json_freep) json_t *v = parse(body);
    assert_int_equal(body_check(v, &e), message != NULL ? -ERR_INVALID : 0);
    assert_string_equal(e.text, message != NULL ? message : "");
}

/* The job, or NULL and the message in *e. */
static struct job *job_of(const char *body, enum piston_style style, struct err *e)
{
    AUTO(json_freep) json_t *v = parse(body);
    AUTO(job_freep) struct job *job = job_new();
    if (body_check_encodings(v, &python, e) < 0 || body_fill_job(v, style, &python, job, e) < 0) {
        return NULL;
    }
    return TAKE(&job, NULL);
}

static void expect_refusal(const char *body, const char *message)
{
    struct err e = {0};
    AUTO(job_freep) struct job *job = job_of(body, PISTON_V2, &e);
    assert_null(job);
    assert_string_equal(e.text, message);
}

static struct job *expect_job(const char *body)
{
    struct err e = {0};
    struct job *job = job_of(body, PISTON_V2, &e);
    if (job == NULL) {
        fail_msg("%s: %s", body, e.text);
        abort(); /* it does not come here; gcc -O3 must know */
    }
    return job;
}

#define FILES "\"files\":[{\"content\":\"x\"}]"

static void test_checks_come_in_order_with_pistons_words(void **state)
{
    (void)state;
    static const char *const no_language[] = {"{}", "{\"language\":null}", "{\"language\":\"\"}",
                                              "{\"language\":5}"};
    static const char *const no_version[] = {"{\"language\":\"c\"}",
                                             "{\"language\":\"c\",\"version\":\"\"}",
                                             "{\"language\":\"c\",\"version\":3}"};
    for (size_t i = 0; i < ARRAY_LEN(no_language); i++) {
        expect_first(no_language[i], "language is required as a string");
    }
    for (size_t i = 0; i < ARRAY_LEN(no_version); i++) {
        expect_first(no_version[i], "version is required as a string");
    }
    expect_first("{\"language\":\"c\",\"version\":\"*\"}", "files is required as an array");
    expect_first("{\"language\":\"c\",\"version\":\"*\",\"files\":{}}",
                 "files is required as an array");
    expect_first(
        "{\"language\":\"c\",\"version\":\"*\",\"files\":[{\"content\":\"\"},{\"content\":1}]}",
        "files[1].content is required as a string");
    expect_first("{\"language\":\"c\",\"version\":\"*\",\"files\":[null]}",
                 "files[0].content is required as a string");
    expect_first("{\"language\":\"c\",\"version\":\"*\",\"files\":[]}", NULL);
    expect_first("{\"language\":\"c\",\"version\":\"*\",\"log\":1," FILES "}", NULL);
}

static void test_one_file_must_say_utf8(void **state)
{
    (void)state;
    static const char message[] = "files must include at least one utf8 encoded file";
    expect_refusal("{\"files\":[]}", message);
    expect_refusal("{\"files\":[{\"content\":\"\",\"encoding\":\"base64\"}]}", message);
    expect_refusal("{\"files\":[{\"content\":\"\",\"encoding\":\"latin1\"}]}", message);
    expect_refusal("{\"files\":[{\"content\":\"\",\"encoding\":5}]}", message);

    struct err e = {0};
    AUTO(json_freep) json_t *v = parse("{\"files\":[]}");
    assert_int_equal(body_check_encodings(v, &file, &e), 0);
}

static void test_encodings_are_decoded_as_node_does(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job =
        expect_job("{\"files\":[{\"name\":\"a\",\"content\":\"aGk_IQ\",\"encoding\":\"base64\"},"
                   "{\"name\":\"b\",\"content\":\"6869zz\",\"encoding\":\"hex\"},"
                   "{\"name\":\"c\",\"content\":\"68\",\"encoding\":\"latin1\"},"
                   "{\"name\":\"d\",\"content\":\"main\",\"encoding\":\"utf8\"}]}");
    assert_int_equal(job->file_count, 4);
    assert_memory_equal(job->files[0].data, "hi?!", 4);
    assert_int_equal(job->files[1].size, 2);
    assert_memory_equal(job->files[1].data, "hi", 2);
    assert_memory_equal(job->files[2].data, "68", 2);
    assert_false(job->files[0].code);
    assert_false(job->files[1].code);
    assert_true(job->files[2].code); /* a word that is no encoding is utf8 */
    assert_int_equal(job->main_file, 2);
}

static void test_names_default_to_their_index(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job = expect_job("{\"files\":[{\"content\":\"\"},{\"name\":\"\",\"content\":\"\"},{"
                                 "\"name\":null,\"content\":\"\"},"
                                 "{\"name\":0,\"content\":\"\"}]}");
    static const char *const names[] = {"file0.code", "file1.code", "file2.code", "file3.code"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(job->files[i].name, names[i]);
    }
}

static void test_names_stay_below_the_directory(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *job = expect_job(
        "{\"files\":[{\"name\":\"/etc/x\",\"content\":\"\"},{\"name\":\"a/../b\",\"content\":\"\"},"
        "{\"name\":\"..foo\",\"content\":\"\"},{\"name\":\"b\",\"content\":\"later\"}]}");
    assert_int_equal(job->file_count, 3);
    assert_string_equal(job->files[0].name, "etc/x");
    assert_string_equal(job->files[1].name, "b");
    assert_string_equal(job->files[1].data, "later");
    assert_string_equal(job->files[2].name, "..foo");
    expect_refusal("{\"files\":[{\"name\":\"../x\",\"content\":\"\"}]}",
                   "File path \"../x\" tries to escape parent directory: ../x");
    expect_refusal("{\"files\":[{\"name\":\"a/../../x\",\"content\":\"\"}]}",
                   "File path \"a/../../x\" tries to escape parent directory: a/../../x");
}

static void test_names_that_are_none_are_refused_with_their_key(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"files\":[{\"name\":\".\",\"content\":\"\"}]}",
                                      "{\"files\":[{\"name\":\"a/\",\"content\":\"\"}]}",
                                      "{\"files\":[{\"name\":\"a\\u0000b\",\"content\":\"\"}]}",
                                      "{\"files\":[{\"name\":5,\"content\":\"\"}]}",
                                      "{\"files\":[{\"name\":{},\"content\":\"\"}]}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        AUTO(job_freep) struct job *job = job_of(bad[i], PISTON_V2, &e);
        assert_null(job);
        assert_true(str_starts(e.text, "files[0].name"));
    }
}

static void expect_stdin(const char *body, enum piston_style style, const char *wanted)
{
    struct err e = {0};
    AUTO(job_freep) struct job *job = job_of(body, style, &e);
    assert_non_null(job);
    assert_int_equal(job->stdin_size, strlen(wanted));
    assert_memory_equal(job->stdin_data != NULL ? job->stdin_data : "", wanted, strlen(wanted));
}

static void test_stdin_ends_in_a_line_end(void **state)
{
    (void)state;
    expect_stdin("{" FILES "}", PISTON_V2, "\n");
    expect_stdin("{\"stdin\":null," FILES "}", PISTON_V2, "\n");
    expect_stdin("{\"stdin\":\"a\"," FILES "}", PISTON_V2, "a\n");
    expect_stdin("{\"stdin\":\"a\\n\"," FILES "}", PISTON_V2, "a\n");
    expect_stdin("{\"stdin\":[\"a\",1,null]," FILES "}", PISTON_V2, "a,1,\n");
    expect_stdin("{\"stdin\":\"a\"," FILES "}", PISTON_V1, "a");
    expect_stdin("{" FILES "}", PISTON_V1, "");
}

static void test_stdin_of_another_type_is_refused(void **state)
{
    (void)state;
    expect_refusal("{\"stdin\":5," FILES "}", "stdin must be a string");
    expect_refusal("{\"stdin\":{}," FILES "}", "stdin must be a string");
    expect_refusal("{\"stdin\":false," FILES "}", "stdin must be a string");
}

static void expect_args(const char *body, const char *joined, size_t count)
{
    AUTO(job_freep) struct job *job = expect_job(body);
    AUTO(mem_freep) char *text = strv_join(job->args, "|");
    assert_int_equal(strv_len(job->args), count);
    assert_string_equal(text != NULL ? text : "", joined);
}

static void test_args_are_what_javascript_makes_of_them(void **state)
{
    (void)state;
    expect_args("{" FILES "}", "", 0);
    expect_args("{\"args\":null," FILES "}", "", 0);
    expect_args("{\"args\":\"\"," FILES "}", "", 0);
    expect_args("{\"args\":[]," FILES "}", "", 0);
    expect_args("{\"args\":[\"a b\",1,1.5,true,null,\"\"]," FILES "}", "a b|1|1.5|true|null|", 6);
    expect_args("{\"args\":\"ab\\u00e4\\ud83d\\ude00\"," FILES "}", "a|b|\xc3\xa4|\xf0\x9f\x98\x80",
                4);
}

static void test_args_that_cannot_be_passed_are_refused(void **state)
{
    (void)state;
    expect_refusal("{\"args\":5," FILES "}", "args must be an array of strings");
    expect_refusal("{\"args\":{}," FILES "}", "args must be an array of strings");
    expect_refusal("{\"args\":[\"a\",{}]," FILES "}", "args[1] must be a string");
    expect_refusal("{\"args\":[\"a\\u0000\"]," FILES "}", "args[0] must not hold a NUL character");
    expect_refusal("{\"args\":\"a\\u0000\"," FILES "}", "args[1] must not hold a NUL character");
}

static void test_errors_of_2021_are_a_list(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *body = parse("{\"version\":3,\"files\":[{\"content\":\"\"},{}]}");
    AUTO(json_freep) json_t *errors = body_check_v1(body);
    AUTO(mem_freep) char *text = json_dumps(errors, JSON_COMPACT);
    assert_string_equal(
        text,
        "[{\"msg\":\"Invalid value\",\"param\":\"language\",\"location\":\"body\"},"
        "{\"value\":3.0,\"msg\":\"Invalid value\",\"param\":\"version\",\"location\":\"body\"},"
        "{\"msg\":\"Invalid value\",\"param\":\"files[1].content\",\"location\":\"body\"}]");
    AUTO(json_freep) json_t *good = parse("{\"language\":\"c\",\"version\":\"\"," FILES "}");
    assert_null(body_check_v1(good));
}

static void test_gateways_body_becomes_todays(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(json_freep)
    json_t *body =
        parse("{\"language\":\"python\",\"source\":\"x\",\"args\":[\"a\"],\"stdin\":\"s\"}");
    AUTO(json_freep) json_t *now = NULL;
    assert_int_equal(body_from_gateway(body, &now, &e), 0);
    AUTO(mem_freep) char *text = json_dumps(now, JSON_COMPACT);
    assert_string_equal(
        text, "{\"language\":\"python\",\"version\":\"*\",\"files\":[{\"content\":\"x\"}],"
              "\"stdin\":\"s\",\"args\":[\"a\"]}");

    AUTO(json_freep) json_t *bad = parse("{\"language\":\"python\"}");
    json_t *none = NULL;
    assert_int_equal(body_from_gateway(bad, &none, &e), -ERR_INVALID);
    assert_string_equal(e.text, "source is required as a string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_come_in_order_with_pistons_words),
        cmocka_unit_test(test_one_file_must_say_utf8),
        cmocka_unit_test(test_encodings_are_decoded_as_node_does),
        cmocka_unit_test(test_names_default_to_their_index),
        cmocka_unit_test(test_names_stay_below_the_directory),
        cmocka_unit_test(test_names_that_are_none_are_refused_with_their_key),
        cmocka_unit_test(test_stdin_ends_in_a_line_end),
        cmocka_unit_test(test_stdin_of_another_type_is_refused),
        cmocka_unit_test(test_args_are_what_javascript_makes_of_them),
        cmocka_unit_test(test_args_that_cannot_be_passed_are_refused),
        cmocka_unit_test(test_errors_of_2021_are_a_list),
        cmocka_unit_test(test_gateways_body_becomes_todays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
