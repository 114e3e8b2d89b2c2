/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

/* Through an integer: literals are const, and argv is not. */
#define WORDS(...)                                                                                 \
    ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static char file_path[] = "/tmp/belljar-test-config-XXXXXX";
static char file_variable[64];

static int file_make(void **state)
{
    (void)state;
    int fd = mkstemp(file_path);
    snprintf(file_variable, sizeof(file_variable), "BELLJAR_CONFIG=%s", file_path);
    return fd < 0 ? -1 : close(fd);
}

static int file_remove(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void file_write(const char *text)
{
    FILE *f = fopen(file_path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

/* Always with a file of our own: the host may have one in /etc. */
static int load(const char *file, char *const *environment, char *const *words, struct config **ret,
                struct err *e)
{
    AUTO(mem_freep) char **rest = NULL;
    AUTO(strv_freep) char **all = strv_dup(environment);
    file_write(file);
    strv_add(&all, file_variable);
    strv_add(&all, "BELLJAR_JUDGE0_CONF=none");
    return config_load(words, all, ret, &rest, e);
}

static struct config *loaded(const char *file, char *const *environment, char *const *words)
{
    struct config *c = NULL;
    struct err e = {0};
    if (load(file, environment, words, &c, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return c;
}

static void assert_refused(const char *file, char *const *environment, char *const *words,
                           const char *expected)
{
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char *text = NULL;
    const char *at = strstr(expected, "FILE:");
    text = at ? xasprintf("%.*s%s%s", (int)(at - expected), expected, file_path, at + 4)
              : xstrdup(expected);
    assert_int_equal(load(file, environment, words, &c, &e), -ERR_INVALID);
    assert_null(c);
    if (!strstr(e.text, text)) {
        fail_msg("'%s' is not in '%s'", text, e.text);
    }
}

static void load_nothing_gives_defaults(void **state)
{
    (void)state;
    AUTO(config_freep) struct config *c = loaded("", WORDS(), WORDS());
    assert_int_equal(strv_len(c->listen), 1);
    assert_string_equal(c->listen[0], "127.0.0.1:2358");
    assert_int_equal(strv_len(c->listen_optional), 0);
    assert_int_equal(c->run_wall_ms, 3000);
    assert_string_equal(c->data, "");
    assert_true(c->disable_networking);
    assert_int_equal(config_source(c, &c->run_wall_ms), CONFIG_DEFAULT);
}

static void load_each_source_is_over_the_one_before(void **state)
{
    (void)state;
    const char *file = "[limits]\nrun_wall_ms = 1\nrun_cpu_ms = 2\nprocesses = 3\n";
    AUTO(config_freep)
    struct config *c =
        loaded(file, WORDS("BELLJAR_LIMITS_RUN_CPU_MS=20", "BELLJAR_LIMITS_PROCESSES=30"),
               WORDS("--limits-processes", "300"));
    assert_int_equal(c->run_wall_ms, 1);
    assert_int_equal(c->run_cpu_ms, 20);
    assert_int_equal(c->processes, 300);
    assert_int_equal(c->open_files, 2048);
    assert_int_equal(config_source(c, &c->run_wall_ms), CONFIG_FILE);
    assert_int_equal(config_source(c, &c->run_cpu_ms), CONFIG_ENVIRONMENT);
    assert_int_equal(config_source(c, &c->processes), CONFIG_FLAG);
}

static void load_file_reads_every_type(void **state)
{
    (void)state;
    const char *file = "runtimes.dir = '/srv'\n[server]\nlisten = [\"[::1]:1\", \"0.0.0.0:2\"]\n"
                       "body_max = \"1M\"\nallowed_hosts = 'a.example'\n"
                       "[log]\nlevel = \"warn\"\n[compat]\nshell_status = true\n"
                       "[limits]\ncpus = \"1.5\"\nrun_wall_ms = '2s'\noutput_bytes = 1_000\n";
    AUTO(config_freep) struct config *c = loaded(file, WORDS(), WORDS());
    assert_string_equal(c->runtime_dir, "/srv");
    assert_int_equal(strv_len(c->listen), 2);
    assert_string_equal(c->listen[0], "[::1]:1");
    assert_int_equal(c->body_max, 1048576);
    assert_string_equal(c->allowed_hosts[0], "a.example");
    assert_int_equal(c->log_level, 2);
    assert_true(c->shell_status);
    assert_int_equal(config_cpu_milli(c), 1500);
    assert_int_equal(c->run_wall_ms, 2000);
    assert_int_equal(c->output_bytes, 1000);
}

static void load_flags_reads_values_in_both_forms(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("", WORDS(),
                              WORDS("--listen", "127.0.0.1:1", "--listen=127.0.0.1:2,127.0.0.1:3",
                                    "--shell-status", "--memory=64M", "--log-level", "DEBUG"));
    assert_int_equal(strv_len(c->listen), 3);
    assert_string_equal(c->listen[2], "127.0.0.1:3");
    assert_true(c->shell_status);
    assert_int_equal(c->run_memory_bytes, 64 << 20);
    assert_int_equal(c->log_level, 0);
}

static void load_flags_leaves_the_rest(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char **rest = NULL;
    char *const *words = WORDS("--slots", "3", "file", "--slots", "x");
    assert_int_equal(config_load(words, WORDS("BELLJAR_CONFIG=/dev/null"), &c, &rest, &e), 0);
    assert_int_equal(c->slots, 3);
    assert_ptr_equal(rest[0], words[2]);
    assert_int_equal(strv_len(rest), 3);
    config_free(c);
}

static void load_flags_end_behind_two_dashes(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char **rest = NULL;
    char *const *words = WORDS("--config", "/dev/null", "--", "--file");
    assert_int_equal(config_load(words, WORDS(), &c, &rest, &e), 0);
    assert_string_equal(rest[0], "--file");
    assert_null(rest[1]);
    config_free(c);
}

static void load_config_flag_is_over_the_variable(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char **rest = NULL;
    file_write("[engine]\nslots = 7\n");
    assert_int_equal(config_load(WORDS("--config", file_path),
                                 WORDS("BELLJAR_CONFIG=/nowhere/belljar.toml"), &c, &rest, &e),
                     0);
    assert_int_equal(c->slots, 7);
    config_free(c);
}

static void load_a_named_file_must_be_there(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct err e = {0};
    AUTO(mem_freep) char **rest = NULL;
    assert_int_equal(config_load(WORDS("--config=/nowhere/b.toml"), WORDS(), &c, &rest, &e),
                     -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "/nowhere/b.toml"));
    assert_int_equal(config_load(WORDS(), WORDS("BELLJAR_CONFIG="), &c, &rest, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "BELLJAR_CONFIG names no file"));
}

static void refusal_says_place_text_and_range(void **state)
{
    (void)state;
    assert_refused("[limits]\nrun_wall_ms = 0\n", WORDS(), WORDS(),
                   "FILE:2: limits.run_wall_ms is '0', which is out of range; give 1 to 3600000 "
                   "milliseconds");
    assert_refused("", WORDS("BELLJAR_ENGINE_SLOTS=many"), WORDS(),
                   "environment BELLJAR_ENGINE_SLOTS: engine.slots is 'many', which is not a "
                   "number that can be used; give 0 to 512");
    assert_refused("", WORDS(), WORDS("--slots=513"),
                   "flag --slots: engine.slots is '513', which is out of range; give 0 to 512");
    assert_refused("", WORDS(), WORDS("--memory", "-1"),
                   "flag --memory: limits.run_memory_bytes is '-1', which is out of range; give "
                   "4194304 to");
    assert_refused("", WORDS("BELLJAR_LOG_LEVEL=loud"), WORDS(),
                   "give debug, info, warn, error or none");
    assert_refused("", WORDS(), WORDS("--listen", "2358"),
                   "flag --listen: server.listen is '2358'");
    assert_refused("", WORDS(), WORDS("--listen", "::1:2358"),
                   "is '::1:2358', which is no address");
    assert_refused("", WORDS(), WORDS("--listen", "1.2.3.4:65536"), "no address to listen on");
    assert_refused("", WORDS(), WORDS("--cpus", "0.001"), "flag --cpus: limits.cpus is '0.001'");
    assert_refused("", WORDS(), WORDS("--slots"), "flag --slots needs a value: 0 to 512");
    assert_refused("", WORDS(), WORDS("--config"), "flag --config needs a value: the path");
}

static void refusal_says_the_type_of_a_file_value(void **state)
{
    (void)state;
    assert_refused("engine.slots = \"4\"", WORDS(), WORDS(),
                   "FILE:1: engine.slots takes an integer, not a string");
    assert_refused("server.data = 1", WORDS(), WORDS(), "takes a string, not an integer");
    assert_refused("compat.shell_status = \"true\"", WORDS(), WORDS(), "without quotes");
    assert_refused("server.listen = [1]", WORDS(), WORDS(), "takes an array of strings");
    assert_refused("server.listen = [\"127.0.0.1:1\", \"x\"]", WORDS(), WORDS(),
                   "server.listen is 'x'");
    assert_refused("x", WORDS(), WORDS(), "FILE:1: = is missing after 'x'");
}

static void unknown_names_get_a_suggestion(void **state)
{
    (void)state;
    assert_refused("", WORDS(), WORDS("--lsiten", "x"),
                   "unknown flag '--lsiten'; did you mean --listen?");
    assert_refused("", WORDS(), WORDS("--limits-run-wal-ms=1"),
                   "did you mean --limits-run-wall-ms?");
    assert_refused("", WORDS(), WORDS("--frobnicate"), "unknown flag '--frobnicate'; --help lists");
    assert_refused("", WORDS(), WORDS("-x"), "unknown flag '-x'");
    assert_refused("[limits]\nrun_wal_ms = 1", WORDS(), WORDS(),
                   "FILE:2: unknown key 'limits.run_wal_ms'; did you mean limits.run_wall_ms?");
    assert_refused("run_wall_ms = 1", WORDS(), WORDS(), "did you mean limits.run_wall_ms?");
    assert_refused("[frobnicate]\nfrob = 1", WORDS(), WORDS(), "unknown key 'frobnicate.frob'; ");
    assert_refused("[limit]", WORDS(), WORDS(),
                   "FILE:1: unknown table [limit]; did you mean [limits]?");
    assert_refused("[zzz]", WORDS(), WORDS(), "unknown table [zzz]; remove it");
    assert_refused(
        "", WORDS("BELLJAR_LOG_LEVLE=info"), WORDS(),
        "environment BELLJAR_LOG_LEVLE: unknown variable; did you mean BELLJAR_LOG_LEVEL?");
    assert_refused("", WORDS("BELLJAR_FROBNICATE=1"), WORDS(), "unknown variable; unset it");
}

static void piston_names_are_read(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c =
        loaded("",
               WORDS("PISTON_LOG_LEVEL=WARN", "PISTON_BIND_ADDRESS=0.0.0.0:2000",
                     "PISTON_DATA_DIRECTORY=/piston", "PISTON_RUN_TIMEOUT=5000",
                     "PISTON_COMPILE_MEMORY_LIMIT=100000000", "PISTON_OUTPUT_MAX_SIZE=1024",
                     "PISTON_MAX_CONCURRENT_JOBS=64", "PISTON_LIMIT_OVERRIDES={\"c\":{}}",
                     "PISTON_RUNNER_UID_MIN=1001", "PISTON_WHATEVER=x"),
               WORDS());
    assert_int_equal(c->log_level, 2);
    assert_string_equal(c->listen[0], "0.0.0.0:2000");
    assert_string_equal(c->data, "/piston");
    assert_int_equal(c->run_wall_ms, 5000);
    assert_int_equal(c->compile_memory_bytes, 100000000);
    assert_int_equal(c->output_bytes, 1024);
    assert_int_equal(c->slots, 64);
    assert_string_equal(c->limit_overrides, "{\"c\":{}}");
}

static void piston_none_keeps_the_limit_that_is_there(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("limits.run_memory_bytes = 8388608\n",
                              WORDS("PISTON_RUN_MEMORY_LIMIT=-1", "PISTON_RUN_TIMEOUT=0",
                                    "PISTON_COMPILE_TIMEOUT=-1", "PISTON_RUN_CPU_TIME=-1"),
                              WORDS());
    assert_int_equal(c->run_memory_bytes, 8388608);
    assert_int_equal(config_source(c, &c->run_memory_bytes), CONFIG_FILE);
    assert_int_equal(c->run_wall_ms, 3000);
    assert_int_equal(c->compile_wall_ms, 10000);
    assert_int_equal(c->run_cpu_ms, 3000);
    assert_refused("", WORDS("PISTON_MAX_OPEN_FILES=-1"), WORDS(),
                   "environment PISTON_MAX_OPEN_FILES: limits.open_files is '-1', which is out of");
    assert_refused("", WORDS("BELLJAR_LIMITS_RUN_WALL_MS=0"), WORDS(), "out of range");
    assert_refused("", WORDS("PISTON_RUN_TIMEOUT=1e6"), WORDS(), "is '1e6', which is not a number");
}

static void piston_networking_takes_any_clear_word(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "TRUE", "Yes", "on", NULL};
    static const char *const no[] = {"false", "0", "No", "OFF", NULL};
    for (const char *const *word = yes; *word; word++) {
        AUTO(mem_freep) char *variable = xasprintf("PISTON_DISABLE_NETWORKING=%s", *word);
        AUTO(config_freep) struct config *c = loaded("", WORDS(variable), WORDS());
        assert_true(c->disable_networking);
        assert_null(config_warnings(c));
    }
    for (const char *const *word = no; *word; word++) {
        AUTO(mem_freep) char *variable = xasprintf("PISTON_DISABLE_NETWORKING=%s", *word);
        AUTO(config_freep) struct config *c = loaded("", WORDS(variable), WORDS());
        assert_false(c->disable_networking);
        assert_null(config_warnings(c));
    }
    assert_refused("", WORDS("PISTON_DISABLE_NETWORKING=maybe"), WORDS(),
                   "environment PISTON_DISABLE_NETWORKING: network.disable is 'maybe', which is "
                   "neither; give true or false");
    assert_refused("", WORDS("PISTON_DISABLE_NETWORKING="), WORDS(), "is '', which is neither");
}

static void other_names_are_read_and_scaled(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c =
        loaded("",
               WORDS("MAX_CONCURRENT=3", "DEFAULT_CPU_LIMIT=0.5", "DEFAULT_MEMORY_LIMIT=256",
                     "RUNTIME_DIR=/srv/runtimes", "PORT=8080"),
               WORDS());
    assert_int_equal(c->slots, 3);
    assert_int_equal(config_cpu_milli(c), 500);
    assert_int_equal(c->run_memory_bytes, 256 << 20);
    assert_string_equal(c->runtime_dir, "/srv/runtimes");
    assert_string_equal(c->listen[0], "127.0.0.1:8080");
    assert_refused("", WORDS("DEFAULT_MEMORY_LIMIT=1"), WORDS(),
                   "environment DEFAULT_MEMORY_LIMIT=1, times 1048576: ");
    assert_refused("", WORDS("DEFAULT_MEMORY_LIMIT=99999999999999999999"), WORDS(), "not a number");
    assert_refused("", WORDS("PORT=http"), WORDS(), "environment PORT: ");
}

static void names_of_one_setting_have_an_order(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c = loaded("",
                              WORDS("PISTON_RUN_MEMORY_LIMIT=9000000", "DEFAULT_MEMORY_LIMIT=256",
                                    "BELLJAR_SERVER_LISTEN=127.0.0.1:1",
                                    "PISTON_BIND_ADDRESS=127.0.0.1:2", "PORT=3"),
                              WORDS());
    assert_int_equal(c->run_memory_bytes, 9000000);
    assert_int_equal(strv_len(c->listen), 1);
    assert_string_equal(c->listen[0], "127.0.0.1:1");
}

static void flag_says_whether_a_value_follows(void **state)
{
    (void)state;
    assert_int_equal(config_flag("--data"), CONFIG_FLAG_OPEN);
    assert_int_equal(config_flag("--data=x"), CONFIG_FLAG_WHOLE);
    assert_int_equal(config_flag("--shell-status"), CONFIG_FLAG_WHOLE);
    assert_int_equal(config_flag("--config"), CONFIG_FLAG_OPEN);
    assert_int_equal(config_flag("--json"), CONFIG_FLAG_NONE);
    assert_int_equal(config_flag("data"), CONFIG_FLAG_NONE);
}

static void print_names_the_origin_and_can_be_read_again(void **state)
{
    (void)state;
    AUTO(config_freep)
    struct config *c =
        loaded("log.level = 'error'", WORDS("BELLJAR_SERVER_DATA=/a \"b\"\\\n", "MAX_CONCURRENT=5"),
               WORDS("--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"));
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep) char *place = xasprintf("log.level = \"error\"  # from %s:1\n", file_path);
    config_print(c, &text);
    assert_non_null(strstr(text.data, "server.listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]  # from "
                                      "flag --listen\n"));
    assert_non_null(strstr(text.data, place));
    assert_non_null(strstr(text.data, "engine.slots = 5  # from environment MAX_CONCURRENT\n"));
    assert_non_null(strstr(text.data, "limits.run_wall_ms = 3000  # from default\n"));

    AUTO(config_freep) struct config *again = loaded(text.data, WORDS(), WORDS());
    assert_string_equal(again->data, c->data);
    assert_int_equal(strv_len(again->listen), 2);
    assert_int_equal(again->log_level, 3);
}

static void help_and_markdown_name_every_key(void **state)
{
    (void)state;
    static const char *const keys[] = {
#define X(type, field, key, ...) key,
#include "config/options.def"
#undef X
    };
    AUTO(buf_done) struct buf help = {0};
    AUTO(buf_done) struct buf page = {0};
    config_help(&help);
    config_markdown(&page);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        AUTO(mem_freep) char *cell = xasprintf("| `%s` |", keys[i]);
        assert_non_null(strstr(page.data, cell));
    }
    assert_non_null(strstr(help.data, "  --listen ADDR:PORT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_nothing_gives_defaults),
        cmocka_unit_test(load_each_source_is_over_the_one_before),
        cmocka_unit_test(load_file_reads_every_type),
        cmocka_unit_test(load_flags_reads_values_in_both_forms),
        cmocka_unit_test(load_flags_leaves_the_rest),
        cmocka_unit_test(load_flags_end_behind_two_dashes),
        cmocka_unit_test(load_config_flag_is_over_the_variable),
        cmocka_unit_test(load_a_named_file_must_be_there),
        cmocka_unit_test(refusal_says_place_text_and_range),
        cmocka_unit_test(refusal_says_the_type_of_a_file_value),
        cmocka_unit_test(unknown_names_get_a_suggestion),
        cmocka_unit_test(piston_names_are_read),
        cmocka_unit_test(piston_none_keeps_the_limit_that_is_there),
        cmocka_unit_test(piston_networking_takes_any_clear_word),
        cmocka_unit_test(other_names_are_read_and_scaled),
        cmocka_unit_test(names_of_one_setting_have_an_order),
        cmocka_unit_test(flag_says_whether_a_value_follows),
        cmocka_unit_test(print_names_the_origin_and_can_be_read_again),
        cmocka_unit_test(help_and_markdown_name_every_key),
    };
    return cmocka_run_group_tests(tests, file_make, file_remove);
}
