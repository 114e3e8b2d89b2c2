/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "packages/apt_sources.h"

#define LINE "deb http://mirror/debian bookworm main\n"

static struct apt_wanted all_of_bookworm(void)
{
    return (struct apt_wanted){.suite = "bookworm", .wanted = {true, true, true, true}};
}

static const char *text_of(const struct buf *b)
{
    return b->data ? b->data : "";
}

static void test_list_takes_the_lines_of_the_release(void **state)
{
    (void)state;
    struct apt_wanted w = all_of_bookworm();
    AUTO(buf_done) struct buf list = {0};
    apt_sources_list(
        &w,
        "# " LINE LINE "deb http://mirror/debian trixie main\n"
        "deb-src http://mirror/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://m/s bookworm-security/ main contrib\n",
        &list);
    assert_string_equal(text_of(&list),
                        LINE "deb [arch=amd64 signed-by=/k.gpg] http://m/s bookworm-security/ main "
                             "contrib\n");
    assert_true(w.found[APT_RELEASE] && w.found[APT_SECURITY]);
    assert_false(w.found[APT_UPDATES] || w.found[APT_BACKPORTS]);
}

static void test_list_leaves_out_what_is_not_wanted(void **state)
{
    (void)state;
    struct apt_wanted w = {.suite = "bookworm", .wanted = {[APT_RELEASE] = true}};
    AUTO(buf_done) struct buf list = {0};
    apt_sources_list(&w,
                     "deb http://m/d bookworm-backports main\n"
                     "deb http://m/d bookworm contrib\n",
                     &list);
    assert_string_equal(text_of(&list), "");
}

static void test_list_leaves_out_what_skips_signatures(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "deb [trusted=yes] http://m/d bookworm main\n",
        "deb [ trusted=true ] http://m/d bookworm main\n",
        "deb [arch=amd64 TRUSTED=yes] http://m/d bookworm main\n",
        "deb [allow-insecure=yes] http://m/d bookworm main\n",
        "deb [allow-weak=1] http://m/d bookworm main\n",
        "deb [arch=amd64 http://m/d bookworm main\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct apt_wanted w = all_of_bookworm();
        AUTO(buf_done) struct buf list = {0};
        apt_sources_list(&w, lines[i], &list);
        assert_string_equal(text_of(&list), "");
        assert_false(w.found[APT_RELEASE]);
    }
}

static void test_stanza_keeps_the_suites_of_the_release(void **state)
{
    (void)state;
    struct apt_wanted w = all_of_bookworm();
    AUTO(buf_done) struct buf stanzas = {0};
    apt_sources_deb822(&w,
                       "# Debian\nTypes: deb deb-src\nURIs: http://m/d\n"
                       "Suites: bookworm trixie\n bookworm-updates\nComponents: main\n"
                       "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n",
                       &stanzas);
    assert_string_equal(text_of(&stanzas),
                        "Types: deb\nSuites: bookworm bookworm-updates\nURIs: http://m/d\n"
                        "Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                        " .\n\n");
}

static void test_stanza_that_is_off_or_skips_signatures_is_left_out(void **state)
{
    (void)state;
    static const char *const fields[] = {"Enabled: no\n", "Trusted: yes\n", "Allow-Insecure: yes\n",
                                         "Types: deb-src\n"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct apt_wanted w = all_of_bookworm();
        AUTO(buf_done) struct buf text = {0}, stanzas = {0};
        buf_add_fmt(&text, "Types: deb\nURIs: http://m/d\nSuites: bookworm\nComponents: main\n%s",
                    fields[i]);
        apt_sources_deb822(&w, text.data, &stanzas);
        assert_string_equal(text_of(&stanzas), "");
    }
}

static void test_mirror_has_what_was_not_found(void **state)
{
    (void)state;
    struct apt_wanted w = {.suite = "trixie", .wanted = {true, false, true, false}};
    AUTO(buf_done) struct buf stanzas = {0};
    w.found[APT_RELEASE] = true;
    apt_sources_mirror(&w, "http://m/d", "http://m/s", "/k.gpg", &stanzas);
    assert_string_equal(text_of(&stanzas), "Types: deb\nURIs: http://m/s\nSuites: trixie-security\n"
                                           "Components: main\nSigned-By: /k.gpg\n\n");
}

static void test_files_are_copied(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, "URIs: file:/srv/debian file:///b mirror+file:/c\n");
    apt_sources_copied(&text);
    assert_string_equal(text.data, "URIs: copy:/srv/debian copy:///b mirror+file:/c\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_takes_the_lines_of_the_release),
        cmocka_unit_test(test_list_leaves_out_what_is_not_wanted),
        cmocka_unit_test(test_list_leaves_out_what_skips_signatures),
        cmocka_unit_test(test_stanza_keeps_the_suites_of_the_release),
        cmocka_unit_test(test_stanza_that_is_off_or_skips_signatures_is_left_out),
        cmocka_unit_test(test_mirror_has_what_was_not_found),
        cmocka_unit_test(test_files_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
