/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may ask, also one that has been taken over. */
#include <setjmp.h>
#include <stdarg.h>
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
#include "cli/steward_rules.h"

static char docker[] = "docker.io", local[] = "registry.test:5000", any[] = "*";
static char *const some_registries[] = {docker, local, NULL};
static char *const any_registry[] = {any, NULL};

struct said {
    char kind;
    const char *text;
};

static void packet_make(struct buf *packet, uint32_t op, uint32_t upload, const struct said *said,
                        size_t count)
{
    const struct steward_request q = {op, upload, (uint32_t)count};
    buf_add(packet, &q, sizeof(q));
    for (size_t i = 0; i < count; i++) {
        buf_add_char(packet, said[i].kind);
        buf_add(packet, said[i].text, strlen(said[i].text) + 1);
    }
}

static int read_words(uint32_t op, uint32_t upload, const struct said *said, size_t count,
                      char *const *registries, struct steward_order *ret)
{
    AUTO(buf_done) struct buf packet = {0};
    struct err e;
    packet_make(&packet, op, upload, said, count);
    return steward_order_read(packet.data, packet.len, registries, ret, &e);
}

/* The command line, or NULL when it is refused. */
static char *line_of(uint32_t op, uint32_t upload, const struct said *said, size_t count)
{
    AUTO(steward_order_done) struct steward_order order = {0};
    if (read_words(op, upload, said, count, some_registries, &order) < 0) {
        return NULL;
    }
    AUTO(mem_freep) char *command = strv_join(order.command, " ");
    AUTO(mem_freep) char *words = strv_join(order.words, " ");
    return xasprintf("%s: %s", command, words);
}

#define ASSERT_LINE(line, op, upload, ...)                                                         \
    do {                                                                                           \
        const struct said said_[] = {__VA_ARGS__};                                                 \
        AUTO(mem_freep) char *line_ = line_of(op, upload, said_, ARRAY_LEN(said_));                \
        assert_non_null(line_);                                                                    \
        assert_string_equal(line_, line);                                                          \
    } while (0)

static bool is_taken(uint32_t op, uint32_t upload, char kind, const char *text)
{
    AUTO(mem_freep) char *line = line_of(op, upload, &(struct said){kind, text}, 1);
    return line != NULL;
}

static void test_words_become_a_command_line(void **state)
{
    (void)state;
    ASSERT_LINE("pkg: install python=3.11 @core", STEWARD_INSTALL, 0, {'p', "python=3.11"},
                {'p', "@core"});
    ASSERT_LINE("pkg: install --with=numpy --again python", STEWARD_INSTALL, 0, {'l', "numpy"},
                {'g', ""}, {'p', "python"});
    ASSERT_LINE("pkg: upgrade --security", STEWARD_UPGRADE, 0, {'s', ""});
    ASSERT_LINE("image: import - --as=toy --run=sh {main} --language=c++", STEWARD_IMAGE_IMPORT, 7,
                {'i', "toy"}, {'R', "sh {main}"}, {'L', "c++"});
    ASSERT_LINE("image: pull --as=toy docker.io/library/ruby:3.3", STEWARD_IMAGE_PULL, 0,
                {'i', "toy"}, {'r', "docker.io/library/ruby:3.3"});
    ASSERT_LINE("image: remove toy", STEWARD_IMAGE_REMOVE, 0, {'i', "toy"});
}

static void test_who_asks_is_for_the_audit_log_alone(void **state)
{
    (void)state;
    AUTO(steward_order_done) struct steward_order order = {0};
    const struct said said[] = {{'u', "key:ops"}, {'a', "::1"}, {'p', "ruby/3.1"}, {'p', "c++"}};
    assert_int_equal(read_words(STEWARD_REMOVE, 0, said, 4, some_registries, &order), 0);
    assert_string_equal(order.act.act, "removes packages");
    assert_string_equal(order.act.who, "key:ops");
    assert_string_equal(order.act.client, "::1");
    assert_string_equal(order.act.what, "ruby/3.1 c++");
    assert_true(order.changes);
    assert_int_equal(strv_len(order.words), 3);
}

