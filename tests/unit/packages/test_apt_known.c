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
#include "base/tree.h"
#include "packages/apt_known.h"

#define STANZA(name, version) "Package: " name "\nVersion: " version "\n\n"

static char question[] = "install", other_question[] = "show";
static char *const argv[] = {question, NULL};
static char *const other_argv[] = {other_question, NULL};

static char path[] = "/tmp/belljar-known-XXXXXX";

static int folder_make(void **state)
{
    static int fd;
    snprintf(path, sizeof(path), "/tmp/belljar-known-XXXXXX");
    assert_non_null(mkdtemp(path));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &fd;
    return 0;
}

static int folder_end(void **state)
{
    struct err e;
    int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd_close(*(int *)*state);
    int r = tree_remove(tmp, path + strlen("/tmp/"), &e);
    fd_close(tmp);
    return r;
}

static struct apt_key put(void **state, const char *answer)
{
    struct err e;
    AUTO(buf_done) struct buf text = {0};
    struct apt_key key = apt_known_key("1", STANZA("a", "1"), argv);
    buf_add_str(&text, answer);
    assert_int_equal(apt_known_put(*(int *)*state, &key, &text, &e), 0);
    return key;
}

static void assert_known(void **state, const struct apt_key *key, const char *answer)
{
    AUTO(buf_done) struct buf text = {0};
    assert_int_equal(apt_known_get(*(int *)*state, key, &text), answer != NULL);
    if (answer) {
        assert_string_equal(text.data, answer);
    }
}

static void test_an_answer_is_given_again(void **state)
{
    struct apt_key key = put(state, "'uri' file\n");
    assert_known(state, &key, "'uri' file\n");
    key = put(state, "");
    assert_known(state, &key, "");
}

static void test_all_that_matters_makes_another_question(void **state)
{
    struct apt_key key = put(state, "answer");
    struct apt_key index = apt_known_key("2", STANZA("a", "1"), argv);
    struct apt_key version = apt_known_key("1", STANZA("a", "2"), argv);
    struct apt_key more = apt_known_key("1", STANZA("a", "1") STANZA("b", "1"), argv);
    struct apt_key asked = apt_known_key("1", STANZA("a", "1"), other_argv);
    struct apt_key same = apt_known_key("1", "Package: a\nStatus: x\nVersion: 1\n", argv);
    assert_known(state, &index, NULL);
    assert_known(state, &version, NULL);
    assert_known(state, &more, NULL);
    assert_known(state, &asked, NULL);
    assert_known(state, &same, "answer");
    assert_string_equal(key.text, same.text);
}

static void test_half_an_answer_is_none(void **state)
{
    struct apt_key key = put(state, "line\nline\n");
    char file[128];
    snprintf(file, sizeof(file), "%s/known/%s", path, key.text);
    assert_int_equal(truncate(file, 5), 0);
    assert_known(state, &key, NULL);
}

static void test_forgotten_answers_are_gone(void **state)
{
    struct err e;
    struct apt_key key = put(state, "answer");
    assert_int_equal(apt_known_forget(*(int *)*state, &e), 0);
    assert_known(state, &key, NULL);
    assert_int_equal(apt_known_forget(*(int *)*state, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_answer_is_given_again, folder_make, folder_end),
        cmocka_unit_test_setup_teardown(test_all_that_matters_makes_another_question, folder_make,
                                        folder_end),
        cmocka_unit_test_setup_teardown(test_half_an_answer_is_none, folder_make, folder_end),
        cmocka_unit_test_setup_teardown(test_forgotten_answers_are_gone, folder_make, folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
