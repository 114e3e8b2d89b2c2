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

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host_fixture.h"
#include "model/runtime.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/host_runtime.h"
#include "runtimes/host_tool.h"
#include "runtimes/java_preparations.h"
#include "runtimes/preparation.h"
#include "runtimes/preparations.h"
#include "sandbox/launch.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A host with the tool "ccx", what is prepared for it, and a recipe of it. */
struct fixture {
    struct host_fixture host;
    struct host_tool tool;
    char input[128];
    const char *inputs[2];
    struct preparation base, top;
    struct named_preparation preparations[2];
    char names[3][8];
};

static const struct preparation lower = {.name = "lower", .command = LIST("{tool}", "-o", "out")};
static const struct preparation upper = {.name = "upper",
                                         .command = LIST("{tool}", "-I{base}/x", "{tool}")};
#define RECIPE(run)                                                                                \
    "language = 'x'\ntools = ['ccx']\nextensions = ['.x']\nfile = 'main.x'\n"                      \
    "compile = ['{tool}', '-I{prepared}', '-I{base}', '{main}']\nrun = [" run "]\n"                \
    "env = ['A=1']\ncompile_env = ['B={prepared}/b', 'C=2']\nprepare = 'top'\nask.args = ['-v']\n"

static const char recipe[] = RECIPE("'./a.out'");

static void recipe_set(struct fixture *f, const char *more)
{
    AUTO(mem_freep) char *text = xasprintf("%s%s", recipe, more);
    host_recipes(&f->host, LIST(text));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    host_fixture_make(&f->host);
    host_file(f->host.bin, "ccx", "12345", 0755);
    host_file(f->host.other, "a.h", "1", 0644);
    assert_true(host_tool_at(&f->host.view, f->host.bin, "ccx", &f->tool));
    snprintf(f->input, sizeof(f->input), "%s/*.h", f->host.other);
    f->inputs[0] = f->input;
    f->base = lower;
    f->top = upper;
    f->top.base = &f->base;
    f->top.inputs = f->inputs;
    f->preparations[0] = (struct named_preparation){"top", &f->top};
    f->host.view.preparations = f->preparations;
    recipe_set(f, "");
    strcpy(f->names[0], "lower");
    strcpy(f->names[1], "upper");
    strcpy(f->names[2], "other");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    host_tool_done(&f->tool);
    host_fixture_remove(&f->host);
    free(f);
    return 0;
}

/* Where what is prepared would be, with a directory for each of the keys. */
static int prepared_dir(const struct fixture *f, const char *const *keys)
{
    int fd = open(f->host.local, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (; *keys != NULL; keys++) {
        assert_int_equal(mkdirat(fd, *keys, 0755), 0);
    }
    return fd;
}

/* --- the key ------------------------------------------------------------------------------- */

static void test_key_is_the_name_and_a_hash(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *key = preparation_key(&f->base, &f->tool);
    assert_int_equal(strlen(key), strlen("lower-") + 16);
    assert_true(str_starts(key, "lower-"));
    AUTO(mem_freep) char *again = preparation_key(&f->base, &f->tool);
    assert_string_equal(key, again);
}

static void test_key_changes_with_the_tool(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *key = preparation_key(&f->base, &f->tool);
    host_file(f->host.bin, "ccx", "123456", 0755);
    AUTO(mem_freep) char *other = preparation_key(&f->base, &f->tool);
    assert_string_not_equal(key, other);
}

static void test_key_changes_with_an_input_that_a_pattern_finds(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *key = preparation_key(&f->top, &f->tool);
    host_file(f->host.other, "b.h", "", 0644);
    AUTO(mem_freep) char *more = preparation_key(&f->top, &f->tool);
    assert_string_not_equal(key, more);
    host_file(f->host.other, "b.h", "changed", 0644);
    AUTO(mem_freep) char *changed = preparation_key(&f->top, &f->tool);
    assert_string_not_equal(more, changed);
}

static void test_key_changes_with_the_command_the_files_and_the_base(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *key = preparation_key(&f->top, &f->tool);
    f->base.command = LIST("{tool}", "-o", "out", "-v");
    AUTO(mem_freep) char *other_base = preparation_key(&f->top, &f->tool);
    assert_string_not_equal(key, other_base);
    f->top.files = LIST("a", "b");
    AUTO(mem_freep) char *files = preparation_key(&f->top, &f->tool);
    assert_string_not_equal(other_base, files);
    /* The same letters in other strings. */
    f->top.files = LIST("ab", "");
    AUTO(mem_freep) char *others = preparation_key(&f->top, &f->tool);
    assert_string_not_equal(files, others);
}

/* --- what a runtime makes of it ------------------------------------------------------------- */

static struct runtime *runtime_with(struct fixture *f, int prepared_fd)
{
    struct runtime *r = host_runtime_new(&f->host.view, f->host.recipes[0], &f->tool, prepared_fd);
    assert_non_null(r);
    return r;
}

static void assert_command(const struct runtime_command *command, const char *wanted)
{
    AUTO(mem_freep) char *joined = strv_join(command->argv + 1, " ");
    assert_string_equal(joined, wanted);
}

static void test_what_is_not_made_is_left_out(void **state)
{
    struct fixture *f = *state;
    AUTO(fd_closep) int fd = prepared_dir(f, LIST("upper-0000000000000000"));
    const int dirs[] = {-1, fd};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        struct runtime *r = runtime_with(f, dirs[i]);
        assert_command(&r->compile, "{main}");
        assert_int_equal(strv_len(r->compile_env), 1);
        assert_true(strv_has(r->env, "A=1"));
        assert_int_equal(r->layer_count, r->run_layer_count);
        runtime_unref(r);
    }
}

