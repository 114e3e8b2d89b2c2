/* SPDX-License-Identifier: Apache-2.0 */
/* The recipes of this program: what each must be, and what they are to each other. */
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

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

struct fixture {
    struct recipes *recipes;
    const struct recipe *const *all;
    size_t count;
    struct buf said;
};

static void say(void *ctx, const struct err *e)
{
    struct buf *said = ctx;
    buf_add_fmt(said, "%s\n", e->text);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    buf_add_str(&f->said, "");
    f->recipes = recipes_new(NULL, say, &f->said);
    f->all = recipes_all(f->recipes, &f->count);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    recipes_free(f->recipes);
    buf_done(&f->said);
    free(f);
    return 0;
}

#define CHECK(condition, recipe, ...)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("recipe '%s': ", (recipe)->id);                                            \
            print_error(__VA_ARGS__);                                                              \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#define EACH(r, f)                                                                                 \
    size_t i_##r = 0;                                                                              \
    i_##r < (f)->count; i_##r++) for (                                           \
        const struct recipe *r = (f)->all[i_##r]; r != NULL; r = NULL

static void every_file_is_a_recipe(void **state)
{
    const struct fixture *f = *state;
    assert_string_equal(f->said.data, "");
    assert_true(f->count > 80);
}

/* What is not tried is found by another test. */
static void print_finding(void *ctx, const char *finding)
{
    unsigned *count = ctx;
    if (!str_starts(finding, "tests.")) {
        print_error("%s\n", finding);
        (*count)++;
    }
}

static void lint_finds_nothing(void **state)
{
    const struct fixture *f = *state;
    for (EACH(r, f)) {
        unsigned count = 0;
        recipe_lint(r, print_finding, &count);
        CHECK(count == 0, r, "has findings\n");
    }
}

static void every_language_has_a_hello(void **state)
{
    const struct fixture *f = *state;
    for (EACH(r, f)) {
        CHECK(recipe_is_part(r) || r->tests.hello != NULL, r, "has no hello\n");
    }
}

static void what_recipes_stand_on_is_there(void **state)
{
    const struct fixture *f = *state;
    for (EACH(r, f)) {
        for (char *const *id = r->install.on; id != NULL && *id != NULL; id++) {
            const struct recipe *on = recipes_by_id(f->recipes, *id);
            CHECK(on != NULL && recipe_is_installable(on), r, "stands on '%s'\n", *id);
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Else who asks for one may get the other. */
static void on_a_host_language_and_package_are_unique(void **state)
{
    const struct fixture *f = *state;
    for (EACH(a, f)) {
        for (EACH(b, f)) {
            bool both = a->on_host && b->on_host && same_text(a->language, b->language);
            bool tools = both && same_text(a->tools[0], b->tools[0]);
            CHECK(a == b || !both || !tools || !same_text(a->package, b->package), a,
                  "is on a host what '%s' is\n", b->id);
        }
    }
}

static bool is_extension_of(const struct recipe *r, const char *extension)
{
    return strv_has(r->extensions, extension);
}

static void extension_means_one_language(void **state)
{
    const struct fixture *f = *state;
    for (EACH(a, f)) {
        for (EACH(b, f)) {
            bool both = a->language != NULL && b->language != NULL && !a->unlisted &&
                        !b->unlisted && !a->yields && !b->yields &&
                        strcmp(a->language, b->language) != 0;
            for (char *const *x = a->extensions; both && *x != NULL; x++) {
                CHECK(!is_extension_of(b, *x), a, "takes '%s' as '%s' does; let one yield\n", *x,
                      b->id);
            }
        }
    }
}

/* What a script prints whose tool is echo, and which finds `helper` before all other programs. */
static void script_run(const char *script, const char *const *args, const char *helper, char *ret,
                       size_t size)
{
    char dir[] = "/tmp/test_recipes.XXXXXX";
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

static const struct recipe *recipe_of(const struct fixture *f, const char *id)
{
    const struct recipe *r = recipes_by_id(f->recipes, id);
    if (r == NULL) {
        fail_msg("no recipe '%s'", id);
        abort();
    }
    return r;
}

static void many_modules_are_compiled_in_order_with_what_was_asked_for(void **state)
{
    const struct fixture *f = *state;
    char got[256];
    const char *const ocaml[] = {"main.ml", "a b.ml", "--", "-g", "--", NULL};
    script_run(recipe_of(f, "ocaml/4.13")->commands.compile_many[2], ocaml, "ocamldep", got,
               sizeof(got));
    assert_string_equal(got, "-g -- -o a.out <main.ml> <a b.ml>\n");
    const char *const fortran[] = {"main.f90", "a b.f90", "-g", NULL};
    script_run(recipe_of(f, "fortran/gcc-12")->commands.compile_many[2], fortran, "none", got,
               sizeof(got));
    assert_string_equal(got, "-O2 -o a.out a b.f90 -g main.f90\n");
}

static bool mentions(char *const *command, const char *what)
{
    for (; command != NULL && *command != NULL; command++) {
        if (strstr(*command, what) != NULL) {
            return true;
        }
    }
    return false;
}

static void what_is_run_is_what_was_compiled(void **state)
{
    static const char *const products[] = {"a.out", "a.exe", "a.jar"};
    const struct fixture *f = *state;
    for (EACH(r, f)) {
        char *const *compile = r->commands.compile, *const *run = r->commands.run;
        for (size_t i = 0; compile != NULL && i < ARRAY_LEN(products); i++) {
            CHECK(mentions(compile, products[i]) == mentions(run, products[i]), r,
                  "runs another file than it makes\n");
        }
    }
}

/* A tool that several recipes are about is asked once. */
static void recipes_of_one_tool_ask_the_same(void **state)
{
    const struct fixture *f = *state;
    for (EACH(a, f)) {
        for (EACH(b, f)) {
            bool both = a->on_host && b->on_host && strcmp(a->tools[0], b->tools[0]) == 0 &&
                        a->ask != NULL && b->ask != NULL;
            CHECK(!both ||
                      (strcmp(a->ask[0], b->ask[0]) == 0 && same_text(a->ask_after, b->ask_after) &&
                       same_text(a->ask_input, b->ask_input)),
                  a, "asks its tool another question than '%s'\n", b->id);
        }
    }
}

/* Clients of Piston have these in their code. */
static void names_are_pistons(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *id, *aliases;
    } names[] = {
        {"bash/5.2", "sh"},
        {"python/3.11", "py py3 python3 python{x.y}"},
        {"python2/2.7", "py2 python2"},
        {"javascript/host", "node-javascript node-js javascript js"},
        {"javascript/deno-host", "deno-js"},
        {"typescript/host", "ts node-ts tsc typescript5 ts5"},
        {"typescript/deno-host", "deno-ts deno"},
        {"c/gcc-12", "gcc"},
        {"c++/gcc-12", "cpp g++"},
        {"d/gcc-12", "gdc"},
        {"fortran/gcc-12", "fortran f90"},
        {"java/17", ""},
        {"go/1.23", "go golang"},
        {"rust/1.96", "rs"},
        {"perl/5.36", "perl pl"},
        {"ruby/3.1", "ruby rb ruby3"},
        {"php/8.2", "php8 html"},
        {"lua/5.4", "lua"},
        {"awk/5.2", "gawk"},
        {"csharp/mono-6.8", "mono mono-csharp mono-c# mono-cs c# cs"},
        {"haskell/9.0", "haskell hs"},
        {"lisp/sbcl-2.2", "lisp cl sbcl commonlisp"},
        {"octave/7.3", "matlab m"},
        {"pascal/3.2", "pascal freepascal pp pas"},
        {"powershell/host", "ps pwsh ps1"},
        {"rscript/4.2", "r"},
        {"sqlite3/3.40", "sqlite sql"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct recipe *r = recipe_of(f, names[i].id);
        char aliases[200] = "";
        for (char *const *a = r->aliases; a != NULL && *a != NULL; a++) {
            size_t len = strlen(aliases);
            snprintf(aliases + len, sizeof(aliases) - len, "%s%s", len > 0 ? " " : "", *a);
        }
        assert_string_equal(aliases, names[i].aliases);
    }
}

static void files_tell_their_language(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *name, *language;
    } files[] = {
        {"main.py", "python"},
        {"src/a.cpp", "c++"},
        {"x.c", "c"},
        {"x.C", "c++"},
        {"Main.java", "java"},
        {"a.b.rs", "rust"},
        {"m.ts", "typescript"},
        {"a.js", "javascript"},
        {"s.pl", "perl"},
        {"q.sql", "sqlite3"},
        {"p.R", "rscript"},
        {"x.sh", "bash"},
        {"Makefile", NULL},
        {".py", NULL},
        {"x.unknown", NULL},
        {"", NULL},
        {"main.h", NULL},
        {"p.pl", "perl"},
        {"x.scm", "guile"},
        {"x.lisp", "lisp"},
        {"x.m", "octave"},
        {"x.awk", "awk"},
        {"x.mjs", "javascript"},
        {"x.d", "d"},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *language = recipes_language_of_file(f->recipes, files[i].name);
        if (files[i].language == NULL) {
            assert_null(language);
        } else {
            assert_string_equal(language, files[i].language);
        }
    }
}

static void first_lines_tell_their_language(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *tool, *language;
    } tools[] = {
        {"python3", "python"}, {"python3.12", "python"},
        {"python", "python"},  {"node", "javascript"},
        {"perl", "perl"},      {"ruby", "ruby"},
        {"bash", "bash"},      {"lua5.4", "lua"},
        {"php", "php"},        {"Rscript", "rscript"},
        {"guile", "guile"},    {"awk", "awk"},
        {"cat-and-dog", NULL}, {"3", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
        const char *language = recipes_language_of_tool(f->recipes, tools[i].tool);
        if (tools[i].language == NULL) {
            assert_null(language);
        } else {
            assert_non_null(language);
            assert_string_equal(language, tools[i].language);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_file_is_a_recipe),
        TEST(lint_finds_nothing),
        TEST(every_language_has_a_hello),
        TEST(what_recipes_stand_on_is_there),
        TEST(on_a_host_language_and_package_are_unique),
        TEST(extension_means_one_language),
        TEST(many_modules_are_compiled_in_order_with_what_was_asked_for),
        TEST(what_is_run_is_what_was_compiled),
        TEST(recipes_of_one_tool_ask_the_same),
        TEST(names_are_pistons),
        TEST(files_tell_their_language),
        TEST(first_lines_tell_their_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
