/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/command.h"
#include "engine/layout.h"
#include "job_factory.h"

/* `template`, `args` and `compile_args` with '|' between their elements. */
static void assert_expands_both(struct job *job, const char *template, const char *args,
                                const char *compile_args, const char *wanted)
{
    AUTO(strv_freep) char **t = strv_split(template, "|");
    AUTO(strv_freep) char **a = strv_split(args, "|");
    AUTO(strv_freep) char **c = strv_split(compile_args, "|");
    const struct command_arguments given = {a, c};
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    AUTO(strv_freep) char **got = command_expand(t, &l, &given);
    AUTO(mem_freep) char *joined = strv_join(got, "|");
    assert_string_equal(joined, wanted);
}

static void assert_expands(struct job *job, const char *template, const char *args,
                           const char *wanted)
{
    assert_expands_both(job, template, args, "", wanted);
}

static void test_main_and_args_are_put_in(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "x.sh", "");
    assert_expands(job, "bash|{main}|{args}", "a b|c", "bash|x.sh|a b|c");
    assert_expands(job, "bash|{main}|{args}", "", "bash|x.sh");
}

static void test_stem_is_replaced_inside_an_element(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "src/Main.java", "");
    assert_expands(job, "-o{stem}.exe|{stem}|{main}", "", "-osrc/Main.exe|src/Main|src/Main.java");
}

static void test_stem_of_a_dot_file_is_its_name(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "a.b/.hidden", "");
    assert_expands(job, "{stem}", "", "a.b/.hidden");
}

static void test_braces_of_others_stay(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "m", "");
    assert_expands(job, "{print}|{args}x|{{main}}", "q", "{print}|{args}x|{m}");
}

static void test_name_like_an_option_is_made_a_path(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "-fplugin=x.c", "");
    job_with(job, "@file.c", "");
    assert_expands(job, "cc|{sources}|{main}", "", "cc|./-fplugin=x.c|./@file.c|./-fplugin=x.c");
}

static void test_sources_are_the_main_file_first_and_no_headers(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "a.c", "");
    job_with(job, "b.h", "");
    job_with(job, "main.c", "");
    job_add_file(job, "picture.c", "", 0, false);
    job->main_file = 2;
    assert_expands(job, "{sources}", "", "main.c|a.c");
}

static void test_argument_with_a_placeholder_is_not_expanded(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "m", "");
    assert_expands(job, "{args}", "{main}|{args}", "{main}|{args}");
}

static void assert_compiles(const char *template, const char *compile_args, const char *wanted)
{
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "m.c", "");
    job_with(job, "n.c", "");
    assert_expands_both(job, template, "", compile_args, wanted);
}

static void test_compile_args_are_put_where_the_command_says(void **state)
{
    (void)state;
    assert_compiles("cc|-O2|{compile_args}|-o|a|{sources}", "-O3|{main}",
                    "cc|-O2|-O3|{main}|-o|a|m.c|n.c");
    assert_compiles("cc|{compile_args}|{main}", "", "cc|m.c");
}

static void test_compile_args_are_else_behind_the_compiler(void **state)
{
    (void)state;
    assert_compiles("cc|-o|a|{sources}", "-O3|-g", "cc|-O3|-g|-o|a|m.c|n.c");
    assert_compiles("/bin/sh|-c|exec \"$@\"|sh|cc|{main}", "-g",
                    "/bin/sh|-c|exec \"$@\"|sh|cc|-g|m.c");
    assert_compiles("cc|-o|a|{sources}", "", "cc|-o|a|m.c|n.c");
}

/* --- layout ------------------------------------------------------------------------------ */

static void assert_named(const struct layout *l, size_t i, const char *name, bool is_source)
{
    assert_string_equal(l->names[i], name);
    assert_int_equal(l->is_source[i], is_source);
}

static void test_extension_is_added_where_the_tools_need_it(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "file0.code", "");
    job_with(job, "helper", "");
    job_with(job, "data.txt", "");
    job_with(job, "util.h", "");
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    assert_named(&l, 0, "file0.code.c", true);
    assert_named(&l, 1, "helper.c", true);
    assert_named(&l, 2, "data.txt", false);
    assert_named(&l, 3, "util.h", false);
    assert_int_equal(l.source_count, 2);
}

static void test_main_file_of_any_name_gets_the_extension(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "main.cc", "");
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    assert_named(&l, 0, "main.cc.c", true);
}

static void test_added_extension_meets_no_other_file(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "main", "");
    job_with(job, "main.c", "");
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    assert_named(&l, 0, "main.c.c", true);
    assert_named(&l, 1, "main.c", true);
}

