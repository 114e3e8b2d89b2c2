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
#include "recipes/recipe.h"

/* Nothing is wrong with it. */
static const char good[] = "language = 'ruby'\n"
                           "name = 'Ruby'\n"
                           "version = '3.1.2'\n"
                           "tools = ['ruby']\n"
                           "extensions = ['.rb']\n"
                           "ask.args = ['--version']\n"
                           "tests.hello = \"puts 1\\n\"\n"
                           "tests.no = ['unicode, echo, sum, exit, error, bad, loop, memory: x']\n";

static void add(void *ctx, const char *finding)
{
    buf_add_fmt(ctx, "%s\n", finding);
}

static void lint(const char *id, const char *text, struct buf *ret)
{
    AUTO(recipe_unrefp) struct recipe *r = NULL;
    struct err e = {0};
    if (recipe_parse(id, text, strlen(text), NULL, NULL, &r, &e) < 0) {
        fail_msg("%s", e.text);
    }
    buf_add_str(ret, "");
    unsigned count = recipe_lint(r, add, ret);
    unsigned lines = 0;
    for (size_t i = 0; i < ret->len; i++) {
        lines += ret->data[i] == '\n';
    }
    assert_int_equal(count, lines);
}

static void assert_found(const char *more, const char *what)
{
    AUTO(buf_done) struct buf findings = {0};
    bool has_file = strstr(more, "file = ") != NULL, has_run = strstr(more, "\nrun = ") != NULL;
    AUTO(mem_freep)
    char *text = xasprintf("%s%s%s%s\n", good, has_file ? "" : "file = 'main.rb'\n",
                           has_run ? "" : "run = ['{tool}', '{main}', '{args}']", more);
    lint("ruby/3.1", text, &findings);
    if (*what == '\0' ? findings.len > 0 : strstr(findings.data, what) == NULL) {
        fail_msg("'%s' gave '%s', not '%s'", more, findings.data, what);
    }
}

static void lint_good_one_finds_nothing(void **state)
{
    (void)state;
    assert_found("", "");
    AUTO(buf_done) struct buf findings = {0};
    lint("part/x", "name = 'X'\ninstall.debian = ['x']\n", &findings);
    assert_int_equal(findings.len, 0);
}

static void lint_names_finds_what_does_not_fit(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf findings = {0};
    lint("rubi/3.1",
         "language = 'ruby'\nrun = ['x', '{main}']\nfile = 'x.y'\nextensions = ['.z']\n",
         &findings);
    assert_non_null(strstr(findings.data, "language: the file lies in 'rubi'"));
    assert_non_null(strstr(findings.data, "name: there is none"));
    assert_non_null(strstr(findings.data, "tools: there are none"));
    assert_non_null(strstr(findings.data, "file: 'x.y' has none"));
    assert_found("\nonly = '>=4'", "only: its own version 3.1.2 is not within");
}

static void lint_commands_finds_wrong_placeholders(void **state)
{
    (void)state;
    assert_found("\nrun = ['{tool}', '{mian}']", "run: '{mian}' is no placeholder");
    assert_found("\nrun = ['{tool}', '-x={args}', '{main}']",
                 "{args} must be an element of its own");
    assert_found("\nrun = ['{tool}', '-e', 'load(\"{main}\")']", "program reads as code");
    assert_found("\nrun = ['{tool}', '-e', 'BEGIN { x }', '{main}']", "");
    assert_found("\nrun = ['{tool}', 'x']", "run: it does not look at its source");
    assert_found("\nrun = ['{tool}', '{main}', '{compile_args}']", "{compile_args} too many");
    assert_found("\ncompile = ['sh', '-c', 'x', 'sh', '{main}']", "must say where {compile_args}");
    assert_found("\nrun_many = ['{tool}', '{main}']", "run_many: it runs several files");
}

static void lint_preparations_finds_what_nobody_makes_or_uses(void **state)
{
    (void)state;
    assert_found("\nprepare = 'go'", "prepare: what it makes is used by no command");
    assert_found("\nenv = ['A={prepared}']", "prepare: nobody makes");
    assert_found("\nenv = ['A={base}']\nprepare = 'go'", "");
    assert_found("\nprepared.run = ['{tool}', '{main}']\nprepare = 'go'", "");
}

static void lint_warm_finds_files_that_no_program_has(void **state)
{
    (void)state;
    assert_found("\nwarm = 'other.rb'", "warm: 'other.rb' is not named after the main file");
    assert_found("\nwarm = '{stem}/x'", "is not named after");
    assert_found("\nwarm = '{stem}.class'", "");
    assert_found("\nwarm_alone = true", "warm: it is missing");
    assert_found("\ncompile_warm_unless = ['x']", "compile_warm: it is missing");
}

static void lint_tests_finds_absent_ones_without_an_excuse(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf findings = {0};
    lint("x/1",
         "language = 'x'\nrun = ['x', '{main}']\nfile = 'x.y'\nextensions = ['.y']\n"
         "[tests]\nhello = 'x'\nsum = 'x'\nno = ['exit, sum: why', 'exti: why', 'loop']\n",
         &findings);
    assert_non_null(strstr(findings.data, "tests.echo: it is missing"));
    assert_null(strstr(findings.data, "tests.exit: it is missing"));
    assert_non_null(strstr(findings.data, "tests.no: 'sum' is there"));
    assert_non_null(strstr(findings.data, "tests.no: there is no test 'exti'"));
    assert_non_null(strstr(findings.data, "tests.no: 'loop' says no reason"));
    assert_non_null(strstr(findings.data, "tests.hello: it ends in no newline"));
}

static void lint_install_finds_versions_that_are_not_exact(void **state)
{
    (void)state;
    assert_found("\ninstall.npm = ['a@^1']", "names no exact version");
    assert_found("\ninstall.npm = ['@a/b']", "names no exact version");
    assert_found("\ninstall.npm = ['@a/b@1.2.3']", "");
    assert_found("\ninstall.on = ['ruby/3.1']", "install.on: it stands on itself");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint_good_one_finds_nothing),
        cmocka_unit_test(lint_names_finds_what_does_not_fit),
        cmocka_unit_test(lint_commands_finds_wrong_placeholders),
        cmocka_unit_test(lint_preparations_finds_what_nobody_makes_or_uses),
        cmocka_unit_test(lint_warm_finds_files_that_no_program_has),
        cmocka_unit_test(lint_tests_finds_absent_ones_without_an_excuse),
        cmocka_unit_test(lint_install_finds_versions_that_are_not_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
