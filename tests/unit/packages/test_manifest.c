/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "bench.h"
#include "packages/manifest.h"
#include "recipes/recipe.h"

static const uint32_t layers[] = {1007, 1003, 1000};

static struct manifest *sample(void)
{
    struct manifest *m = manifest_make("ruby/3.1", layers, 3, 1);
    m->tool = xstrdup("/usr/bin/ruby3.1");
    m->parts = xcalloc(2, sizeof(*m->parts));
    m->parts[0] =
        (struct manifest_part){xstrdup("debian"), xstrdup("ruby3.1"), xstrdup("3.1.2-7+deb12u1")};
    m->parts[1] = (struct manifest_part){xstrdup("npm"), xstrdup("@a/b"), xstrdup("1.0.0 beta")};
    m->part_count = 2;
    strv_add(&m->libraries, "debian:ruby-json");
    m->pinned = true;
    return m;
}

static struct manifest *again(const struct manifest *m)
{
    AUTO(buf_done) struct buf text = {0};
    struct manifest *ret = NULL;
    struct err e = {0};
    manifest_write(m, &text);
    assert_done(manifest_parse("manifest.toml", text.data, text.len, &ret, &e), e);
    return ret;
}

static void test_a_manifest_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct manifest *m = sample(), *r = again(m);
    assert_string_equal(r->id, "ruby/3.1");
    assert_string_equal(r->version, "1.0.0");
    assert_string_equal(r->tool, "/usr/bin/ruby3.1");
    assert_string_equal(r->source, "debian");
    assert_int_equal(r->layer_count, 3);
    assert_memory_equal(r->layers, layers, sizeof(layers));
    assert_int_equal(r->own_layer_count, 1);
    assert_int_equal(r->part_count, 2);
    assert_string_equal(r->parts[0].version, "3.1.2-7+deb12u1");
    assert_string_equal(r->parts[1].kind, "npm");
    assert_string_equal(r->parts[1].name, "@a/b");
    assert_string_equal(r->parts[1].version, "1.0.0 beta");
    assert_int_equal(strv_len(r->libraries), 1);
    assert_int_equal(r->installed_s, 1700000000);
    assert_true(r->pinned);
    assert_false(r->hidden);
    assert_string_equal(r->recipe_text, m->recipe_text);
    assert_string_equal(r->recipe->language, "text");
    manifest_free(m);
    manifest_free(r);
}

static void test_any_text_of_a_recipe_survives(void **state)
{
    static const char *const texts[] = {
        "\"\"\"",
        "a\"\"\"b",
        "\\\"",
        "\"",
        "\"\"",
        "x\"",
        "\n",
        "\n\nx\n\"\n",
        "'''",
        "\t\x01\x7f",
        "na\xc3\xafve \xe4\xb8\x96",
        "\\u0041 \\n",
        "# \"\"\" \\",
        "a\"\"\"\"\"\"b\"",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct manifest *m = sample(), *r = NULL;
        AUTO(buf_done) struct buf text = {0};
        struct err e = {0};
        free(m->recipe_text);
        m->recipe_text = xstrdup(texts[i]);
        manifest_write(m, &text);
        assert_done(manifest_parse_bare("manifest.toml", text.data, text.len, &r, &e), e);
        assert_string_equal(r->recipe_text, texts[i]);
        assert_null(r->recipe);
        manifest_free(m);
        manifest_free(r);
    }
}

static void check_refused(const char *from, const char *to, const char *part)
{
    AUTO(buf_done) struct buf text = {0};
    struct manifest *m = sample(), *r = NULL;
    struct err e = {0};
    manifest_write(m, &text);
    manifest_free(m);
    const char *at = strstr(text.data, from);
    assert_non_null(at);
    AUTO(mem_freep)
    char *changed = xasprintf("%.*s%s%s", (int)(at - text.data), text.data, to, at + strlen(from));
    assert_int_equal(manifest_parse("x.toml", changed, strlen(changed), &r, &e), -ERR_INVALID);
    if (!strstr(e.text, part) || !strstr(e.text, "x.toml")) {
        fail_msg("'%s' is not in '%s'", part, e.text);
    }
    assert_null(r);
}

static void test_what_no_manifest_says_is_refused(void **state)
{
    (void)state;
    check_refused("id = \"ruby/3.1\"\n", "", "there is no 'id'");
    check_refused("id = \"ruby/3.1\"", "id = 3", "'id' must be a string");
    check_refused("[1007, 1003, 1000]", "[7]", "'layers' must be ids of layers");
    check_refused("[1007, 1003, 1000]", "[\"a\"]", "'layers' must be ids of layers");
    check_refused("own_layers = 1", "own_layers = 4", "'own_layers' is more than there are");
    check_refused("own_layers = 1", "own_layers = -1", "'own_layers' must be");
    check_refused("debian ruby3.1 3.1.2-7+deb12u1", "debian ruby3.1", "'parts' must be");
    check_refused("tools = ", "toools = ", "toools");
}

static void test_keys_of_a_later_version_are_left_alone(void **state)
{
    (void)state;
    struct manifest *m = sample(), *r = NULL;
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    buf_add_str(&text, "later = 1\n");
    manifest_write(m, &text);
    assert_done(manifest_parse("x.toml", text.data, text.len, &r, &e), e);
    manifest_free(m);
    manifest_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_manifest_is_read_as_it_was_written),
        cmocka_unit_test(test_any_text_of_a_recipe_survives),
        cmocka_unit_test(test_what_no_manifest_says_is_refused),
        cmocka_unit_test(test_keys_of_a_later_version_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
