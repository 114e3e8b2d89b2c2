/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sandbox/filter_thin.h"

#define LOAD(offset)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define MASK(k)        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, k)
#define EQUAL(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)
#define BELOW(k, t, f) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, f, t)
#define GO(k)          BPF_STMT(BPF_JMP | BPF_JA, k)
#define RETURN(k)      BPF_STMT(BPF_RET | BPF_K, k)
#define HIGH(n)        (offsetof(struct seccomp_data, args) + 8 * (n) + 4)
#define LOW(n)         (offsetof(struct seccomp_data, args) + 8 * (n))
#define NUMBER         offsetof(struct seccomp_data, nr)

/* What the kernel would say. */
static uint32_t run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sock_filter *c = &code[i];
        switch (c->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&a, (const char *)data + c->k, sizeof(a));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= c->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            i += a == c->k ? c->jt : c->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            i += a >= c->k ? c->jt : c->jf;
            break;
        case BPF_JMP | BPF_JA:
            i += c->k;
            break;
        case BPF_RET | BPF_K:
            return c->k;
        default:
            fail_msg("instruction %#x", c->code);
        }
    }
    fail_msg("no verdict");
    return 0;
}

/* Two calls with two masked arguments each, as libseccomp writes them. */
static const struct sock_filter program[] = {
    LOAD(NUMBER),
    BELOW(10, 0, 12),
    EQUAL(3, 0, 17),
    LOAD(HIGH(1)), /* idle */
    MASK(0),
    EQUAL(0, 0, 14),
    LOAD(LOW(1)),
    EQUAL(5, 0, 12),
    LOAD(HIGH(2)), /* idle */
    MASK(0),
    EQUAL(0, 0, 9),
    LOAD(LOW(2)),
    MASK(0xf0),
    EQUAL(0x10, 7, 6),
    LOAD(HIGH(0)), /* asks for something */
    MASK(1),
    EQUAL(0, 0, 3),
    LOAD(LOW(0)),
    EQUAL(7, 1, 0),
    GO(1),
    RETURN(SECCOMP_RET_ERRNO),
    RETURN(SECCOMP_RET_ALLOW),
};

static void test_thin_leaves_out_what_decides_nothing(void **state)
{
    (void)state;
    struct sock_filter thin[ARRAY_LEN(program)];
    memcpy(thin, program, sizeof(program));
    size_t count = filter_thin(thin, ARRAY_LEN(thin));
    assert_int_equal(count, ARRAY_LEN(program) - 6);
}

static void test_thin_says_the_same(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0, 1, 3, 5, 7, 0x10, 0x1f, 1ULL << 32, (1ULL << 32) + 5, 3ULL << 33};
    struct sock_filter thin[ARRAY_LEN(program)];
    memcpy(thin, program, sizeof(program));
    size_t count = filter_thin(thin, ARRAY_LEN(thin)), allowed = 0, n = ARRAY_LEN(values);
    for (size_t i = 0; i < 12 * n * n * n; i++) {
        struct seccomp_data data = {
            .nr = (int)(i % 12),
            .args = {values[i / 12 % n], values[i / 12 / n % n], values[i / 12 / n / n]}};
        uint32_t verdict = run(program, ARRAY_LEN(program), &data);
        assert_int_equal(run(thin, count, &data), verdict);
        allowed += verdict == SECCOMP_RET_ALLOW;
    }
    assert_true(allowed > 0 && allowed < 12 * n * n * n);
}

static void test_thin_leaves_alone_what_a_jump_enters(void **state)
{
    (void)state;
    struct sock_filter code[] = {
        LOAD(NUMBER),   EQUAL(1, 1, 0), LOAD(HIGH(0)), MASK(0),
        EQUAL(0, 0, 1), LOAD(LOW(0)),   RETURN(1),
    };
    assert_int_equal(filter_thin(code, ARRAY_LEN(code)), ARRAY_LEN(code));
}

static void test_thin_leaves_alone_what_is_looked_at_afterwards(void **state)
{
    (void)state;
    struct sock_filter code[] = {
        LOAD(HIGH(0)), MASK(0), EQUAL(0, 0, 1), EQUAL(0, 0, 0), RETURN(1),
    };
    assert_int_equal(filter_thin(code, ARRAY_LEN(code)), ARRAY_LEN(code));
}

static void test_thin_leaves_alone_what_is_no_program(void **state)
{
    (void)state;
    struct sock_filter beyond[] = {LOAD(HIGH(0)), MASK(0), EQUAL(0, 0, 9), LOAD(LOW(0)),
                                   GO(UINT32_MAX)};
    assert_int_equal(filter_thin(beyond, ARRAY_LEN(beyond)), ARRAY_LEN(beyond));
    assert_int_equal(filter_thin(beyond, 0), 0);
    struct sock_filter *many = calloc(BPF_MAXINSNS + 1, sizeof(*many));
    assert_non_null(many);
    assert_int_equal(filter_thin(many, BPF_MAXINSNS + 1), BPF_MAXINSNS + 1);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thin_leaves_out_what_decides_nothing),
        cmocka_unit_test(test_thin_says_the_same),
        cmocka_unit_test(test_thin_leaves_alone_what_a_jump_enters),
        cmocka_unit_test(test_thin_leaves_alone_what_is_looked_at_afterwards),
        cmocka_unit_test(test_thin_leaves_alone_what_is_no_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
