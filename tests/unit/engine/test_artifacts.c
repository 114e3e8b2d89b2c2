/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxarchive.h"
#include "engine/artifacts.h"
#include "model/result.h"

static void add(struct buf *b, const char *path, const char *text)
{
    struct err e;
    assert_int_equal(boxarchive_add(b, BOXARCHIVE_FILE, 0644, path, text, strlen(text), &e), 0);
}

static void test_files_are_read_as_far_as_there_is_room(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    AUTO(stage_result_done) struct stage_result r = {0};
    uint64_t left = 8;
    add(&b, "a", "12345");
    add(&b, "large", "1234");
    add(&b, "d/b", "678");
    add(&b, "empty", "");
    assert_false(artifacts_parse(b.data, b.len, &left, &r));
    assert_int_equal(r.file_count, 3);
    assert_string_equal(r.files[0].path, "a");
    assert_memory_equal(r.files[0].data, "12345", 5);
    assert_string_equal(r.files[1].path, "d/b");
    assert_int_equal(r.files[2].size, 0);
    assert_int_equal(left, 0);
}

static void test_links_and_directories_are_no_files(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    AUTO(stage_result_done) struct stage_result r = {0};
    struct err e;
    uint64_t left = 100;
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_LINK, 0777, "l", "/etc/passwd", 11, &e), 0);
    assert_int_equal(boxarchive_add(&b, BOXARCHIVE_DIR, 0755, "d", "", 0, &e), 0);
    assert_false(artifacts_parse(b.data, b.len, &left, &r));
    assert_int_equal(r.file_count, 0);
}

static void test_what_is_broken_ends_it_and_what_came_before_is_kept(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    add(&b, "a", "1");
    size_t first = b.len;
    add(&b, "b", "22");
    struct boxarchive_entry bad = {.type = BOXARCHIVE_FILE, .path_len = 5, .size = 0};
    AUTO(buf_done) struct buf climbs = {0};
    buf_add(&climbs, b.data, first);
    buf_add(&climbs, &bad, sizeof(bad));
    buf_add_str(&climbs, "../up");
    struct boxarchive_entry vast = {.type = BOXARCHIVE_FILE, .path_len = 1, .size = INT64_MAX};
    AUTO(buf_done) struct buf lies = {0};
    buf_add(&lies, b.data, first);
    buf_add(&lies, &vast, sizeof(vast));
    buf_add_str(&lies, "x");
    const struct buf *const all[] = {&climbs, &lies};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        AUTO(stage_result_done) struct stage_result r = {0};
        uint64_t left = UINT64_MAX;
        assert_false(artifacts_parse(all[i]->data, all[i]->len, &left, &r));
        assert_int_equal(r.file_count, 1);
    }
    for (size_t len = first + 1; len < b.len; len++) {
        AUTO(stage_result_done) struct stage_result r = {0};
        uint64_t left = 100;
        assert_false(artifacts_parse(b.data, len, &left, &r));
        assert_int_equal(r.file_count, 1);
    }
}

static void test_files_of_a_memfd_come_by_path(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    AUTO(stage_result_done) struct stage_result r = {0};
    AUTO(fd_closep) int fd = -1;
    struct err e;
    uint64_t left = 100;
    add(&b, "z", "1");
    add(&b, "a/b", "2");
    assert_int_equal(fd_memfd("product", b.data, b.len, true, &fd, &e), 0);
    artifacts_read(fd, b.len, &left, &r);
    assert_false(r.files_missed);
    assert_int_equal(r.file_count, 2);
    assert_string_equal(r.files[0].path, "a/b");
    assert_string_equal(r.files[1].path, "z");
}

static void test_empty_archive_has_no_files(void **state)
{
    (void)state;
    AUTO(stage_result_done) struct stage_result r = {0};
    uint64_t left = 100;
    artifacts_read(-1, 0, &left, &r);
    assert_false(r.files_missed);
    assert_int_equal(r.file_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_read_as_far_as_there_is_room),
        cmocka_unit_test(test_links_and_directories_are_no_files),
        cmocka_unit_test(test_what_is_broken_ends_it_and_what_came_before_is_kept),
        cmocka_unit_test(test_files_of_a_memfd_come_by_path),
        cmocka_unit_test(test_empty_archive_has_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
