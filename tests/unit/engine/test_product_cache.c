/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "engine/product_cache.h"

#define PAGE  4096
#define SLACK 1024 /* an entry's own memory */

struct rig {
    struct loop *loop;
    struct product_cache *cache;
};

static struct rig rig_new(uint64_t bytes, uint64_t age_ns)
{
    struct rig r = {0};
    struct err e;
    const struct product_cache_config config = {.bytes = bytes, .age_ns = age_ns};
    assert_int_equal(loop_new(&r.loop, &e), 0);
    r.cache = product_cache_new(r.loop, &config);
    return r;
}

static struct rig rig_roomy(void)
{
    return rig_new(1 << 20, 3600 * NS_PER_S);
}

static void rig_done(struct rig *r)
{
    product_cache_free(r->cache);
    loop_free(r->loop);
}

/* One who asks. */
struct asker {
    struct product_claim claim;
    int told;
    bool alone;
};

static void on_ready(void *ctx, bool alone)
{
    struct asker *a = ctx;
    a->told++;
    a->alone = alone;
}

static enum product_turn ask_as(struct rig *r, struct asker *a, const char *key, bool batch,
                                bool alone, struct product *ret)
{
    const struct product_asker asker = {key, batch, alone, on_ready, a};
    return product_ask(r->cache, &asker, &a->claim, ret);
}

static enum product_turn ask(struct rig *r, struct asker *a, const char *key)
{
    struct product ignored;
    return ask_as(r, a, key, false, false, &ignored);
}

static struct stage_result result_of(enum verdict verdict, const char *said)
{
    struct stage_result s = {.ran = true, .verdict = verdict, .wall_ns = 7};
    buf_add_str(&s.out, said);
    return s;
}

static void offer(struct rig *r, struct asker *a, const char *bytes, size_t size)
{
    struct stage_result result = result_of(VERDICT_OK, "note");
    int fd;
    struct err e;
    assert_int_equal(fd_memfd("product", bytes, size, true, &fd, &e), 0);
    const struct product p = {fd, size, &result};
    product_offer(r->cache, &a->claim, &p);
    fd_close(fd);
    stage_result_done(&result);
}

static void offer_result(struct rig *r, struct asker *a, struct stage_result *result)
{
    const struct product p = {-1, 0, result};
    product_offer(r->cache, &a->claim, &p);
    stage_result_done(result);
}

static void make(struct rig *r, const char *key, const char *bytes, size_t size)
{
    struct asker a = {0};
    assert_int_equal(ask(r, &a, key), PRODUCT_MAKE);
    offer(r, &a, bytes, size);
}

static bool is_there(struct rig *r, const char *key)
{
    struct asker a = {0};
    bool there = ask(r, &a, key) == PRODUCT_THERE;
    product_drop(r->cache, &a.claim);
    return there;
}

static void test_product_is_there_for_the_next_who_asks(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    make(&r, "k", "PRODUCT", 7);
    struct asker a = {0};
    struct product p;
    assert_int_equal(ask_as(&r, &a, "k", false, false, &p), PRODUCT_THERE);
    char bytes[8] = "";
    assert_int_equal(pread(p.fd, bytes, sizeof(bytes), 0), 7);
    assert_string_equal(bytes, "PRODUCT");
    assert_int_equal(p.size, 7);
    assert_int_equal(p.result->wall_ns, 7);
    assert_string_equal(p.result->out.data, "note");
    assert_null(a.claim.entry);
    rig_done(&r);
}

static void test_product_of_another_key_is_not_given(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    make(&r, "k", "PRODUCT", 7);
    assert_false(is_there(&r, "l"));
    rig_done(&r);
}

