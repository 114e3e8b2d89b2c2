/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipe.h"
#include "recipes/recipe_keys.h"

static const char small[] = "language = 'ruby'\n"
                            "tools = ['ruby', 'ruby3.1']\n"
                            "extensions = ['.rb']\n"
                            "file = 'main.rb'\n"
                            "run = ['{tool}', '{main}', '{args}']\n"
                            "ask.args = ['--version']\n";

static const struct recipe *like_of(void *ctx, const char *id)
{
    const struct recipe *known = ctx;
    return known != NULL && strcmp(known->id, id) == 0 ? known : NULL;
}

static struct recipe *parsed(const char *id, const char *text, const struct recipe *known)
{
    struct recipe *r = NULL;
    struct err e = {0};
    if (recipe_parse(id, text, strlen(text), like_of, (void *)(uintptr_t)known, &r, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return r;
}

static struct recipe *parsed_small(const char *more)
{
    AUTO(mem_freep) char *text = xasprintf("%s%s", small, more);
    return parsed("ruby/3.1", text, NULL);
}

static void assert_text_refused(const char *id, const char *text, const char *what)
{
    struct recipe *r = NULL;
    struct err e = {0};
    assert_int_equal(recipe_parse(id, text, strlen(text), like_of, NULL, &r, &e), -ERR_INVALID);
    if (strstr(e.text, what) == NULL) {
        fail_msg("'%s' gave '%s', not '%s'", text, e.text, what);
    }
    assert_null(r);
}

/* With one more line, the seventh. */
static void assert_refused(const char *line, const char *what)
{
    AUTO(mem_freep) char *text = xasprintf("%s%s\n", small, line);
    assert_text_refused("ruby/3.1", text, what);
}

static void keys_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < recipe_key_count; i++) {
        if (strcmp(recipe_keys[i - 1].name, recipe_keys[i].name) >= 0) {
            fail_msg("'%s' stands behind '%s'", recipe_keys[i].name, recipe_keys[i - 1].name);
        }
    }
}

static void parse_small_leaves_out_what_is_absent(void **state)
{
    (void)state;
    AUTO(recipe_unrefp) struct recipe *r = parsed_small("");
    assert_string_equal(r->id, "ruby/3.1");
    assert_string_equal(r->language, "ruby");
    assert_int_equal(strv_len(r->tools), 2);
    assert_string_equal(r->tools[1], "ruby3.1");
    assert_string_equal(r->commands.run[2], "{args}");
    assert_string_equal(r->ask[0], "--version");
    assert_null(r->version);
    assert_null(r->commands.compile);
    assert_null(r->judge0);
    assert_null(r->files);
    assert_int_equal(r->run_limits.wall_ms, 0);
    assert_true(r->on_host);
    assert_false(recipe_is_installable(r));
    assert_false(recipe_is_part(r));
}

static void parse_all_kinds_of_values_gives_them(void **state)
{
    (void)state;
    AUTO(recipe_unrefp)
    struct recipe *r = parsed_small(
        "version = '3.1.2'\njudge0 = [72, 38]\nunlisted = true\nonly = '>=3'\n"
        "env = ['A=1', 'B=']\n"
        "[limits.run]\nwall_ms = '1.5s'\ncpu_ms = 7\nmemory_bytes = '1M'\nprocesses = 9\n"
        "[install]\ndebian = ['ruby']\n"
        "[files]\n\"a.rb\" = '''\nputs 1\n'''\nb = ''\n"
        "[tests]\nhello = \"puts 'x'\\n\"\nno = ['exit: none']\n");
    assert_string_equal(r->version, "3.1.2");
    assert_int_equal(r->judge0[0], 72);
    assert_int_equal(r->judge0[1], 38);
    assert_int_equal(r->judge0[2], 0);
    assert_true(r->unlisted);
    assert_string_equal(r->env[1], "B=");
    assert_int_equal(r->run_limits.wall_ms, 1500);
    assert_int_equal(r->run_limits.cpu_ms, 7);
    assert_int_equal(r->run_limits.memory_bytes, 1048576);
    assert_int_equal(r->run_limits.processes, 9);
    assert_true(recipe_is_installable(r));
    assert_string_equal(r->files[0].name, "a.rb");
    assert_string_equal(r->files[0].text, "puts 1\n");
    assert_string_equal(r->files[1].text, "");
    assert_null(r->files[2].name);
    assert_string_equal(r->tests.hello, "puts 'x'\n");
}

