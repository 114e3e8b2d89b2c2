/* SPDX-License-Identifier: Apache-2.0 */
#include "languages/num.h"

#include "languages/common.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct big {
    unsigned refs;
    bool negative;
    size_t len; /* the last limb is not 0 */
    uint32_t limbs[];
};

/* Either kind of number as limbs: of the big itself, or of `room`. */
struct limbs {
    const uint32_t *d;
    size_t len;
    bool negative;
    uint32_t room[2];
};

static struct big *big_new(size_t len)
{
    struct big *b = allocate(1, sizeof(*b) + len * sizeof(b->limbs[0]));
    b->refs = 1;
    b->len = len;
    return b;
}

static void limbs_of(struct num n, struct limbs *ret)
{
    if (n.big) {
        *ret = (struct limbs){n.big->limbs, n.big->len, n.big->negative, {0}};
        return;
    }
    uint64_t u = n.small < 0 ? 0 - (uint64_t)n.small : (uint64_t)n.small;
    ret->room[0] = (uint32_t)u;
    ret->room[1] = (uint32_t)(u >> 32);
    ret->d = ret->room;
    ret->len = ret->room[1] ? 2 : ret->room[0] ? 1 : 0;
    ret->negative = n.small < 0;
}

/* Takes b over. */
static struct num num_of_big(struct big *b)
{
    while (b->len > 0 && b->limbs[b->len - 1] == 0) {
        b->len--;
    }
    if (b->len > 2) {
        return (struct num){b, 0};
    }
    uint64_t u = b->len > 0 ? b->limbs[0] : 0;
    u |= b->len > 1 ? (uint64_t)b->limbs[1] << 32 : 0;
    if (u > (uint64_t)INT64_MAX + b->negative) {
        return (struct num){b, 0};
    }
    int64_t value = b->negative ? (int64_t)(0 - u) : (int64_t)u;
    free(b);
    return num_of(value);
}

struct num num_copy(struct num n)
{
    if (n.big) {
        n.big->refs++;
    }
    return n;
}

void num_done(struct num *n)
{
    if (n->big && --n->big->refs == 0) {
        free(n->big);
    }
    *n = num_of(0);
}

static int magnitude_compare(const struct limbs *a, const struct limbs *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    for (size_t i = a->len; i-- > 0;) {
        if (a->d[i] != b->d[i]) {
            return a->d[i] < b->d[i] ? -1 : 1;
        }
    }
    return 0;
}