static void test_product_cannot_be_written_to(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    make(&r, "k", "PRODUCT", 7);
    struct asker a = {0};
    struct product p;
    ask_as(&r, &a, "k", false, false, &p);
    assert_int_equal(pwrite(p.fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(p.fd, 0), -1);
    rig_done(&r);
}

static void test_nothing_is_kept_without_room(void **state)
{
    (void)state;
    struct rig r = rig_new(0, NS_PER_S);
    struct asker first = {0}, second = {0};
    assert_int_equal(ask(&r, &first, "k"), PRODUCT_MAKE);
    assert_int_equal(ask(&r, &second, "k"), PRODUCT_MAKE);
    offer(&r, &first, "PRODUCT", 7);
    assert_false(is_there(&r, "k"));
    rig_done(&r);
}

/* --- waiting ------------------------------------------------------------------------------ */

static void test_who_asks_while_it_is_made_waits_and_is_told(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    struct asker maker = {0}, a = {0}, b = {0};
    assert_int_equal(ask(&r, &maker, "k"), PRODUCT_MAKE);
    assert_int_equal(ask(&r, &a, "k"), PRODUCT_AWAIT);
    assert_int_equal(ask(&r, &b, "k"), PRODUCT_AWAIT);
    offer(&r, &maker, "PRODUCT", 7);
    assert_int_equal(a.told, 1);
    assert_int_equal(b.told, 1);
    assert_false(a.alone);
    assert_int_equal(ask(&r, &a, "k"), PRODUCT_THERE);
    rig_done(&r);
}

static void test_maker_that_goes_makes_room_for_another(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    struct asker maker = {0}, a = {0}, b = {0};
    ask(&r, &maker, "k");
    ask(&r, &a, "k");
    ask(&r, &b, "k");
    product_drop(r.cache, &maker.claim);
    assert_int_equal(a.told, 1);
    assert_false(a.alone);
    assert_int_equal(ask(&r, &a, "k"), PRODUCT_MAKE);
    assert_int_equal(ask(&r, &b, "k"), PRODUCT_AWAIT);
    rig_done(&r);
}

static void test_waiter_that_goes_hears_nothing(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    struct asker maker = {0}, a = {0}, b = {0};
    ask(&r, &maker, "k");
    ask(&r, &a, "k");
    ask(&r, &b, "k");
    product_drop(r.cache, &a.claim);
    offer(&r, &maker, "PRODUCT", 7);
    assert_int_equal(a.told, 0);
    assert_int_equal(b.told, 1);
    rig_done(&r);
}

static void test_waiters_compile_alone_when_a_limit_was_met(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    struct asker maker = {0}, a = {0}, b = {0};
    struct product ignored;
    ask(&r, &maker, "k");
    ask(&r, &a, "k");
    ask(&r, &b, "k");
    struct stage_result late = result_of(VERDICT_WALL_TIME_LIMIT, "");
    offer_result(&r, &maker, &late);
    assert_true(a.alone);
    assert_true(b.alone);
    assert_int_equal(ask_as(&r, &a, "k", false, true, &ignored), PRODUCT_MAKE);
    assert_int_equal(ask_as(&r, &b, "k", false, true, &ignored), PRODUCT_MAKE);
    rig_done(&r);
}

static void test_who_is_waited_for_does_not_wait_for_a_batch(void **state)
{
    (void)state;
    struct rig r = rig_roomy();
    struct asker maker = {0}, other = {0}, hasty = {0};
    struct product ignored;
    assert_int_equal(ask_as(&r, &maker, "k", true, false, &ignored), PRODUCT_MAKE);
    assert_int_equal(ask_as(&r, &other, "k", true, false, &ignored), PRODUCT_AWAIT);
    assert_int_equal(ask(&r, &hasty, "k"), PRODUCT_MAKE);
    offer(&r, &maker, "SLOW", 4); /* it is no longer the one that is waited for */
    assert_int_equal(other.told, 0);
    offer(&r, &hasty, "FAST", 4);
    assert_int_equal(other.told, 1);
    rig_done(&r);
}

/* --- what is kept ------------------------------------------------------------------------- */

static bool kept(struct stage_result result)
{
    struct rig r = rig_roomy();
    struct asker a = {0};
    ask(&r, &a, "k");
    offer_result(&r, &a, &result);
    bool there = is_there(&r, "k");
    rig_done(&r);
    return there;
}

static void test_what_did_not_compile_is_kept(void **state)
{
    (void)state;
    assert_true(kept(result_of(VERDICT_NONZERO_EXIT, "x.c:1: error")));
}

static void test_what_a_limit_ended_is_not_kept(void **state)
{
    (void)state;
    static const enum verdict verdicts[] = {
        VERDICT_SIGNALED,     VERDICT_TIME_LIMIT,     VERDICT_WALL_TIME_LIMIT,
        VERDICT_MEMORY_LIMIT, VERDICT_OUTPUT_LIMIT,   VERDICT_PROCESS_LIMIT,
        VERDICT_CANCELLED,    VERDICT_INTERNAL_ERROR, VERDICT_OK /* without a product */,
    };
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        assert_false(kept(result_of(verdicts[i], "")));
    }
    struct stage_result refused = result_of(VERDICT_NONZERO_EXIT, "cannot fork");
    refused.process_limit_hits = 1;
    assert_false(kept(refused));
}

