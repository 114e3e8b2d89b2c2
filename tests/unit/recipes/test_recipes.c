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
#include "recipes/recipe.h"
#include "recipes/recipe_files.h"
#include "recipes/recipes.h"

/* --- those that are built in: of this test, not of the program ------------------------------- */

#define RECIPE(language, more)                                                                     \
    "language = '" language "'\nrun = ['x']\nfile = 'x.x'\nextensions = ['.x']\ntools = ['x']\n"   \
    "ask.args = ['-v']\n" more
#define INSTALLED(version) "version = '" version "'\ninstall.debian = ['x']\n"

const char *const recipe_files[] = {
    "ant/1.lock.json",
    "{lock}\n",
    "ant/1.toml",
    RECIPE("ant", "aliases = ['a', 'kit']\npackage = 'kit'\n" INSTALLED("1.4.0")),
    "ant/host.toml",
    RECIPE("ant", ""),
    "bee/2.toml",
    RECIPE("bee", "package = 'kit'\naliases = ['a']\nyields = true\n" INSTALLED("2.0.0")),
    "here/only.toml",
    RECIPE("here", ""),
    "moon/1.toml",
    RECIPE("moon", "machines = ['moon']\n" INSTALLED("1.0.0")),
    "nest/1.toml",
    RECIPE("nest", "package = 'nest'\nunlisted = true\n" INSTALLED("1.0.0")),
    "nest64/1.toml",
    RECIPE("nest64", "package = 'nest'\nunlisted = true\n" INSTALLED("1.0.0")),
    "part/lib.toml",
    "install.debian = ['lib']\nversion = '1.0.0'\n",
    "sets.toml",
    "[few]\nabout = 'a few'\nrecipes = ['zebra=2', 'ant']\n"
    "[more]\nrecipes = ['@few', 'kit', 'part/lib']\n[loop]\nrecipes = ['@loop']\n"
    "[gone]\nrecipes = ['nothing']\n",
    "zebra-x/1.toml",
    RECIPE("zebra-x", "unlisted = true\n" INSTALLED("1.0.0")),
    "zebra/1.toml",
    "like = 'zebra/2'\nversion = '1.9.0'\n",
    "zebra/2.toml",
    RECIPE("zebra", "aliases = ['z', 'zeb{x.y}']\n" INSTALLED("2.10.0")),
    "zebra/3.toml",
    "like = 'zebra/2'\nversion = '3.0.0-beta.1'\n",
    "zebra/kit.toml",
    "like = 'zebra/2'\nversion = '9.0.0'\npackage = 'zkit'\n",
    NULL,
};

static void say(void *ctx, const struct err *e)
{
    struct buf *said = ctx;
    buf_add_fmt(said, "%s\n", e->text);
}

static int setup(void **state)
{
    *state = recipes_new(NULL, NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    recipes_free(*state);
    return 0;
}

/* "ant/1 bee/2": the ids, in their order. */
static void assert_chosen(const struct recipes *r, const char *word, const char *ids)
{
    AUTO(buf_done) struct buf got = {0};
    AUTO(mem_freep) const struct recipe **all = NULL;
    size_t count = 0;
    struct err e = {0};
    if (recipes_choose(r, word, &all, &count, &e) < 0) {
        fail_msg("'%s': %s", word, e.text);
    }
    buf_add_str(&got, "");
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&got, "%s%s", i > 0 ? " " : "", all[i]->id);
    }
    assert_string_equal(got.data, ids);
}

static void assert_not_chosen(const struct recipes *r, const char *word, enum err_kind kind,
                              const char *what)
{
    const struct recipe **all = NULL;
    size_t count = 0;
    struct err e = {0};
    assert_int_equal(recipes_choose(r, word, &all, &count, &e), -(int)kind);
    if (strstr(e.text, what) == NULL) {
        fail_msg("'%s' gave '%s', not '%s'", word, e.text, what);
    }
    assert_null(all);
}

/* --- the list --------------------------------------------------------------------------------- */

static void all_is_sorted_and_without_other_machines(void **state)
{
    static const char *const ids[] = {"ant/1",   "ant/host", "bee/2",     "here/only",
                                      "nest/1",  "nest64/1", "zebra/kit", "zebra/3",
                                      "zebra/2", "zebra/1",  "zebra-x/1", "part/lib"};
    size_t count;
    const struct recipe *const *all = recipes_all(*state, &count);
    assert_int_equal(count, ARRAY_LEN(ids));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(all[i]->id, ids[i]);
    }
}

static void by_id_gives_it_or_nothing(void **state)
{
    assert_string_equal(recipes_by_id(*state, "zebra/1")->version, "1.9.0");
    assert_null(recipes_by_id(*state, "zebra/4"));
    assert_null(recipes_by_id(*state, "moon/1"));
    assert_null(recipes_by_id(*state, "sets"));
    assert_null(recipes_by_id(*state, ""));
}

