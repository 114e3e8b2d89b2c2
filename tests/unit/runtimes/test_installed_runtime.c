/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"
#include "model/runtime.h"
#include "packages/manifest.h"
#include "runtimes/installed_runtime.h"
#include "sandbox/launch.h"
#include "store_fixture.h"

#define RUN "run = [\"{tool}\", \"{main}\"]\n"

/* The runtime of these keys on these layers; NULL with *e: there is none. */
static struct runtime *runtime_of(const struct bench *b, const char *keys, const uint32_t *layers,
                                  size_t count, struct err *e)
{
    struct manifest *m = toy_manifest(keys, layers, count);
    struct runtime *r = NULL;
    int result = installed_runtime_new(store_fd(b->store), m, &r, e);
    manifest_free(m);
    assert_true((result == 0) == (r != NULL));
    return r;
}

static void assert_words(char *const *words, const char *const *expected)
{
    for (; *expected; words++, expected++) {
        assert_non_null(*words);
        assert_string_equal(*words, *expected);
    }
    assert_null(*words);
}

#define assert_words_are(words, ...) assert_words(words, (const char *const[]){__VA_ARGS__, NULL})

static void test_layers_of_the_store_have_the_guests_on_top(void **state)
{
    struct err e = {0};
    const uint32_t layers[] = {1001, 1000};
    struct runtime *r = runtime_of(*state, RUN, layers, 2, &e);
    assert_non_null(r);

    assert_int_equal(r->layer_count, 3);
    assert_int_equal(r->run_layer_count, 3);
    assert_int_equal(r->layers[0], LAYER_GUEST);
    assert_int_equal(r->layers[1], 1001);
    assert_int_equal(r->layers[2], 1000);
    assert_string_equal(r->source, "debian");
    assert_string_equal(r->version, "1.0.0");
    runtime_unref(r);
}

static void test_tool_is_the_one_that_was_asked(void **state)
{
    struct err e = {0};
    const uint32_t layer = 1000;
    struct runtime *r = runtime_of(*state, RUN, &layer, 1, &e);
    assert_non_null(r);
    assert_words_are(r->run.argv, "/usr/bin/toy", "{main}");
    runtime_unref(r);
}

static void test_home_stands_in_commands_and_environments(void **state)
{
    struct err e = {0};
    const uint32_t layer = 1000;
    struct runtime *r = runtime_of(
        *state, "run = [\"{home}/x\", \"-I{home}/a:{home}/b\", \"{main}\"]\nenv = [\"H={home}\"]\n",
        &layer, 1, &e);
    assert_non_null(r);
    assert_words_are(r->run.argv, "/opt/runtimes/toy-1/x",
                     "-I/opt/runtimes/toy-1/a:/opt/runtimes/toy-1/b", "{main}");
    assert_words_are(r->env, "H=/opt/runtimes/toy-1");
    runtime_unref(r);
}

