/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "runtimes/host_recipes.h"
#include "runtimes/preparation.h"
#include "runtimes/runtimes.h"

#define CHECK(condition, recipe, ...)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("recipe '%s': ", (recipe)->language);                                      \
            print_error(__VA_ARGS__);                                                              \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#define EACH(r)                                                                                    \
    const struct host_recipe *r = host_recipes;                                                    \
    (r) < host_recipes + host_recipe_count;                                                        \
    (r)++

static void test_every_recipe_is_complete(void **state)
{
    (void)state;
    for (EACH(r)) {
        CHECK(r->tools != NULL && r->tools[0] != NULL, r, "names no tool\n");
        CHECK((r->version_args == NULL) == (r->version_package != NULL), r,
              "has two ways or none to its version\n");
        CHECK(r->run != NULL, r, "has no run command\n");
        CHECK(r->hello != NULL, r, "has no hello\n");
        CHECK(r->hello[strlen(r->hello) - 1] == '\n', r, "hello ends in no newline\n");
        CHECK(r->extensions != NULL && r->extensions[0][0] == '.', r, "has no extension\n");
        CHECK(r->only == NULL || semver_range_valid(r->only), r, "is for no range of versions\n");
        CHECK(r->run_many == NULL || r->compile_many != NULL || r->compile != NULL, r,
              "runs several files that nobody compiled\n");
    }
}

static void test_language_and_package_are_unique(void **state)
{
    (void)state;
    for (EACH(a)) {
        for (EACH(b)) {
            bool same = strcmp(a->language, b->language) == 0 &&
                        strcmp(a->package ? a->package : "", b->package ? b->package : "") == 0;
            CHECK(a == b || !same, a, "is there twice\n");
        }
    }
}

static bool is_placeholder(const char *s)
{
    static const char *const names[] = {"{main}",         "{stem}", "{sources}",  "{args}",
                                        "{compile_args}", "{tool}", "{prepared}", "{base}"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(s, names[i])) {
            return true;
        }
    }
    return false;
}

static void check_command(const struct host_recipe *r, const char *const *command)
{
    CHECK(command[0] != NULL, r, "has an empty command\n");
    bool script = command[1] != NULL && strcmp(command[1], "-c") == 0;
    for (const char *const *element = command; *element != NULL; element++) {
        for (const char *brace = strchr(*element, '{'); brace; brace = strchr(brace + 1, '{')) {
            bool fixed_text = script && element == command + 2;
            CHECK(fixed_text ? !is_placeholder(brace) : is_placeholder(brace), r,
                  "'%s' is not right in '%s'\n", brace, *element);
        }
        bool whole = strstr(*element, "args}") != NULL || strstr(*element, "{sources}") != NULL ||
                     strstr(*element, "{tool}") != NULL;
        CHECK(!whole || strchr(*element, '}')[1] == '\0', r, "'%s' must stand alone\n", *element);
    }
}

static void test_commands_have_valid_placeholders(void **state)
{
    (void)state;
    for (EACH(r)) {
        static const struct host_commands none = {0};
        const struct host_commands *other = r->when_prepared ? r->when_prepared : &none;
        const char *const *const commands[] = {r->compile,          r->run,         r->compile_many,
                                               r->run_many,         other->compile, other->run,
                                               other->compile_many, other->run_many};
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
            if (commands[i] != NULL) {
                check_command(r, commands[i]);
            }
        }
    }
}

static bool names_prepared(const char *const *v)
{
    for (; v != NULL && *v != NULL; v++) {
        if (strstr(*v, "{prepared}") != NULL || strstr(*v, "{base}") != NULL) {
            return true;
        }
    }
    return false;
}

static void test_what_is_prepared_is_used_and_what_is_used_is_prepared(void **state)
{
    (void)state;
    for (EACH(r)) {
        bool used = names_prepared(r->compile) || names_prepared(r->run) ||
                    names_prepared(r->compile_many) || names_prepared(r->run_many) ||
                    names_prepared(r->env) || names_prepared(r->compile_env) ||
                    r->when_prepared != NULL;
        CHECK(used == (r->prepare != NULL), r, "names something that nobody prepares, or not\n");
        for (const struct preparation *p = r->prepare; p != NULL; p = p->base) {
            CHECK(p->command != NULL && p->name[0] >= 'a' && p->name[0] <= 'z', r,
                  "wants something without a name or a command\n");
            CHECK(p->base != NULL || !names_prepared(p->command), r, "'%s' has no base\n", p->name);
        }
    }
}

static size_t count_of(const char *const *command, const char *element)
{
    size_t count = 0;
    for (; *command != NULL; command++) {
        count += strcmp(*command, element) == 0;
    }
    return count;
}

/* init makes the file in the work directory, by a name that a job's main file could have. */
/* Or is a class that the command has by its name. */
static bool waits_well(const char *file, const char *const *command)
{
    if (file == NULL) {
        return true;
    }
    if (str_starts(file, "{main}") || str_starts(file, "{stem}.")) {
        return strpbrk(strchr(file, '}') + 1, "{}/") == NULL;
    }
    AUTO(mem_freep) char *class = xstrdup(file);
    char *dot = strrchr(class, '.');
    if (dot == NULL || strcmp(dot, ".class") != 0) {
        return false;
    }
    *dot = '\0';
    return count_of(command, class) == 1;
}

