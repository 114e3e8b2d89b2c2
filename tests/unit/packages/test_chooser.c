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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/chooser.h"
#include "packages/fetcher.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LINE "," HEX ",https://example.org/x.pkg.tar.gz\n"

/* --- words ------------------------------------------------------------------------------------ */

static void assert_joined(const char *words, const char *expected)
{
    AUTO(strv_freep) char **split = strv_split(words, " ");
    AUTO(strv_freep) char **joined = words_join(split);
    AUTO(mem_freep) char *text = strv_join(joined, " ");
    assert_string_equal(text, expected);
}

static void test_a_version_behind_a_name_belongs_to_it(void **state)
{
    (void)state;
    assert_joined("python 3.9.4", "python=3.9.4");
    assert_joined("python 3 node ^15 lua", "python=3 node=^15 lua");
    assert_joined("python *", "python=*");
}

static void test_names_stay_words_of_their_own(void **state)
{
    (void)state;
    assert_joined("python node", "python node");
    assert_joined("python=3.9.4 node", "python=3.9.4 node");
    assert_joined("@core lua", "@core lua");
    assert_joined("05ab1e x86", "05ab1e x86");
}

static void test_a_version_belongs_to_one_name_alone(void **state)
{
    (void)state;
    assert_joined("python=3.9.4 3.12.0", "python=3.9.4 3.12.0");
    assert_joined("@core 3.12.0", "@core 3.12.0");
}

/* --- choices ---------------------------------------------------------------------------------- */

struct world {
    struct recipes *recipes;
    struct fetcher *fetcher;
    char index[32];
    int dir;
};

static void on_bad(void *ctx, const struct err *e)
{
    (void)ctx, (void)e;
    fail();
}

static int world_make(void **state)
{
    static const char text[] = "\npython,3.9.4" LINE "python,3.12.0" LINE "bogus,1.0.0" LINE;
    struct world *w = xcalloc(1, sizeof(*w));
    struct err e;
    strcpy(w->index, "/tmp/chooser-XXXXXX");
    AUTO(fd_closep) int fd = mkstemp(w->index);
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
    w->dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    w->recipes = recipes_new(NULL, on_bad, NULL);
    w->fetcher = fetcher_new(w->dir, NULL);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;
    unlink(w->index);
    fetcher_free(w->fetcher);
    recipes_free(w->recipes);
    close(w->dir);
    free(w);
    return 0;
}

static struct chooser chooser_of(const struct world *w, const char *index)
{
    return (struct chooser){
        .recipes = w->recipes, .fetcher = w->fetcher, .index_url = index, .say = on_bad};
}

/* The version of the package that it means; "" for a recipe. */
static void assert_chosen(const struct world *w, const char *word, const char *version)
{
    AUTO(chooser_done) struct chooser c = chooser_of(w, w->index);
    AUTO(mem_freep) struct choice *all = NULL;
    size_t count = 0;
    struct err e = {0};
    chooser_choose(&c, word, &all, &count, &e);
    assert_string_equal(e.text, "");
    assert_int_equal(count, 1);
    assert_string_equal(all[0].entry ? all[0].entry->text : "", version);
    assert_true((all[0].recipe == NULL) == (all[0].entry != NULL));
}

static void assert_refused(const struct world *w, const char *index, const char *word, int result,
                           const char *says)
{
    AUTO(chooser_done) struct chooser c = chooser_of(w, index);
    AUTO(mem_freep) struct choice *all = NULL;
    size_t count = 0;
    struct err e = {0};
    assert_int_equal(chooser_choose(&c, word, &all, &count, &e), result);
    assert_non_null(strstr(e.text, says));
    assert_null(all);
}

static void test_recipes_come_first(void **state)
{
    assert_chosen(*state, "python", "");
    assert_chosen(*state, "python=3.11", "");
}

static void test_what_no_recipe_has_comes_from_the_index(void **state)
{
    assert_chosen(*state, "python=3.9.4", "3.9.4");
    assert_chosen(*state, "python=3.12.x", "3.12.0");
    assert_chosen(*state, "bogus", "1.0.0");
}

static void test_the_index_can_be_asked_alone(void **state)
{
    assert_chosen(*state, "piston:python", "3.12.0");
    assert_chosen(*state, "piston:python@<3.10", "3.9.4");
}

static void test_what_neither_has_is_told_in_the_words_of_the_recipes(void **state)
{
    const struct world *w = *state;
    assert_refused(w, w->index, "pythn", -ERR_NOT_FOUND, "did you mean 'python'?");
    assert_refused(w, w->index, "python=3.9.5", -ERR_NOT_FOUND, "there is 3.11");
    assert_refused(w, w->index, "piston:python=3.9.5", -ERR_NOT_FOUND, "Piston's index");
    assert_refused(w, w->index, "python=latest", -ERR_INVALID, "python=3.11");
    assert_refused(w, w->index, "piston:python=latest", -ERR_INVALID, "range");
}

static void test_an_index_that_is_not_there_is_no_missing_package(void **state)
{
    const struct world *w = *state;
    assert_refused(w, "/nowhere/index", "python=3.9.4", -ERR_IO, "/nowhere/index");
    assert_refused(w, "/nowhere/index", "piston:python", -ERR_IO, "/nowhere/index");
}

static void test_without_an_index_there_are_recipes(void **state)
{
    const struct world *w = *state;
    assert_refused(w, "", "python=3.9.4", -ERR_NOT_FOUND, "there is 3.11");
    assert_refused(w, "", "piston:python", -ERR_NOT_FOUND, "piston.repo_url");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_version_behind_a_name_belongs_to_it),
        cmocka_unit_test(test_names_stay_words_of_their_own),
        cmocka_unit_test(test_a_version_belongs_to_one_name_alone),
        cmocka_unit_test(test_recipes_come_first),
        cmocka_unit_test(test_what_no_recipe_has_comes_from_the_index),
        cmocka_unit_test(test_the_index_can_be_asked_alone),
        cmocka_unit_test(test_what_neither_has_is_told_in_the_words_of_the_recipes),
        cmocka_unit_test(test_an_index_that_is_not_there_is_no_missing_package),
        cmocka_unit_test(test_without_an_index_there_are_recipes),
    };
    return cmocka_run_group_tests(tests, world_make, world_end);
}
