/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "runtimes/recipe_runtime.h"

static struct recipe *recipe_of(const char *text)
{
    struct recipe *r = NULL;
    struct err e = {0};
    if (recipe_parse("x/1", text, strlen(text), NULL, NULL, &r, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return r;
}

#define TEXT                                                                                       \
    "language = \"x\"\naliases = [\"y\", \"x{x.y}\"]\nfile = \"main.x\"\nextensions = [\".x\"]\n"  \
    "headers = [\".h\"]\nneeds_extension = true\ntools = [\"x\"]\nask.args = [\"-v\"]\n"           \
    "run = [\"{tool}\", \"{main}\"]\ncompile = [\"{tool}\", \"-c\"]\nwarm = \"{main}\"\n"          \
    "prepare = \"cpp\"\ntests.hello = \"hi\"\n"                                                    \
    "[prepared]\ncompile = [\"{tool}\", \"-p\"]\n[limits.run]\nwall_ms = 5000\n"

static void test_what_a_recipe_says_a_runtime_has(void **state)
{
    (void)state;
    AUTO(recipe_unrefp) struct recipe *recipe = recipe_of(TEXT);
    struct runtime *r = recipe_runtime_new(recipe, "npm");
    assert_string_equal(r->language, "x");
    assert_string_equal(r->source, "npm");
    assert_string_equal(r->extensions[0], ".x");
    assert_string_equal(r->header_extensions[0], ".h");
    assert_true(r->needs_extension);
    assert_string_equal(r->default_name, "main.x");
    assert_string_equal(r->hello, "hi");
    assert_int_equal(r->run_limits.wall_ms, 5000);
    assert_int_equal(r->compile_limits.wall_ms, 0);
    assert_null(r->run.argv);
    runtime_unref(r);
}

static void test_aliases_have_the_version_where_they_ask_for_it(void **state)
{
    (void)state;
    AUTO(recipe_unrefp) struct recipe *recipe = recipe_of(TEXT);
    struct semver version;
    assert_true(semver_parse("3.12.4-rc.1", &version));
    struct runtime *r = recipe_runtime_new(recipe, "npm");
    recipe_runtime_complete(r, recipe, &version);
    assert_string_equal(r->version, "3.12.4-rc.1");
    assert_string_equal(r->aliases[0], "y");
    assert_string_equal(r->aliases[1], "x3.12");
    assert_null(r->aliases[2]);
    runtime_unref(r);
}

static void test_prepared_commands_take_the_place_of_those_they_name(void **state)
{
    (void)state;
    AUTO(recipe_unrefp) struct recipe *recipe = recipe_of(TEXT);
    struct recipe_commands plain = recipe_runtime_commands(recipe, false);
    struct recipe_commands prepared = recipe_runtime_commands(recipe, true);
    assert_string_equal(plain.compile[1], "-c");
    assert_string_equal(prepared.compile[1], "-p");
    assert_ptr_equal(prepared.run, plain.run);
    assert_string_equal(prepared.warm, "{main}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_recipe_says_a_runtime_has),
        cmocka_unit_test(test_aliases_have_the_version_where_they_ask_for_it),
        cmocka_unit_test(test_prepared_commands_take_the_place_of_those_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