static void test_file_that_is_waited_for_is_named_after_the_main_file(void **state)
{
    (void)state;
    static const struct host_commands none = {0};
    for (EACH(r)) {
        const struct host_commands *own = r->when_prepared ? r->when_prepared : &none;
        CHECK(waits_well(r->warm, r->run), r, "waits for '%s'\n", r->warm);
        CHECK(waits_well(own->warm, own->run ? own->run : r->run), r, "waits for '%s'\n",
              own->warm);
        CHECK(waits_well(own->compile_warm, own->compile), r, "waits for '%s'\n",
              own->compile_warm);
        CHECK(waits_well(r->compile_warm, r->compile), r, "waits for '%s'\n", r->compile_warm);
        CHECK(r->compile_warm || (!r->compile_warm_alone && r->compile_warm_unless == NULL), r,
              "says how its compiler is warmed, but not for what\n");
        CHECK(r->warm || own->warm || (!r->warm_alone && r->warm_unless == NULL), r,
              "says how it is warmed, but not for what\n");
    }
}

/* Elsewhere the default is right: behind the compiler's name. */
static void test_scripts_say_what_they_do_with_compile_args(void **state)
{
    (void)state;
    for (EACH(r)) {
        const char *const *const commands[] = {r->compile, r->compile_many};
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
            if (commands[i] != NULL) {
                bool script = strcmp(commands[i][0], "sh") == 0;
                size_t count = count_of(commands[i], "{compile_args}");
                CHECK(count <= 1 && (!script || count == 1), r, "has %zu {compile_args}\n", count);
            }
        }
        CHECK(count_of(r->run, "{compile_args}") == 0, r, "compiles when it runs\n");
    }
}

/* What a script prints whose tool is echo, and which finds `helper` before all other programs. */
static void script_run(const char *script, const char *const *args, const char *helper, char *ret,
                       size_t size)
{
    char dir[] = "/tmp/test_host_recipes.XXXXXX";
    assert_non_null(mkdtemp(dir));
    AUTO(mem_freep) char *path = xasprintf("%s/%s", dir, helper);
    AUTO(mem_freep) char *search = xasprintf("PATH=%s:/usr/bin:/bin", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("#!/bin/sh\nshift; for a; do printf '<%s> ' \"$a\"; done\n", f);
    assert_int_equal(fclose(f) | chmod(path, 0755), 0);
    char **argv = NULL;
    const char *const first[] = {"sh", "-c", script, "sh", "echo", NULL};
    strv_add_all(&argv, (char *const *)(uintptr_t)first);
    strv_add_all(&argv, (char *const *)(uintptr_t)args);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *env[] = {search, NULL};
        dup2(ends[1], STDOUT_FILENO);
        execve("/bin/sh", argv, env);
        _exit(1);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], ret, size - 1);
    ret[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    strv_free(argv);
    assert_int_equal(unlink(path) | rmdir(dir), 0);
}

static const struct host_recipe *recipe_of(const char *language, const char *package)
{
    for (EACH(r)) {
        if (strcmp(r->language, language) == 0 &&
            (package == NULL ? r->package == NULL
                             : r->package != NULL && strcmp(r->package, package) == 0)) {
            return r;
        }
    }
    fail_msg("no recipe for '%s'", language);
    abort();
}

static void test_many_modules_are_compiled_in_order_with_what_was_asked_for(void **state)
{
    (void)state;
    char got[256];
    const char *const ocaml[] = {"main.ml", "a b.ml", "--", "-g", "--", NULL};
    script_run(recipe_of("ocaml", NULL)->compile_many[2], ocaml, "ocamldep", got, sizeof(got));
    assert_string_equal(got, "-g -- -o a.out <main.ml> <a b.ml>\n");
    const char *const fortran[] = {"main.f90", "a b.f90", "-g", NULL};
    script_run(recipe_of("fortran", "gcc")->compile_many[2], fortran, "none", got, sizeof(got));
    assert_string_equal(got, "-O2 -o a.out a b.f90 -g main.f90\n");
}

static bool mentions(const char *const *command, const char *what)
{
    for (; command != NULL && *command != NULL; command++) {
        if (strstr(*command, what) != NULL) {
            return true;
        }
    }
    return false;
}

static void test_commands_reach_the_source_and_the_product(void **state)
{
    (void)state;
    for (EACH(r)) {
        const char *const *first = r->compile ? r->compile : r->run;
        CHECK(mentions(first, "{main}") || mentions(first, "{sources}"), r,
              "does not look at its source\n");
        if (r->compile != NULL && !mentions(r->run, "{stem}") && !mentions(r->run, "{main}")) {
            const char *product = mentions(r->compile, "a.out")   ? "a.out"
                                  : mentions(r->compile, "a.exe") ? "a.exe"
                                                                  : "a.jar";
            CHECK(mentions(r->compile, product) && mentions(r->run, product), r,
                  "runs another file than it makes\n");
        }
    }
}

