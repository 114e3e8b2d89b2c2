/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of itself: settings, commands, this host, and counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/statistics.h"
#include "api/judge0/system_info.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "store/store.h"

static char *dump(json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(v);
    return text;
}

/* --- config_info ----------------------------------------------------------------------------- */

/* With no judge0.conf: what the table of options has. */
static void test_settings_are_told_in_judge0s_order_and_types(void **state)
{
    (void)state;
    char *none[] = {NULL}, **rest = NULL;
    AUTO(config_freep) struct config *config = NULL;
    struct err e = {0};
    assert_int_equal(config_load(none, none, &config, &rest, &e), 0);
    free(rest);
    AUTO(mem_freep) char *text = dump(config_info_json(config));
    assert_string_equal(
        text,
        "{\"maintenance_mode\":false,\"enable_wait_result\":true,\"enable_compiler_options\":true,"
        "\"allowed_languages_for_compile_options\":[],\"enable_command_line_arguments\":true,"
        "\"enable_submission_delete\":false,\"enable_callbacks\":true,\"callbacks_max_tries\":3,"
        "\"callbacks_timeout\":5.0,\"enable_additional_files\":true,\"max_queue_size\":10000,"
        "\"cpu_time_limit\":5.0,\"max_cpu_time_limit\":15.0,\"cpu_extra_time\":1.0,"
        "\"max_cpu_extra_time\":5.0,\"wall_time_limit\":10.0,\"max_wall_time_limit\":20.0,"
        "\"memory_limit\":128000,\"max_memory_limit\":512000,\"stack_limit\":64000,"
        "\"max_stack_limit\":128000,\"max_processes_and_or_threads\":60,"
        "\"max_max_processes_and_or_threads\":120,"
        "\"enable_per_process_and_thread_time_limit\":false,"
        "\"allow_enable_per_process_and_thread_time_limit\":true,"
        "\"enable_per_process_and_thread_memory_limit\":false,"
        "\"allow_enable_per_process_and_thread_memory_limit\":true,\"max_file_size\":1024,"
        "\"max_max_file_size\":4096,\"number_of_runs\":1,\"max_number_of_runs\":20,"
        "\"redirect_stderr_to_stdout\":false,\"max_extract_size\":10240,"
        "\"enable_batched_submissions\":true,\"max_submission_batch_size\":20,"
        "\"submission_cache_duration\":1.0,\"use_docs_as_homepage\":false,"
        "\"allow_enable_network\":false,\"enable_network\":false}");
}

static void test_settings_keep_fractions_and_lists(void **state)
{
    (void)state;
    char *words[] = {(char[]){"C"}, (char[]){"Java"}, NULL};
    struct config config = {.judge0_cpu_ms = 1100, .judge0_compiler_options_languages = words};
    AUTO(mem_freep) char *text = dump(config_info_json(&config));
    assert_non_null(strstr(text, "\"cpu_time_limit\":1.1,"));
    assert_non_null(strstr(text, "\"allowed_languages_for_compile_options\":[\"C\",\"Java\"]"));
}

/* --- commands -------------------------------------------------------------------------------- */

static void test_a_command_is_the_text_of_its_recipe(void **state)
{
    (void)state;
    char *compile[] = {(char[]){"/usr/bin/gcc"}, (char[]){"-o"}, (char[]){"a.out"},
                       (char[]){"{sources}"}, NULL};
    char *run[] = {(char[]){"node"}, (char[]){"{stem}.js"}, (char[]){"{args}"}, NULL};
    AUTO(mem_freep) char *compiled = command_text(compile, "main.c", "%s");
    AUTO(mem_freep) char *ran = command_text(run, "script.ts", NULL);
    assert_string_equal(compiled, "/usr/bin/gcc %s -o a.out main.c");
    assert_string_equal(ran, "node script.js");
    assert_null(command_text(NULL, "main.c", "%s"));
}