static struct big *magnitude_add(const struct limbs *a, const struct limbs *b)
{
    if (a->len < b->len) {
        return magnitude_add(b, a);
    }
    struct big *sum = big_new(a->len + 1);
    uint64_t carry = 0;
    for (size_t i = 0; i < a->len; i++) {
        carry += (uint64_t)a->d[i] + (i < b->len ? b->d[i] : 0);
        sum->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    sum->limbs[a->len] = (uint32_t)carry;
    return sum;
}

/* |a| >= |b| */
static struct big *magnitude_sub(const struct limbs *a, const struct limbs *b)
{
    struct big *rest = big_new(a->len);
    int64_t borrow = 0;
    for (size_t i = 0; i < a->len; i++) {
        int64_t d = (int64_t)a->d[i] - (i < b->len ? b->d[i] : 0) + borrow;
        rest->limbs[i] = (uint32_t)d;
        borrow = d < 0 ? -1 : 0;
    }
    return rest;
}

static struct num limbs_add(const struct limbs *a, const struct limbs *b, bool b_negative)
{
    struct big *r;
    if (a->negative == b_negative) {
        r = magnitude_add(a, b);
        r->negative = a->negative;
    } else if (magnitude_compare(a, b) >= 0) {
        r = magnitude_sub(a, b);
        r->negative = a->negative;
    } else {
        r = magnitude_sub(b, a);
        r->negative = b_negative;
    }
    return num_of_big(r);
}

static struct num limbs_sum(struct num a, struct num b, bool minus)
{
    struct limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    return limbs_add(&x, &y, y.negative != minus);
}

struct num num_add(struct num a, struct num b)
{
    int64_t sum;
    if (!a.big && !b.big && !__builtin_add_overflow(a.small, b.small, &sum)) {
        return num_of(sum);
    }
    return limbs_sum(a, b, false);
}

struct num num_sub(struct num a, struct num b)
{
    int64_t rest;
    if (!a.big && !b.big && !__builtin_sub_overflow(a.small, b.small, &rest)) {
        return num_of(rest);
    }
    return limbs_sum(a, b, true);
}

struct num num_mul(struct num a, struct num b)
{
    int64_t product;
    if (!a.big && !b.big && !__builtin_mul_overflow(a.small, b.small, &product)) {
        return num_of(product);
    }
    struct limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    struct big *r = big_new(x.len + y.len);
    r->negative = x.negative != y.negative;
    for (size_t i = 0; i < x.len; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < y.len; j++) {
            carry += (uint64_t)x.d[i] * y.d[j] + r->limbs[i + j];
            r->limbs[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        r->limbs[i + y.len] = (uint32_t)carry;
    }
    return num_of_big(r);
}

static uint32_t divide_by_limb(const uint32_t *d, size_t len, uint32_t by, uint32_t *ret_q)
{
    uint64_t rest = 0;
    for (size_t i = len; i-- > 0;) {
        rest = rest << 32 | d[i];
        ret_q[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

static void shift_left(const uint32_t *d, size_t len, unsigned bits, uint32_t *ret)
{
    uint32_t carry = 0;
    for (size_t i = 0; i < len; i++) {
        ret[i] = d[i] << bits | carry;
        carry = bits ? d[i] >> (32 - bits) : 0;
    }
    ret[len] = carry;
}

/* u -= q * v, at u[j]; true: it was too much, by one v. */
static bool multiply_subtract(uint32_t *u, const uint32_t *v, size_t n, uint64_t q)
{
    uint64_t carry = 0;
    int64_t borrow = 0;
    for (size_t i = 0; i < n; i++) {
        carry += q * v[i];
        int64_t d = (int64_t)u[i] - (uint32_t)carry + borrow;
        u[i] = (uint32_t)d;
        borrow = d < 0 ? -1 : 0;
        carry >>= 32;
    }
    int64_t d = (int64_t)u[n] - (int64_t)carry + borrow;
    u[n] = (uint32_t)d;
    return d < 0;
}

static void add_back(uint32_t *u, const uint32_t *v, size_t n)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        carry += (uint64_t)u[i] + v[i];
        u[i] = (uint32_t)carry;
        carry >>= 32;
    }
    u[n] += (uint32_t)carry;
}

/* Long division (Knuth, volume 2, 4.3.1 D): u has m + n + 1 limbs and becomes the rest. */
static void divide_long(uint32_t *u, const uint32_t *v, size_t m, size_t n, uint32_t *ret_q)
{
    for (size_t j = m + 1; j-- > 0;) {
        uint64_t top = (uint64_t)u[j + n] << 32 | u[j + n - 1];
        uint64_t q = top / v[n - 1], rest = top % v[n - 1];
        while (q >> 32 || q * v[n - 2] > (rest << 32 | u[j + n - 2])) {
            q--;
            rest += v[n - 1];
            if (rest >> 32) {
                break;
            }
        }
        if (multiply_subtract(u + j, v, n, q)) {
            q--;
            add_back(u + j, v, n);
        }
        ret_q[j] = (uint32_t)q;
    }
}

/* Of magnitudes, |a| >= |b| > 0. */
static void magnitude_divide(const struct limbs *a, const struct limbs *b, struct big **ret_q,
                             struct big **ret_r)
{
    struct big *q = big_new(a->len - b->len + 1), *r;
    if (b->len == 1) {
        r = big_new(1);
        r->limbs[0] = divide_by_limb(a->d, a->len, b->d[0], q->limbs);
    } else {
        unsigned bits = (unsigned)__builtin_clz(b->d[b->len - 1]);
        r = big_new(a->len + 1);
        uint32_t *v = allocate(b->len + 1, sizeof(*v));
        shift_left(a->d, a->len, bits, r->limbs);
        shift_left(b->d, b->len, bits, v);
        divide_long(r->limbs, v, a->len - b->len, b->len, q->limbs);
        free(v);
        for (size_t i = 0; bits && i < b->len; i++) {
            r->limbs[i] = r->limbs[i] >> bits | r->limbs[i + 1] << (32 - bits);
        }
        r->len = b->len;
    }
    *ret_q = q;
    *ret_r = r;
}

static void give(struct num n, struct num *ret)
{
    if (ret) {
        *ret = n;
    } else {
        num_done(&n);
    }
}

static void divide_small(int64_t a, int64_t b, bool rounds_down, struct num *ret_q,
                         struct num *ret_r)
{
    int64_t q = a / b, r = a % b;
    if (rounds_down && r != 0 && (r < 0) != (b < 0)) {
        q--;
        r += b;
    }
    give(num_of(q), ret_q);
    give(num_of(r), ret_r);
}

void num_divide(struct num a, struct num b, bool rounds_down, struct num *ret_q, struct num *ret_r)
{
    if (num_sign(b) == 0) {
        fail("division by zero");
    }
    if (!a.big && !b.big && !(a.small == INT64_MIN && b.small == -1)) {
        divide_small(a.small, b.small, rounds_down, ret_q, ret_r);
        return;
    }
    struct limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    struct num q = num_of(0), r = num_copy(a);
    if (magnitude_compare(&x, &y) >= 0) {
        struct big *big_q, *big_r;
        magnitude_divide(&x, &y, &big_q, &big_r);
        big_q->negative = x.negative != y.negative;
        big_r->negative = x.negative;
        num_done(&r);
        q = num_of_big(big_q);
        r = num_of_big(big_r);
    }
    if (rounds_down && num_sign(r) != 0 && x.negative != y.negative) {
        struct num q1 = num_sub(q, num_of(1)), r1 = num_add(r, b);
        num_done(&q);
        num_done(&r);
        q = q1;
        r = r1;
    }
    give(q, ret_q);
    give(r, ret_r);
}

struct num num_power(struct num a, uint64_t exponent)
{
    struct num result = num_of(1), square = num_copy(a);
    while (exponent) {
        if (exponent & 1) {
            struct num next = num_mul(result, square);
            num_done(&result);
            result = next;
        }
        exponent >>= 1;
        if (exponent) {
            struct num next = num_mul(square, square);
            num_done(&square);
            square = next;
        }
    }
    num_done(&square);
    return result;
}

struct num num_negate(struct num a)
{
    return num_sub(num_of(0), a);
}

/* `len` limbs of two's complement. */
static void complement_of(struct num n, uint32_t *ret, size_t len)
{
    struct limbs l;
    limbs_of(n, &l);
    uint64_t carry = 1;
    for (size_t i = 0; i < len; i++) {
        uint32_t limb = i < l.len ? l.d[i] : 0;
        if (l.negative) {
            carry += (uint32_t)~limb;
            limb = (uint32_t)carry;
            carry >>= 32;
        }
        ret[i] = limb;
    }
}

static uint64_t bits_apply(uint64_t a, char op, uint64_t b)
{
    return op == '&' ? (a & b) : op == '|' ? (a | b) : (a ^ b);
}

struct num num_bits(struct num a, char op, struct num b)
{
    if (!a.big && !b.big) {
        return num_of((int64_t)bits_apply((uint64_t)a.small, op, (uint64_t)b.small));
    }
    size_t a_len = a.big ? a.big->len : 2, b_len = b.big ? b.big->len : 2;
    size_t len = (a_len > b_len ? a_len : b_len) + 1;
    struct big *r = big_new(len);
    uint32_t *other = allocate(len, sizeof(*other));
    complement_of(a, r->limbs, len);
    complement_of(b, other, len);
    for (size_t i = 0; i < len; i++) {
        r->limbs[i] = (uint32_t)bits_apply(r->limbs[i], op, other[i]);
    }
    free(other);
    if (r->limbs[len - 1] >> 31) {
        uint64_t carry = 1;
        for (size_t i = 0; i < len; i++) {
            carry += (uint32_t)~r->limbs[i];
            r->limbs[i] = (uint32_t)carry;
            carry >>= 32;
        }
        r->negative = true;
    }
    return num_of_big(r);
}

int num_compare(struct num a, struct num b)
{
    if (!a.big && !b.big) {
        return (a.small > b.small) - (a.small < b.small);
    }
    struct limbs x, y;
    limbs_of(a, &x);
    limbs_of(b, &y);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    int order = magnitude_compare(&x, &y);
    return x.negative ? -order : order;
}

int num_sign(struct num a)
{
    if (a.big) {
        return a.big->negative ? -1 : 1;
    }
    return (a.small > 0) - (a.small < 0);
}

int64_t num_clamp(struct num a)
{
    return !a.big ? a.small : a.big->negative ? INT64_MIN : INT64_MAX;
}

uint64_t num_low(struct num a)
{
    uint32_t limbs[2];
    complement_of(a, limbs, 2);
    return limbs[0] | (uint64_t)limbs[1] << 32;
}

struct num num_parse(const char *digits, size_t len)
{
    bool negative = len > 0 && digits[0] == '-';
    struct num n = num_of(0);
    for (size_t i = negative; i < len;) {
        int64_t block = 0, scale = 1;
        for (; i < len && scale < 1000000000; i++) {
            block = block * 10 + (digits[i] - '0');
            scale *= 10;
        }
        struct num high = num_mul(n, num_of(scale));
        num_done(&n);
        n = num_add(high, num_of(block));
        num_done(&high);
    }
    if (negative) {
        struct num positive = n;
        n = num_negate(positive);
        num_done(&positive);
    }
    return n;
}

void num_print(struct num n, struct text *to)
{
    char line[24];
    if (!n.big) {
        int len = snprintf(line, sizeof(line), "%" PRId64, n.small);
        text_add(to, line, (size_t)len);
        return;
    }
    size_t len = n.big->len, count = 0;
    uint32_t *rest = allocate(len, sizeof(*rest));
    uint32_t *blocks = allocate(len * 32 / 29 + 2, sizeof(*blocks)); /* 10^9 > 2^29 */
    memcpy(rest, n.big->limbs, len * sizeof(*rest));
    while (len > 0) {
        blocks[count++] = divide_by_limb(rest, len, 1000000000, rest);
        while (len > 0 && rest[len - 1] == 0) {
            len--;
        }
    }
    if (n.big->negative) {
        text_add_byte(to, '-');
    }
    for (size_t i = count; i-- > 0;) {
        int digits =
            snprintf(line, sizeof(line), i + 1 == count ? "%" PRIu32 : "%09" PRIu32, blocks[i]);
        text_add(to, line, (size_t)digits);
    }
    free(blocks);
    free(rest);
}