static void parse_wrong_values_says_where_and_what(void **state)
{
    (void)state;
    assert_refused("nme = 'x'",
                   "ruby/3.1.toml:7: 'nme' is no key of a recipe; did you mean 'name'");
    assert_refused("qqqqqq = 'x'", "docs/recipes.md");
    assert_refused("name = 3", "'name' is an integer, but must be a string");
    assert_refused("env = 'A=1'", "must be an array");
    assert_refused("env = [1]", "must be a string");
    assert_refused("env = ['A']", "'A' is no variable");
    assert_refused("unlisted = 'yes'", "must be true or false");
    assert_refused("version = '3.1'", "'3.1' is no full version");
    assert_refused("only = 'latest'", "is no range");
    assert_refused("aliases = ['a b']", "'a b' is no name");
    assert_refused("headers = ['h']", "is no extension");
    assert_refused("judge0 = [0]", "begin with 1");
    assert_refused("limits.run.wall_ms = 'soon'", "write milliseconds");
    assert_refused("limits.run.wall_ms = -1", "write milliseconds");
    assert_refused("limits.run.memory_bytes = true", "write bytes");
    assert_refused("limits.run.processes = 4294967296", "write a number");
    assert_refused("[limit]", ":7: [limit] is no table of a recipe");
    assert_refused("[files]\na.b = 'x'", "write a plain name in quotes");
    assert_refused("[files]\n\".a\" = 'x'", "write a plain name in quotes");
    assert_refused("install.on = ['jdk-17']", "is no recipe's id");
    assert_refused("install.without = ['usr/share']", "is no path to leave out");
    assert_refused("install.without = ['/']", "is no path to leave out");
    assert_refused("install.without = ['{home}/../other']", "is no path to leave out");
    assert_refused("language = 'x'", "set twice");
    assert_refused("install.debian = ['ruby']", "'version' is missing");
    assert_text_refused("ruby", small, "is no name of a recipe's file");
    assert_text_refused("ruby/../x", small, "is no name of a recipe's file");
    assert_text_refused("ruby/.x", small, "is no name of a recipe's file");
}

static void parse_half_a_recipe_says_what_is_missing(void **state)
{
    (void)state;
    assert_text_refused("x/1", "", "neither a language nor anything to install");
    assert_text_refused("x/1", "run = ['x']", "'language' is missing");
    assert_text_refused("x/1", "language = 'x'", "'run' is missing");
    assert_text_refused("x/1", "language = 'x'\nrun = ['x']", "'file' is missing");
    assert_text_refused("x/1", "language = 'x'\nrun = ['x']\nfile = 'x'",
                        "'extensions' is missing");
    assert_refused("ask.package = 'ruby'", "either args");
}

/* Else a file called "; rm *" were a command. */
static void parse_script_with_a_name_in_it_is_refused(void **state)
{
    (void)state;
    assert_refused("compile = ['sh', '-c', 'cc {main}', 'sh']", "where it would be code");
    assert_refused("compile = ['/bin/bash', '-c', 'cc {args}', 'sh']", "where it would be code");
    AUTO(recipe_unrefp)
    struct recipe *r = parsed_small("compile = ['sh', '-c', 'cc \"$1\"', 'sh', '{main}']\n"
                                    "compile_many = ['gcc', '-c', '{main}']\n");
    assert_int_equal(strv_len(r->commands.compile), 5);
}