static void test_default_name_has_an_extension_that_tools_take(void **state)
{
    (void)state;
    for (EACH(r)) {
        CHECK(strchr(r->default_name, '.') != NULL, r, "has a bare default name\n");
        bool fits = false;
        for (const char *const *x = r->extensions; *x != NULL; x++) {
            fits = fits || str_ends(r->default_name, *x);
        }
        CHECK(fits, r, "has a default name that does not fit\n");
    }
}

static void test_environment_is_pairs(void **state)
{
    (void)state;
    for (EACH(r)) {
        for (const char *const *v = r->env; v != NULL && *v != NULL; v++) {
            const char *equals = strchr(*v, '=');
            CHECK(equals != NULL && equals != *v, r, "has '%s' in its environment\n", *v);
        }
    }
}

static void test_rows_about_one_tool_ask_the_same(void **state)
{
    (void)state;
    for (EACH(a)) {
        for (EACH(b)) {
            if (a == b || strcmp(a->tools[0], b->tools[0]) != 0) {
                continue;
            }
            CHECK(strcmp(a->version_args[0], b->version_args[0]) == 0 &&
                      a->version_after == b->version_after,
                  a, "asks its tool another question than its neighbour\n");
        }
    }
}

/* Clients of Piston have these in their code. */
static void test_names_are_pistons(void **state)
{
    (void)state;
    static const struct {
        const char *language, *package, *aliases;
    } names[] = {
        {"bash", NULL, "sh"},
        {"python", NULL, "py py3 python3 python{x.y}"},
        {"python2", NULL, "py2 python2"},
        {"javascript", "node", "node-javascript node-js javascript js"},
        {"javascript", "deno", "deno-js"},
        {"typescript", NULL, "ts node-ts tsc typescript5 ts5"},
        {"typescript", "deno", "deno-ts deno"},
        {"c", "gcc", "gcc"},
        {"c++", "gcc", "cpp g++"},
        {"d", "gcc", "gdc"},
        {"fortran", "gcc", "fortran f90"},
        {"java", NULL, ""},
        {"go", NULL, "go golang"},
        {"rust", NULL, "rs"},
        {"perl", NULL, "perl pl"},
        {"ruby", NULL, "ruby rb ruby3"},
        {"php", NULL, "php8 html"},
        {"lua", NULL, "lua"},
        {"awk", "gawk", "gawk"},
        {"csharp", "mono", "mono mono-csharp mono-c# mono-cs c# cs"},
        {"haskell", NULL, "haskell hs"},
        {"lisp", NULL, "lisp cl sbcl commonlisp"},
        {"octave", NULL, "matlab m"},
        {"pascal", NULL, "pascal freepascal pp pas"},
        {"powershell", "pwsh", "ps pwsh ps1"},
        {"rscript", NULL, "r"},
        {"sqlite3", NULL, "sqlite sql"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct host_recipe *r = recipe_of(names[i].language, names[i].package);
        char aliases[200] = "";
        for (const char *const *a = r->aliases; a != NULL && *a != NULL; a++) {
            size_t len = strlen(aliases);
            snprintf(aliases + len, sizeof(aliases) - len, "%s%s", len > 0 ? " " : "", *a);
        }
        assert_string_equal(aliases, names[i].aliases);
    }
}

static void test_files_tell_their_language(void **state)
{
    (void)state;
    static const struct {
        const char *name, *language;
    } files[] = {
        {"main.py", "python"}, {"src/a.cpp", "c++"}, {"x.c", "c"},           {"x.C", "c++"},
        {"Main.java", "java"}, {"a.b.rs", "rust"},   {"m.ts", "typescript"}, {"a.js", "javascript"},
        {"s.pl", "perl"},      {"q.sql", "sqlite3"}, {"p.R", "rscript"},     {"x.sh", "bash"},
        {"Makefile", NULL},    {".py", NULL},        {"x.unknown", NULL},    {"", NULL},
        {"main.h", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *language = runtimes_language_of_file(files[i].name);
        if (files[i].language == NULL) {
            assert_null(language);
        } else {
            assert_string_equal(language, files[i].language);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_recipe_is_complete),
        cmocka_unit_test(test_language_and_package_are_unique),
        cmocka_unit_test(test_commands_have_valid_placeholders),
        cmocka_unit_test(test_what_is_prepared_is_used_and_what_is_used_is_prepared),
        cmocka_unit_test(test_file_that_is_waited_for_is_named_after_the_main_file),
        cmocka_unit_test(test_scripts_say_what_they_do_with_compile_args),
        cmocka_unit_test(test_many_modules_are_compiled_in_order_with_what_was_asked_for),
        cmocka_unit_test(test_commands_reach_the_source_and_the_product),
        cmocka_unit_test(test_default_name_has_an_extension_that_tools_take),
        cmocka_unit_test(test_environment_is_pairs),
        cmocka_unit_test(test_rows_about_one_tool_ask_the_same),
        cmocka_unit_test(test_names_are_pistons),
        cmocka_unit_test(test_files_tell_their_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