static void test_what_is_made_is_used_in_boxes_of_its_stage(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *upper_key = preparation_key(&f->top, &f->tool);
    AUTO(mem_freep) char *lower_key = preparation_key(&f->base, &f->tool);
    AUTO(fd_closep) int fd = prepared_dir(f, LIST(upper_key, lower_key));
    struct runtime *r = runtime_with(f, fd);
    AUTO(mem_freep)
    char *wanted = xasprintf("-I/opt/belljar/%s -I/opt/belljar/%s {main}", upper_key, lower_key);
    assert_command(&r->compile, wanted);
    AUTO(mem_freep) char *variable = xasprintf("B=/opt/belljar/%s/b", upper_key);
    assert_true(strv_has(r->compile_env, variable));
    assert_int_equal(r->layer_count, r->run_layer_count + 1);
    assert_int_equal(r->layers[r->run_layer_count], LAYER_PREPARED);
    runtime_unref(r);
}

static void test_run_that_uses_it_has_its_layer(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *upper_key = preparation_key(&f->top, &f->tool);
    AUTO(fd_closep) int fd = prepared_dir(f, LIST(upper_key));
    host_recipes(&f->host, LIST(RECIPE("'{tool}', '{prepared}/run'")));
    struct runtime *r = runtime_with(f, fd);
    assert_int_equal(r->layer_count, r->run_layer_count);
    assert_int_equal(r->layers[r->run_layer_count - 1], LAYER_PREPARED);
    runtime_unref(r);
}

static void test_other_commands_take_the_place_when_all_is_made(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *upper_key = preparation_key(&f->top, &f->tool);
    AUTO(mem_freep) char *lower_key = preparation_key(&f->base, &f->tool);
    recipe_set(f, "prepared.run = ['{tool}', 'fast']\nprepared.warm = '{main}'\n");

    AUTO(fd_closep) int half = prepared_dir(f, LIST(upper_key));
    struct runtime *r = runtime_with(f, half);
    assert_null(r->warm);
    runtime_unref(r);

    assert_int_equal(mkdirat(half, lower_key, 0755), 0);
    r = runtime_with(f, half);
    assert_command(&r->run, "fast");
    assert_string_equal(r->warm, "{main}");
    assert_int_equal(strv_len(r->compile.argv), 4); /* still the recipe's */
    runtime_unref(r);
}

/* --- what is wanted ------------------------------------------------------------------------- */

