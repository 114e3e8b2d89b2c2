/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section 3 of Judge0's contract.  The functions below take the place of those of languages.c, with
 * a table of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/judge0/cast.h"
#include "api/judge0/languages.h"
#include "api/judge0/validate.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/execution.h"

static const struct judge0_language table[] = {
    {.id = 4, .name = "C (gcc 7.2.0)", .label = "C", .archived = true, .source_file = "main.c"},
    {.id = 50, .name = "C (GCC 9.2.0)", .label = "C (GCC)", .source_file = "main.c"},
    {.id = 54, .name = "C++ (GCC 9.2.0)", .label = "C++ (GCC)", .source_file = "main.cpp"},
    {.id = 71, .name = "Python (3.8.1)", .label = "Python", .source_file = "script.py"},
    {.id = 83, .name = "Swift (5.2.3)", .label = "Swift", .source_file = "Main.swift"},
    {.id = 84, .name = "Visual Basic.Net", .label = "Visual Basic.Net", .source_file = "Main.vb"},
    {.id = 89, .name = "Multi-file program", .label = "Multi-file program"},
};

const struct judge0_language *judge0_language(enum judge0_flavour flavour, int id)
{
    assert_int_equal(flavour, FLAVOUR_CE);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].id == id) {
            return &table[i];
        }
    }
    return NULL;
}

enum judge0_language_state judge0_language_state(const struct judge0_language_set *set, int id)
{
    (void)set;
    const struct judge0_language *row = judge0_language(FLAVOUR_CE, id);
    return row == NULL            ? LANGUAGE_UNKNOWN
           : row->archived        ? LANGUAGE_ARCHIVED
           : id == 83 || id == 84 ? LANGUAGE_MISSING
                                  : LANGUAGE_READY;
}

void judge0_language_remedy(const struct judge0_language_set *set, int id, struct buf *ret)
{
    (void)set;
    buf_add_str(ret,
                id == 83 ? "install it with 'belljar pkg install swift/6.0'" : "no recipe has it");
}

bool judge0_language_is_compiled(const struct judge0_language_set *set, int id)
{
    (void)set;
    return id == 50 || id == 54;
}

/* --- what is asked, as the inside of an object; what comes of it --------------------------- */

static int setup(void **state)
{
    static char none_flag[] = "--judge0-conf=none";
    char *words[] = {none_flag, NULL}, *environment[] = {NULL};
    AUTO(mem_freep) char **rest = NULL;
    struct config *config = NULL;
    struct err e = {0};
    if (config_load(words, environment, &config, &rest, &e) < 0) {
        fail_msg("%s", e.text);
    }
    *state = config;
    return 0;
}

static int teardown(void **state)
{
    config_free(*state);
    return 0;
}

static bool validate(const struct config *c, const char *attributes, bool base64,
                     struct execution **ret, json_t **ret_errors)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(json_freep) json_t *v = NULL;
    struct err e = {0};
    buf_add_fmt(&text, "{%s}", attributes);
    if (json_parse_exact(text.data, text.len, &v, &e) < 0) {
        fail_msg("%s: %s", attributes, e.text);
    }
    *ret = NULL;
    *ret_errors = NULL;
    return validate_submission(c, NULL, NULL, v, base64, ret, ret_errors);
}

static void expect_errors(const struct config *c, const char *attributes, const char *wanted)
{
    struct execution *x;
    AUTO(json_freep) json_t *errors = NULL;
    assert_true(validate(c, attributes, false, &x, &errors));
    if (x != NULL) {
        fail_msg("taken: %s", attributes);
    }
    AUTO(mem_freep) char *text = json_dumps(errors, JSON_COMPACT);
    assert_string_equal(text, wanted);
}

static struct execution *make(const struct config *c, const char *attributes, bool base64)
{
    struct execution *x;
    AUTO(json_freep) json_t *errors = NULL;
    assert_true(validate(c, attributes, base64, &x, &errors));
    if (x == NULL) {
        AUTO(mem_freep) char *text = json_dumps(errors, JSON_COMPACT);
        fail_msg("%s: %s", attributes, text);
    }
    return x;
}

