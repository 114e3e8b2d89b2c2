/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "packages/apt_few.h"

#define PACKAGES "mirror_main_Packages"

static char path[] = "/tmp/belljar-few-XXXXXX";

static void put(int fd, const char *name, const char *text)
{
    AUTO(fd_closep) int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
}

static int folder_make(void **state)
{
    static int fd;
    snprintf(path, sizeof(path), "/tmp/belljar-few-XXXXXX");
    assert_non_null(mkdtemp(path));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(fd, "lists", 0755), 0);
    *state = &fd;
    return 0;
}

static int folder_end(void **state)
{
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd_close(*(int *)*state);
    return tree_remove(tmp, path + strlen("/tmp/"), &e);
}

/* Packages of few/, in its order: "a b c". */
static char *few_of(int fd, const char *index, const char *names)
{
    struct err e = {0};
    AUTO(buf_done) struct buf text = {0}, found = {0};
    AUTO(strv_freep) char **words = strv_split(names, " ");
    put(fd, "lists/" PACKAGES, index);
    if (apt_few_make(fd, words, &e) < 0) {
        fail_msg("%s", e.text);
    }
    assert_true(apt_few_has(fd, words));
    AUTO(fd_closep) int file = openat(fd, APT_FEW "/" PACKAGES, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fd_read_all(file, 1 << 20, &text, &e), 0);
    AUTO(strv_freep) char **lines = strv_split(text.data ? text.data : "", "\n");
    for (char **line = lines; line && *line; line++) {
        if (str_starts(*line, "Package: ")) {
            buf_add_fmt(&found, "%s%s", found.len > 0 ? " " : "", *line + strlen("Package: "));
        }
    }
    return found.data ? buf_take(&found) : xstrdup("");
}

static void assert_few(void **state, const char *index, const char *names, const char *few)
{
    AUTO(mem_freep) char *found = few_of(*(int *)*state, index, names);
    assert_string_equal(found, few);
}

static void test_what_is_needed_is_there_and_nothing_else(void **state)
{
    assert_few(state,
               "Package: z\nDepends: a\n\nPackage: a\nVersion: 1\nPre-Depends: b:any (>= 1), c\n\n"
               "Package: other\nDepends: a\nConflicts: a\n\nPackage: b\nSuggests: other\n\n"
               "Package: c\nRecommends: other\n",
               "a", "a b c");
}

static void test_all_alternatives_are_there(void **state)
{
    assert_few(state,
               "Package: a\nDepends: b [amd64] | c (<< 2) | nowhere\n\nPackage: b\n\n"
               "Package: c\n\n",
               "a", "a b c");
}

static void test_all_that_provide_it_are_there_and_what_they_need(void **state)
{
    assert_few(state,
               "Package: a\nDepends: mta\n\nPackage: one\nProvides: x, mta (= 1)\nDepends: d\n\n"
               "Package: two\nProvides: mta,\n y\n\nPackage: d\n\nPackage: other\nProvides: x\n\n",
               "a", "a one two d");
}

static void test_all_versions_are_there(void **state)
{
    assert_few(state,
               "Package: a\nVersion: 1\n\nPackage: a\nVersion: 2\nDepends: b\n\nPackage: b\n", "a",
               "a a b");
}

static void test_names_may_have_a_release_or_a_version(void **state)
{
    assert_few(state, "Package: g++\n\nPackage: b\n\nPackage: c\n", "g++/bookworm b=1:2", "g++ b");
}

static void test_what_was_asked_before_stays(void **state)
{
    static const char index[] = "Package: a\n\nPackage: b\n\nPackage: c\n\n";
    assert_few(state, index, "a", "a");
    assert_few(state, index, "b", "a b");
}

static void test_only_what_was_asked_is_known(void **state)
{
    int fd = *(int *)*state;
    char a[] = "a", b[] = "b", ab[] = "ab", nowhere[] = "nowhere";
    AUTO(mem_freep) char *few = few_of(fd, "Package: a\nDepends: b\n\nPackage: ab\n", "a nowhere");
    assert_true(apt_few_has(fd, (char *[]){a, b, nowhere, NULL}));
    assert_false(apt_few_has(fd, (char *[]){a, ab, NULL}));
}

static void test_what_is_forgotten_or_not_whole_is_not_known(void **state)
{
    int fd = *(int *)*state;
    struct err e;
    char a[] = "a";
    AUTO(mem_freep) char *few = few_of(fd, "Package: a\n", "a");
    put(fd, "few.names", "\na\nb"); /* a crash while it was written */
    assert_false(apt_few_has(fd, (char *[]){a, NULL}));
    AUTO(mem_freep) char *again = few_of(fd, "Package: a\n", "a");
    assert_int_equal(apt_few_forget(fd, &e), 0);
    assert_false(apt_few_has(fd, (char *[]){a, NULL}));
    assert_int_equal(faccessat(fd, APT_FEW, F_OK, 0), -1);
}

static void test_an_index_that_is_compressed_is_refused(void **state)
{
    struct err e;
    char a[] = "a";
    put(*(int *)*state, "lists/" PACKAGES ".lz4", "");
    assert_int_equal(apt_few_make(*(int *)*state, (char *[]){a, NULL}, &e), -ERR_UNSUPPORTED);
    assert_false(apt_few_has(*(int *)*state, (char *[]){a, NULL}));
}

#define T(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_what_is_needed_is_there_and_nothing_else),
        T(test_all_alternatives_are_there),
        T(test_all_that_provide_it_are_there_and_what_they_need),
        T(test_all_versions_are_there),
        T(test_names_may_have_a_release_or_a_version),
        T(test_what_was_asked_before_stays),
        T(test_only_what_was_asked_is_known),
        T(test_what_is_forgotten_or_not_whole_is_not_known),
        T(test_an_index_that_is_compressed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