static void parse_part_has_no_language(void **state)
{
    (void)state;
    AUTO(recipe_unrefp)
    struct recipe *r = parsed(
        "part/gcc-12", "tools = ['gcc']\ninstall.debian = ['gcc']\nhost.offer = true\n", NULL);
    assert_true(recipe_is_part(r));
    assert_true(recipe_is_installable(r));
    assert_false(r->on_host);
}

static void each_kind_of_install_makes_it_installable(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "install.on = ['part/a']", "install.suite = 'trixie'", "install.debian = ['a']",
        "install.npm = ['a@1']",   "install.own = ['a']",      "files.a = 'x'",
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        AUTO(recipe_unrefp) struct recipe *r = parsed("part/x", kinds[i], NULL);
        assert_true(recipe_is_installable(r));
    }
    AUTO(recipe_unrefp) struct recipe *r = parsed_small("install.library = ['debian:ruby-{name}']");
    assert_false(recipe_is_installable(r));
}

static void parse_refuses_a_tool_that_nobody_names(void **state)
{
    (void)state;
    assert_text_refused("x/1",
                        "language = 'x'\nextensions = ['.x']\nfile = 'main.x'\n"
                        "run = ['{tool}', '{main}']\n",
                        "there is no {tool}");
}

static void like_gives_what_is_missing(void **state)
{
    (void)state;
    AUTO(recipe_unrefp)
    struct recipe *old = parsed_small("version = '3.1.2'\nname = 'Ruby'\njudge0 = [72]\n"
                                      "warm = '{main}'\nlimits.run.wall_ms = 5\n"
                                      "[install]\nsuite = 'bookworm'\ndebian = ['ruby']\n"
                                      "[files]\na = '1'\nb = '2'\n");
    AUTO(recipe_unrefp)
    struct recipe *r =
        parsed("ruby/3.3",
               "like = 'ruby/3.1'\nversion = '3.3.8'\ntools = ['ruby3.3']\nwarm = ''\n"
               "limits.run.cpu_ms = 6\n[install]\nsuite = 'trixie'\n"
               "[files]\nb = '3'\nc = '4'\n",
               old);
    recipe_unref(recipe_ref(old));
    recipe_unref(TAKE(&old, NULL)); /* what is shared stays */
    assert_string_equal(r->id, "ruby/3.3");
    assert_string_equal(r->name, "Ruby");
    assert_string_equal(r->version, "3.3.8");
    assert_string_equal(r->tools[0], "ruby3.3");
    assert_null(r->tools[1]);
    assert_string_equal(r->commands.run[1], "{main}");
    assert_null(r->commands.warm);
    assert_int_equal(r->run_limits.wall_ms, 5);
    assert_int_equal(r->run_limits.cpu_ms, 6);
    assert_string_equal(r->install.suite, "trixie");
    assert_string_equal(r->install.debian[0], "ruby");
    assert_string_equal(r->files[0].text, "1");
    assert_string_equal(r->files[1].text, "3");
    assert_string_equal(r->files[2].name, "c");
}

static void like_leaves_out_what_is_ones_own(void **state)
{
    (void)state;
    AUTO(recipe_unrefp)
    struct recipe *old = parsed_small("version = '3.1.2'\njudge0 = [72]\njudge0_extra = [3]\n");
    AUTO(recipe_unrefp) struct recipe *r = parsed("ruby/3.3", "like = 'ruby/3.1'\n", old);
    assert_null(r->version);
    assert_null(r->judge0);
    assert_null(r->judge0_extra);
    assert_false(r->on_host);
    AUTO(recipe_unrefp)
    struct recipe *offered = parsed("ruby/x", "like = 'ruby/3.1'\nhost.offer = true\n", old);
    assert_true(offered->on_host);
}

static void like_of_nothing_is_refused(void **state)
{
    (void)state;
    assert_text_refused("ruby/3.3", "\nlike = 'ruby/9'\n",
                        "ruby/3.3.toml:2: like = 'ruby/9': there is no such recipe");
    assert_text_refused("ruby/3.3", "like = 1\n", "must be a string");
    struct recipe *r = NULL;
    struct err e = {0};
    assert_int_equal(recipe_parse("a/b", "like = 'a/c'", 12, NULL, NULL, &r, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "cannot stand here"));
}