#define GOOD   "\"source_code\":\"x\",\"language_id\":71"
#define GOOD_C "\"source_code\":\"x\",\"language_id\":50"
#define MULTI  "\"language_id\":89,\"additional_files\":\"UEsFBg==\""

/* The value of `name` in the request of an execution, as JSON. */
static void expect_kept(const struct config *c, const char *attributes, const char *name,
                        const char *wanted)
{
    AUTO(execution_unrefp) struct execution *x = make(c, attributes, false);
    AUTO(json_freep) json_t *request = json_loads(x->request, JSON_ALLOW_NUL, NULL);
    AUTO(mem_freep)
    char *text =
        json_dumps(json_object_get(request, name), JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    assert_non_null(text);
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s: %s is %s, not %s", attributes, name, text, wanted);
    }
}

/* --- the whole --------------------------------------------------------------------------- */

static void test_defaults_are_the_configured_ones(void **state)
{
    AUTO(execution_unrefp) struct execution *x = make(*state, GOOD, false);
    assert_string_equal(
        x->request,
        "{\"compiler_options\":null,\"command_line_arguments\":null,\"number_of_runs\":1,"
        "\"cpu_time_limit\":5.0,\"cpu_extra_time\":1.0,\"wall_time_limit\":10.0,"
        "\"memory_limit\":128000,\"stack_limit\":64000,\"max_file_size\":1024,"
        "\"max_processes_and_or_threads\":60,"
        "\"enable_per_process_and_thread_time_limit\":false,"
        "\"enable_per_process_and_thread_memory_limit\":false,"
        "\"redirect_stderr_to_stdout\":false,\"enable_network\":false,\"callback_url\":null}");
    assert_string_equal(x->dialect, "judge0");
    assert_int_equal(x->language, 71);
    assert_int_equal(x->status, 1);
    assert_int_equal(x->state, EXECUTION_QUEUED);
    assert_memory_equal(x->parts[PART_SOURCE].data, "x", 2);
    assert_null(x->parts[PART_STDIN].data);
    assert_null(x->parts[PART_EXPECTED].data);
    assert_null(x->parts[PART_FILES].data);
}

static void test_doubles_are_short_and_exact(void **state)
{
    AUTO(execution_unrefp)
    struct execution *x =
        make(*state,
             GOOD ",\"cpu_time_limit\":0.1,\"cpu_extra_time\":\"1e-1\",\"wall_time_limit\":\"7\"",
             false);
    assert_non_null(strstr(x->request, "\"cpu_time_limit\":0.1,\"cpu_extra_time\":0.1,"
                                       "\"wall_time_limit\":7.0,"));
}

static void test_default_above_its_maximum_is_the_maximum(void **state)
{
    struct config *c = *state;
    c->judge0_cpu_max_ms = 2500;
    expect_kept(c, GOOD, "cpu_time_limit", "2.5");
}

static void test_empty_stdin_is_not_null(void **state)
{
    AUTO(execution_unrefp) struct execution *x = make(*state, GOOD ",\"stdin\":\"\"", false);
    assert_non_null(x->parts[PART_STDIN].data);
    assert_int_equal(x->parts[PART_STDIN].len, 0);
}

static void test_base64_is_decoded_and_never_fails(void **state)
{
    AUTO(execution_unrefp)
    struct execution *x =
        make(*state,
             "\"language_id\":71,\"source_code\":\"cHJp\\nbnQ!oMSk\",\"stdin\":\"\","
             "\"expected_output\":\"AP8=\",\"additional_files\":\"eg==\","
             "\"command_line_arguments\":\"YQ==\"",
             true);
    assert_string_equal(x->parts[PART_SOURCE].data, "print(1)");
    assert_int_equal(x->parts[PART_STDIN].len, 0);
    assert_non_null(x->parts[PART_STDIN].data);
    assert_int_equal(x->parts[PART_EXPECTED].len, 2);
    assert_memory_equal(x->parts[PART_EXPECTED].data, "\0\xff", 2);
    assert_string_equal(x->parts[PART_FILES].data, "z");
    assert_non_null(strstr(x->request, "\"command_line_arguments\":\"YQ==\""));
}