static void test_header_that_comes_first_is_not_the_main_file(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_c());
    job_with(job, "util.h", "");
    job_with(job, "main.c", "");
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    assert_string_equal(layout_main(&l), "main.c");
}

static void test_runtime_that_does_not_care_changes_no_name(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job_with(job, "file0.code", "");
    job_with(job, "data.txt", "");
    AUTO(layout_done) struct layout l;
    layout_make(job, &l);
    assert_named(&l, 0, "file0.code", true);
    assert_named(&l, 1, "data.txt", true);
}

static void test_many_sources_take_the_other_command(void **state)
{
    (void)state;
    struct runtime *r = runtime_of_c();
    r->compile_many.argv = strv_split("make", "|");
    AUTO(job_freep) struct job *job = job_of(r);
    job_with(job, "a.c", "");
    job_with(job, "a.h", "");
    struct layout l;
    layout_make(job, &l);
    assert_ptr_equal(command_for_compile(r, &l), r->compile.argv);
    layout_done(&l);

    job_with(job, "b.c", "");
    layout_make(job, &l);
    assert_ptr_equal(command_for_compile(r, &l), r->compile_many.argv);
    assert_ptr_equal(command_for_run(r, &l), r->run.argv);
    layout_done(&l);
}

/* --- environment ------------------------------------------------------------------------- */

static void test_environment_later_replaces_earlier(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    strv_add(&job->runtime->env, "HOME=/root");
    strv_add(&job->runtime->env, "A=runtime");
    strv_add(&job->env, "A=job");
    strv_add(&job->env, "AA=other");
    strv_add(&job->env, "A=job again");
    strv_add(&job->env, "no variable");
    AUTO(strv_freep) char **env = command_environment(job, false);
    assert_true(strv_has(env, "HOME=/root"));
    assert_false(strv_has(env, "HOME=/tmp"));
    assert_true(strv_has(env, "A=job again"));
    assert_false(strv_has(env, "A=job"));
    assert_true(strv_has(env, "AA=other"));
    assert_true(strv_has(env, "PISTON_LANGUAGE=bash"));
    assert_true(strv_has(env, "LANG=C.UTF-8"));
    assert_int_equal(strv_len(env), 7);
}

static void test_environment_of_a_compile_stage_has_more(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    strv_add(&job->runtime->env, "CACHE=/tmp");
    strv_add(&job->runtime->compile_env, "CACHE=/opt");
    AUTO(strv_freep) char **run = command_environment(job, false);
    assert_true(strv_has(run, "CACHE=/tmp"));
    AUTO(strv_freep) char **compile = command_environment(job, true);
    assert_true(strv_has(compile, "CACHE=/opt"));
    assert_int_equal(strv_len(compile), strv_len(run));
}

static void test_environment_of_a_terminal_has_its_type(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_of(runtime_of_bash());
    job->stdio = JOB_STDIO_PTY;
    AUTO(strv_freep) char **env = command_environment(job, false);
    assert_true(strv_has(env, "TERM=xterm-256color"));
    strv_add(&job->env, "TERM=vt100");
    AUTO(strv_freep) char **other = command_environment(job, false);
    assert_true(strv_has(other, "TERM=vt100"));
    assert_false(strv_has(other, "TERM=xterm-256color"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_main_and_args_are_put_in),
        cmocka_unit_test(test_stem_is_replaced_inside_an_element),
        cmocka_unit_test(test_stem_of_a_dot_file_is_its_name),
        cmocka_unit_test(test_braces_of_others_stay),
        cmocka_unit_test(test_name_like_an_option_is_made_a_path),
        cmocka_unit_test(test_sources_are_the_main_file_first_and_no_headers),
        cmocka_unit_test(test_argument_with_a_placeholder_is_not_expanded),
        cmocka_unit_test(test_compile_args_are_put_where_the_command_says),
        cmocka_unit_test(test_compile_args_are_else_behind_the_compiler),
        cmocka_unit_test(test_extension_is_added_where_the_tools_need_it),
        cmocka_unit_test(test_main_file_of_any_name_gets_the_extension),
        cmocka_unit_test(test_added_extension_meets_no_other_file),
        cmocka_unit_test(test_header_that_comes_first_is_not_the_main_file),
        cmocka_unit_test(test_runtime_that_does_not_care_changes_no_name),
        cmocka_unit_test(test_many_sources_take_the_other_command),
        cmocka_unit_test(test_environment_later_replaces_earlier),
        cmocka_unit_test(test_environment_of_a_compile_stage_has_more),
        cmocka_unit_test(test_environment_of_a_terminal_has_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
