/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "recipes/advice.h"
#include "recipes/recipes.h"

static void on_unreadable(void *ctx, const struct err *e)
{
    (void)ctx;
    fail_msg("%s", e->text);
}

static void assert_advice(const char *language, const char *range, const char *expected)
{
    AUTO(recipes_freep) struct recipes *r = recipes_new(NULL, on_unreadable, NULL);
    AUTO(buf_done) struct buf advice = {0};
    advice_install(r, language, range, &advice);
    assert_string_equal(advice.data ? advice.data : "", expected);
}

static void test_install_names_the_command(void **state)
{
    (void)state;
    assert_advice("ruby", "*", "belljar pkg install ruby");
    assert_advice("ruby", NULL, "belljar pkg install ruby");
    assert_advice("ruby", "3.1", "belljar pkg install ruby=3.1");
}

static void test_install_quotes_what_a_shell_obeys(void **state)
{
    (void)state;
    assert_advice("ruby", ">=3 <4", "belljar pkg install 'ruby=>=3 <4'");
}

static void test_install_names_a_package_and_an_image_where_no_recipe_is(void **state)
{
    (void)state;
    assert_advice("dart", "*",
                  "no recipe has 'dart'; Piston's package: belljar pkg install piston:dart; an "
                  "image: belljar image pull docker.io/library/dart --as dart");
    assert_advice("c3", NULL, "no recipe has 'c3': neither Debian nor npm has a package of it");
}

static void test_elsewhere_are_no_names_of_recipes(void **state)
{
    static const char *const names[] = {
#define ELSEWHERE(name, package, image, why) name,
#include "recipes/elsewhere.def"
#undef ELSEWHERE
    };
    AUTO(recipes_freep) struct recipes *r = recipes_new(NULL, on_unreadable, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        AUTO(mem_freep) const struct recipe **chosen = NULL;
        size_t count = 0;
        struct err e;
        if (recipes_choose(r, names[i], &chosen, &count, &e) == 0) {
            fail_msg("'%s' has a recipe; take it out of elsewhere.def", names[i]);
        }
    }
}

static void test_install_says_nothing_where_nobody_knows(void **state)
{
    (void)state;
    assert_advice("no-such-language", "*", "");
    assert_advice("@core", "*", "");
    assert_advice("ruby", "no range; rm", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install_names_the_command),
        cmocka_unit_test(test_install_quotes_what_a_shell_obeys),
        cmocka_unit_test(test_install_names_a_package_and_an_image_where_no_recipe_is),
        cmocka_unit_test(test_elsewhere_are_no_names_of_recipes),
        cmocka_unit_test(test_install_says_nothing_where_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
