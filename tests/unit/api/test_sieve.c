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

#include "api/sieve.h"
#include "api/sieve_pattern.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"

struct fixture {
    struct loop *loop;
    struct config config;
    struct sieve *sieve;
    struct buf told; /* "0: message\n" ... */
    unsigned calls;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sieve_free(f->sieve);
    loop_free(f->loop);
    strv_free(f->config.validation_deny);
    buf_done(&f->told);
    free(f);
    return 0;
}

static void deny(struct fixture *f, const char *pattern)
{
    strv_add(&f->config.validation_deny, pattern);
}

static void make(struct fixture *f)
{
    struct err e = {0};
    if (sieve_new(f->loop, &f->config, NULL, &f->sieve, &e) < 0) {
        fail_msg("%s", e.text);
    }
}

static void on_looked(void *ctx, const struct sieve_violation *all, size_t count)
{
    struct fixture *f = ctx;
    f->calls++;
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&f->told, "%zu: %s\n", all[i].text, all[i].message);
    }
}

static struct sieve_text text_of(const char *data)
{
    return (struct sieve_text){"main.py", data, strlen(data)};
}

static void wait_for(struct fixture *f, unsigned calls)
{
    struct err e = {0};
    while (f->calls < calls) {
        assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
    }
}

static void expect(struct fixture *f, const char *source, const char *told)
{
    struct sieve_text text = text_of(source);
    buf_clear(&f->told);
    unsigned before = f->calls;
    (void)sieve_look(f->sieve, &text, 1, on_looked, f);
    assert_int_equal(f->calls, before); /* not from inside */
    wait_for(f, before + 1);
    assert_string_equal(f->told.data != NULL ? f->told.data : "", told);
}

static void test_sieve_without_settings_is_off(void **state)
{
    struct fixture *f = *state;
    make(f);
    assert_false(sieve_is_on(f->sieve));
}

static void test_length_counts_characters(void **state)
{
    struct fixture *f = *state;
    f->config.validation_source_length = 4;
    make(f);
    assert_true(sieve_is_on(f->sieve));
    expect(f, "1234", "");
    expect(f, "12345", "0: is too long (maximum is 4 characters)\n");
    expect(f, "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9", "");
    expect(f, "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9.",
           "0: is too long (maximum is 4 characters)\n");
    expect(f, "", "");
}

static void test_all_violations_come_at_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    f->config.validation_source_length = 20;
    deny(f, "os\\.system\\s*\\( => no shells");
    deny(f, "socket\\.");
    make(f);
    expect(f, "import os\nos.system  ('x')\nsocket.socket()",
           "0: is too long (maximum is 20 characters)\n0: no shells\n"
           "0: must not match 'socket\\.'\n");
    expect(f, "os.systems", "");
}

static void test_violations_name_their_text(void **state)
{
    struct fixture *f = *state;
    deny(f, "bad => is bad");
    make(f);
    const struct sieve_text texts[] = {text_of("good"), text_of("bad"), text_of(""),
                                       text_of("not bad")};
    (void)sieve_look(f->sieve, texts, ARRAY_LEN(texts), on_looked, f);
    wait_for(f, 1);
    assert_string_equal(f->told.data, "1: is bad\n3: is bad\n");
}

static void test_the_last_arrow_begins_the_message(void **state)
{
    struct fixture *f = *state;
    deny(f, "x => y => no arrows");
    make(f);
    expect(f, "x => y", "0: no arrows\n");
    expect(f, "x", "");
}

static void test_bytes_that_are_no_text_are_matched_too(void **state)
{
    struct fixture *f = *state;
    deny(f, "bad => is bad");
    make(f);
    expect(f, "\xff\xfe bad \xc3", "0: is bad\n");
    expect(f, "\xff\xfe", "");
}

static char *many(const char *what, size_t times, const char *end)
{
    struct buf text = {0};
    for (size_t i = 0; i < times; i++) {
        buf_add_str(&text, what);
    }
    buf_add_str(&text, end);
    return buf_take(&text);
}

/* Each of them takes longer than anybody waits without a budget, in its own way. */
static void test_patterns_that_explode_are_undecided(void **state)
{
    static const char *const patterns[] = {
        "(a|aa)+$",                  /* exponential at one place */
        "a{0,30}a{0,30}a{0,30}[cd]", /* much at each of many places */
        "[^b]*+[cd]",                /* few steps, long ones */
        "(?=(a*))\\1\\1[cd]",        /* long comparisons */
        "(?s)(?:.*.*)*[xy]",
    };
    AUTO(mem_freep) char *source = many("a", 65536, "b");
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        AUTO(strv_freep) char **list = NULL;
        struct sieve_patterns *p = NULL;
        struct err e = {0};
        uint64_t left = 1000000;
        atomic_bool stop = false;
        strv_add(&list, patterns[i]);
        assert_int_equal(sieve_patterns_new(list, &p, &e), 0);
        enum sieve_found found = sieve_pattern_look(p, 0, source, strlen(source), &left, &stop);
        sieve_patterns_free(p);
        if (found != SIEVE_UNDECIDED) {
            fail_msg("%s: %d, %lu left", patterns[i], found, (unsigned long)left);
        }
    }
}