static void test_additional_files_are_decoded_always(void **state)
{
    AUTO(execution_unrefp)
    struct execution *x = make(*state, GOOD ",\"additional_files\":\"eg==\"", false);
    assert_string_equal(x->parts[PART_FILES].data, "z");
    AUTO(execution_unrefp)
    struct execution *none = make(*state, GOOD ",\"additional_files\":\"==\"", false);
    assert_null(none->parts[PART_FILES].data);
}

static void test_base64_of_what_is_no_string_has_no_words(void **state)
{
    static const char *const bad[] = {
        "\"language_id\":71,\"source_code\":5",
        GOOD ",\"stdin\":true",
        GOOD ",\"expected_output\":1.5",
        GOOD ",\"additional_files\":1",
    };
    struct execution *x;
    json_t *errors;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(validate(*state, bad[i], true, &x, &errors));
        assert_null(x);
        assert_null(errors);
    }
    AUTO(execution_unrefp)
    struct execution *null =
        make(*state, "\"language_id\":71,\"source_code\":\"eA==\",\"stdin\":null", true);
    assert_null(null->parts[PART_STDIN].data);
}

/* --- casting ----------------------------------------------------------------------------- */

static void test_numbers_are_cast(void **state)
{
    static const char *const rows[][3] = {
        {"memory_limit", "2048.9", "2048"},     {"memory_limit", "\"2048\"", "2048"},
        {"memory_limit", "\" 3000 \"", "3000"}, {"memory_limit", "\"3_000\"", "3000"},
        {"number_of_runs", "1.9", "1"},         {"number_of_runs", "0.5", "1"},
        {"number_of_runs", "\"2\"", "2"},       {"number_of_runs", "null", "1"},
        {"number_of_runs", "\"\"", "1"},        {"number_of_runs", "[3]", "1"},
        {"number_of_runs", "{}", "1"},          {"number_of_runs", "\"  \"", "1"},
        {"cpu_time_limit", "\"1.5\"", "1.5"},   {"cpu_time_limit", "2", "2.0"},
        {"cpu_time_limit", "\"1e1\"", "10.0"},  {"cpu_time_limit", "\".5\"", "0.5"},
        {"cpu_time_limit", "-0.0", "0.0"},      {"cpu_time_limit", "\"+3\"", "3.0"},
        {"cpu_time_limit", "1e-300", "1e-300"}, {"stack_limit", "0", "0"},
        {"max_file_size", "4096", "4096"},      {"max_processes_and_or_threads", "120", "120"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200];
        snprintf(text, sizeof(text), GOOD ",\"%s\":%s", rows[i][0], rows[i][1]);
        expect_kept(*state, text, rows[i][0], rows[i][2]);
    }
}

static void test_what_is_no_number_is_told(void **state)
{
    static const char *const names[] = {
        "number_of_runs", "cpu_time_limit", "cpu_extra_time", "wall_time_limit",
        "memory_limit",   "stack_limit",    "max_file_size",  "max_processes_and_or_threads"};
    static const char *const bad[] = {"\"abc\"", "\"2x\"",  "\"0x1\"",  "true",   "false",
                                      "\"1.\"",  "\"NaN\"", "\"1__0\"", "\"_1\"", "\"1e\"",
                                      "\"1 2\"", "\"-\"",   "\"inf\""};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            char text[200], wanted[200];
            snprintf(text, sizeof(text), GOOD ",\"%s\":%s", names[i], bad[k]);
            snprintf(wanted, sizeof(wanted), "{\"%s\":[\"is not a number\"]}", names[i]);
            expect_errors(*state, text, wanted);
        }
    }
}

