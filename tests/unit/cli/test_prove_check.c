/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/prove_check.h"
#include "cli/prove_program.h"
#include "cli/remote.h"

/* An answer whose run has printed this. */
#define RAN(out)                                                                                   \
    "{\"verdict\": \"ok\", \"compile\": null, \"run\": {\"verdict\": \"ok\", \"exit_code\": 0, "   \
    "\"stdout\": \"" out "\", \"stderr\": \"\", \"encoding\": \"utf8\", \"cpu_ms\": 12.5}}"

static bool holds(const char *expect, const char *hides, const char *answer, struct buf *why)
{
    static char a[] = "vm-of-somebody", b[] = "aa:bb:cc:00:11:22";
    static char *names[] = {a, NULL}, *macs[] = {b, NULL};
    const struct prove_facts facts = {.hostname = names, .mac = macs};
    AUTO(remote_json_freep) json_t *wanted = json_loads(expect, 0, NULL);
    AUTO(remote_json_freep) json_t *json = json_loads(answer, JSON_ALLOW_NUL, NULL);
    assert_non_null(wanted);
    assert_non_null(json);
    AUTO(buf_done) struct buf hides_text = {0};
    buf_add_str(&hides_text, hides);
    const struct prove_program program = {.expect = wanted,
                                          .hides = hides_text.len ? hides_text.data : (char[]){""}};
    return prove_check(&program, json, &facts, why);
}

static void good(const char *expect, const char *answer)
{
    AUTO(buf_done) struct buf why = {0};
    assert_true(holds(expect, "", answer, &why));
    assert_int_equal(why.len, 0);
}

static void bad(const char *expect, const char *answer, const char *says)
{
    AUTO(buf_done) struct buf why = {0};
    assert_false(holds(expect, "", answer, &why));
    assert_non_null(strstr(why.data, says));
}

static void test_values_of_the_answer_and_of_its_run_are_compared(void **state)
{
    (void)state;
    good("{\"verdict\": \"ok\", \"exit_code\": 0}", RAN("x"));
    bad("{\"verdict\": \"signaled\"}", RAN("x"), "verdict is \"ok\"");
    bad("{\"exit_code\": 1}", RAN("x"), "exit_code is 0");
    bad("{\"nothing\": 1}", RAN("x"), "nothing is not there");
}

static void test_a_list_is_a_choice(void **state)
{
    (void)state;
    good("{\"verdict\": [\"signaled\", \"ok\"]}", RAN("x"));
    bad("{\"verdict\": [\"signaled\", \"time_limit\"]}", RAN("x"), "verdict");
}

static void test_output_has_and_lacks(void **state)
{
    (void)state;
    good("{\"has\": \"held\", \"lacks\": \"LEAK\"}", RAN("held"));
    good("{\"has\": [\"held\", \"one\"]}", RAN("held one"));
    bad("{\"has\": \"held\"}", RAN("nothing"), "lacks held");
    bad("{\"has\": [\"held\", \"one\"]}", RAN("held"), "lacks one");
    bad("{\"lacks\": \"root:\"}", RAN("root:x"), "has root:");
}

static void test_the_program_own_word_of_a_leak_is_told(void **state)
{
    (void)state;
    bad("{\"verdict\": \"signaled\"}", RAN("LEAK: the door\\nmore"), "LEAK: the door");
}

static void test_nothing_of_the_output_reaches_a_terminal_raw(void **state)
{
    (void)state;
    bad("{\"lacks\": \"LEAK\"}", RAN("LEAK: \\u001b[2J"), "LEAK: ?[2J");
}

static void test_base64_and_nuls_are_looked_through(void **state)
{
    (void)state;
    /* "a\0boom" */
    static const char answer[] =
        "{\"run\": {\"stdout\": \"YQBib29t\", \"stderr\": \"\", \"encoding\": \"base64\"}}";
    bad("{\"lacks\": \"boom\"}", answer, "boom");
    good("{\"stdout_bytes\": 6, \"stderr_bytes\": 0}", answer);
    bad("{\"stdout_bytes\": 5}", answer, "stdout_bytes is 6");
}

static void test_cpu_time_is_bounded(void **state)
{
    (void)state;
    good("{\"cpu_ms_below\": 13}", RAN("x"));
    bad("{\"cpu_ms_below\": 12}", RAN("x"), "cpu_ms is 12.5");
}

static void test_the_compiler_is_looked_at_when_nothing_ran(void **state)
{
    (void)state;
    static const char answer[] =
        "{\"verdict\": \"compile_error\", \"run\": null, \"compile\": {\"stdout\": \"\", "
        "\"stderr\": \"root:x\", \"encoding\": \"utf8\"}}";
    bad("{\"verdict\": \"compile_error\", \"lacks\": \"root:\"}", answer, "root:");
}

static void test_a_refusal_has_a_status(void **state)
{
    (void)state;
    good("{\"status\": 422}", "{\"status\": 422, \"title\": \"x\"}");
    bad("{\"status\": 422}", "{\"status\": \"queued\", \"id\": \"x\"}", "status");
}

static void test_facts_of_the_host_must_be_hidden_where_the_head_says_so(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf why = {0};
    assert_true(holds("{}", "boot_id", RAN("on vm-of-somebody"), &why));
    assert_false(holds("{}", "boot_id hostname", RAN("on vm-of-somebody"), &why));
    assert_non_null(strstr(why.data, "hostname"));
    assert_false(holds("{}", "mac", RAN("aa:bb:cc:00:11:22"), &why));
}

static void test_addresses_of_the_kernel_are_known(void **state)
{
    (void)state;
    assert_true(prove_has_kernel_pointer("at ffff888100000000 it is"));
    assert_true(prove_has_kernel_pointer("0xffffffff81000000"));
    assert_true(prove_has_kernel_pointer("0xffffffff81000000-ffffffffff600000"));
    assert_false(prove_has_kernel_pointer("ffffffffff600000-ffffffffff601000 --xp [vsyscall]"));
    assert_false(prove_has_kernel_pointer("ffffffffffffffff"));
    assert_false(prove_has_kernel_pointer("00ffff888100000000"));
    assert_false(prove_has_kernel_pointer("7fff88810000 ffff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_the_answer_and_of_its_run_are_compared),
        cmocka_unit_test(test_a_list_is_a_choice),
        cmocka_unit_test(test_output_has_and_lacks),
        cmocka_unit_test(test_the_program_own_word_of_a_leak_is_told),
        cmocka_unit_test(test_nothing_of_the_output_reaches_a_terminal_raw),
        cmocka_unit_test(test_base64_and_nuls_are_looked_through),
        cmocka_unit_test(test_cpu_time_is_bounded),
        cmocka_unit_test(test_the_compiler_is_looked_at_when_nothing_ran),
        cmocka_unit_test(test_a_refusal_has_a_status),
        cmocka_unit_test(test_facts_of_the_host_must_be_hidden_where_the_head_says_so),
        cmocka_unit_test(test_addresses_of_the_kernel_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
