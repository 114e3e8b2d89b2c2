/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/tree.h"
#include "boxproto/boxarchive.h"
#include "packages/tree_writer.h"

struct fixture {
    char root[40];
    int root_fd, dir_fd; /* of "in", below the root: what is beside it must stay */
    struct buf stream;
    struct tree_writer_options options;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    strcpy(f->root, "/tmp/belljar-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    f->root_fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(f->root_fd, "in", 0755), 0);
    f->dir_fd = openat(f->root_fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    f->options = (struct tree_writer_options){
        .dir_fd = f->dir_fd, .prefix = "", .max_bytes = 1 << 20, .max_inodes = 1000};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = tree_remove(tmp, f->root + strlen("/tmp/"), &e);
    fd_close(f->dir_fd);
    fd_close(f->root_fd);
    buf_done(&f->stream);
    free(f);
    return r;
}

/* --- streams ------------------------------------------------------------------------------- */

static void add(struct fixture *f, enum boxarchive_type type, const char *path, const char *data)
{
    assert_int_equal(boxarchive_add(&f->stream, type, 0755, path, data, strlen(data), &f->e), 0);
}

static void add_file(struct fixture *f, const char *path, const char *data)
{
    add(f, BOXARCHIVE_FILE, path, data);
}

static void add_dir(struct fixture *f, const char *path)
{
    add(f, BOXARCHIVE_DIR, path, "");
}

/* Without the checks of the maker. */
static void add_raw(struct fixture *f, struct boxarchive_entry entry, const char *path)
{
    buf_add(&f->stream, &entry, sizeof(entry));
    buf_add(&f->stream, path, entry.path_len);
}

static void writer_freep(struct tree_writer **w)
{
    tree_writer_free(*w);
}

static int write_pieces(struct fixture *f, size_t piece, size_t len)
{
    AUTO(writer_freep) struct tree_writer *w = tree_writer_new(&f->options);
    int r = 0;
    for (size_t at = 0; r == 0 && at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        r = tree_writer_add(w, f->stream.data + at, part, &f->e);
    }
    int end = tree_writer_end(w, &f->e);
    assert_true(r == 0 || end == r);
    return end;
}

static int write_all(struct fixture *f)
{
    return write_pieces(f, SIZE_MAX / 2, f->stream.len);
}

/* --- what is there ------------------------------------------------------------------------- */

static void assert_holds(struct fixture *f, const char *path, const char *text)
{
    AUTO(buf_done) struct buf b = {0};
    AUTO(fd_closep) int fd = openat(f->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, 1 << 20, &b, &f->e), 0);
    assert_string_equal(b.data ? b.data : "", text);
}

static mode_t mode_of(struct fixture *f, const char *path)
{
    struct stat st;
    return fstatat(f->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
}

static void assert_link(struct fixture *f, const char *path, const char *target)
{
    char text[BOXARCHIVE_PATH_MAX + 1] = "";
    assert_true(readlinkat(f->dir_fd, path, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, target);
}

/* Nothing was made or changed beside the writer's directory. */
static void assert_nothing_outside(struct fixture *f)
{
    struct stat st;
    assert_int_equal(fstatat(f->root_fd, "out", &st, AT_SYMLINK_NOFOLLOW), -1);
}

static void assert_refused(struct fixture *f, int kind, const char *why)
{
    assert_int_equal(write_all(f), -kind);
    assert_non_null(strstr(f->e.text, why));
    assert_nothing_outside(f);
}

/* --- what is written ----------------------------------------------------------------------- */

static void test_a_tree_is_written_as_it_is(void **state)
{
    struct fixture *f = *state;
    add_dir(f, "usr/bin");
    add_file(f, "usr/bin/x", "hello");
    add(f, BOXARCHIVE_LINK, "usr/bin/y", "/etc/alternatives/y");
    add(f, BOXARCHIVE_HARD_LINK, "usr/z", "usr/bin/x");
    add_file(f, "not/told/before", "");
    assert_int_equal(write_all(f), 0);

    assert_holds(f, "usr/bin/x", "hello");
    assert_holds(f, "usr/z", "hello");
    assert_holds(f, "not/told/before", "");
    assert_link(f, "usr/bin/y", "/etc/alternatives/y");
    assert_int_equal(mode_of(f, "usr/bin/x"), S_IFREG | 0755);
}

static void test_pieces_of_any_size_give_the_same(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a/b", "some bytes");
    add(f, BOXARCHIVE_LINK, "a/l", "b");
    add(f, BOXARCHIVE_HARD_LINK, "a/h", "a/b");
    add_file(f, "c", "the end");
    for (size_t piece = 1; piece < 40; piece++) {
        assert_int_equal(write_pieces(f, piece, f->stream.len), 0);
        assert_holds(f, "a/h", "some bytes");
        assert_holds(f, "c", "the end");
        assert_link(f, "a/l", "b");
    }
}

static void test_a_cut_at_any_place_is_an_error_but_between_entries(void **state)
{
    struct fixture *f = *state;
    size_t whole[4] = {0};
    add_dir(f, "d");
    whole[1] = f->stream.len;
    add_file(f, "d/f", "0123456789");
    whole[2] = f->stream.len;
    add(f, BOXARCHIVE_LINK, "l", "0123456789");
    whole[3] = f->stream.len;
    for (size_t len = 0, n = 0; len <= f->stream.len; len++) {
        bool between = len == whole[n];
        n += between;
        assert_int_equal(write_pieces(f, 7, len), between ? 0 : -ERR_INVALID);
    }
}

static void test_prefix_and_strip_move_all_paths(void **state)
{
    struct fixture *f = *state;
    f->options.prefix = "opt/x";
    f->options.strip = 1;
    add_dir(f, "package");
    add_file(f, "package/bin/f", "1");
    add(f, BOXARCHIVE_HARD_LINK, "package/g", "package/bin/f");
    add_file(f, "outside", "left out");
    assert_int_equal(write_all(f), 0);

    assert_holds(f, "opt/x/bin/f", "1");
    assert_holds(f, "opt/x/g", "1");
    assert_int_equal(mode_of(f, "outside"), 0);
    assert_int_equal(mode_of(f, "opt/x/outside"), 0);
}

static void test_what_its_owner_may_not_is_given_to_him(void **state)
{
    struct fixture *f = *state;
    add_raw(f, (struct boxarchive_entry){.type = BOXARCHIVE_DIR, .path_len = 1}, "d");
    add_raw(f, (struct boxarchive_entry){.type = BOXARCHIVE_FILE, .path_len = 3}, "d/f");
    assert_int_equal(write_all(f), 0);

    assert_int_equal(mode_of(f, "d"), S_IFDIR | 0700);
    assert_int_equal(mode_of(f, "d/f"), S_IFREG | 0600);
}

static void test_names_may_have_any_byte(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a\nb\x80 '\"\\", "odd");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "a\nb\x80 '\"\\", "odd");
}

/* --- later wins ---------------------------------------------------------------------------- */

static void test_a_later_file_takes_the_place(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a", "first, and longer");
    add(f, BOXARCHIVE_HARD_LINK, "b", "a");
    add_file(f, "a", "second");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "a", "second");
    assert_holds(f, "b", "first, and longer");
}

static void test_a_file_over_a_link_does_not_follow(void **state)
{
    struct fixture *f = *state;
    add(f, BOXARCHIVE_LINK, "a", "../out");
    add_file(f, "a", "here");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "a", "here");
    assert_nothing_outside(f);
}