static void test_language_ids_are_cast(void **state)
{
    static const struct {
        const char *id, *wanted;
    } rows[] = {
        {"\"abc\"", "language with id 0 doesn't exist"},
        {"true", "language with id 1 doesn't exist"},
        {"false", "language with id 0 doesn't exist"},
        {"150000", "language with id 150000 doesn't exist"},
        {"-71", "language with id -71 doesn't exist"},
        {"1e20", "language with id 100000000000000000000 doesn't exist"},
        {"4294967367", "language with id 4294967367 doesn't exist"}, /* 71 + 2^32 */
        {"\"0x47\"", "language with id 0 doesn't exist"},
        {"4", "language with id 4 is archived and cannot be used anymore"},
        {"83", "language with id 83 (Swift) is not installed on this server: install it "
               "with 'belljar pkg install swift/6.0'"},
        {"84", "language with id 84 (Visual Basic.Net) is not installed on this server: no recipe "
               "has it"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200], wanted[300];
        snprintf(text, sizeof(text), "\"source_code\":\"x\",\"language_id\":%s", rows[i].id);
        snprintf(wanted, sizeof(wanted), "{\"language_id\":[\"%s\"]}", rows[i].wanted);
        expect_errors(*state, text, wanted);
    }
    static const char *const good[] = {"\"71\"", "71.9", "\"71.9\"", "\" 71x\""};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char text[200];
        snprintf(text, sizeof(text), "\"source_code\":\"x\",\"language_id\":%s", good[i]);
        AUTO(execution_unrefp) struct execution *x = make(*state, text, false);
        assert_int_equal(x->language, 71);
    }
}

static void test_missing_language_has_two_messages(void **state)
{
    static const char *const missing[] = {"[71]", "null", "\"\"", "{}"};
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        char text[100];
        snprintf(text, sizeof(text), "\"source_code\":\"x\",\"language_id\":%s", missing[i]);
        expect_errors(*state, text,
                      "{\"language_id\":[\"can't be blank\",\"language with id  doesn't exist\"]}");
    }
}

static void test_booleans_are_cast(void **state)
{
    static const char *const no[] = {"false",   "0",         "\"0\"",     "\"f\"",
                                     "\"F\"",   "\"false\"", "\"FALSE\"", "\"off\"",
                                     "\"OFF\"", "\"\"",      "null",      "[true]"};
    static const char *const yes[] = {"true",      "1",         "\"1\"", "\"true\"", "\"no\"",
                                      "\"maybe\"", "\"False\"", "2.5",   "0.0",      "\" \""};
    char text[200];
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        snprintf(text, sizeof(text), GOOD ",\"redirect_stderr_to_stdout\":%s", no[i]);
        expect_kept(*state, text, "redirect_stderr_to_stdout", "false");
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        snprintf(text, sizeof(text), GOOD ",\"redirect_stderr_to_stdout\":%s", yes[i]);
        expect_kept(*state, text, "redirect_stderr_to_stdout", "true");
    }
    struct config *c = *state;
    c->judge0_merge_stderr = true;
    expect_kept(c, GOOD ",\"redirect_stderr_to_stdout\":\"\"", "redirect_stderr_to_stdout", "true");
}

