/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "model/semver.h"
#include "model/version_text.h"

/* What the tools of Debian 12 (and a few others) really print. */
static const struct {
    const char *text, *after, *version;
} rows[] = {
    {"GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n", NULL, "5.2.15"},
    {"Python 3.11.2\n", NULL, "3.11.2"},
    {"Python 3.9.16 (7.3.11+dfsg-2, Jan 01 2023)\n[PyPy 7.3.11 with GCC 12.2.0]\n", "[PyPy ",
     "7.3.11"},
    {"v20.11.1\n", NULL, "20.11.1"},
    {"12.2.0\n", NULL, "12.2.0"},
    {"13\n", NULL, "13.0.0"},
    {"go version go1.22.1 linux/amd64\n", NULL, "1.22.1"},
    {"rustc 1.63.0\n", NULL, "1.63.0"},
    {"openjdk 17.0.13 2024-10-15\nOpenJDK Runtime Environment (build 17.0.13+11)\n", NULL,
     "17.0.13"},
    {"openjdk 21 2023-09-19\nOpenJDK 64-Bit Server VM (build 21+35)\n", NULL, "21.0.0"},
    {"tcc version 0.9.27 (x86_64 Linux)\n", NULL, "0.9.27"},
    {"Icarus Verilog version 11.0 (stable) ()\n", "version", "11.0.0"},
    {"Erlang/OTP 25 [erts-13.1.5]\n\nElixir 1.14.0 (compiled with Erlang/OTP 24)\n", "Elixir",
     "1.14.0"},
    {"25\n", NULL, "25.0.0"},
    {"info: kotlinc-jvm 1.3.31 (JRE 17.0.13)\n", "kotlinc-jvm", "1.3.31"},
    {"Welcome to Rakudo\xe2\x84\xa2 v2022.12.\nImplementing Raku v6.d.\n", "Rakudo", "2022.12.0"},
    {"SBCL 2.2.9.debian\n", NULL, "2.2.9"},
    {"Target: x86_64-linux, version 5.4.\n", NULL, "5.4.0"},
};

static void test_find_reads_what_tools_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct semver v;
        char text[64];
        assert_true(version_text_find(rows[i].text, rows[i].after, &v));
        semver_format(&v, text, sizeof(text));
        assert_string_equal(text, rows[i].version);
    }
}

static void test_find_refuses_text_without_version(void **state)
{
    (void)state;
    struct semver v;
    assert_false(version_text_find("", NULL, &v));
    assert_false(version_text_find("command not found", NULL, &v));
    assert_false(version_text_find("bash 5.2", "zsh", &v));
    assert_false(version_text_find("5.2 zsh", "zsh", &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_reads_what_tools_print),
        cmocka_unit_test(test_find_refuses_text_without_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