static void lock_is_that_beside_the_recipe(void **state)
{
    size_t len = 0;
    assert_string_equal(recipes_npm_lock(*state, recipes_by_id(*state, "ant/1"), &len), "{lock}\n");
    assert_int_equal(len, 7);
    assert_null(recipes_npm_lock(*state, recipes_by_id(*state, "bee/2"), &len));
}

static void sets_are_in_the_order_of_their_file(void **state)
{
    size_t count;
    const struct recipe_set *sets = recipes_sets(*state, &count);
    assert_int_equal(count, 4);
    assert_string_equal(sets[0].name, "few");
    assert_string_equal(sets[0].about, "a few");
    assert_string_equal(sets[0].words[1], "ant");
    assert_null(sets[0].words[2]);
    assert_string_equal(sets[3].name, "gone");
}

static void file_is_of_the_language_that_does_not_yield(void **state)
{
    assert_string_equal(recipes_language_of_file(*state, "a.x"), "ant");
    assert_null(recipes_language_of_file(*state, ".x"));
    assert_null(recipes_language_of_file(*state, "a.y"));
}

/* --- words ------------------------------------------------------------------------------------ */

static void choose_id_gives_that_one(void **state)
{
    assert_chosen(*state, "zebra/1", "zebra/1");
    assert_chosen(*state, "part/lib", "part/lib");
}

static void choose_language_gives_the_highest_of_no_package(void **state)
{
    assert_chosen(*state, "zebra", "zebra/3");
    assert_chosen(*state, "ant", "ant/1");
    assert_chosen(*state, "zebra-x", "zebra-x/1");
}

static void choose_package_gives_all_its_languages(void **state)
{
    assert_chosen(*state, "kit", "ant/1 bee/2");
    assert_chosen(*state, "kit=2", "bee/2");
    assert_chosen(*state, "zkit", "zebra/kit");
}

static void choose_package_of_a_languages_name_gives_all_of_it(void **state)
{
    assert_chosen(*state, "nest", "nest/1 nest64/1");
}

static void choose_alias_gives_who_does_not_yield(void **state)
{
    assert_chosen(*state, "a", "ant/1");
    assert_chosen(*state, "z", "zebra/3");
    assert_chosen(*state, "zeb2.10", "zebra/2");
    assert_chosen(*state, "zeb1.9", "zebra/1");
}

static void choose_range_gives_the_highest_within(void **state)
{
    assert_chosen(*state, "zebra=2", "zebra/2");
    assert_chosen(*state, "zebra@1.9", "zebra/1");
    assert_chosen(*state, "zebra@<2.10", "zebra/1");
    assert_chosen(*state, "z=>=1 <3", "zebra/2");
    assert_chosen(*state, "zebra=3.0.0-beta.1", "zebra/3");
    assert_chosen(*state, "zebra/1=1.9", "zebra/1");
}

static void choose_set_gives_each_once(void **state)
{
    assert_chosen(*state, "@few", "zebra/2 ant/1");
    assert_chosen(*state, "@more", "zebra/2 ant/1 bee/2 part/lib");
    assert_chosen(*state, "@all", "ant/1 bee/2 zebra/3");
}

static void choose_nothing_says_why(void **state)
{
    assert_not_chosen(*state, "zebre", ERR_NOT_FOUND, "did you mean 'zebra'?");
    assert_not_chosen(*state, "zebra/9", ERR_NOT_FOUND, "did you mean 'zebra/3'?");
    assert_not_chosen(*state, "qwertyuiop", ERR_NOT_FOUND, "belljar pkg search");
    assert_not_chosen(*state, "zebra=4", ERR_NOT_FOUND,
                      "no version of 'zebra' is within '4'; there is 9.0.0, 3.0.0-beta.1, 2.10.0");
    assert_not_chosen(*state, "here", ERR_NOT_FOUND, "'here' cannot be installed");
    assert_not_chosen(*state, "moon", ERR_NOT_FOUND, "there is no 'moon'");
    assert_not_chosen(*state, "@nope", ERR_NOT_FOUND, "there is @few, @more, @loop, @gone, @all");
    assert_not_chosen(*state, "@gone", ERR_NOT_FOUND, "@gone: there is no 'nothing'");
    assert_not_chosen(*state, "@loop", ERR_INVALID, "has itself in it");
    assert_not_chosen(*state, "", ERR_INVALID, "write NAME");
    assert_not_chosen(*state, "=1", ERR_INVALID, "write NAME");
    assert_not_chosen(*state, "zebra=", ERR_INVALID, "write NAME");
    assert_not_chosen(*state, "zebra=latest", ERR_INVALID, "write NAME");
}

/* --- the operator's own ----------------------------------------------------------------------- */

struct own {
    char dir[40];
    struct buf said;
};

static int own_setup(void **state)
{
    struct own *o = calloc(1, sizeof(*o));
    strcpy(o->dir, "/tmp/belljar-test-XXXXXX");
    assert_non_null(mkdtemp(o->dir));
    *state = o;
    return 0;
}