static void test_texts_are_cast(void **state)
{
    static const char *const rows[][2] = {
        {"123", "\"123\""},
        {"1.5", "\"1.5\""},
        {"2.0", "\"2.0\""},
        {"true", "\"t\""},
        {"false", "\"f\""},
        {"[1]", "null"},
        {"{\"a\":1}", "null"},
        {"\"\"", "\"\""},
        {"\"<\\u2028\\u0000\\\"\"", "\"<\xe2\x80\xa8\\u0000\\\"\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200];
        snprintf(text, sizeof(text), GOOD ",\"command_line_arguments\":%s", rows[i][0]);
        expect_kept(*state, text, "command_line_arguments", rows[i][1]);
    }
}

/* --- the table of errors ----------------------------------------------------------------- */

static void test_source_must_not_be_blank(void **state)
{
    static const char *const blank[] = {"\"language_id\":71",
                                        "\"language_id\":71,\"source_code\":null",
                                        "\"language_id\":71,\"source_code\":\" \\n\\t\"",
                                        "\"language_id\":71,\"source_code\":[\"x\"]"};
    for (size_t i = 0; i < ARRAY_LEN(blank); i++) {
        expect_errors(*state, blank[i], "{\"source_code\":[\"can't be blank\"]}");
    }
}

static void test_89_has_files_and_no_source(void **state)
{
    expect_errors(*state, MULTI ",\"source_code\":\"x\"", "{\"source_code\":[\"must be blank\"]}");
    expect_errors(*state, "\"language_id\":89", "{\"additional_files\":[\"can't be blank\"]}");
    expect_errors(*state, "\"language_id\":89,\"additional_files\":\"!\"",
                  "{\"additional_files\":[\"can't be blank\"]}");
    expect_errors(*state, MULTI ",\"compiler_options\":\"-O2\"",
                  "{\"compiler_options\":[\"setting compiler options is only allowed for compiled "
                  "languages\"]}");
    AUTO(execution_unrefp) struct execution *x = make(*state, MULTI ",\"source_code\":\"\"", false);
    assert_int_equal(x->parts[PART_FILES].len, 4);
    AUTO(execution_unrefp) struct execution *y = make(*state, MULTI, false);
    assert_null(y->parts[PART_SOURCE].data);
}

static void test_numbers_have_bounds(void **state)
{
    static const char *const rows[][3] = {
        {"number_of_runs", "0", "must be greater than 0"},
        {"number_of_runs", "20.5", "must be less than or equal to 20"},
        {"number_of_runs", "1e300", "must be less than or equal to 20"},
        {"number_of_runs", "\"1e400\"", "must be less than or equal to 20"},
        {"number_of_runs", "\"-1e400\"", "must be greater than 0"},
        {"number_of_runs", "99999999999999999999999999", "must be less than or equal to 20"},
        {"cpu_time_limit", "-0.1", "must be greater than or equal to 0"},
        {"cpu_time_limit", "15.1", "must be less than or equal to 15.0"},
        {"cpu_extra_time", "6", "must be less than or equal to 5.0"},
        {"wall_time_limit", "0.9", "must be greater than or equal to 1"},
        {"wall_time_limit", "21", "must be less than or equal to 20.0"},
        {"memory_limit", "2047.9", "must be greater than or equal to 2048"},
        {"memory_limit", "512001", "must be less than or equal to 512000"},
        {"stack_limit", "-1", "must be greater than or equal to 0"},
        {"stack_limit", "128001", "must be less than or equal to 128000"},
        {"max_processes_and_or_threads", "0", "must be greater than 0"},
        {"max_processes_and_or_threads", "121", "must be less than or equal to 120"},
        {"max_file_size", "-1", "must be greater than or equal to 0"},
        {"max_file_size", "4097", "must be less than or equal to 4096"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200], wanted[200];
        snprintf(text, sizeof(text), GOOD ",\"%s\":%s", rows[i][0], rows[i][1]);
        snprintf(wanted, sizeof(wanted), "{\"%s\":[\"%s\"]}", rows[i][0], rows[i][2]);
        expect_errors(*state, text, wanted);
    }
    struct config *c = *state;
    c->judge0_cpu_max_ms = 7000;
    c->judge0_wall_max_ms = 2250;
    expect_errors(c, GOOD ",\"cpu_time_limit\":8,\"wall_time_limit\":3",
                  "{\"cpu_time_limit\":[\"must be less than or equal to 7.0\"],"
                  "\"wall_time_limit\":[\"must be less than or equal to 2.25\"]}");
}

static void test_texts_have_a_length(void **state)
{
    char text[3000], long_one[2000];
    memset(long_one, 'x', 513);
    long_one[513] = '\0';
    snprintf(text, sizeof(text), GOOD_C ",\"compiler_options\":\"%s\"", long_one);
    expect_errors(*state, text,
                  "{\"compiler_options\":[\"is too long (maximum is 512 characters)\"]}");
    for (size_t i = 0; i < 512; i++) {
        memcpy(long_one + 2 * i, "\xc3\xa9", 3);
    }
    snprintf(text, sizeof(text), GOOD_C ",\"command_line_arguments\":\"%s\"", long_one);
    AUTO(execution_unrefp) struct execution *x = make(*state, text, false);
    assert_non_null(x);
}

static void test_every_field_is_told_in_order(void **state)
{
    struct config *c = *state;
    c->judge0_allow_per_process_time = c->judge0_allow_per_process_memory = false;
    c->judge0_compiler_options = c->judge0_arguments = c->judge0_callbacks = false;
    c->judge0_additional_files = false;
    char text[3000], long_one[514];
    memset(long_one, 'x', 513);
    long_one[513] = '\0';
    snprintf(text, sizeof(text),
             "\"enable_network\":true,\"additional_files\":\"eg==\",\"callback_url\":\"x\","
             "\"command_line_arguments\":\"a\",\"compiler_options\":\"%s\",\"max_file_size\":-1,"
             "\"enable_per_process_and_thread_memory_limit\":true,"
             "\"enable_per_process_and_thread_time_limit\":true,"
             "\"max_processes_and_or_threads\":0,\"stack_limit\":-1,\"memory_limit\":0,"
             "\"wall_time_limit\":0,\"cpu_extra_time\":-1,\"cpu_time_limit\":-1,"
             "\"number_of_runs\":0",
             long_one);
    expect_errors(c, text,
                  "{\"source_code\":[\"can't be blank\"],"
                  "\"language_id\":[\"can't be blank\",\"language with id  doesn't exist\"],"
                  "\"number_of_runs\":[\"must be greater than 0\"],"
                  "\"cpu_time_limit\":[\"must be greater than or equal to 0\"],"
                  "\"cpu_extra_time\":[\"must be greater than or equal to 0\"],"
                  "\"wall_time_limit\":[\"must be greater than or equal to 1\"],"
                  "\"memory_limit\":[\"must be greater than or equal to 2048\"],"
                  "\"stack_limit\":[\"must be greater than or equal to 0\"],"
                  "\"max_processes_and_or_threads\":[\"must be greater than 0\"],"
                  "\"enable_per_process_and_thread_time_limit\":[\"this option cannot be "
                  "enabled\"],"
                  "\"enable_per_process_and_thread_memory_limit\":[\"this option cannot be "
                  "enabled\"],"
                  "\"max_file_size\":[\"must be greater than or equal to 0\"],"
                  "\"compiler_options\":[\"is too long (maximum is 512 characters)\","
                  "\"setting compiler options is not allowed\"],"
                  "\"command_line_arguments\":[\"setting command line arguments is not allowed\"],"
                  "\"callback_url\":[\"setting callback is not allowed\"],"
                  "\"additional_files\":[\"setting additional files is not allowed\"],"
                  "\"enable_network\":[\"enabling network is not allowed\"]}");
}

static void test_blank_values_of_what_is_forbidden_pass(void **state)
{
    struct config *c = *state;
    c->judge0_allow_per_process_time = c->judge0_allow_per_process_memory = false;
    c->judge0_per_process_time = true; /* a default that is not allowed counts as false */
    c->judge0_compiler_options = c->judge0_arguments = c->judge0_callbacks = false;
    c->judge0_additional_files = false;
    AUTO(execution_unrefp)
    struct execution *x =
        make(c,
             GOOD_C ",\"enable_network\":false,\"additional_files\":\"\",\"callback_url\":\" \","
                    "\"command_line_arguments\":\"\",\"compiler_options\":null,"
                    "\"enable_per_process_and_thread_memory_limit\":\"off\"",
             false);
    assert_non_null(strstr(x->request, "\"enable_per_process_and_thread_time_limit\":false"));
}

static void test_network_is_refused_also_where_it_is_allowed(void **state)
{
    struct config *c = *state;
    c->judge0_network = c->judge0_allow_network = true;
    expect_errors(c, GOOD ",\"enable_network\":true",
                  "{\"enable_network\":[\"enabling network is not allowed\"]}");
    expect_kept(c, GOOD, "enable_network", "false");
}

static void test_compiler_options_are_for_some_languages(void **state)
{
    static const struct {
        const char *words, *wanted;
    } rows[] = {{"Java", "Java"}, {"C++ Java", "C++ and Java"}, {"C++ D Java", "C++, D and Java"}};
    struct config *c = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char wanted[200];
        strv_free(c->judge0_compiler_options_languages);
        c->judge0_compiler_options_languages = strv_split(rows[i].words, " ");
        snprintf(wanted, sizeof(wanted),
                 "{\"compiler_options\":[\"setting compiler options is only allowed for %s\"]}",
                 rows[i].wanted);
        expect_errors(c, GOOD_C ",\"compiler_options\":\"-O2\"", wanted);
    }
    strv_free(c->judge0_compiler_options_languages);
    c->judge0_compiler_options_languages = strv_split("C", " ");
    expect_kept(c, GOOD_C ",\"compiler_options\":\"-O2\"", "compiler_options", "\"-O2\"");
    expect_errors(c, "\"source_code\":\"x\",\"language_id\":54,\"compiler_options\":\"-O2\"",
                  "{\"compiler_options\":[\"setting compiler options is only allowed for C\"]}");
}