static void test_a_directory_takes_the_place_of_a_link_to_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdirat(f->root_fd, "beside", 0755), 0);
    add(f, BOXARCHIVE_LINK, "a", "../beside");
    add_dir(f, "a");
    add_file(f, "a/x", "inside");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "a/x", "inside");
}

static void test_a_link_takes_the_place_of_an_empty_directory(void **state)
{
    struct fixture *f = *state;
    add_dir(f, "a");
    add(f, BOXARCHIVE_LINK, "a", "b");
    assert_int_equal(write_all(f), 0);
    assert_link(f, "a", "b");
}

static void test_a_file_over_a_full_directory_is_refused(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a/b", "");
    add_file(f, "a", "");
    assert_refused(f, ERR_INVALID, "a directory with files");
}

/* --- ways out ------------------------------------------------------------------------------ */

static void test_no_path_leads_through_a_link(void **state)
{
    static const char *const targets[] = {"..", "/tmp", "../", ".", "real"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        buf_clear(&f->stream);
        add_dir(f, "real");
        add(f, BOXARCHIVE_LINK, "l", targets[i]);
        add_file(f, "l/out", "evil");
        assert_refused(f, ERR_INVALID, "leads through a link");
        buf_clear(&f->stream);
        add(f, BOXARCHIVE_LINK, "l", targets[i]);
        add_dir(f, "l/out");
        assert_refused(f, ERR_INVALID, "leads through a link");
    }
}

static void test_a_link_that_was_there_before_is_not_followed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(symlinkat("..", f->dir_fd, "opt"), 0);
    f->options.prefix = "opt";
    add_file(f, "out", "evil");
    assert_refused(f, ERR_INVALID, "leads through a link");
}