static void test_compiler_options_are_shown_where_the_recipe_has_them(void **state)
{
    (void)state;
    char *script[] = {(char[]){"sh"}, (char[]){"-c"},        (char[]){"x"}, (char[]){"sh"},
                      (char[]){"as"}, (char[]){"{sources}"}, NULL};
    char *own[] = {(char[]){"go"}, (char[]){"build"}, (char[]){"{compile_args}"},
                   (char[]){"{sources}"}, NULL};
    AUTO(mem_freep) char *behind_tool = command_text(script, "main.asm", "%s");
    AUTO(mem_freep) char *placed = command_text(own, "main.go", "%s");
    assert_string_equal(behind_tool, "sh -c x sh as %s main.asm");
    assert_string_equal(placed, "go build %s main.go");
}

static void test_words_of_a_command_are_quoted_as_for_a_shell(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"},     (char[]){"exec \"$1\" 'x'"},
                    (char[]){""},   (char[]){"{main}"}, NULL};
    AUTO(mem_freep) char *text = command_text(argv, "script.sql", NULL);
    assert_string_equal(text, "sh -c 'exec \"$1\" '\\''x'\\''' '' script.sql");
}

/* --- system_info ----------------------------------------------------------------------------- */

static void expect_size(uint64_t bytes, const char *wanted)
{
    char text[SYSTEM_TEXT_MAX];
    system_info_memory(bytes, text);
    assert_string_equal(text, wanted);
}

static void test_memory_is_told_as_free_does(void **state)
{
    (void)state;
    expect_size(0, "0B");
    expect_size(999, "999B");
    expect_size(1023, "1.0Ki");
    expect_size(UINT64_C(24684092) << 10, "23Gi");
    expect_size(UINT64_C(512000) << 10, "500Mi");
    expect_size(UINT64_C(8600) << 10, "8.4Mi");
    expect_size(UINT64_C(2) << 40, "2.0Ti");
}

static void expect_cache(uint64_t bytes, const char *wanted)
{
    char text[SYSTEM_TEXT_MAX];
    system_info_cache(bytes, text);
    assert_string_equal(text, wanted);
}

static void test_caches_are_told_as_lscpu_does(void **state)
{
    (void)state;
    expect_cache(512, "512 B");
    expect_cache(96 << 10, "96 KiB");
    expect_cache(1 << 20, "1 MiB");
    expect_cache((2 << 20) + (512 << 10), "2.5 MiB");
    expect_cache(UINT64_C(1) << 30, "1 GiB");
}

static void expect_cpus(const char *list, const char *wanted)
{
    AUTO(mem_freep) char *text = system_info_cpus(list);
    assert_string_equal(text, wanted);
}

static void test_lists_of_cpus_are_told_as_lscpu_does(void **state)
{
    (void)state;
    expect_cpus("0", "0");
    expect_cpus("0-1", "0,1");
    expect_cpus("0-3,5,7-8", "0-3,5,7,8");
    expect_cpus("", "");
}

/* "Model name:   AMD EPYC" -> label and value; false for other lines. */
static bool line_split(char *line, char **ret_value)
{
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    *ret_value = colon + 1 + strspn(colon + 1, " ");
    (*ret_value)[strcspn(*ret_value, "\n")] = '\0';
    return true;
}

/* Compares what both have; *ret_same is how many. */
static void compare_lines_of(FILE *lines, const json_t *info, unsigned *ret_same)
{
    char line[16384], *value;
    while (fgets(line, sizeof(line), lines) != NULL) {
        const char *ours = NULL;
        if (line_split(line, &value)) {
            ours = json_string_value(json_object_get(info, line));
        }
        if (ours != NULL) {
            assert_string_equal(ours, value);
            (*ret_same)++;
        }
    }
}

static void test_the_host_is_described_as_by_lscpu(void **state)
{
    (void)state;
    if (system("lscpu >/dev/null 2>&1") != 0) { /* NOLINT: fixed text */
        puts("skipped: lscpu is not there, or does not work here (no /sys)");
        skip(); /* before there is anything to free: it does not come back */
    }
    AUTO(json_freep) json_t *info = system_info_json();
    FILE *lines = popen("LC_ALL=C lscpu 2>/dev/null", "r");
    unsigned same = 0;
    assert_non_null(lines);
    compare_lines_of(lines, info, &same);
    assert_int_equal(pclose(lines), 0);
    assert_true(same >= 8);
}