static void test_interpreted_languages_have_no_compiler_options(void **state)
{
    expect_errors(*state, GOOD ",\"compiler_options\":\"-O2\"",
                  "{\"compiler_options\":[\"setting compiler options is only allowed for compiled "
                  "languages\"]}");
    expect_kept(*state, GOOD ",\"compiler_options\":\" \"", "compiler_options", "\" \"");
}

static void test_reals_read_back_the_same(void **state)
{
    (void)state;
    static const double values[] = {
        0.1, 5, 1.0 / 3, 1e22, 123456789.125, 5e-324, 0.30000000000000004};
    static const char *const wanted[] = {
        "0.1", "5.0", NULL, "1e+22", "123456789.125", NULL, "0.30000000000000004"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        AUTO(buf_done) struct buf text = {0};
        text_real(values[i], &text);
        assert_true(strtod(text.data, NULL) == values[i]);
        if (wanted[i] != NULL) {
            assert_string_equal(text.data, wanted[i]);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_are_the_configured_ones),
        TEST(test_doubles_are_short_and_exact),
        TEST(test_default_above_its_maximum_is_the_maximum),
        TEST(test_empty_stdin_is_not_null),
        TEST(test_base64_is_decoded_and_never_fails),
        TEST(test_additional_files_are_decoded_always),
        TEST(test_base64_of_what_is_no_string_has_no_words),
        TEST(test_numbers_are_cast),
        TEST(test_what_is_no_number_is_told),
        TEST(test_language_ids_are_cast),
        TEST(test_missing_language_has_two_messages),
        TEST(test_booleans_are_cast),
        TEST(test_texts_are_cast),
        TEST(test_source_must_not_be_blank),
        TEST(test_89_has_files_and_no_source),
        TEST(test_numbers_have_bounds),
        TEST(test_texts_have_a_length),
        TEST(test_every_field_is_told_in_order),
        TEST(test_blank_values_of_what_is_forbidden_pass),
        TEST(test_network_is_refused_also_where_it_is_allowed),
        TEST(test_compiler_options_are_for_some_languages),
        TEST(test_interpreted_languages_have_no_compiler_options),
        cmocka_unit_test(test_reals_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