static void test_same_text_costs_the_same(void **state)
{
    (void)state;
    AUTO(strv_freep) char **list = NULL;
    AUTO(mem_freep) char *source = many("import os\n", 1000, "os.system('x')");
    struct sieve_patterns *p = NULL;
    struct err e = {0};
    uint64_t first = 1000000, second = 1000000, short_of_one;
    atomic_bool stop = false;
    strv_add(&list, "os\\.system\\s*\\(");
    assert_int_equal(sieve_patterns_new(list, &p, &e), 0);
    assert_int_equal(sieve_pattern_look(p, 0, source, strlen(source), &first, &stop), SIEVE_FOUND);
    assert_int_equal(sieve_pattern_look(p, 0, source, strlen(source), &second, &stop), SIEVE_FOUND);
    assert_int_equal(first, second);
    assert_true(first < 1000000);
    short_of_one = 1000000 - first - 1;
    assert_int_equal(sieve_pattern_look(p, 0, source, strlen(source), &short_of_one, &stop),
                     SIEVE_UNDECIDED);
    sieve_patterns_free(p);
}

static void test_undecided_is_a_violation_that_says_so(void **state)
{
    struct fixture *f = *state;
    deny(f, "(a|aa)+$ => never told");
    make(f);
    AUTO(mem_freep) char *source = many("a", 65536, "b");
    expect(f, source, "0: is refused: it takes too long to say whether it matches '(a|aa)+$'\n");
}

static void test_what_is_no_pattern_is_named(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    deny(f, "good");
    deny(f, "(bad => no message");
    assert_int_equal(sieve_new(f->loop, &f->config, NULL, &f->sieve, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "validation.deny_patterns: '(bad'"));
    assert_non_null(strstr(e.text, "at character 4"));
}

static void test_cancelled_checks_are_not_told(void **state)
{
    struct fixture *f = *state;
    deny(f, "(a|aa)+$");
    make(f);
    AUTO(mem_freep) char *source = many("a", 65536, "b");
    struct sieve_text slow = text_of(source), quick = text_of("x");
    struct sieve_check *all[8];
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i] = sieve_look(f->sieve, &slow, 1, on_looked, f);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        sieve_cancel(all[i]);
    }
    (void)sieve_look(f->sieve, &quick, 1, on_looked, f);
    wait_for(f, 1);
    assert_int_equal(f->told.len, 0);
    sieve_cancel(NULL);
}

static void test_what_waits_for_a_look_is_bounded(void **state)
{
    struct fixture *f = *state;
    deny(f, "(a|aa)+$");
    make(f);
    const size_t large = (size_t)40 << 20;
    AUTO(mem_freep) char *source = xcalloc(1, large);
    memset(source, 'a', 64); /* undecided */
    struct sieve_text text = {"", source, large};
    struct sieve_check *one = sieve_look(f->sieve, &text, 1, on_looked, f);
    (void)sieve_look(f->sieve, &text, 1, on_looked, f);
    wait_for(f, 1);
    assert_string_equal(f->told.data,
                        "0: is refused: too many sources are being looked at; try again\n");
    sieve_cancel(one);
    buf_clear(&f->told);
}

static void test_sieve_ends_with_checks_under_way(void **state)
{
    struct fixture *f = *state;
    deny(f, "(a|aa)+$");
    make(f);
    AUTO(mem_freep) char *source = many("a", 65536, "b");
    struct sieve_text slow = text_of(source);
    for (size_t i = 0; i < 4; i++) {
        (void)sieve_look(f->sieve, &slow, 1, on_looked, f);
    }
    sieve_free(TAKE(&f->sieve, NULL));
    assert_int_equal(f->calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_sieve_without_settings_is_off),
        TEST(test_length_counts_characters),
        TEST(test_all_violations_come_at_once_and_in_order),
        TEST(test_violations_name_their_text),
        TEST(test_the_last_arrow_begins_the_message),
        TEST(test_bytes_that_are_no_text_are_matched_too),
        TEST(test_patterns_that_explode_are_undecided),
        TEST(test_same_text_costs_the_same),
        TEST(test_undecided_is_a_violation_that_says_so),
        TEST(test_what_is_no_pattern_is_named),
        TEST(test_cancelled_checks_are_not_told),
        TEST(test_what_waits_for_a_look_is_bounded),
        TEST(test_sieve_ends_with_checks_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