static void test_long_or_cut_output_is_not_kept(void **state)
{
    (void)state;
    struct stage_result cut = result_of(VERDICT_NONZERO_EXIT, "error");
    cut.err_truncated = true;
    assert_false(kept(cut));
    struct stage_result wordy = result_of(VERDICT_NONZERO_EXIT, "");
    memset(buf_reserve(&wordy.err, 65537), 'e', 65537);
    buf_commit(&wordy.err, 65537);
    assert_false(kept(wordy));
}

static void test_least_lately_used_goes_first(void **state)
{
    (void)state;
    struct rig r = rig_new(4 * (PAGE + SLACK + 4), 3600 * NS_PER_S); /* four, each with "note" */
    make(&r, "a", "A", 1);
    make(&r, "b", "B", 1);
    make(&r, "c", "C", 1);
    make(&r, "d", "D", 1);
    assert_int_equal(product_cache_stats(r.cache).count, 4);
    assert_true(is_there(&r, "a"));
    make(&r, "e", "E", 1);
    assert_int_equal(product_cache_stats(r.cache).count, 4);
    assert_false(is_there(&r, "b"));
    assert_true(is_there(&r, "a"));
    assert_true(is_there(&r, "e"));
    rig_done(&r);
}

static void test_product_of_more_than_its_share_is_not_kept(void **state)
{
    (void)state;
    static char large[2 * PAGE];
    struct rig r = rig_new(4 * (PAGE + SLACK + 4), 3600 * NS_PER_S);
    make(&r, "a", "A", 1);
    make(&r, "b", large, sizeof(large));
    assert_true(is_there(&r, "a"));
    assert_false(is_there(&r, "b"));
    rig_done(&r);
}

static void test_bytes_that_are_kept_are_counted_and_freed(void **state)
{
    (void)state;
    struct rig r = rig_new(1 << 20, 1);
    make(&r, "a", "A", 1);
    assert_int_equal(product_cache_stats(r.cache).bytes, PAGE + SLACK + 4);
    struct err e;
    loop_step(r.loop, UINT64_MAX, &e); /* nothing else is to come than its end */
    assert_int_equal(product_cache_stats(r.cache).bytes, 0);
    assert_int_equal(product_cache_stats(r.cache).count, 0);
    rig_done(&r);
}

static void test_old_product_is_not_given(void **state)
{
    (void)state;
    struct rig r = rig_new(1 << 20, 0);
    make(&r, "a", "A", 1);
    assert_false(is_there(&r, "a"));
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product_is_there_for_the_next_who_asks),
        cmocka_unit_test(test_product_of_another_key_is_not_given),
        cmocka_unit_test(test_product_cannot_be_written_to),
        cmocka_unit_test(test_nothing_is_kept_without_room),
        cmocka_unit_test(test_who_asks_while_it_is_made_waits_and_is_told),
        cmocka_unit_test(test_maker_that_goes_makes_room_for_another),
        cmocka_unit_test(test_waiter_that_goes_hears_nothing),
        cmocka_unit_test(test_waiters_compile_alone_when_a_limit_was_met),
        cmocka_unit_test(test_who_is_waited_for_does_not_wait_for_a_batch),
        cmocka_unit_test(test_what_did_not_compile_is_kept),
        cmocka_unit_test(test_what_a_limit_ended_is_not_kept),
        cmocka_unit_test(test_long_or_cut_output_is_not_kept),
        cmocka_unit_test(test_least_lately_used_goes_first),
        cmocka_unit_test(test_product_of_more_than_its_share_is_not_kept),
        cmocka_unit_test(test_bytes_that_are_kept_are_counted_and_freed),
        cmocka_unit_test(test_old_product_is_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