static void test_paths_that_lead_out_are_refused(void **state)
{
    static const char *const paths[] = {"../out", "/out", "a/../../out", "./out", "a//b",
                                        "a/",     "."};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        buf_clear(&f->stream);
        add_raw(f,
                (struct boxarchive_entry){.type = BOXARCHIVE_FILE,
                                          .path_len = (uint32_t)strlen(paths[i])},
                paths[i]);
        assert_refused(f, ERR_INVALID, "must be relative");
    }
}

static void test_a_name_with_a_nul_is_refused(void **state)
{
    struct fixture *f = *state;
    add_raw(f, (struct boxarchive_entry){.type = BOXARCHIVE_FILE, .path_len = 3}, "a\0b");
    assert_refused(f, ERR_INVALID, "NUL");
}

static void test_a_target_with_a_nul_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(boxarchive_add(&f->stream, BOXARCHIVE_LINK, 0777, "l", "a\0b", 3, &f->e), 0);
    assert_refused(f, ERR_INVALID, "NUL");
}

static void test_a_hard_link_leads_only_to_files_of_the_stream(void **state)
{
    static const char *const targets[] = {"../secret", "there", "/etc/passwd",
                                          "dir",       "link",  "l/x"};
    struct fixture *f = *state;
    AUTO(fd_closep) int there = openat(f->dir_fd, "there", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(there >= 0);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        buf_clear(&f->stream);
        add_dir(f, "dir");
        add(f, BOXARCHIVE_LINK, "link", "there");
        add(f, BOXARCHIVE_HARD_LINK, "h", targets[i]);
        assert_int_equal(write_all(f), -ERR_INVALID);
        assert_int_equal(mode_of(f, "h"), 0);
    }
}

static void test_a_hard_link_to_what_became_a_link_is_refused(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a", "");
    add(f, BOXARCHIVE_LINK, "a", "/etc/passwd");
    add(f, BOXARCHIVE_HARD_LINK, "b", "a");
    assert_refused(f, ERR_INVALID, "no file");
}

static void test_a_hard_link_to_itself_is_nothing(void **state)
{
    struct fixture *f = *state;
    add_file(f, "a", "kept");
    add(f, BOXARCHIVE_HARD_LINK, "a", "a");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "a", "kept");
}

static void test_entries_of_no_type_are_refused(void **state)
{
    struct fixture *f = *state;
    add_raw(f, (struct boxarchive_entry){.type = 9, .path_len = 1}, "x");
    assert_refused(f, ERR_INVALID, "unknown type");
}

static void test_setuid_bits_are_refused(void **state)
{
    struct fixture *f = *state;
    add_raw(f, (struct boxarchive_entry){.type = BOXARCHIVE_FILE, .mode = 04755, .path_len = 1},
            "x");
    assert_refused(f, ERR_INVALID, "permission bits");
}

/* --- limits -------------------------------------------------------------------------------- */

static void test_bytes_are_limited_by_what_a_head_says(void **state)
{
    struct fixture *f = *state;
    f->options.max_bytes = 10;
    add_file(f, "a", "12345");
    add_file(f, "b", "12345");
    assert_int_equal(write_all(f), 0);
    add_raw(f, (struct boxarchive_entry){.type = BOXARCHIVE_FILE, .path_len = 1, .size = INT64_MAX},
            "c");
    assert_refused(f, ERR_LIMIT, "more than 10 bytes");
    assert_int_equal(mode_of(f, "c"), 0);
}

static void test_names_are_limited_also_those_that_paths_imply(void **state)
{
    struct fixture *f = *state;
    f->options.max_inodes = 4;
    add_file(f, "a/b/c/d", "");
    assert_int_equal(write_all(f), 0);
    buf_clear(&f->stream);
    add_file(f, "e/f/g/h", "");
    add(f, BOXARCHIVE_LINK, "l", "x");
    assert_refused(f, ERR_LIMIT, "more than");
}

static void test_the_same_name_again_and_again_is_limited(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i <= f->options.max_inodes; i++) {
        add_file(f, "a", "");
    }
    assert_refused(f, ERR_LIMIT, "more than");
}

static void test_depth_is_limited(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_done) struct buf path = {0};
    for (unsigned i = 0; i < 300; i++) {
        buf_add_str(&path, "d/");
    }
    buf_add_str(&path, "f");
    add_file(f, path.data, "");
    assert_refused(f, ERR_INVALID, "deep");
}

static void test_a_long_name_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[302];
    memset(path, 'n', 300);
    path[300] = '\0';
    add_file(f, path, "");
    assert_refused(f, ERR_INVALID, "a name of more than");
    buf_clear(&f->stream);
    strcpy(path + 299, "/f");
    add_file(f, path, "");
    assert_refused(f, ERR_INVALID, "a name of more than");
}

