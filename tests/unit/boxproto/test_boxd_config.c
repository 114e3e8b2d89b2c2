/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxd_config.h"
#include "boxproto/weaken.h"

static struct boxd_config config_good(void)
{
    return (struct boxd_config){
        .version = BOXD_CONFIG_VERSION,
        .flags = BOXD_ROOT | BOXD_OWN_IDS,
        .boxes = 8,
        .id_base = 1000000,
        .maxima = {1 << 20, 1 << 20, 100, 10, 0},
        .cgroup = BOX_CGROUP_V2,
        .layer_count = 2,
        .layers = {{1, "usr"}, {2, ""}},
        .log_level = 1,
    };
}

static void assert_refused(const struct boxd_config *config, const char *word)
{
    struct err e = {0};
    assert_int_equal(boxd_config_check(config, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, word));
}

static void test_check_takes_a_good_one(void **state)
{
    (void)state;
    struct boxd_config c = config_good();
    struct err e;
    assert_int_equal(boxd_config_check(&c, &e), 0);
}

static void test_check_takes_switches_only_in_a_test_build(void **state)
{
    (void)state;
    struct boxd_config c = config_good();
    struct err e;
    c.weaken = 1;
    assert_int_equal(boxd_config_check(&c, &e), WEAKEN_BUILD ? 0 : -ERR_INVALID);
}

static void test_check_names_the_number_that_is_out_of_range(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        uint32_t value;
        const char *word;
    } cases[] = {
        {offsetof(struct boxd_config, version), 2, "version"},
        {offsetof(struct boxd_config, flags), 32, "flags"},
        {offsetof(struct boxd_config, flags), BOXD_STAGE, "8 boxes on one stage"},
        {offsetof(struct boxd_config, boxes), 0, "boxes"},
        {offsetof(struct boxd_config, boxes), BOXD_BOXES_MAX + 1, "boxes"},
        {offsetof(struct boxd_config, maxima.processes), 0, "processes"},
        {offsetof(struct boxd_config, cgroup), 3, "cgroup"},
        {offsetof(struct boxd_config, layer_count), BOXD_LAYERS_MAX + 1, "layer_count"},
        {offsetof(struct boxd_config, log_level), 5, "log_level"},
        {offsetof(struct boxd_config, id_base), 0, "id_base"},
        {offsetof(struct boxd_config, id_base), UINT32_MAX - 16, "id_base"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct boxd_config c = config_good();
        memcpy((char *)&c + cases[i].offset, &cases[i].value, sizeof(cases[i].value));
        assert_refused(&c, cases[i].word);
    }
}

static void test_check_refuses_a_maximum_that_would_be_no_limit(void **state)
{
    (void)state;
    struct boxd_config memory = config_good(), disk = config_good(), inodes = config_good();
    memory.maxima.memory_bytes = 0;
    disk.maxima.disk_bytes = 0;
    inodes.maxima.disk_inodes = 0;
    assert_refused(&memory, "maximum");
    assert_refused(&disk, "maximum");
    assert_refused(&inodes, "maximum");
}

static void test_check_takes_an_id_base_of_0_where_no_ids_are_ours(void **state)
{
    (void)state;
    struct boxd_config c = config_good();
    struct err e;
    c.flags = 0;
    c.id_base = 0;
    assert_int_equal(boxd_config_check(&c, &e), 0);
}

static void test_check_refuses_a_target_that_leads_elsewhere(void **state)
{
    (void)state;
    static const char *const bad[] = {"/usr", "usr/", "usr//lib", ".", "..", "usr/..", "../usr"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct boxd_config c = config_good();
        memset(c.layers[0].target, 0, sizeof(c.layers[0].target));
        memcpy(c.layers[0].target, bad[i], strlen(bad[i]));
        assert_refused(&c, "target");
    }
}

static void test_check_refuses_a_target_without_its_end(void **state)
{
    (void)state;
    struct boxd_config c = config_good();
    memset(c.layers[1].target, 'a', sizeof(c.layers[1].target));
    assert_refused(&c, "target");
}

static void test_check_refuses_an_id_that_is_there_twice(void **state)
{
    (void)state;
    struct boxd_config c = config_good();
    c.layers[1].id = c.layers[0].id;
    assert_refused(&c, "twice");
}

static int memfd_of(const void *data, size_t len, bool sealed)
{
    struct err e;
    int fd = -1;
    assert_int_equal(fd_memfd("config", data, len, sealed, &fd, &e), 0);
    return fd;
}

static void test_read_takes_what_is_sealed_and_whole_alone(void **state)
{
    (void)state;
    struct boxd_config c = config_good(), got = {0};
    struct err e;
    AUTO(fd_closep) int good = memfd_of(&c, sizeof(c), true);
    AUTO(fd_closep) int open_still = memfd_of(&c, sizeof(c), false);
    AUTO(fd_closep) int cut = memfd_of(&c, sizeof(c) - 1, true);
    assert_int_equal(boxd_config_read(open_still, &got, &e), -ERR_INVALID);
    assert_int_equal(boxd_config_read(cut, &got, &e), -ERR_INVALID);
    assert_int_equal(got.version, 0);
    assert_int_equal(boxd_config_read(good, &got, &e), 0);
    assert_memory_equal(&got, &c, sizeof(c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_takes_a_good_one),
        cmocka_unit_test(test_check_takes_switches_only_in_a_test_build),
        cmocka_unit_test(test_check_names_the_number_that_is_out_of_range),
        cmocka_unit_test(test_check_refuses_a_maximum_that_would_be_no_limit),
        cmocka_unit_test(test_check_takes_an_id_base_of_0_where_no_ids_are_ours),
        cmocka_unit_test(test_check_refuses_a_target_that_leads_elsewhere),
        cmocka_unit_test(test_check_refuses_a_target_without_its_end),
        cmocka_unit_test(test_check_refuses_an_id_that_is_there_twice),
        cmocka_unit_test(test_read_takes_what_is_sealed_and_whole_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
