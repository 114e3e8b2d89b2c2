/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "model/runtime.h"
#include "native_config.h"

static json_t *parsed(const char *text)
{
    struct err e = {0};
    json_t *body = NULL;
    if (native_parse(text, strlen(text), &body, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return body;
}

/* "path: message" of each, one a line; "" when there is none. */
static char *lines_of(json_t *errors)
{
    struct buf text = {0};
    buf_add_str(&text, "");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *one = json_array_get(errors, i);
        buf_add_fmt(&text, "%s: %s\n", json_string_value(json_object_get(one, "path")),
                    json_string_value(json_object_get(one, "message")));
    }
    json_decref(errors);
    return buf_take(&text);
}

static char *errors_for(const struct caller *caller, enum native_use use, const char *text)
{
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    json_t *errors = NULL;
    return native_request_read(config, caller, use, parsed(text), &q, &errors) ? xstrdup("")
                                                                               : lines_of(errors);
}

static void expect_in(enum native_use use, const char *text, const char *wanted)
{
    AUTO(mem_freep) char *lines = errors_for(NULL, use, text);
    assert_string_equal(lines, wanted);
}

static void expect(const char *text, const char *wanted)
{
    expect_in(NATIVE_STORED, text, wanted);
}

#define PROGRAM "\"language\":\"python\",\"source\":\"print(1)\""

/* --- the text ---------------------------------------------------------------------------- */

static void test_parse_refuses_two_keys_of_one_name(void **state)
{
    (void)state;
    static const char text[] = "{\"stdin\":\"a\",\"stdin\":\"b\"}";
    json_t *body = NULL;
    struct err e = {0};
    assert_int_equal(native_parse(text, strlen(text), &body, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "duplicate"));
    assert_null(body);
}

static void test_parse_takes_numbers_of_any_size(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"limits\":{\"wall_ms\":99999999999999999999}}",
           "limits.wall_ms: must be a whole number of at most 60000\n");
}

/* --- all at once ------------------------------------------------------------------------- */

static void test_read_takes_the_least(void **state)
{
    (void)state;
    expect("{" PROGRAM "}", "");
    expect("{\"language\":\"c\",\"files\":[{\"path\":\"main.c\",\"content\":\"\"}]}", "");
}

static void test_read_tells_all_problems_at_once(void **state)
{
    (void)state;
    expect("{\"xlanguage\":\"python\",\"files\":[{\"path\":\"../x\",\"contnet\":\"\"}],"
           "\"limits\":{\"wall_mss\":1,\"memory_bytes\":\"64M\"},\"stdin\":7}",
           "language: missing\n"
           "xlanguage: unknown key; did you mean \"language\"?\n"
           "files[0].content: missing\n"
           "files[0].contnet: unknown key; did you mean \"content\"?\n"
           "limits.wall_mss: unknown key; did you mean \"wall_ms\"?\n"
           "limits.memory_bytes: must be a whole number, and is a text\n"
           "stdin: must be a text, and is a number\n"
           "files[0].path: the file name leads out of the working directory\n");
}

static void test_read_tells_a_hundred_problems_of_many(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, "{" PROGRAM);
    for (unsigned i = 0; i < 500; i++) {
        buf_add_fmt(&text, ",\"k%u\":1", i);
    }
    buf_add_str(&text, "}");
    AUTO(mem_freep) char *lines = errors_for(NULL, NATIVE_STORED, text.data);
    AUTO(strv_freep) char **all = strv_split(lines, "\n");
    assert_int_equal(strv_len(all), 100);
}

static void test_read_refuses_what_is_no_object(void **state)
{
    (void)state;
    expect("[1]", ": must be an object, and is an array\n");
    expect("null", ": must be an object, and is null: leave the key out for its default\n");
}

static void test_read_refuses_null(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"stdin\":null}",
           "stdin: must be a text, and is null: leave the key out for its default\n");
}

/* --- keys that go together --------------------------------------------------------------- */

