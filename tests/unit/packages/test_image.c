/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "packages/image_pull.h"
#include "packages/image_recipe.h"
#include "packages/image_spec.h"
#include "packages/layer_opaque.h"
#include "packages/oci_blob.h"
#include "packages/oci_json.h"
#include "packages/oci_merge.h"
#include "packages/oci_user.h"
#include "recipes/recipe.h"

#define PASSWD "root:x:0:0::/:/bin/sh\nbad line\napp:x:12:34::/:/bin/sh\nodd:x:nine:34::/:/bin/sh\n"
#define GROUP  "root:x:0:\napp:x:34:\nmore:x:56:other,app\nlast:x:78:application"

/* --- the user --------------------------------------------------------------------------------- */

static void resolve_is(const char *user, const char *wanted)
{
    struct err e;
    AUTO(mem_freep) char *got = NULL;
    assert_int_equal(oci_user_resolve(user, PASSWD, GROUP, &got, &e), 0);
    assert_string_equal(got, wanted);
}

static void test_resolve_gives_the_groups_of_a_name(void **state)
{
    (void)state;
    resolve_is("app", "12:34,56");
    resolve_is("12", "12:34,56");
}

static void test_resolve_of_a_named_group_has_no_others(void **state)
{
    (void)state;
    resolve_is("app:more", "12:56");
    resolve_is("app:99", "12:99");
}

static void test_resolve_of_an_unknown_number_is_in_group_0(void **state)
{
    (void)state;
    resolve_is("99", "99:0");
}

static void test_resolve_refuses_names_that_are_not_there(void **state)
{
    (void)state;
    static const char *const users[] = {"none", "odd", "app:none", "-1", "99999999999", ":1"};
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        char *got = NULL;
        struct err e;
        assert_int_equal(oci_user_resolve(users[i], PASSWD, GROUP, &got, &e), -ERR_INVALID);
    }
}

static void test_is_root_knows_its_forms(void **state)
{
    (void)state;
    assert_true(oci_user_is_root(NULL) && oci_user_is_root("") && oci_user_is_root("0:5"));
    assert_true(oci_user_is_root("root") && oci_user_is_root("root:app"));
    assert_false(oci_user_is_root("rooty") || oci_user_is_root("01"));
}

/* --- JSON and blobs --------------------------------------------------------------------------- */

static int parse(const char *text)
{
    AUTO(oci_json_freep) json_t *json = NULL;
    struct err e;
    return oci_json_parse("x", text, strlen(text), &json, &e);
}

static void test_parse_counts_no_brackets_in_texts(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, "{\"a\\\"\": \"");
    for (int i = 0; i < 100; i++) {
        buf_add_str(&text, "[{");
    }
    buf_add_str(&text, "\"}");
    assert_int_equal(parse(text.data), 0);
}

static void test_parse_refuses_what_is_too_deep(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    for (int i = 0; i < 33; i++) {
        buf_add_str(&text, "[");
    }
    assert_int_equal(parse(text.data), -ERR_LIMIT);
    assert_int_equal(parse("[[]"), -ERR_INVALID);
}

static void test_describe_takes_sha256_alone(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "{\"digest\": 1}",
        "{\"digest\": \"sha512:aa\"}",
        ("{\"digest\": "
         "\"sha256:../../../../../../../../../../../../../../../../../../../etc/passwd\"}"),
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct oci_blob blob = {0};
        struct err e;
        AUTO(oci_json_freep) json_t *json = json_loads(wrong[i], 0, NULL);
        assert_non_null(json);
        assert_int_equal(oci_blob_describe(json, &blob, &e), -ERR_INVALID);
    }
}

static void test_digest_of_name_finds_it_in_both_forms(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    char got[SHA256_CHARS + 1];
    AUTO(mem_freep) char *plain = xasprintf("%s.json", digits);
    AUTO(mem_freep) char *named = xasprintf("a/sha256:%s.tar.gz", digits);
    AUTO(mem_freep) char *longer = xasprintf("%sa", digits);
    assert_true(oci_digest_of_name(plain, got));
    assert_string_equal(got, digits);
    assert_true(oci_digest_of_name(named, got));
    assert_false(oci_digest_of_name(longer, got));
    assert_false(oci_digest_of_name("layer.tar", got));
}

/* --- recipes ---------------------------------------------------------------------------------- */