static void test_all_that_is_named_is_for_the_audit_log(void **state)
{
    (void)state;
    AUTO(steward_order_done) struct steward_order order = {0};
    struct said said[64];
    char names[ARRAY_LEN(said)][16];
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        snprintf(names[i], sizeof(names[i]), "package-%zu", i);
        said[i] = (struct said){'p', names[i]};
    }
    assert_int_equal(read_words(STEWARD_REMOVE, 0, said, ARRAY_LEN(said), some_registries, &order),
                     0);
    assert_non_null(strstr(order.what, "package-0 package-1 "));
    assert_true(str_ends(order.what, " package-63"));
}

static void test_packages_are_names_and_ranges(void **state)
{
    static const char *const good[] = {
        "python",
        "c++",
        "c#",
        "ruby/3.1",
        "c++/gcc-12",
        "python=3.9.4",
        "node@^20 || >=22 <23",
        "piston:node=15.10.0",
        "@judge0",
        "05ab1e",
        "llvm_ir",
        "image/toy#lang-1",
        "piston:SOMETHING=*",
    };
    static const char *const bad[] = {
        "",         "-y",       "--again",    "/etc/passwd", "../x",
        "a/../b",   "a/b/c",    "./x",        ".x",          "file.toml/",
        "a b",      "a=",       "a=--x",      "a;b",         "a\nb",
        "a$(b)",    "@",        "@-x",        "@a/b",        "https://x.test/y",
        "piston:",  "piston:-", "piston:a/b", "a=3.1/x",     "a=latest or so",
        "\xc3\xa4",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!is_taken(STEWARD_INSTALL, 0, 'p', good[i])) {
            fail_msg("'%s' is refused", good[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (is_taken(STEWARD_INSTALL, 0, 'p', bad[i])) {
            fail_msg("'%s' is taken", bad[i]);
        }
    }
}

static void test_long_words_are_refused(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_false(is_taken(STEWARD_INSTALL, 0, 'p', text));
    assert_false(is_taken(STEWARD_IMAGE_REMOVE, 0, 'i', text));
    text[64] = '\0';
    assert_true(is_taken(STEWARD_INSTALL, 0, 'p', text));
}

static void test_libraries_are_no_orders_to_apt(void **state)
{
    static const char *const bad[] = {"numpy-", "numpy+", "-y", "a=1", "a/b", "a,b", "../x", "a b"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct said said[] = {{'p', "python"}, {'l', bad[i]}};
        AUTO(mem_freep) char *line = line_of(STEWARD_INSTALL, 0, said, 2);
        assert_null(line);
    }
}

static void test_images_are_pulled_from_listed_registries_only(void **state)
{
    static const char *const good[] = {"ruby:3.3", "library/ruby", "docker.io/library/ruby:3.3",
                                       "registry.test:5000/a/b@sha256:00"};
    static const char *const bad[] = {
        "evil.test/a",          "localhost/a", "127.0.0.1:5000/a", "docker.io.evil.test/a",
        "docker://docker.io/a", "oci:/etc",    "docker.io/../a",   "-a",
        "docker.io/a b",        "REGISTRY/a"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
        bool is_good = i < ARRAY_LEN(good);
        const char *reference = is_good ? good[i] : bad[i - ARRAY_LEN(good)];
        const struct said said[] = {{'i', "toy"}, {'r', reference}};
        AUTO(mem_freep) char *line = line_of(STEWARD_IMAGE_PULL, 0, said, 2);
        if ((line != NULL) != is_good) {
            fail_msg("'%s' is %s", reference, is_good ? "refused" : "taken");
        }
    }
}

static void test_any_registry_is_any(void **state)
{
    (void)state;
    AUTO(steward_order_done) struct steward_order order = {0};
    const struct said said[] = {{'i', "toy"}, {'r', "evil.test/a"}};
    assert_int_equal(read_words(STEWARD_IMAGE_PULL, 0, said, 2, any_registry, &order), 0);
}

static void test_image_choices_are_names_versions_and_commands(void **state)
{
    static const struct said bad[] = {
        {'i', "A"},    {'i', "-x"},          {'i', "a/b"},   {'i', "a..b"}, {'L', "-x"},
        {'L', "a/b"},  {'v', "1 2"},         {'v', "-1"},    {'A', "-x"},   {'A', "a,b"},
        {'e', "rb"},   {'e', "./x"},         {'e', "./../"}, {'c', "a\nb"}, {'R', ""},
        {'R', "\xff"}, {'m', "/etc/passwd"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct said said[] = {{'i', "toy"}, bad[i]};
        size_t first = bad[i].kind == 'i' ? 1 : 0;
        AUTO(mem_freep) char *line = line_of(STEWARD_IMAGE_IMPORT, 1, said + first, 2 - first);
        if (line != NULL) {
            fail_msg("'%c%s' is taken", bad[i].kind, bad[i].text);
        }
    }
}

static void test_operations_take_their_own_words_only(void **state)
{
    (void)state;
    assert_false(is_taken(STEWARD_LIST, 0, 'p', "python"));
    assert_false(is_taken(STEWARD_REMOVE, 0, 'g', ""));
    assert_false(is_taken(STEWARD_INSTALL, 0, 'R', "sh"));
    assert_false(is_taken(STEWARD_INSTALL, 0, 'x', "y"));
    assert_false(is_taken(STEWARD_INSTALL, 0, '\0', ""));
    assert_false(is_taken(STEWARD_INSTALL, 1, 'p', "python"));
    assert_false(is_taken(STEWARD_IMAGE_IMPORT, 0, 'i', "toy"));
    assert_false(is_taken(0, 0, 'p', "python"));
    assert_false(is_taken(STEWARD_OPS_END, 0, 'p', "python"));
    assert_false(is_taken(UINT32_MAX, 0, 'p', "python"));
}

static void test_what_is_needed_must_be_there(void **state)
{
    static const uint32_t ops[] = {STEWARD_INSTALL, STEWARD_REMOVE, STEWARD_PIN, STEWARD_IMAGE_PULL,
                                   STEWARD_IMAGE_REMOVE};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        AUTO(mem_freep) char *line = line_of(ops[i], 0, NULL, 0);
        assert_null(line);
    }
    const struct said reference = {'r', "ruby"};
    AUTO(mem_freep) char *nameless = line_of(STEWARD_IMAGE_PULL, 0, &reference, 1);
    assert_null(nameless);
}

static void test_one_word_too_many_is_refused(void **state)
{
    (void)state;
    struct said said[65];
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        said[i] = (struct said){'p', "python"};
    }
    AUTO(mem_freep) char *all = line_of(STEWARD_INSTALL, 0, said, 64);
    AUTO(mem_freep) char *more = line_of(STEWARD_INSTALL, 0, said, 65);
    assert_non_null(all);
    assert_null(more);
}

static void test_packets_that_lie_are_refused(void **state)
{
    AUTO(buf_done) struct buf packet = {0};
    const struct said said = {'p', "python"};
    struct steward_order order = {0};
    struct err e;
    (void)state;
    packet_make(&packet, STEWARD_INSTALL, 0, &said, 1);
    for (size_t len = 0; len < packet.len; len++) { /* cut anywhere */
        char *exact = xmemdup(packet.data, len);
        assert_int_equal(steward_order_read(exact, len, some_registries, &order, &e), -ERR_INVALID);
        free(exact);
    }
    buf_add(&packet, "pmore", 6);
    assert_int_equal(steward_order_read(packet.data, packet.len, some_registries, &order, &e),
                     -ERR_INVALID);
    ((struct steward_request *)(void *)packet.data)->words = UINT32_MAX;
    assert_int_equal(steward_order_read(packet.data, packet.len, some_registries, &order, &e),
                     -ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_become_a_command_line),
        cmocka_unit_test(test_who_asks_is_for_the_audit_log_alone),
        cmocka_unit_test(test_all_that_is_named_is_for_the_audit_log),
        cmocka_unit_test(test_packages_are_names_and_ranges),
        cmocka_unit_test(test_long_words_are_refused),
        cmocka_unit_test(test_libraries_are_no_orders_to_apt),
        cmocka_unit_test(test_images_are_pulled_from_listed_registries_only),
        cmocka_unit_test(test_any_registry_is_any),
        cmocka_unit_test(test_image_choices_are_names_versions_and_commands),
        cmocka_unit_test(test_operations_take_their_own_words_only),
        cmocka_unit_test(test_what_is_needed_must_be_there),
        cmocka_unit_test(test_one_word_too_many_is_refused),
        cmocka_unit_test(test_packets_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
