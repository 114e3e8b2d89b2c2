/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/table.h"

#define MANY 1000

struct thing {
    char name[16];
    struct table_node node;
};

static struct thing *find(const struct table *t, const char *name)
{
    struct table_node *node = table_find(t, name);
    return node ? TABLE_ITEM(node, struct thing, node) : NULL;
}

static void fill(struct table *t, struct thing *things, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(things[i].name, sizeof(things[i].name), "thing-%zu", i);
        table_add(t, &things[i].node, things[i].name);
    }
}

static void test_find_in_an_empty_table_finds_nothing(void **state)
{
    (void)state;
    struct table t = {0};
    assert_null(table_find(&t, "thing"));
    table_done(&t);
}

static void test_find_gives_what_was_added_also_after_growing(void **state)
{
    (void)state;
    struct table t = {0};
    static struct thing things[MANY];
    fill(&t, things, MANY);
    assert_int_equal(t.count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(find(&t, things[i].name), &things[i]);
    }
    assert_null(find(&t, "thing-1000"));
    table_done(&t);
}

static void test_remove_takes_one_and_leaves_the_others(void **state)
{
    (void)state;
    struct table t = {0};
    static struct thing things[MANY];
    fill(&t, things, MANY);
    for (size_t i = 0; i < MANY; i += 2) {
        table_remove(&t, &things[i].node);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(find(&t, things[i].name), i % 2 ? &things[i] : NULL);
    }
    assert_int_equal(t.count, MANY / 2);
    table_done(&t);
}

static void test_remove_of_what_is_not_in_it_changes_nothing(void **state)
{
    (void)state;
    struct table t = {0};
    struct thing things[2] = {0};
    fill(&t, things, 1);
    table_remove(&t, &things[1].node);
    assert_ptr_equal(find(&t, "thing-0"), &things[0]);
    assert_int_equal(t.count, 1);
    table_done(&t);
}

static void test_next_gives_each_once_which_may_go_meanwhile(void **state)
{
    (void)state;
    struct table t = {0};
    static struct thing things[MANY];
    assert_null(table_next(&t, NULL));
    fill(&t, things, MANY);
    for (struct table_node *node = table_next(&t, NULL), *next; node; node = next) {
        next = table_next(&t, node);
        struct thing *one = TABLE_ITEM(node, struct thing, node);
        assert_ptr_equal(find(&t, one->name), one);
        table_remove(&t, node);
    }
    assert_int_equal(t.count, 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_null(things[i].node.key);
    }
    table_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_in_an_empty_table_finds_nothing),
        cmocka_unit_test(test_find_gives_what_was_added_also_after_growing),
        cmocka_unit_test(test_remove_takes_one_and_leaves_the_others),
        cmocka_unit_test(test_remove_of_what_is_not_in_it_changes_nothing),
        cmocka_unit_test(test_next_gives_each_once_which_may_go_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
