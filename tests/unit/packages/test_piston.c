/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "recipes/recipe.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define END "," HEX ",https://example.org/x.pkg.tar.gz\n"

static void index_freep(struct piston_index **index)
{
    piston_index_free(*index);
}

static void package_freep(struct piston_package **p)
{
    piston_package_free(*p);
}

static void on_bad(void *ctx, const struct err *e)
{
    strv_add(ctx, e->text);
}

static struct piston_index *parsed(const char *text, char ***said)
{
    return piston_index_parse(text, strlen(text), on_bad, said);
}

/* --- the index ----------------------------------------------------------------------------- */

static void test_an_index_is_read_whatever_its_white_space(void **state)
{
    (void)state;
    AUTO(strv_freep) char **said = NULL;
    AUTO(index_freep)
    struct piston_index *index = parsed("\n\r\npython,3.12.0" END "  node,15.10.0," HEX
                                        ",file:///x,y\r\nlast,1.0.0," HEX ",http://h/p",
                                        &said);
    assert_null(said);
    assert_int_equal(index->count, 3);
    assert_string_equal(index->entries[0].name, "python");
    assert_string_equal(index->entries[0].text, "3.12.0");
    assert_string_equal(index->entries[0].digest, "sha256-" HEX);
    assert_string_equal(index->entries[1].url, "file:///x,y");
    assert_string_equal(index->entries[2].url, "http://h/p");
}

static void test_a_bad_line_is_named_and_costs_nothing_else(void **state)
{
    static const char *const bad[] = {
        "python-3.10.0,alpha.7" END,
        "python,3.1" END,
        "../evil,1.0.0" END,
        "a/b,1.0.0" END,
        ".hidden,1.0.0" END,
        ",1.0.0" END,
        "python,../1.0.0" END,
        "<html>\n",
        "a,1.0.0\n",
        "a,1.0.0," HEX "\n",
        "a,1.0.0,abc,https://example.org/x\n",
        "a,1.0.0," HEX "0,https://example.org/x\n",
        "a,1.0.0,g" HEX "\b,https://example.org/x\n",
        "a,1.0.0," HEX ",ftp://example.org/x\n",
        "a,1.0.0," HEX ",https://example.org/ x\n",
        "a,1.0.0," HEX ",\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(strv_freep) char **said = NULL;
        AUTO(mem_freep) char *text = xasprintf("good,1.0.0" END "%sgood,2.0.0" END, bad[i]);
        AUTO(index_freep) struct piston_index *index = parsed(text, &said);
        assert_int_equal(index->count, 2);
        assert_int_equal(strv_len(said), 1);
        assert_true(str_starts(said[0], "line 2: "));
    }
}

static void test_the_highest_within_a_range_is_found(void **state)
{
    (void)state;
    AUTO(strv_freep) char **said = NULL;
    AUTO(index_freep)
    struct piston_index *index =
        parsed("p,3.9.4" END "p,3.12.0" END "p,3.9.10" END "q,4.0.0" END "p,4.0.0-rc.1" END, &said);
    assert_string_equal(piston_index_find(index, "p", "*")->text, "3.12.0");
    assert_string_equal(piston_index_find(index, "p", "3.9.x")->text, "3.9.10");
    assert_string_equal(piston_index_find(index, "p", "3.9.4")->text, "3.9.4");
    assert_null(piston_index_find(index, "p", "5"));
    assert_null(piston_index_find(index, "r", "*"));
}

/* --- pkg-info.json -------------------------------------------------------------------------- */

static struct piston_package *info(const char *json)
{
    struct piston_package *p = NULL;
    struct err e;
    assert_int_equal(piston_info_parse(json, strlen(json), &p, &e), 0);
    return p;
}

static void test_a_package_of_one_language_is_read(void **state)
{
    (void)state;
    AUTO(package_freep)
    struct piston_package *p = info("{\"language\":\"python\",\"version\":\"3.12.0\",\"aliases\":"
                                    "[\"py\",\"python3\"],\"build_platform\":\"docker-debian\","
                                    "\"limit_overrides\":{\"max_process_count\":128,"
                                    "\"run_timeout\":15000,\"run_memory_limit\":-1}}");
    assert_int_equal(p->count, 1);
    assert_false(p->provides);
    assert_string_equal(p->languages[0].language, "python");
    assert_string_equal(p->languages[0].aliases[1], "python3");
    assert_int_equal(p->languages[0].limits.max_process_count, 128);
    assert_int_equal(p->languages[0].limits.run_timeout, 15000);
    assert_int_equal(p->languages[0].limits.compile_timeout, 0);
}

static void test_a_package_of_several_languages_is_read(void **state)
{
    (void)state;
    AUTO(package_freep)
    struct piston_package *p =
        info("{\"language\":\"gcc\",\"version\":\"10.2.0\",\"aliases\":[\"x\"],"
             "\"provides\":[{\"language\":\"c\"},{\"language\":\"c++\","
             "\"aliases\":[\"cpp\"]}]}");
    assert_true(p->provides);
    assert_int_equal(p->count, 2);
    assert_string_equal(p->name, "gcc");
    assert_null(p->languages[0].aliases);
    assert_string_equal(p->languages[1].aliases[0], "cpp");
}