static void test_memory_of_the_host_is_there(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *info = system_info_json();
    assert_true(json_is_string(json_object_get(info, "Mem")));
    assert_true(json_is_string(json_object_get(info, "Swap")));
    assert_true(json_is_string(json_object_get(info, "Architecture")));
}

/* --- statistics ------------------------------------------------------------------------------ */

static void expect_pretty(uint64_t bytes, const char *wanted)
{
    char text[PRETTY_SIZE_MAX];
    statistics_pretty_size(bytes, text);
    assert_string_equal(text, wanted);
}

static void test_sizes_are_told_as_postgresql_does(void **state)
{
    (void)state;
    expect_pretty(0, "0 bytes");
    expect_pretty(10239, "10239 bytes");
    expect_pretty(10240, "10 kB");
    expect_pretty(10240 + 511, "10 kB");
    expect_pretty(10240 + 512, "11 kB");
    expect_pretty(UINT64_C(7743) << 10, "7743 kB");
    expect_pretty((UINT64_C(10240) << 10) - 513, "10239 kB");
    expect_pretty((UINT64_C(10240) << 10) - 512, "10 MB");
    expect_pretty(UINT64_C(10240) << 10, "10 MB");
    expect_pretty(UINT64_C(1) << 40, "1024 GB");
}

#define NOW_NS UINT64_C(1795324564399000000) /* 2026-11-22T05:16:04.399Z */

static void test_counts_have_judge0s_shape(void **state)
{
    (void)state;
    struct store_count statuses[] = {{3, 60}, {6, 8}};
    struct store_statistics all = {
        .total = 68, .statuses = statuses, .status_count = 2, .bytes = UINT64_C(7743) << 10};
    all.days[0] = 5;
    all.days[1] = 4;
    all.days[30] = 3;
    AUTO(mem_freep) char *text = dump(statistics_json(&all, NULL, NOW_NS));
    const char *begin = "{\"created_at\":\"2026-11-22T05:16:04.399+00:00\","
                        "\"cached_until\":\"2026-11-22T05:26:04.399+00:00\","
                        "\"submissions\":{\"total\":68,\"today\":5,\"last_30_days\":"
                        "{\"2026-11-21\":4,\"2026-11-20\":0,";
    const char *end = ",\"2026-10-24\":0,\"2026-10-23\":3}},\"languages\":[],\"statuses\":"
                      "[{\"status\":{\"id\":3,\"name\":\"Accepted\"},\"count\":60},"
                      "{\"status\":{\"id\":6,\"name\":\"Compilation Error\"},\"count\":8}],"
                      "\"database\":{\"size_pretty\":\"7743 kB\",\"size_in_bytes\":7928832}}";
    assert_memory_equal(text, begin, strlen(begin));
    assert_true(strlen(text) > strlen(end));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

static void test_there_are_thirty_days(void **state)
{
    (void)state;
    struct store_statistics all = {0};
    AUTO(json_freep) json_t *o = statistics_json(&all, NULL, NOW_NS);
    const json_t *days = json_object_get(json_object_get(o, "submissions"), "last_30_days");
    assert_int_equal(json_object_size(days), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_told_in_judge0s_order_and_types),
        cmocka_unit_test(test_settings_keep_fractions_and_lists),
        cmocka_unit_test(test_a_command_is_the_text_of_its_recipe),
        cmocka_unit_test(test_compiler_options_are_shown_where_the_recipe_has_them),
        cmocka_unit_test(test_words_of_a_command_are_quoted_as_for_a_shell),
        cmocka_unit_test(test_memory_is_told_as_free_does),
        cmocka_unit_test(test_caches_are_told_as_lscpu_does),
        cmocka_unit_test(test_lists_of_cpus_are_told_as_lscpu_does),
        cmocka_unit_test(test_the_host_is_described_as_by_lscpu),
        cmocka_unit_test(test_memory_of_the_host_is_there),
        cmocka_unit_test(test_sizes_are_told_as_postgresql_does),
        cmocka_unit_test(test_counts_have_judge0s_shape),
        cmocka_unit_test(test_there_are_thirty_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