static void test_command_gets_the_file_when_it_names_none(void **state)
{
    (void)state;
    char tool[] = "bin/tool", flag[] = "-x", word[] = "a b";
    char *const entry[] = {tool, flag, NULL}, *const command[] = {word, NULL};
    AUTO(strv_freep) char **words = image_command_of(entry, command, "/work");
    AUTO(mem_freep) char *all = strv_join(words, "|");
    assert_string_equal(all, "/work/bin/tool|-x|a b|{main}|{args}");
    assert_null(image_command_of(NULL, NULL, "/"));
}

static void test_command_keeps_its_own_place_for_the_file(void **state)
{
    (void)state;
    static const char *const behind[] = {"{main}", "{args}", NULL};
    AUTO(strv_freep) char **words = image_command_split("tool --file={main} -q", behind);
    AUTO(mem_freep) char *all = strv_join(words, "|");
    assert_string_equal(all, "tool|--file={main}|-q");
    assert_null(image_command_split("  ", behind + 2));
}

static void test_version_is_that_of_the_tag(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *version;
    } rows[] = {{"python:3.12-slim", "3.12.0"},
                {"host:5000/python", NULL},
                {"host:5000/a:v2.1.7", "2.1.7"},
                {"python:latest", NULL},
                {NULL, NULL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(mem_freep) char *got = image_version_of_reference(rows[i].reference);
        assert_true(rows[i].version ? got && strcmp(got, rows[i].version) == 0 : got == NULL);
    }
}

/* Whatever an image says is a text of the recipe, and nothing else. */
static void test_write_gives_a_recipe_whatever_is_in_it(void **state)
{
    (void)state;
    char odd[] = "A=\"]\nrun = ['x']\t'''\\ \x01", extension[] = ".t", program[] = "a\"'b";
    char main_word[] = "{main}";
    char *const env[] = {odd, NULL}, *const extensions[] = {extension, NULL};
    char *const run[] = {program, main_word, NULL};
    const struct image_recipe r = {.language = "toy",
                                   .name = "t\"oy",
                                   .version = "1.0.0",
                                   .extensions = extensions,
                                   .run = run,
                                   .env = env};
    AUTO(buf_done) struct buf text = {0};
    AUTO(recipe_unrefp) struct recipe *recipe = NULL;
    struct err e;
    image_recipe_write(&r, &text);
    assert_int_equal(recipe_parse("image/toy", text.data, text.len, NULL, NULL, &recipe, &e), 0);
    assert_string_equal(recipe->env[0], odd);
    assert_string_equal(recipe->commands.run[0], program);
    assert_string_equal(recipe->file, "main.t");
}

static void test_env_leaves_out_home_and_what_is_none(void **state)
{
    (void)state;
    char home[] = "HOME=/root", path[] = "PATH=/x", none[] = "none", empty[] = "=x";
    char *const env[] = {home, path, none, empty, NULL};
    AUTO(strv_freep) char **kept = image_env_of(env);
    assert_int_equal(strv_len(kept), 1);
    assert_string_equal(kept[0], path);
}

static void test_spec_parse_reads_all_keys(void **state)
{
    (void)state;
    static const char text[] =
        "{\"language\": \"toy\", \"version\": \"1.2.0\", \"aliases\": [\"t\"], "
        "\"pkg\": \"registry/toy\", \"versioned\": true}";
    AUTO(image_spec_done) struct image_spec spec = {0};
    struct err e;
    assert_int_equal(image_spec_parse(text, sizeof(text) - 1, &spec, &e), 0);
    assert_string_equal(spec.language, "toy");
    assert_string_equal(spec.version, "1.2.0");
    assert_string_equal(spec.aliases[0], "t");
    assert_string_equal(spec.package, "registry/toy");
    assert_true(spec.versioned);
}

static void test_reference_check_refuses_flags_and_other_transports(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "-v", "a b", "/etc", "a;b", "../x", "a\nb"};
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(image_reference_check(wrong[i], &e), -ERR_INVALID);
    }
    assert_int_equal(image_reference_check("host:5000/a_b/c-d:1.0@sha256:0a", &e), 0);
}

/* --- merging ---------------------------------------------------------------------------------- */

struct trees {
    char folder[32];
    int top, below, above;
};