static void test_aliases_that_no_recipe_can_have_are_left_out(void **state)
{
    (void)state;
    AUTO(package_freep)
    struct piston_package *p = info("{\"language\":\"csharp\",\"version\":\"6.12.0\",\"aliases\":"
                                    "[\"visual basic\",1,\"a/b\",\"c#\",\"\"]}");
    assert_int_equal(strv_len(p->languages[0].aliases), 1);
    assert_string_equal(p->languages[0].aliases[0], "c#");
}

static void test_recipes_are_named_after_language_package_and_version(void **state)
{
    (void)state;
    AUTO(strv_freep) char **said = NULL;
    AUTO(index_freep)
    struct piston_index *index = parsed("MATL,22.7.4-RC.1" END "c,1.0.0" END, &said);
    char matl_name[] = "matl", c_name[] = "c";
    const struct piston_language matl = {.language = matl_name}, c = {.language = c_name};
    AUTO(mem_freep) char *other = piston_recipe_id(&matl, &index->entries[0]);
    AUTO(mem_freep) char *same = piston_recipe_id(&c, &index->entries[1]);
    assert_string_equal(other, "matl/piston-matl-22.7.4-rc.1");
    assert_string_equal(same, "c/piston-1.0.0");
}

static void test_what_is_no_info_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{",
        "{\"language\":\"x\"}",
        "{\"version\":\"1.0.0\"}",
        "{\"language\":\"x\",\"version\":\"one\"}",
        "{\"language\":\"../x\",\"version\":\"1.0.0\"}",
        "{\"language\":\"x\",\"version\":\"1.0.0\",\"provides\":[]}",
        "{\"language\":\"x\",\"version\":\"1.0.0\",\"provides\":[{}]}",
        "{\"language\":\"x\",\"version\":\"1.0.0\",\"provides\":[1]}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct piston_package *p = NULL;
        struct err e;
        assert_int_equal(piston_info_parse(texts[i], strlen(texts[i]), &p, &e), -ERR_INVALID);
        assert_null(p);
        assert_non_null(strstr(e.text, "pkg-info.json"));
    }
}

/* --- environment and recipe ----------------------------------------------------------------- */

static void test_the_environment_is_what_the_package_sets(void **state)
{
    static const char printed[] = "PATH=/p/bin:/usr/bin\0PWD=/p\0A=two\nlines\0SHLVL=0\0_=/env\0"
                                  "OLDPWD=/\0E=\0nothing";
    (void)state;
    AUTO(strv_freep) char **env = piston_environment_parse(printed, sizeof(printed) - 1);
    assert_int_equal(strv_len(env), 3);
    assert_string_equal(env[0], "PATH=/p/bin:/usr/bin");
    assert_string_equal(env[1], "A=two\nlines");
    assert_string_equal(env[2], "E=");
}

static void test_the_recipe_runs_the_scripts_of_the_package(void **state)
{
    (void)state;
    AUTO(strv_freep) char **said = NULL;
    AUTO(strv_freep) char **env = NULL;
    AUTO(buf_done) struct buf text = {0};
    AUTO(index_freep) struct piston_index *index = parsed("gcc,10.2.0" END, &said);
    AUTO(package_freep)
    struct piston_package *p = info("{\"language\":\"gcc\",\"version\":\"10.2.0\",\"provides\":["
                                    "{\"language\":\"c++\",\"aliases\":[\"cpp\"],"
                                    "\"limit_overrides\":{\"compile_timeout\":15000}}]}");
    p->compiles = true;
    strv_add(&env, "A=\"quoted\"\\ and\ntwo lines");
    piston_recipe_write(p, &p->languages[0], &index->entries[0], env, &text);

    struct recipe *r = NULL;
    struct err e = {0};
    int rc = recipe_parse("c++/10.2.0", text.data, text.len, NULL, NULL, &r, &e);
    assert_string_equal(e.text, "");
    assert_int_equal(rc, 0);
    assert_string_equal(r->language, "c++");
    assert_string_equal(r->version, "10.2.0");
    assert_string_equal(r->package, "gcc");
    assert_string_equal(r->aliases[0], "cpp");
    assert_string_equal(r->env[0], env[0]);
    assert_string_equal(r->commands.run[1], "/piston/packages/gcc/10.2.0/run");
    assert_string_equal(r->commands.run[2], "{main}");
    assert_string_equal(r->commands.compile[1], "/piston/packages/gcc/10.2.0/compile");
    assert_int_equal(r->compile_limits.wall_ms, 15000);
    recipe_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_index_is_read_whatever_its_white_space),
        cmocka_unit_test(test_a_bad_line_is_named_and_costs_nothing_else),
        cmocka_unit_test(test_the_highest_within_a_range_is_found),
        cmocka_unit_test(test_a_package_of_one_language_is_read),
        cmocka_unit_test(test_a_package_of_several_languages_is_read),
        cmocka_unit_test(test_aliases_that_no_recipe_can_have_are_left_out),
        cmocka_unit_test(test_recipes_are_named_after_language_package_and_version),
        cmocka_unit_test(test_what_is_no_info_is_refused),
        cmocka_unit_test(test_the_environment_is_what_the_package_sets),
        cmocka_unit_test(test_the_recipe_runs_the_scripts_of_the_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