static void test_read_wants_either_files_or_source(void **state)
{
    (void)state;
    expect("{\"language\":\"c\"}", "files: missing: give files, or source\n");
    expect("{" PROGRAM ",\"files\":[{\"path\":\"a\",\"content\":\"\"}]}",
           "source: give either files or source, not both\n");
    expect("{\"language\":\"c\",\"files\":[]}", "files: must hold at least 1\n");
}

static void test_read_refuses_files_that_meet(void **state)
{
    (void)state;
    expect("{\"language\":\"c\",\"files\":[{\"path\":\"a.c\",\"content\":\"\"},"
           "{\"path\":\"x/../a.c\",\"content\":\"\"},{\"path\":\"a.c/b\",\"content\":\"\"}]}",
           "files[1].path: is the same file as files[0].path\n"
           "files[2].path: lies in files[0].path, which is a file\n");
}

static void test_read_refuses_paths_that_are_not_below(void **state)
{
    (void)state;
    expect("{\"language\":\"c\",\"files\":["
           "{\"path\":\"/etc/a.c\",\"content\":\"\"},{\"path\":\"b\\u0000\",\"content\":\"\"}]}",
           "files[1].path: must not hold a NUL character\n"
           "files[0].path: begins with '/': give a path below the working directory\n");
}

static void test_read_refuses_what_is_no_base64(void **state)
{
    (void)state;
    expect("{\"language\":\"c\",\"stdin\":\"*\",\"stdin_encoding\":\"base64\","
           "\"files\":[{\"path\":\"a\",\"content\":\"YQ=\",\"encoding\":\"base64\"}]}",
           "files[0].content: base64: 3 characters, not a multiple of 4\n"
           "stdin: base64: 1 characters, not a multiple of 4\n");
}

static void test_read_takes_an_input_once(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"stdin\":\"\",\"expected_output\":\"\",\"tests\":[{}]}",
           "stdin: each of the tests has its own\n"
           "expected_output: each of the tests has its own\n");
}

static void test_read_refuses_a_version_that_is_no_range(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"version\":\"latest\"}",
           "version: is no SemVer range, such as 3.x or >=3.10 <4\n");
    expect("{" PROGRAM ",\"version\":\">=3.10 <4\"}", "");
}

/* --- words ------------------------------------------------------------------------------- */

static void test_read_refuses_nul_in_words(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"args\":[\"a\",\"b\\u0000\"],\"stdin\":\"\\u0000\"}",
           "args[1]: must not hold a NUL character\n");
}

static void test_read_refuses_variables_that_are_ours_or_none(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"env\":{\"PATH\":\"/x\",\"A B\":\"\",\"C\":1,\"D\":\"ok\"}}",
           "env.C: must be a text, and is a number\n"
           "env.PATH: is set by the sandbox and cannot be changed\n"
           "env.A B: is no name of a variable: letters, digits and _ only\n");
}

static void test_read_lists_the_words_there_are(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"isolation\":\"vm\",\"on_output_limit\":\"die\",\"network\":true}",
           "isolation: must be \"namespace\"\n"
           "on_output_limit: must be \"stop\" or \"truncate\"\n"
           "network: programs have no network on this server; leave the key out\n");
}

static void test_read_checks_where_callbacks_go(void **state)
{
    (void)state;
    AUTO(mem_freep)
    char *lines = errors_for(NULL, NATIVE_STORED,
                             "{" PROGRAM ",\"callback\":{\"url\":\"ftp://x/\","
                             "\"secret\":\"whsec_*\"}}");
    assert_non_null(strstr(lines, "callback.url: the URL begins with ftp:"));
    assert_non_null(strstr(lines, "callback.secret: "));
    expect("{" PROGRAM ",\"callback\":{}}", "callback.url: missing\n");
    expect("{" PROGRAM ",\"callback\":{\"url\":\"http://127.1/\"}}",
           "callback.url: 127.0.0.1 is a loopback address, which is refused unless it is allowed; "
           "callbacks.allow can allow it\n");
}

