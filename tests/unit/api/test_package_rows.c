/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/piston/package_rows.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "model/runtime.h"

#define ROW(language, version, more)                                                               \
    "{\"language\":\"" language "\",\"language_version\":\"" version "\"" more "}"
#define PACKAGE(name) ",\"package\":\"" name "\""
#define INSTALLED     ",\"installed\":true"
#define MAX           4

struct fixture {
    struct runtime *all[MAX];
    size_t count;
};

static int setup(void **state)
{
    *state = xcalloc(1, sizeof(struct fixture));
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->count; i++) {
        runtime_unref(f->all[i]);
    }
    free(f);
    return 0;
}

static void offer(struct fixture *f, const char *language, const char *version, const char *package,
                  const char *source)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup(language);
    r->version = xstrdup(version);
    r->package = package ? xstrdup(package) : NULL;
    r->source = xstrdup(source);
    f->all[f->count++] = r;
}

static json_t *rows_of(const char *text)
{
    json_error_t error;
    json_t *rows = json_loads(text, 0, &error);
    if (!rows) {
        fail_msg("%s", error.text);
    }
    return rows;
}

/* "name version +" for each, '+' when it is installed. */
static void assert_listed(const struct fixture *f, const char *available, const char *wanted)
{
    AUTO(json_freep) json_t *rows = available ? rows_of(available) : NULL;
    AUTO(json_freep) json_t *list = package_rows(rows, f->all, f->count);
    AUTO(buf_done) struct buf text = {0};
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        assert_int_equal(json_object_size(one), 3);
        buf_add_fmt(&text, "%s %s%s,", json_string_value(json_object_get(one, "language")),
                    json_string_value(json_object_get(one, "language_version")),
                    json_is_true(json_object_get(one, "installed")) ? " +" : "");
    }
    assert_string_equal(text.data ? text.data : "", wanted);
}

static bool are_there(const struct fixture *f, const char *chosen, const char *range)
{
    AUTO(json_freep) json_t *rows = rows_of(chosen);
    return packages_are_there(rows, f->all, f->count, range);
}

/* --- the list --------------------------------------------------------------------------------- */

static void test_list_is_sorted_by_name_and_version(void **state)
{
    assert_listed(*state,
                  "[" ROW("python", "3.10.0",
                          "") "," ROW("lua", "5.4.4", "") "," ROW("python", "3.9.4", INSTALLED) "]",
                  "lua 5.4.4,python 3.9.4 +,python 3.10.0,");
}

static void test_list_has_a_package_of_several_languages_once(void **state)
{
    assert_listed(*state,
                  "[" ROW("c", "12.2.0", PACKAGE("gcc")) "," ROW("c++", "12.2.0",
                                                                 PACKAGE("gcc") INSTALLED) "]",
                  "gcc 12.2.0 +,");
}

static void test_list_has_what_the_host_offers_as_installed(void **state)
{
    struct fixture *f = *state;
    offer(f, "bash", "5.2.15", NULL, RUNTIME_OF_HOST);
    offer(f, "c", "12.2.0", "gcc", RUNTIME_OF_HOST);
    assert_listed(f, "[" ROW("bash", "5.2.15", "") "," ROW("bash", "5.1.0", "") "]",
                  "bash 5.1.0,bash 5.2.15 +,gcc 12.2.0 +,");
    assert_listed(f, NULL, "bash 5.2.15 +,gcc 12.2.0 +,");
}

static void test_list_leaves_out_what_has_no_name_or_version(void **state)
{
    assert_listed(*state, "[{}, 1, {\"language\":\"x\"}, {\"language_version\":\"1.0.0\"}]", "");
}

/* --- what is there ---------------------------------------------------------------------------- */

static void test_there_is_what_is_installed(void **state)
{
    assert_true(are_there(*state, "[" ROW("a", "1.0.0", INSTALLED) "]", "*"));
    assert_false(
        are_there(*state, "[" ROW("a", "1.0.0", INSTALLED) "," ROW("b", "1.0.0", "") "]", "*"));
}

static void test_there_is_what_the_host_has_as_high_within_the_range(void **state)
{
    struct fixture *f = *state;
    offer(f, "a", "1.5.0", NULL, RUNTIME_OF_HOST);
    offer(f, "c", "3.0.0", "kit", RUNTIME_OF_HOST);
    assert_true(are_there(f, "[" ROW("a", "1.5.0", "") "]", "*"));
    assert_true(are_there(f, "[" ROW("a", "1.4.0", "") "]", "1.x"));
    assert_false(are_there(f, "[" ROW("a", "1.4.0", "") "]", "~1.4"));
    assert_false(are_there(f, "[" ROW("a", "1.6.0", "") "]", "*"));
    assert_true(are_there(f, "[" ROW("kit", "3.0.0", "") "]", "*"));
}

static void test_a_package_of_the_host_is_found_by_name_and_range(void **state)
{
    struct fixture *f = *state;
    offer(f, "a", "1.5.0", NULL, "debian");
    offer(f, "b", "2.0.0", NULL, RUNTIME_OF_HOST);
    offer(f, "c", "3.0.0", "kit", RUNTIME_OF_HOST);
    assert_null(package_of_host(f->all, f->count, "a", "*"));
    assert_ptr_equal(package_of_host(f->all, f->count, "b", "^2"), f->all[1]);
    assert_null(package_of_host(f->all, f->count, "b", "^3"));
    assert_ptr_equal(package_of_host(f->all, f->count, "kit", "*"), f->all[2]);
    assert_ptr_equal(package_of_host(f->all, f->count, "c", "*"), f->all[2]);
}

/* --- failures --------------------------------------------------------------------------------- */

static void assert_failure(const char *message, const char *chosen, const char *wanted)
{
    AUTO(json_freep) json_t *rows = rows_of(chosen);
    AUTO(buf_done) struct buf text = {0};
    package_failure(message, rows, &text);
    assert_string_equal(text.data, wanted);
}

#define URL "http://127.0.0.1/pkgs/x-1.0.0.pkg.tar.gz"

static void test_a_wrong_digest_is_told_as_piston_does(void **state)
{
    (void)state;
    assert_failure("x-1.0.0: .../x-1.0.0.pkg.tar.gz: wrong sha256, want: aa got: bb",
                   "[{\"url\":\"" URL "\"}]", "Checksum miss-match want: aa got: bb");
}

static void test_a_package_that_cannot_be_had_is_told_as_piston_does(void **state)
{
    (void)state;
    assert_failure("x-1.0.0: .../x-1.0.0.pkg.tar.gz: status 404", "[{\"url\":\"" URL "\"}]",
                   "request to " URL
                   " failed, reason: x-1.0.0: .../x-1.0.0.pkg.tar.gz: status 404");
}

static void test_another_failure_is_told_as_it_is(void **state)
{
    (void)state;
    assert_failure("no room is left", "[{\"url\":\"" URL "\"}]", "no room is left");
    assert_failure("no room is left", "[]", "no room is left");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_list_is_sorted_by_name_and_version),
        T(test_list_has_a_package_of_several_languages_once),
        T(test_list_has_what_the_host_offers_as_installed),
        T(test_list_leaves_out_what_has_no_name_or_version),
        T(test_there_is_what_is_installed),
        T(test_there_is_what_the_host_has_as_high_within_the_range),
        T(test_a_package_of_the_host_is_found_by_name_and_range),
        T(test_a_wrong_digest_is_told_as_piston_does),
        T(test_a_package_that_cannot_be_had_is_told_as_piston_does),
        T(test_another_failure_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
