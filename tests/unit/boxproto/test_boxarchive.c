/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "boxproto/boxarchive.h"

/* An entry as a foreign writer may make it, unchecked. */
static void add_raw(struct buf *b, struct boxarchive_entry entry, const char *path)
{
    buf_add(b, &entry, sizeof entry);
    buf_add(b, path, entry.path_len);
}

static void assert_refused(struct boxarchive_entry entry, const char *path)
{
    AUTO(buf_done) struct buf b = {0};
    struct boxarchive_item item = {.mode = 12345};
    size_t used = 77;
    struct err e = {0};
    add_raw(&b, entry, path);
    assert_int_equal(boxarchive_parse(b.data, b.len, &item, &used, &e), -ERR_INVALID);
    assert_int_equal(used, 77);
    assert_int_equal(item.mode, 12345);
    assert_true(e.text[0]);
}

static void test_parse_gives_what_add_wrote(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct boxarchive_item item;
    size_t used = 0;
    struct err e = {0};
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_FILE, 0755, "src/a.py", "hello", 5, &e), 0);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_DIR, 0700, "empty", NULL, 0, &e), 0);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_LINK, 0777, "l", "src/a.py", 8, &e), 0);

    assert_int_equal(boxarchive_parse(b.data, b.len, &item, &used, &e), 1);
    assert_int_equal(item.type, BOXARCHIVE_FILE);
    assert_int_equal(item.mode, 0755);
    assert_string_equal(item.path, "src/a.py");
    assert_int_equal(item.size, 5);
    assert_memory_equal(b.data + used, "hello", 5);
    buf_consume(&b, used + 5);

    assert_int_equal(boxarchive_parse(b.data, b.len, &item, &used, &e), 1);
    assert_int_equal(item.type, BOXARCHIVE_DIR);
    assert_string_equal(item.path, "empty");
    buf_consume(&b, used);

    assert_int_equal(boxarchive_parse(b.data, b.len, &item, &used, &e), 1);
    assert_int_equal(item.type, BOXARCHIVE_LINK);
    assert_int_equal(item.size, 8);
    assert_int_equal(used + 8, b.len);
}

static void test_parse_wants_more_until_the_path_is_whole(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct boxarchive_item item;
    size_t used = 77;
    struct err e = {0};
    assert_int_equal(boxarchive_add_head(&b, BOXARCHIVE_FILE, 0644, "main.c", 1000, &e), 0);
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(boxarchive_parse(b.data, len, &item, &used, &e), 0);
    }
    assert_int_equal(used, 77);
    assert_int_equal(boxarchive_parse(b.data, b.len, &item, &used, &e), 1);
    assert_int_equal(used, b.len);
}

static void test_parse_refuses_what_is_no_entry(void **state)
{
    (void)state;
    static const struct boxarchive_entry bad[] = {
        {.type = 0, .path_len = 1},
        {.type = 5, .path_len = 1},
        {.type = BOXARCHIVE_FILE, .path_len = 0},
        {.type = BOXARCHIVE_FILE, .path_len = BOXARCHIVE_PATH_MAX + 1},
        {.type = BOXARCHIVE_FILE, .path_len = 1, .mode = 04755},
        {.type = BOXARCHIVE_FILE, .path_len = 1, .mode = UINT32_C(1) << 31},
        {.type = BOXARCHIVE_FILE, .path_len = 1, .reserved = 1},
        {.type = BOXARCHIVE_FILE, .path_len = 1, .size = UINT64_MAX},
        {.type = BOXARCHIVE_DIR, .path_len = 1, .size = 1},
        {.type = BOXARCHIVE_LINK, .path_len = 1, .size = 0},
        {.type = BOXARCHIVE_LINK, .path_len = 1, .size = BOXARCHIVE_PATH_MAX + 1},
        {.type = BOXARCHIVE_HARD_LINK, .path_len = 1, .size = 0},
    };
    char path[BOXARCHIVE_PATH_MAX + 2];
    memset(path, 'a', sizeof path);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_refused(bad[i], path);
    }
}

static const char *const bad_paths[] = {
    "/",   "/a",   "//",    "a/",     "a//b",    ".",     "..",   "./a",          "../a",
    "a/.", "a/..", "a/./b", "a/../b", "../../x", "/../a", "a/b/", "a/b/../../..",
};

static void test_parse_refuses_bad_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_paths); i++) {
        struct boxarchive_entry entry = {.type = BOXARCHIVE_FILE,
                                         .path_len = (uint32_t)strlen(bad_paths[i])};
        assert_refused(entry, bad_paths[i]);
    }
    assert_refused((struct boxarchive_entry){.type = BOXARCHIVE_FILE, .path_len = 3}, "a\0b");
    assert_refused((struct boxarchive_entry){.type = BOXARCHIVE_FILE, .path_len = 2}, "a\0");
}

static void test_check_path_refuses_bad_paths(void **state)
{
    (void)state;
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(bad_paths); i++) {
        assert_int_equal(boxarchive_check_path(bad_paths[i], &e), -ERR_INVALID);
    }
    assert_int_equal(boxarchive_check_path("", &e), -ERR_INVALID);
}

static void test_check_path_takes_odd_but_harmless_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a",    "...",      ".a", "a.",   "..a/b..", "-rf",
                                       "a\nb", "\xff\xfe", " ",  "a\\b", "~",       "*"};
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(boxarchive_check_path(good[i], &e), 0);
    }
}

static void test_check_path_counts_its_bytes(void **state)
{
    (void)state;
    char path[BOXARCHIVE_PATH_MAX + 2];
    struct err e = {0};
    memset(path, 'a', sizeof path);
    path[BOXARCHIVE_PATH_MAX + 1] = 0;
    assert_int_equal(boxarchive_check_path(path, &e), -ERR_INVALID);
    path[BOXARCHIVE_PATH_MAX] = 0;
    assert_int_equal(boxarchive_check_path(path, &e), 0);
}

static void test_add_refuses_what_parse_would(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    struct err e = {0};
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_FILE, 0644, "../x", "", 0, &e), -ERR_INVALID);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_FILE, 06755, "x", "", 0, &e), -ERR_INVALID);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_DIR, 0755, "x", "y", 1, &e), -ERR_INVALID);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_LINK, 0777, "x", "", 0, &e), -ERR_INVALID);
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_gives_what_add_wrote),
        cmocka_unit_test(test_parse_wants_more_until_the_path_is_whole),
        cmocka_unit_test(test_parse_refuses_what_is_no_entry),
        cmocka_unit_test(test_parse_refuses_bad_paths),
        cmocka_unit_test(test_check_path_refuses_bad_paths),
        cmocka_unit_test(test_check_path_takes_odd_but_harmless_names),
        cmocka_unit_test(test_check_path_counts_its_bytes),
        cmocka_unit_test(test_add_refuses_what_parse_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
