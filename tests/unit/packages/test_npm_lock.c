/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "packages/npm_lock.h"

#define DIGEST                                                                                     \
    "sha512-hzWp6TUE2d/jCcN67LrW1eh5b/rSDKQK6oD6VMLlggYVUUFexgTH9z3dNYihzX4RMhze5FTUsUmOXViJKFQR/" \
    "A=="
#define SOURCE(path)                                                                               \
    "\"version\":\"1.2.3\",\"integrity\":\"" DIGEST                                                \
    "\",\"resolved\":\"https://registry.npmjs.org/" path "\""
#define PLAIN SOURCE("a/-/a-1.2.3.tgz")

static int parse(const char *packages, struct npm_lock **ret, struct err *e)
{
    AUTO(mem_freep)
    char *text = xasprintf("{\"lockfileVersion\":3,\"packages\":{\"\":{},%s}}", packages);
    return npm_lock_parse(text, strlen(text), "x86_64", ret, e);
}

static struct npm_lock *parsed(const char *packages)
{
    struct npm_lock *lock = NULL;
    struct err e;
    assert_int_equal(parse(packages, &lock, &e), 0);
    return lock;
}

static void assert_refused(const char *packages, int kind, const char *why)
{
    struct npm_lock *lock = NULL;
    struct err e = {0};
    assert_int_equal(parse(packages, &lock, &e), -kind);
    assert_null(lock);
    assert_non_null(strstr(e.text, why));
}

static void test_a_package_is_read(void **state)
{
    (void)state;
    AUTO(npm_lock_freep)
    struct npm_lock *lock = parsed("\"node_modules/@s/a\":{" SOURCE(
        "@s/a/-/a-1.2.3.tgz") ",\"size\":10,"
                              "\"unpackedSize\":20,\"bin\":{\"x\":\"bin/x\",\"y\":\"./y.js\"}}");
    assert_int_equal(lock->count, 1);
    const struct npm_package *p = &lock->packages[0];
    assert_string_equal(p->path, "node_modules/@s/a");
    assert_string_equal(p->name, "@s/a");
    assert_string_equal(p->version, "1.2.3");
    assert_string_equal(p->tarball, "@s/a/-/a-1.2.3.tgz");
    assert_string_equal(p->digest, DIGEST);
    assert_string_equal(p->bins[0], "bin/x");
    assert_string_equal(p->bins[1], "y.js");
    assert_null(p->bins[2]);
    assert_int_equal(p->bytes, 10);
    assert_int_equal(p->unpacked_bytes, 20);
}

static void test_packages_stand_before_those_inside_them(void **state)
{
    (void)state;
    AUTO(npm_lock_freep)
    struct npm_lock *lock = parsed("\"node_modules/a/node_modules/@x/b\":{" PLAIN "},"
                                   "\"node_modules/b\":{" PLAIN "},\"node_modules/a\":{" PLAIN "}");
    assert_int_equal(lock->count, 3);
    assert_string_equal(lock->packages[0].path, "node_modules/a");
    assert_string_equal(lock->packages[1].path, "node_modules/a/node_modules/@x/b");
    assert_string_equal(lock->packages[1].name, "@x/b");
    assert_string_equal(lock->packages[2].path, "node_modules/b");
}

static void test_a_place_elsewhere_is_refused(void **state)
{
    static const char *const places[] = {
        "a",
        "/node_modules/a",
        "node_modules",
        "node_modules/",
        "node_modules/..",
        "node_modules/.bin",
        "node_modules/../a",
        "node_modules/a/../b",
        "node_modules/a/b",
        "node_modules/a/",
        "node_modules//a",
        "node_modules/@a",
        "node_modules/@a/",
        "node_modules/@../a",
        "node_modules/@a/..",
        "node_modules/@a/b/c",
        "node_modules/a/node_modules",
        "node_modules/a b",
        "node_modules/a\\nb",
        "node_modules/a\\u0000b",
        "../node_modules/a",
        "packages/a",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        AUTO(mem_freep) char *text = xasprintf("\"%s\":{" PLAIN "}", places[i]);
        struct npm_lock *lock = NULL;
        struct err e;
        assert_int_equal(parse(text, &lock, &e), -ERR_INVALID);
    }
}

static void test_a_source_elsewhere_is_refused(void **state)
{
    static const char *const urls[] = {
        "https://example.org/a.tgz",
        "http://registry.npmjs.org/a.tgz",
        "https://registry.npmjs.org.example.org/a.tgz",
        "https://registry.npmjs.org/",
        "https://registry.npmjs.org/../a",
        "https://registry.npmjs.org/a?b",
        "https://registry.npmjs.org/a\\r\\nb",
        "git+ssh://git@example.org/a.git",
        "file:../a",
        "",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        AUTO(mem_freep)
        char *text = xasprintf("\"node_modules/a\":{\"version\":\"1.2.3\",\"integrity\":\"" DIGEST
                               "\",\"resolved\":\"%s\"}",
                               urls[i]);
        assert_refused(text, ERR_INVALID, "is not at https://registry.npmjs.org/");
    }
}