static void test_nothing_comes_after_an_error(void **state)
{
    struct fixture *f = *state;
    AUTO(writer_freep) struct tree_writer *w = tree_writer_new(&f->options);
    add_raw(f, (struct boxarchive_entry){.type = 9, .path_len = 1}, "x");
    assert_int_equal(tree_writer_add(w, f->stream.data, f->stream.len, &f->e), -ERR_INVALID);
    buf_clear(&f->stream);
    add_file(f, "a", "");
    assert_int_equal(tree_writer_add(w, f->stream.data, f->stream.len, &f->e), -ERR_INVALID);
    assert_int_equal(mode_of(f, "a"), 0);
}

/* --- whiteouts ----------------------------------------------------------------------------- */

static void test_whiteouts_are_files_unless_they_are_meant(void **state)
{
    struct fixture *f = *state;
    add_file(f, ".wh.a", "x");
    add_file(f, ".wh..wh..opq", "");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, ".wh.a", "x");
    assert_holds(f, ".wh..wh..opq", "");
}

static bool is_whiteout(struct fixture *f, const char *path)
{
    struct stat st;
    return fstatat(f->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
           st.st_rdev == 0;
}

static void test_a_whiteout_becomes_that_of_overlayfs(void **state)
{
    struct fixture *f = *state;
    f->options.whiteouts = true;
    add_file(f, "d/.wh.a", "");
    add_file(f, "d/.wh..wh.plnk", "");
    assert_int_equal(write_all(f), 0);
    assert_true(is_whiteout(f, "d/a"));
    assert_int_equal(mode_of(f, "d/.wh.a"), 0);
    assert_int_equal(mode_of(f, "d/.wh..wh.plnk"), 0);
}

static void test_a_whiteout_hides_nothing_of_its_own_layer(void **state)
{
    struct fixture *f = *state;
    f->options.whiteouts = true;
    add_file(f, "before", "1");
    add_file(f, ".wh.before", "");
    add_file(f, ".wh.after", "");
    add_file(f, "after", "2");
    assert_int_equal(write_all(f), 0);
    assert_holds(f, "before", "1");
    assert_holds(f, "after", "2");
}

static void test_a_whiteout_of_no_name_is_refused(void **state)
{
    static const char *const paths[] = {".wh.", "d/.wh.", ".wh...", ".wh.."};
    struct fixture *f = *state;
    f->options.whiteouts = true;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        buf_clear(&f->stream);
        add_file(f, paths[i], "");
        assert_refused(f, ERR_INVALID, "path '");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_tree_is_written_as_it_is),
        TEST(test_pieces_of_any_size_give_the_same),
        TEST(test_a_cut_at_any_place_is_an_error_but_between_entries),
        TEST(test_prefix_and_strip_move_all_paths),
        TEST(test_what_its_owner_may_not_is_given_to_him),
        TEST(test_names_may_have_any_byte),
        TEST(test_a_later_file_takes_the_place),
        TEST(test_a_file_over_a_link_does_not_follow),
        TEST(test_a_directory_takes_the_place_of_a_link_to_one),
        TEST(test_a_link_takes_the_place_of_an_empty_directory),
        TEST(test_a_file_over_a_full_directory_is_refused),
        TEST(test_no_path_leads_through_a_link),
        TEST(test_a_link_that_was_there_before_is_not_followed),
        TEST(test_paths_that_lead_out_are_refused),
        TEST(test_a_name_with_a_nul_is_refused),
        TEST(test_a_target_with_a_nul_is_refused),
        TEST(test_a_hard_link_leads_only_to_files_of_the_stream),
        TEST(test_a_hard_link_to_what_became_a_link_is_refused),
        TEST(test_a_hard_link_to_itself_is_nothing),
        TEST(test_entries_of_no_type_are_refused),
        TEST(test_setuid_bits_are_refused),
        TEST(test_bytes_are_limited_by_what_a_head_says),
        TEST(test_names_are_limited_also_those_that_paths_imply),
        TEST(test_the_same_name_again_and_again_is_limited),
        TEST(test_depth_is_limited),
        TEST(test_a_long_name_is_refused),
        TEST(test_nothing_comes_after_an_error),
        TEST(test_whiteouts_are_files_unless_they_are_meant),
        TEST(test_a_whiteout_becomes_that_of_overlayfs),
        TEST(test_a_whiteout_hides_nothing_of_its_own_layer),
        TEST(test_a_whiteout_of_no_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