static void test_base_is_wanted_first_and_each_once(void **state)
{
    struct fixture *f = *state;
    host_recipes(&f->host, LIST(recipe, recipe));
    AUTO(preparations_done) struct preparations wanted;
    preparations_find(&f->host.view, &wanted);
    assert_int_equal(wanted.count, 2);
    assert_ptr_equal(wanted.all[0].preparation, &f->base);
    assert_ptr_equal(wanted.all[1].preparation, &f->top);

    char **argv = wanted.all[1].argv;
    AUTO(mem_freep) char *option = xasprintf("-I/opt/belljar/%s/x", wanted.all[0].key);
    assert_string_equal(argv[0], f->tool.path);
    assert_string_equal(argv[1], option);
    assert_string_equal(argv[2], f->tool.path);
}

static void test_chosen_ones_bring_what_they_are_built_on(void **state)
{
    struct fixture *f = *state;
    char *const base[] = {f->names[0], NULL}, *const top[] = {f->names[1], NULL};
    char *const *const names[] = {NULL, base, top};
    static const size_t counts[] = {2, 1, 2};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(preparations_done) struct preparations wanted;
        struct err e;
        preparations_find(&f->host.view, &wanted);
        assert_int_equal(preparations_choose(&wanted, names[i], &e), 0);
        assert_int_equal(wanted.count, counts[i]);
        assert_string_equal(wanted.all[0].preparation->name, "lower");
    }
}

static void test_unknown_name_is_not_chosen(void **state)
{
    struct fixture *f = *state;
    AUTO(preparations_done) struct preparations wanted;
    struct err e;
    char *const names[] = {f->names[0], f->names[2], NULL};
    preparations_find(&f->host.view, &wanted);
    assert_int_equal(preparations_choose(&wanted, names, &e), -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "'other'"));
    assert_int_equal(wanted.count, 2);
}

/* What is made by one way of starting a tool is used by the same. */
static void test_groovy_is_run_as_its_archive_was_made(void **state)
{
    (void)state;
    AUTO(recipes_freep) struct recipes *all = recipes_new(NULL, NULL, NULL);
    const struct recipe *groovy = recipes_by_id(all, "groovy/2.4");
    const struct recipe *clojure = recipes_by_id(all, "clojure/1.11");
    assert_true(str_ends(prepared_groovy.command[2], groovy->when_prepared.run[2]));
    assert_non_null(strstr(prepared_clojure.command[2], clojure->when_prepared.run[6]));
}

static void test_every_name_of_a_recipe_is_a_preparation(void **state)
{
    (void)state;
    AUTO(recipes_freep) struct recipes *all = recipes_new(NULL, NULL, NULL);
    size_t count;
    const struct recipe *const *r = recipes_all(all, &count);
    for (size_t i = 0; i < count; i++) {
        bool known = host_view_preparation(&host_view_system, r[i]) != NULL;
        if (known != (r[i]->prepare != NULL)) {
            fail_msg("%s: nobody makes '%s'", r[i]->id, r[i]->prepare);
        }
    }
}

static void test_nothing_is_wanted_without_the_tool(void **state)
{
    struct fixture *f = *state;
    f->host.recipes[0]->tools[0][2] = 'y';
    AUTO(preparations_done) struct preparations wanted;
    preparations_find(&f->host.view, &wanted);
    assert_int_equal(wanted.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_key_is_the_name_and_a_hash),
        TEST(test_key_changes_with_the_tool),
        TEST(test_key_changes_with_an_input_that_a_pattern_finds),
        TEST(test_key_changes_with_the_command_the_files_and_the_base),
        TEST(test_what_is_not_made_is_left_out),
        TEST(test_what_is_made_is_used_in_boxes_of_its_stage),
        TEST(test_run_that_uses_it_has_its_layer),
        TEST(test_other_commands_take_the_place_when_all_is_made),
        TEST(test_base_is_wanted_first_and_each_once),
        TEST(test_chosen_ones_bring_what_they_are_built_on),
        TEST(test_unknown_name_is_not_chosen),
        TEST(test_groovy_is_run_as_its_archive_was_made),
        TEST(test_every_name_of_a_recipe_is_a_preparation),
        TEST(test_nothing_is_wanted_without_the_tool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