static void test_read_keeps_streams_and_stored_ones_apart(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"tty\":true}", "tty: only on a stream: WebSocket /api/v1/stream\n");
    expect_in(NATIVE_STREAM, "{" PROGRAM ",\"type\":\"start\",\"tty\":true,\"ttl_s\":1}",
              "ttl_s: not on a stream: send it to POST /api/v1/executions\n");
}

/* --- limits ------------------------------------------------------------------------------ */

static void test_read_refuses_limits_out_of_range(void **state)
{
    (void)state;
    expect("{" PROGRAM ",\"limits\":{\"wall_ms\":0,\"cpu_ms\":1.5,\"processes\":-1,"
           "\"memory_bytes\":1,\"cpus\":0}}",
           "limits.wall_ms: 0 is not \"no limit\": leave the key out for the default; at most "
           "60000 may be asked for\n"
           "limits.cpu_ms: must be a whole number of at most 60000\n"
           "limits.processes: must be from 1 to 512\n"
           "limits.memory_bytes: must be from 4194304 to 1073741824\n"
           "limits.cpus: must be from 0.01 to 4096\n");
}

static void test_read_lowers_to_the_callers_ceiling(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    struct caller caller = {.limits.run = {.wall_ms = 2000, .cpu_milli = 500}};
    json_t *errors = NULL;
    assert_true(
        native_request_read(config, &caller, NATIVE_STORED, parsed("{" PROGRAM "}"), &q, &errors));
    assert_int_equal(q.run.wall_ms, 2000);
    assert_int_equal(q.run.cpu_milli, 500);
    assert_int_equal(q.run.cpu_ms, 5000);
    AUTO(mem_freep)
    char *lines = errors_for(&caller, NATIVE_STORED, "{" PROGRAM ",\"limits\":{\"wall_ms\":2001}}");
    assert_string_equal(lines, "limits.wall_ms: must be from 1 to 2000\n");
}

static void test_read_gives_streams_their_own_defaults(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    json_t *errors = NULL;
    assert_true(
        native_request_read(config, NULL, NATIVE_STREAM, parsed("{" PROGRAM "}"), &q, &errors));
    assert_int_equal(q.run.wall_ms, 600000);
    assert_int_equal(q.run.cpu_ms, 60000);
}

static void test_read_refuses_files_that_do_not_fit(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, "{\"language\":\"c\",\"limits\":{\"disk_bytes\":1048576},\"source\":\"");
    for (unsigned i = 0; i < 1048577; i++) {
        buf_add_char(&text, 'x');
    }
    buf_add_str(&text, "\"}");
    expect(text.data, "source: holds 1048577 bytes, and limits.disk_bytes is 1048576\n");
}

/* --- with a runtime ---------------------------------------------------------------------- */

static struct runtime *runtime_of(const char *language)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup(language);
    r->version = xstrdup("1.2.3");
    r->source = xstrdup("host");
    return r;
}

static void test_fit_raises_what_was_not_asked_for(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    struct caller caller = {.limits.run = {.cpu_ms = 20000}};
    struct runtime *runtime = runtime_of("slow");
    runtime->run_limits = (struct limits){.wall_ms = 15000, .cpu_ms = 30000, .memory_bytes = 1};
    json_t *errors = NULL;
    assert_true(native_request_read(config, &caller, NATIVE_STORED,
                                    parsed("{" PROGRAM ",\"limits\":{\"wall_ms\":5}}"), &q,
                                    &errors));
    assert_true(native_request_fit(&q, &caller, runtime, &errors));
    assert_int_equal(q.run.wall_ms, 5);
    assert_int_equal(q.run.cpu_ms, 20000);
    assert_int_equal(q.run.memory_bytes, config->native_memory_bytes);
    runtime_unref(runtime);
}

