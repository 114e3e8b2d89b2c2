/* SPDX-License-Identifier: Apache-2.0 */
/* judge0.conf as a source of settings, and Judge0's names in the environment. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"

/* Through an integer: literals are const, and argv is not. */
#define WORDS(...)                                                                                 \
    ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static char judge0_path[] = "/tmp/belljar-test-judge0-XXXXXX";
static char toml_path[] = "/tmp/belljar-test-toml-XXXXXX";

static int files_make(void **state)
{
    (void)state;
    int a = mkstemp(judge0_path), b = mkstemp(toml_path);
    return a < 0 || b < 0 ? -1 : close(a) + close(b);
}

static int files_remove(void **state)
{
    (void)state;
    return unlink(judge0_path) + unlink(toml_path);
}

static void write_to(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

/* judge0: NULL for none */
static int load(const char *judge0, const char *toml, char *const *environment, char *const *words,
                struct config **ret, struct err *e)
{
    AUTO(mem_freep) char **rest = NULL;
    AUTO(mem_freep)
    char *judge0_variable =
        xasprintf("BELLJAR_JUDGE0_CONF=%s", judge0 ? judge0_path : CONFIG_JUDGE0_NONE);
    AUTO(mem_freep) char *toml_variable = xasprintf("BELLJAR_CONFIG=%s", toml_path);
    AUTO(strv_freep) char **all = strv_dup(environment);
    write_to(judge0_path, judge0 ? judge0 : "");
    write_to(toml_path, toml);
    strv_add(&all, judge0_variable);
    strv_add(&all, toml_variable);
    return config_load(words, all, ret, &rest, e);
}

static struct config *loaded_from(const char *judge0, const char *toml, char *const *environment,
                                  char *const *words)
{
    struct config *c = NULL;
    struct err e = {0};
    if (load(judge0, toml, environment, words, &c, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return c;
}

static struct config *loaded(const char *judge0)
{
    return loaded_from(judge0, "", WORDS(), WORDS());
}

static void assert_refused(const char *judge0, const char *expected)
{
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char *text = xasprintf("%s%s", judge0_path, expected);
    assert_int_equal(load(judge0, "", WORDS(), WORDS(), &c, &e), -ERR_INVALID);
    assert_null(c);
    assert_string_equal(e.text, text);
}

static bool is_warned(const struct config *c, const char *expected)
{
    for (char *const *w = config_warnings(c); w && *w; w++) {
        if (strstr(*w, expected)) {
            return true;
        }
    }
    return false;
}

static void shell_form_sets_each_in_its_unit(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("MAX_CPU_TIME_LIMIT=7.25\nCPU_TIME_LIMIT=3\nMEMORY_LIMIT=64000\n"
                              "MAX_EXTRACT_SIZE=20\nCALLBACKS_TIMEOUT=2.5\nMAX_QUEUE_SIZE=100\n"
                              "COUNT=3\nAUTHN_TOKEN='a,b c'\nMAINTENANCE_MESSAGE=\"Back soon\"\n"
                              "PORT=8080\nJUDGE0_VERSION=1.14.0\n");
    assert_int_equal(c->judge0_cpu_max_ms, 7250);
    assert_int_equal(c->judge0_cpu_ms, 3000);
    assert_int_equal(c->judge0_memory_kb, 64000);
    assert_int_equal(c->judge0_extract_bytes, 20480);
    assert_int_equal(c->callbacks_timeout_ms, 2500);
    assert_int_equal(c->queue_max, 100);
    assert_int_equal(c->slots, 3);
    assert_int_equal(strv_len(c->judge0_authn_token), 2);
    assert_string_equal(c->judge0_authn_token[0], "a,b");
    assert_string_equal(c->judge0_maintenance_message, "Back soon");
    assert_string_equal(c->listen[0], "127.0.0.1:8080");
    assert_string_equal(c->judge0_version, "1.14.0");
    assert_null(config_warnings(c));
}

static void booleans_are_off_or_on_only_for_one_word(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("ENABLE_WAIT_RESULT=false\nENABLE_CALLBACKS=FALSE\n"
                              "ENABLE_SUBMISSION_DELETE=true\nMAINTENANCE_MODE=1\n");
    assert_false(c->judge0_wait);
    assert_true(c->judge0_callbacks);
    assert_true(c->judge0_delete);
    assert_false(c->judge0_maintenance);
    assert_true(is_warned(c, ":2: ENABLE_CALLBACKS is 'FALSE', which Judge0 takes for true"));
    assert_true(is_warned(c, ":4: MAINTENANCE_MODE is '1', which Judge0 takes for false"));
    assert_int_equal(strv_len(config_warnings(c)), 2);
}

static void empty_is_the_default(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("MAX_CPU_TIME_LIMIT=\nENABLE_CALLBACKS=\"\"\nAUTHN_HEADER=\n"
                              "ALLOW_ENABLE_NETWORK=\nREDIS_HOST=\n");
    assert_int_equal(c->judge0_cpu_max_ms, 15000);
    assert_true(c->judge0_callbacks);
    assert_string_equal(c->judge0_authn_header, "X-Auth-Token");
    assert_false(c->judge0_allow_network);
    assert_int_equal(config_source(c, &c->judge0_cpu_max_ms), CONFIG_DEFAULT);
    assert_null(config_warnings(c));
}

static void sections_have_milliseconds_and_last_words(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c =
        loaded("[worker]\nmax_cpu_time_limit = 1000\nmax_queue_size = 5\n[redis]\nport = 1\n"
               "host = r\n[worker]\nmax_cpu_time_limit = 15000\nmax_memory_limit = 512000\n"
               "max_wait_result_timeout = 30\nenable_per_process_and_thread_time_limit = true\n"
               "enable_per_process_and_thread_memory_limit = false\nport = 9\nhost = ::1\n"
               "[database]\npassword = x\n[security]\nmax_number_of_runs = 7\n");
    assert_int_equal(c->judge0_cpu_max_ms, 15000);
    assert_int_equal(c->queue_max, 5);
    assert_int_equal(c->judge0_memory_max_kb, 512000);
    assert_int_equal(c->judge0_wait_ms, 30000);
    assert_true(c->judge0_allow_per_process_time);
    assert_false(c->judge0_per_process_time);
    assert_false(c->judge0_allow_per_process_memory);
    assert_int_equal(c->judge0_runs_max, 7);
    assert_string_equal(c->listen[0], "[::1]:9");
    assert_true(is_warned(c, ": redis.port, redis.host: belljar needs no Redis"));
    assert_true(is_warned(c, ": database.password: belljar needs no database server"));
}

static void what_changes_nothing_is_named_with_what_is_there(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("REDIS_HOST=r\nREDIS_URL=u\nPOSTGRES_DB=d\nWORKER_URL=w\n"
                              "INTERVAL=0.1\nJUDGE0_TELEMETRY_ENABLE=false\nSOMETHING=1\n");
    assert_true(is_warned(c, ": REDIS_HOST, REDIS_URL: belljar needs no Redis"));
    assert_true(is_warned(c, ": POSTGRES_DB: belljar needs no database server"));
    assert_true(is_warned(c, ": WORKER_URL, INTERVAL: there are no worker processes"));
    assert_true(is_warned(c, ":7: SOMETHING is no setting of Judge0"));
    assert_int_equal(strv_len(config_warnings(c)), 4);
}

static void network_and_defaults_above_their_maximum_are_warned(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("ALLOW_ENABLE_NETWORK=true\nCPU_TIME_LIMIT=16\n");
    assert_true(c->judge0_allow_network);
    assert_true(is_warned(c, "judge0.allow_enable_network is true, but network.disable is too"));
    assert_true(is_warned(c, "judge0.cpu_time_limit is 16000, above judge0.max_cpu_time_limit"));
}

static void refusal_says_place_and_range_in_judge0s_units(void **state)
{
    (void)state;
    assert_refused("\nMAX_CPU_TIME_LIMIT=4000\n",
                   ":2: MAX_CPU_TIME_LIMIT is '4000', which is out of range; give 0 to 3600 "
                   "seconds");
    assert_refused("MEMORY_LIMIT=-1",
                   ":1: MEMORY_LIMIT is '-1', which is out of range; give 2048 to 1073741824");
    assert_refused("MAX_EXTRACT_SIZE=x",
                   ":1: MAX_EXTRACT_SIZE is 'x', which is not a number; give 1 to 1073741824 KB");
    assert_refused("CALLBACKS_TIMEOUT=0", ":1: CALLBACKS_TIMEOUT is '0', which is out of range; "
                                          "give 0.001 to 600 seconds");
    assert_refused("PORT=x", ":1: PORT is 'x', which is no port; give 0 to 65535");
    assert_refused("[worker]\ncpu_time_limit = 1.5",
                   ":2: CPU_TIME_LIMIT is '1.5', which is not a number; give 0 to 3600000 "
                   "milliseconds");
    assert_refused("host = a b", ":1: HOST is 'a b', which is no address; give one such as "
                                 "0.0.0.0");
}

static void each_other_source_is_over_judge0_conf(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c =
        loaded_from("MAX_QUEUE_SIZE=1\nCOUNT=1\nCALLBACKS_MAX_TRIES=1\nMAX_NUMBER_OF_RUNS=1\n"
                    "PORT=1\n",
                    "engine.queue_max = 2\ncallbacks.tries = 2\nengine.slots = 2\n",
                    WORDS("CALLBACKS_MAX_TRIES=3", "MAX_CONCURRENT=3"),
                    WORDS("--slots", "4", "--listen", "127.0.0.1:4"));
    assert_int_equal(c->judge0_runs_max, 1);
    assert_int_equal(config_source(c, &c->judge0_runs_max), CONFIG_JUDGE0);
    assert_int_equal(c->queue_max, 2);
    assert_int_equal(c->callbacks_tries, 3);
    assert_int_equal(c->slots, 4);
    assert_int_equal(strv_len(c->listen), 1);
    assert_string_equal(c->listen[0], "127.0.0.1:4");
}

static void each_source_can_name_the_file(void **state)
{
    (void)state;
    AUTO(mem_freep) char *toml = xasprintf("judge0.conf = '%s'", judge0_path);
    AUTO(mem_freep) char **rest = NULL;
    AUTO(mem_freep) char *variable = xasprintf("BELLJAR_CONFIG=%s", toml_path);
    struct config *c = NULL;
    struct err e = {0};
    write_to(toml_path, toml);
    write_to(judge0_path, "COUNT=3");
    assert_int_equal(config_load(WORDS(), WORDS(variable), &c, &rest, &e), 0);
    assert_int_equal(c->slots, 3);
    assert_string_equal(config_judge0_conf_read(c), judge0_path);
    config_free(c);

    c = loaded_from("COUNT=3", "", WORDS(), WORDS("--judge0-conf=none"));
    assert_int_equal(c->slots, 0);
    assert_null(config_judge0_conf_read(c));
    config_free(c);
}

static void a_named_file_must_be_there(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct err e = {0};
    assert_int_equal(load(NULL, "", WORDS(), WORDS("--judge0-conf", "/nowhere/j.conf"), &c, &e),
                     -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "/nowhere/j.conf"));
}

static void print_names_file_and_line(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *c = loaded("\nMAX_WALL_TIME_LIMIT=12\n");
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep)
    char *line = xasprintf("judge0.max_wall_time_limit = 12000  # from %s:2\n", judge0_path);
    config_print(c, &text);
    assert_non_null(strstr(text.data, line));
}

static void environment_takes_unmistakable_names_in_judge0s_words(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded_from(NULL, "judge0.authz_token = ['kept']\n",
                                   WORDS("ENABLE_CALLBACKS=no", "ENABLE_WAIT_RESULT=false",
                                         "CALLBACKS_TIMEOUT=1.5", "AUTHN_TOKEN=a b",
                                         "AUTHZ_TOKEN=", "MEMORY_LIMIT=1", "COUNT=7"),
                                   WORDS());
    assert_true(c->judge0_callbacks);
    assert_true(is_warned(c, "environment ENABLE_CALLBACKS: ENABLE_CALLBACKS is 'no'"));
    assert_false(c->judge0_wait);
    assert_int_equal(config_source(c, &c->judge0_wait), CONFIG_ENVIRONMENT);
    assert_int_equal(c->callbacks_timeout_ms, 1500);
    assert_int_equal(strv_len(c->judge0_authn_token), 2);
    assert_string_equal(c->judge0_authz_token[0], "kept");
    assert_int_equal(c->judge0_memory_kb, 128000);
    assert_true(is_warned(c, "environment MEMORY_LIMIT is not read"));
    assert_true(is_warned(c, "or set BELLJAR_JUDGE0_MEMORY_LIMIT"));
    assert_int_equal(c->slots, 0);
    assert_int_equal(strv_len(config_warnings(c)), 2);
}

static void every_name_sets_an_option(void **state)
{
    (void)state;
    static const struct {
        const char *name, *kind, *target;
    } names[] = {
#define NO_REDIS              ""
#define NO_DATABASE           ""
#define NO_WORKERS            ""
#define NO_RAILS              ""
#define X(name, kind, target) {name, #kind, target},
#include "config/judge0_names.def"
#undef X
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool is_bool = strcmp(names[i].kind, "ON") == 0 || strcmp(names[i].kind, "OFF") == 0;
        AUTO(mem_freep)
        char *text = xasprintf("%s=%s", names[i].name,
                               is_bool                                 ? "true"
                               : strstr(names[i].name, "MEMORY_LIMIT") ? "4096"
                                                                       : "2");
        AUTO(config_freep) struct config *c = loaded(text);
        AUTO(mem_freep) char *line = xasprintf("\n%s = ", names[i].target);
        AUTO(mem_freep) char *place = xasprintf("# from %s:1\n", judge0_path);
        AUTO(buf_done) struct buf shown = {0};
        buf_add_char(&shown, '\n');
        config_print(c, &shown);
        const char *at = strstr(shown.data, line);
        assert_int_equal(at != NULL, strcmp(names[i].kind, "UNUSED") != 0);
        assert_true(!at || strncmp(strstr(at, "# from"), place, strlen(place)) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shell_form_sets_each_in_its_unit),
        cmocka_unit_test(booleans_are_off_or_on_only_for_one_word),
        cmocka_unit_test(empty_is_the_default),
        cmocka_unit_test(sections_have_milliseconds_and_last_words),
        cmocka_unit_test(what_changes_nothing_is_named_with_what_is_there),
        cmocka_unit_test(network_and_defaults_above_their_maximum_are_warned),
        cmocka_unit_test(refusal_says_place_and_range_in_judge0s_units),
        cmocka_unit_test(each_other_source_is_over_judge0_conf),
        cmocka_unit_test(each_source_can_name_the_file),
        cmocka_unit_test(a_named_file_must_be_there),
        cmocka_unit_test(print_names_file_and_line),
        cmocka_unit_test(environment_takes_unmistakable_names_in_judge0s_words),
        cmocka_unit_test(every_name_sets_an_option),
    };
    return cmocka_run_group_tests(tests, files_make, files_remove);
}