static int trees_setup(void **state)
{
    struct trees *t = xcalloc(1, sizeof(*t));
    strcpy(t->folder, "/tmp/test-image-XXXXXX");
    if (!mkdtemp(t->folder)) {
        return -1;
    }
    t->top = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdirat(t->top, "below", 0755) < 0 || mkdirat(t->top, "above", 0755) < 0) {
        return -1;
    }
    t->below = openat(t->top, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    t->above = openat(t->top, "above", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = t;
    return 0;
}

static int trees_teardown(void **state)
{
    struct trees *t = *state;
    struct err e;
    fd_close(t->below);
    fd_close(t->above);
    (void)tree_remove(t->top, "below", &e);
    (void)tree_remove(t->top, "above", &e);
    fd_close(t->top);
    (void)rmdir(t->folder);
    free(t);
    return 0;
}

static void put(int dir, const char *name, const char *text)
{
    AUTO(fd_closep) int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static bool is_whiteout(int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode);
}

static bool is_opaque(int dir, const char *name)
{
    bool opaque = false;
    struct err e;
    AUTO(fd_closep) int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return layer_opaque_get(fd, name, &opaque, &e) == 0 && opaque;
}

static void test_merge_takes_the_files_above(void **state)
{
    struct trees *t = *state;
    struct err e;
    char text[8] = "";
    assert_int_equal(mkdirat(t->below, "d", 0755), 0);
    assert_int_equal(mkdirat(t->above, "d", 0755), 0);
    put(t->below, "d/both", "old");
    put(t->below, "d/kept", "old");
    put(t->above, "d/both", "new");
    assert_int_equal(oci_merge(t->below, t->above, &e), 0);
    AUTO(fd_closep) int fd = openat(t->below, "d/both", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof(text) - 1), 3);
    assert_string_equal(text, "new");
    assert_int_equal(faccessat(t->below, "d/kept", F_OK, 0), 0);
}

static void test_merge_keeps_whiteouts_for_what_is_below_both(void **state)
{
    struct trees *t = *state;
    struct err e;
    assert_int_equal(mkdirat(t->below, "d", 0755), 0);
    put(t->below, "d/x", "");
    if (mknodat(t->above, "d", S_IFCHR, 0) < 0 && errno == EPERM) {
        skip();
    }
    assert_int_equal(oci_merge(t->below, t->above, &e), 0);
    assert_true(is_whiteout(t->below, "d"));
}

static void test_merge_of_a_directory_over_a_file_hides_what_the_file_hid(void **state)
{
    struct trees *t = *state;
    struct err e;
    put(t->below, "d", "");
    assert_int_equal(mkdirat(t->above, "d", 0755), 0);
    assert_int_equal(oci_merge(t->below, t->above, &e), 0);
    assert_true(is_opaque(t->below, "d"));
}

static void test_merge_of_an_opaque_directory_empties_it(void **state)
{
    struct trees *t = *state;
    struct err e;
    assert_int_equal(mkdirat(t->below, "d", 0755), 0);
    assert_int_equal(mkdirat(t->below, "d/sub", 0755), 0);
    assert_int_equal(mkdirat(t->above, "d", 0755), 0);
    put(t->above, "d/new", "");
    AUTO(fd_closep) int dir = openat(t->above, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(layer_opaque_set(dir, "d", &e), 0);
    assert_int_equal(oci_merge(t->below, t->above, &e), 0);
    assert_true(is_opaque(t->below, "d"));
    assert_int_equal(faccessat(t->below, "d/new", F_OK, 0), 0);
    assert_int_not_equal(faccessat(t->below, "d/sub", F_OK, 0), 0);
}

int main(void)
{
#define MERGE(name) cmocka_unit_test_setup_teardown(name, trees_setup, trees_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve_gives_the_groups_of_a_name),
        cmocka_unit_test(test_resolve_of_a_named_group_has_no_others),
        cmocka_unit_test(test_resolve_of_an_unknown_number_is_in_group_0),
        cmocka_unit_test(test_resolve_refuses_names_that_are_not_there),
        cmocka_unit_test(test_is_root_knows_its_forms),
        cmocka_unit_test(test_parse_counts_no_brackets_in_texts),
        cmocka_unit_test(test_parse_refuses_what_is_too_deep),
        cmocka_unit_test(test_describe_takes_sha256_alone),
        cmocka_unit_test(test_digest_of_name_finds_it_in_both_forms),
        cmocka_unit_test(test_command_gets_the_file_when_it_names_none),
        cmocka_unit_test(test_command_keeps_its_own_place_for_the_file),
        cmocka_unit_test(test_version_is_that_of_the_tag),
        cmocka_unit_test(test_write_gives_a_recipe_whatever_is_in_it),
        cmocka_unit_test(test_env_leaves_out_home_and_what_is_none),
        cmocka_unit_test(test_spec_parse_reads_all_keys),
        cmocka_unit_test(test_reference_check_refuses_flags_and_other_transports),
        MERGE(test_merge_takes_the_files_above),
        MERGE(test_merge_keeps_whiteouts_for_what_is_below_both),
        MERGE(test_merge_of_a_directory_over_a_file_hides_what_the_file_hid),
        MERGE(test_merge_of_an_opaque_directory_empties_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