static void what_lies_in_its_own_directory_is_not_the_hosts(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "env = ['P={home}/x']\n",
        "compile = ['node', '{home}/c.js', '{main}']\n",
        "host.offer = false\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        AUTO(recipe_unrefp) struct recipe *r = parsed_small(lines[i]);
        assert_false(r->on_host);
    }
    AUTO(recipe_unrefp) struct recipe *r = parsed_small("");
    AUTO(mem_freep) char *home = recipe_home(r);
    assert_string_equal(home, "/opt/runtimes/ruby-3.1");
}

static void machines_are_all_where_none_is_named(void **state)
{
    (void)state;
    AUTO(recipe_unrefp) struct recipe *any = parsed_small("");
    AUTO(recipe_unrefp) struct recipe *one = parsed_small("machines = ['x86_64']\n");
    assert_true(recipe_fits_machine(any, "aarch64"));
    assert_true(recipe_fits_machine(one, "x86_64"));
    assert_false(recipe_fits_machine(one, "aarch64"));
}

static void assert_written_again(const struct recipe *r)
{
    AUTO(buf_done) struct buf first = {0};
    AUTO(buf_done) struct buf second = {0};
    recipe_write(r, &first);
    AUTO(recipe_unrefp) struct recipe *again = parsed(r->id, first.data, NULL);
    recipe_write(again, &second);
    assert_string_equal(first.data, second.data);
    assert_int_equal(again->on_host, r->on_host);
}

static void write_is_read_back_and_has_what_like_gave(void **state)
{
    (void)state;
    AUTO(recipe_unrefp)
    struct recipe *old = parsed_small("version = '3.1.2'\njudge0 = [72, 38]\nunlisted = true\n"
                                      "compile = ['sh', '-c', \"a\\nb'\", 'sh']\n"
                                      "limits.run.wall_ms = 1500\nlimits.compile.processes = 3\n"
                                      "[install]\ndebian = ['ruby']\n[files]\n\"x.rb\" = \"1\\n\"\n"
                                      "[tests]\nhello = \"puts \\\"na\xc3\xafve\\\"\\n\"\n");
    AUTO(recipe_unrefp)
    struct recipe *r = parsed("ruby/3.3", "like = 'ruby/3.1'\nversion = '3.3.0'\n", old);
    assert_written_again(old);
    assert_written_again(r);
    AUTO(buf_done) struct buf text = {0};
    recipe_write(r, &text);
    assert_non_null(strstr(text.data, "offer = false\n"));
    assert_non_null(strstr(text.data, "debian = [\"ruby\"]\n"));
    assert_non_null(strstr(text.data, "\n[limits.run]\nwall_ms = 1500\n"));
    assert_non_null(strstr(text.data, "\"x.rb\" = '''\n1\n'''\n"));
    assert_null(strstr(text.data, "like"));
    assert_null(strstr(text.data, "judge0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted),
        cmocka_unit_test(parse_small_leaves_out_what_is_absent),
        cmocka_unit_test(parse_all_kinds_of_values_gives_them),
        cmocka_unit_test(parse_wrong_values_says_where_and_what),
        cmocka_unit_test(parse_half_a_recipe_says_what_is_missing),
        cmocka_unit_test(parse_script_with_a_name_in_it_is_refused),
        cmocka_unit_test(parse_part_has_no_language),
        cmocka_unit_test(each_kind_of_install_makes_it_installable),
        cmocka_unit_test(parse_refuses_a_tool_that_nobody_names),
        cmocka_unit_test(like_gives_what_is_missing),
        cmocka_unit_test(like_leaves_out_what_is_ones_own),
        cmocka_unit_test(like_of_nothing_is_refused),
        cmocka_unit_test(what_lies_in_its_own_directory_is_not_the_hosts),
        cmocka_unit_test(machines_are_all_where_none_is_named),
        cmocka_unit_test(write_is_read_back_and_has_what_like_gave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