static int own_teardown(void **state)
{
    struct own *o = *state;
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tree_remove(tmp, o->dir + strlen("/tmp/"), &e), 0);
    buf_done(&o->said);
    free(o);
    return 0;
}

static void own_file(const struct own *o, const char *folder, const char *name, const char *text)
{
    struct err e;
    AUTO(mem_freep) char *dir = xasprintf("%s/%s", o->dir, folder);
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, name);
    mkdir(dir, 0700);
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static struct recipes *own_recipes(struct own *o)
{
    buf_add_str(&o->said, "");
    return recipes_new(o->dir, say, &o->said);
}

static void own_one_takes_the_place_of_a_built_in_one(void **state)
{
    struct own *o = *state;
    own_file(o, "zebra", "2.toml", "like = 'zebra/2'\nversion = '2.11.0'\nname = 'Mine'\n");
    own_file(o, "ant", "1.toml", RECIPE("ant", INSTALLED("1.5.0")));
    AUTO(recipes_freep) struct recipes *r = own_recipes(o);
    assert_string_equal(o->said.data, "");
    assert_string_equal(recipes_by_id(r, "zebra/2")->version, "2.11.0");
    assert_string_equal(recipes_by_id(r, "zebra/2")->aliases[0], "z");
    assert_string_equal(recipes_by_id(r, "zebra/1")->name, "Mine");
    assert_string_equal(recipes_by_id(r, "ant/1")->version, "1.5.0");
    assert_true(recipes_is_own(r, "ant/1"));
    assert_false(recipes_is_own(r, "bee/2"));
    size_t len;
    assert_null(recipes_npm_lock(r, recipes_by_id(r, "ant/1"), &len));
}

static void own_new_one_stands_with_the_others(void **state)
{
    struct own *o = *state;
    own_file(o, "cow", "1.toml", RECIPE("cow", INSTALLED("1.0.0")));
    own_file(o, "cow", "1.lock.json", "{own}");
    own_file(o, "cow", "README", "no recipe");
    own_file(o, "cow", ".hidden.toml", "no recipe");
    AUTO(recipes_freep) struct recipes *r = own_recipes(o);
    assert_string_equal(o->said.data, "");
    assert_chosen(r, "cow", "cow/1");
    size_t len;
    assert_string_equal(recipes_npm_lock(r, recipes_by_id(r, "cow/1"), &len), "{own}");
    assert_int_equal(len, 5);
}

static void own_wrong_one_is_told_and_left_out(void **state)
{
    struct own *o = *state;
    own_file(o, "cow", "1.toml", "language = 3\n");
    own_file(o, "cow", "2.toml", "like = 'cow/2'\n");
    own_file(o, "cow", "3.toml", "like = 'cow/4'\n");
    own_file(o, "cow", "4.toml", "like = 'cow/3'\n");
    own_file(o, "cow", "UP.toml", "");
    AUTO(recipes_freep) struct recipes *r = own_recipes(o);
    assert_non_null(strstr(o->said.data, "cow/1.toml:1: 'language' is an integer"));
    assert_non_null(strstr(o->said.data, "cow/2.toml:1: like = 'cow/2': there is no such recipe"));
    assert_non_null(strstr(o->said.data, "cow/3.toml:1: like = 'cow/4'"));
    assert_non_null(strstr(o->said.data, "cow/4.toml:1: like = 'cow/3'"));
    assert_non_null(strstr(o->said.data, "'cow/UP' is no name of a recipe"));
    assert_null(recipes_by_id(r, "cow/1"));
    assert_chosen(r, "ant", "ant/1");
}

static void own_directory_that_is_not_there_is_fine(void **state)
{
    struct own *o = *state;
    AUTO(recipes_freep) struct recipes *r = recipes_new("/nowhere/at/all", say, &o->said);
    assert_int_equal(o->said.len, 0);
    assert_non_null(recipes_by_id(r, "ant/1"));
}

int main(void)
{
#define TEST(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OWN_TEST(name) cmocka_unit_test_setup_teardown(name, own_setup, own_teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_is_sorted_and_without_other_machines),
        TEST(by_id_gives_it_or_nothing),
        TEST(lock_is_that_beside_the_recipe),
        TEST(sets_are_in_the_order_of_their_file),
        TEST(file_is_of_the_language_that_does_not_yield),
        TEST(choose_id_gives_that_one),
        TEST(choose_language_gives_the_highest_of_no_package),
        TEST(choose_package_gives_all_its_languages),
        TEST(choose_package_of_a_languages_name_gives_all_of_it),
        TEST(choose_alias_gives_who_does_not_yield),
        TEST(choose_range_gives_the_highest_within),
        TEST(choose_set_gives_each_once),
        TEST(choose_nothing_says_why),
        OWN_TEST(own_one_takes_the_place_of_a_built_in_one),
        OWN_TEST(own_new_one_stands_with_the_others),
        OWN_TEST(own_wrong_one_is_told_and_left_out),
        OWN_TEST(own_directory_that_is_not_there_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