static void test_programs_are_found_beside_the_tool_then_in_the_usual_places(void **state)
{
    static const struct {
        const char *paths[4];
        const char *expected;
    } cases[] = {
        {{"usr/bin/helper", "usr/local/bin/helper"}, "/usr/bin/helper"}, /* the tool is there */
        {{"usr/local/bin/helper", "usr/games/helper"}, "/usr/local/bin/helper"},
        {{"usr/games/helper"}, "/usr/games/helper"},
        {{"opt/helper"}, "helper"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        uint32_t layer = files_layer(*state, cases[i].paths);
        struct runtime *r = runtime_of(*state, "run = [\"helper\", \"{main}\"]\n", &layer, 1, &e);
        assert_non_null(r);
        assert_words_are(r->run.argv, cases[i].expected, "{main}");
        runtime_unref(r);
    }
}

static void test_whiteout_hides_what_is_below(void **state)
{
    struct err e = {0};
    const uint32_t layers[] = {
        files_layer(*state, (const char *const[]){"!usr/local/bin/helper", NULL}),
        files_layer(*state, (const char *const[]){"usr/local/bin/helper", "usr/sbin/helper", NULL}),
    };
    struct runtime *r = runtime_of(*state, "run = [\"helper\", \"{main}\"]\n", layers, 2, &e);
    assert_non_null(r);
    assert_string_equal(r->run.argv[0], "/usr/sbin/helper");
    runtime_unref(r);
}

/* A link leads to where it leads in a box, not to what this machine has there. */
static void test_links_of_a_layer_do_not_lead_to_the_host(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct stage st;
    struct layer layer;
    assert_done(store_stage(b->store, &st, &e), e);
    put_dir(st.tree_fd, "usr");
    put_dir(st.tree_fd, "usr/local");
    put_link(st.tree_fd, "usr/local/bin", "/usr/bin");
    put_dir(st.tree_fd, "usr/games");
    put_file(st.tree_fd, "usr/games/env", "", 0755);
    put_dir(st.tree_fd, "usr/bin");
    put_file(st.tree_fd, "usr/bin/mine", "", 0755);
    assert_done(store_commit(&st, &layer, &e), e);
    stage_done(&st);

    struct manifest *m =
        toy_manifest("run = [\"env\", \"{main}\"]\ncompile = [\"mine\"]\n", &layer.id, 1);
    struct runtime *r = NULL;
    free(m->tool);
    m->tool = xstrdup("/usr/local/bin/toy");
    assert_done(installed_runtime_new(store_fd(b->store), m, &r, &e), e);
    assert_string_equal(r->run.argv[0], "/usr/games/env");
    assert_string_equal(r->compile.argv[0], "/usr/local/bin/mine");
    runtime_unref(r);
    manifest_free(m);
}

static void test_what_is_prepared_in_its_layers_is_used(void **state)
{
    static const char keys[] = RUN "prepare = \"cpp\"\ncompile = [\"{tool}\", \"-i{prepared}/x\"]\n"
                                   "[prepared]\nrun = [\"{tool}\", \"-i{prepared}/x\"]\n";
    struct err e = {0};
    const uint32_t plain = files_layer(*state, (const char *const[]){"x", NULL});
    const uint32_t layers[] = {
        files_layer(*state, (const char *const[]){"opt/runtimes/toy-1/prepared/", NULL}), plain};
    struct runtime *without = runtime_of(*state, keys, &plain, 1, &e);
    struct runtime *with = runtime_of(*state, keys, layers, 2, &e);
    assert_non_null(without);
    assert_non_null(with);

    assert_words_are(without->run.argv, "/usr/bin/toy", "{main}");
    assert_words_are(without->compile.argv, "/usr/bin/toy");
    assert_words_are(with->run.argv, "/usr/bin/toy", "-i/opt/runtimes/toy-1/prepared/x");
    assert_words_are(with->compile.argv, "/usr/bin/toy", "-i/opt/runtimes/toy-1/prepared/x");
    runtime_unref(without);
    runtime_unref(with);
}

/* In a mount namespace of its own, which the rest of this process stays in. */
static void test_the_folder_of_layers_may_be_a_mount(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    const uint32_t layer = files_layer(
        b, (const char *const[]){"opt/runtimes/toy-1/prepared/", "usr/games/helper", NULL});
    AUTO(mem_freep) char *packages = xasprintf("%s/packages", b->dir);
    AUTO(mem_freep) char *layers = xasprintf("%s/layers", packages);
    if (unshare(CLONE_NEWNS) < 0) {
        print_message("only root can mount\n");
        skip();
    }
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mount(layers, layers, NULL, MS_BIND, NULL), 0);
    /* The store's own descriptor is of the old namespace. */
    AUTO(fd_closep) int fd = open(packages, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct manifest *m =
        toy_manifest("prepare = \"cpp\"\nrun = [\"helper\", \"{prepared}/x\"]\n", &layer, 1);
    struct runtime *r = NULL;
    int result = installed_runtime_new(fd, m, &r, &e);
    manifest_free(m);
    assert_int_equal(umount(layers), 0);
    assert_done(result, e);
    assert_words_are(r->run.argv, "/usr/games/helper", "/opt/runtimes/toy-1/prepared/x");
    runtime_unref(r);
}

static void refused(struct manifest *m, const struct bench *b, const char *says)
{
    struct err e = {0};
    struct runtime *r = NULL;
    assert_int_equal(installed_runtime_new(store_fd(b->store), m, &r, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, says));
    assert_null(r);
    manifest_free(m);
}

static void test_manifests_that_cannot_run_are_refused(void **state)
{
    uint32_t layers[BOX_LAYERS_MAX];
    for (uint32_t i = 0; i < ARRAY_LEN(layers); i++) {
        layers[i] = 1000 + i;
    }
    refused(toy_manifest(RUN, layers, 0), *state, "0 layers");
    refused(toy_manifest(RUN, layers, BOX_LAYERS_MAX - 1), *state, "31 layers");
    struct manifest *m = toy_manifest(RUN, layers, 1);
    mem_freep(&m->version);
    refused(m, *state, "no version");
    m = toy_manifest(RUN, layers, 1);
    free(m->version);
    m->version = xstrdup("one");
    refused(m, *state, "no version");
    m = toy_manifest(RUN, layers, 1);
    mem_freep(&m->tool);
    refused(m, *state, "where its tool is");
    refused(toy_manifest("run = [\"{prepared}/x\"]\n", layers, 1), *state, "nothing to run");
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_layers_of_the_store_have_the_guests_on_top),
        T(test_tool_is_the_one_that_was_asked),
        T(test_home_stands_in_commands_and_environments),
        T(test_programs_are_found_beside_the_tool_then_in_the_usual_places),
        T(test_whiteout_hides_what_is_below),
        T(test_links_of_a_layer_do_not_lead_to_the_host),
        T(test_what_is_prepared_in_its_layers_is_used),
        T(test_the_folder_of_layers_may_be_a_mount),
        T(test_manifests_that_cannot_run_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