static void test_fit_raises_every_limit_and_what_is_unlimited_stays(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    struct caller caller = {.limits.run = {.open_files = 5000}};
    struct runtime *runtime = runtime_of("large");
    runtime->run_limits = (struct limits){.stack_bytes = UINT64_C(8) << 30,
                                          .disk_bytes = UINT64_C(7) << 30,
                                          .disk_inodes = 600000,
                                          .file_bytes = UINT64_C(5) << 30,
                                          .output_bytes = UINT64_C(4) << 30,
                                          .open_files = 6000,
                                          .processes = 3000};
    runtime->compile_limits = (struct limits){.file_bytes = 1, .processes = 3001};
    config->file_bytes = 0;
    json_t *errors = NULL;
    assert_true(
        native_request_read(config, &caller, NATIVE_STORED, parsed("{" PROGRAM "}"), &q, &errors));
    assert_true(native_request_fit(&q, &caller, runtime, &errors));
    assert_int_equal(q.run.stack_bytes, UINT64_C(8) << 30);
    assert_int_equal(q.run.disk_bytes, UINT64_C(7) << 30);
    assert_int_equal(q.run.disk_inodes, 600000);
    assert_int_equal(q.run.file_bytes, UINT64_C(5) << 30);
    assert_int_equal(q.run.output_bytes, UINT64_C(4) << 30);
    assert_int_equal(q.run.open_files, 5000);
    assert_int_equal(q.run.processes, 3000);
    assert_int_equal(q.compile.file_bytes, 0);
    assert_int_equal(q.compile.processes, 3001);
    runtime_unref(runtime);
}

static void test_fit_refuses_what_the_language_has_not(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *config = config_usual();
    AUTO(native_request_done) struct native_request q = {0};
    struct runtime *runtime = runtime_of("python");
    json_t *errors = NULL;
    strv_add(&runtime->env, "HOST=1");
    assert_true(native_request_read(
        config, NULL, NATIVE_STORED,
        parsed("{" PROGRAM ",\"compile\":{\"args\":[\"-O2\"]},\"env\":{\"HOST\":\"2\"}}"), &q,
        &errors));
    assert_false(native_request_fit(&q, NULL, runtime, &errors));
    AUTO(mem_freep) char *lines = lines_of(errors);
    assert_string_equal(lines, "compile.args: python is not compiled\n"
                               "env.HOST: is set for python and cannot be changed\n");
    runtime_unref(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_refuses_two_keys_of_one_name),
        cmocka_unit_test(test_parse_takes_numbers_of_any_size),
        cmocka_unit_test(test_read_takes_the_least),
        cmocka_unit_test(test_read_tells_all_problems_at_once),
        cmocka_unit_test(test_read_tells_a_hundred_problems_of_many),
        cmocka_unit_test(test_read_refuses_what_is_no_object),
        cmocka_unit_test(test_read_refuses_null),
        cmocka_unit_test(test_read_wants_either_files_or_source),
        cmocka_unit_test(test_read_refuses_files_that_meet),
        cmocka_unit_test(test_read_refuses_paths_that_are_not_below),
        cmocka_unit_test(test_read_refuses_what_is_no_base64),
        cmocka_unit_test(test_read_takes_an_input_once),
        cmocka_unit_test(test_read_refuses_a_version_that_is_no_range),
        cmocka_unit_test(test_read_refuses_nul_in_words),
        cmocka_unit_test(test_read_refuses_variables_that_are_ours_or_none),
        cmocka_unit_test(test_read_lists_the_words_there_are),
        cmocka_unit_test(test_read_checks_where_callbacks_go),
        cmocka_unit_test(test_read_keeps_streams_and_stored_ones_apart),
        cmocka_unit_test(test_read_refuses_limits_out_of_range),
        cmocka_unit_test(test_read_lowers_to_the_callers_ceiling),
        cmocka_unit_test(test_read_gives_streams_their_own_defaults),
        cmocka_unit_test(test_read_refuses_files_that_do_not_fit),
        cmocka_unit_test(test_fit_raises_what_was_not_asked_for),
        cmocka_unit_test(test_fit_raises_every_limit_and_what_is_unlimited_stays),
        cmocka_unit_test(test_fit_refuses_what_the_language_has_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