static void test_only_sha512_counts(void **state)
{
    static const char *const digests[] = {"", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "md5-x"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
        AUTO(mem_freep)
        char *text = xasprintf("\"node_modules/a\":{\"version\":\"1.2.3\",\"resolved\":"
                               "\"https://registry.npmjs.org/a.tgz\",\"integrity\":\"%s\"}",
                               digests[i]);
        assert_refused(text, ERR_INVALID, "no sha512");
    }
}

static void test_the_sha512_of_several_is_taken(void **state)
{
    (void)state;
    AUTO(npm_lock_freep)
    struct npm_lock *lock = parsed("\"node_modules/a\":{\"version\":\"1.2.3\",\"resolved\":"
                                   "\"https://registry.npmjs.org/a.tgz\",\"integrity\":"
                                   "\"sha1-xx " DIGEST "?opt\"}");
    assert_string_equal(lock->packages[0].digest, DIGEST);
}

static void test_what_is_for_other_machines_is_left_out_when_optional(void **state)
{
    static const char *const others[] = {
        "\"os\":[\"win32\"]",  "\"os\":[\"!linux\"]", "\"cpu\":[\"arm64\"]", "\"cpu\":[\"!x64\"]",
        "\"libc\":[\"musl\"]", "\"libc\":\"musl\"",   "\"os\":\"darwin\"",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO(mem_freep)
        char *text = xasprintf("\"node_modules/a\":{" PLAIN ",\"optional\":true,%s},"
                               "\"node_modules/a/node_modules/b\":{" PLAIN "}",
                               others[i]);
        AUTO(npm_lock_freep) struct npm_lock *lock = parsed(text);
        assert_int_equal(lock->count, 0);
        AUTO(mem_freep) char *wanted = xasprintf("\"node_modules/a\":{" PLAIN ",%s}", others[i]);
        assert_refused(wanted, ERR_UNSUPPORTED, "not for this kind of machine");
    }
}

static void test_what_is_for_this_machine_is_taken(void **state)
{
    static const char *const ours[] = {
        "\"os\":[\"linux\",\"darwin\"]",
        "\"os\":[\"!win32\"]",
        "\"cpu\":[\"x64\"]",
        "\"libc\":[\"glibc\"]",
        "\"libc\":[\"!musl\"]",
        "\"os\":[]",
        "\"os\":\"linux\"",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        AUTO(mem_freep)
        char *text = xasprintf("\"node_modules/a\":{" PLAIN ",\"optional\":true,%s}", ours[i]);
        AUTO(npm_lock_freep) struct npm_lock *lock = parsed(text);
        assert_int_equal(lock->count, 1);
    }
}

static void test_what_is_for_developers_or_comes_inside_another_is_left_out(void **state)
{
    (void)state;
    AUTO(npm_lock_freep)
    struct npm_lock *lock = parsed("\"node_modules/a\":{" PLAIN ",\"dev\":true},"
                                   "\"node_modules/b\":{\"inBundle\":true}");
    assert_int_equal(lock->count, 0);
}

static void test_a_link_is_refused(void **state)
{
    (void)state;
    assert_refused("\"node_modules/a\":{\"resolved\":\"../a\",\"link\":true}", ERR_INVALID,
                   "links");
}

static void test_a_bin_elsewhere_is_refused(void **state)
{
    static const char *const bins[] = {"\"../x\"",     "\"/bin/sh\"", "{\"x\":\"a/../../b\"}",
                                       "{\"x\":\"\"}", "{\"x\":1}",   "{\"x\":\"./../y\"}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bins); i++) {
        AUTO(mem_freep)
        char *text = xasprintf("\"node_modules/a\":{" PLAIN ",\"bin\":%s}", bins[i]);
        assert_refused(text, ERR_INVALID, "bin");
    }
}

static void test_what_is_no_lock_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"lockfileVersion\":2,\"packages\":{}}",
        "{\"lockfileVersion\":3}",
        "{\"lockfileVersion\":3,\"packages\":[]}",
        "{\"lockfileVersion\":3,\"packages\":{\"a\":{},\"a\":{}}}",
        "{\"lockfileVersion\":3,\"packages\":{\"node_modules/a\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct npm_lock *lock = NULL;
        struct err e;
        assert_int_equal(npm_lock_parse(texts[i], strlen(texts[i]), "x86_64", &lock, &e),
                         -ERR_INVALID);
        assert_null(lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_package_is_read),
        cmocka_unit_test(test_packages_stand_before_those_inside_them),
        cmocka_unit_test(test_a_place_elsewhere_is_refused),
        cmocka_unit_test(test_a_source_elsewhere_is_refused),
        cmocka_unit_test(test_only_sha512_counts),
        cmocka_unit_test(test_the_sha512_of_several_is_taken),
        cmocka_unit_test(test_what_is_for_other_machines_is_left_out_when_optional),
        cmocka_unit_test(test_what_is_for_this_machine_is_taken),
        cmocka_unit_test(test_what_is_for_developers_or_comes_inside_another_is_left_out),
        cmocka_unit_test(test_a_link_is_refused),
        cmocka_unit_test(test_a_bin_elsewhere_is_refused),
        cmocka_unit_test(test_what_is_no_lock_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
