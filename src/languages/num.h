#pragma once
/*
 * num - integers without an end: 64 bits as long as they fit, limbs beyond.
 *
 * A num is a value that somebody owns: what returns one gives it away, what takes one by value only
 * looks.  num_done is needless for one that num_is_small.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;
struct big; /* magnitude and sign; never what 64 bits can hold */

struct num {
    struct big *big; /* NULL: small */
    int64_t small;
};

static inline struct num num_of(int64_t value)
{
    return (struct num){NULL, value};
}
static inline bool num_is_small(struct num n)
{
    return n.big == NULL;
}
/* An optional '-' and digits; the caller has checked them. */
struct num num_parse(const char *digits, size_t len);
struct num num_copy(struct num n);
void num_done(struct num *n);

struct num num_add(struct num a, struct num b);
struct num num_sub(struct num a, struct num b);
struct num num_mul(struct num a, struct num b);
/* Both or either (NULL) of the quotient and the rest; fails for b = 0. */
void num_divide(struct num a, struct num b, bool rounds_down, struct num *ret_q, struct num *ret_r);
struct num num_power(struct num a, uint64_t exponent);
struct num num_negate(struct num a);
/* '&', '|' or '^', as if in two's complement without an end. */
struct num num_bits(struct num a, char op, struct num b);
int num_compare(struct num a, struct num b);
int num_sign(struct num a);
/* Nearest 64-bit number: INT64_MIN or INT64_MAX for what is beyond. */
int64_t num_clamp(struct num a);
/* The low 64 bits of two's complement. */
uint64_t num_low(struct num a);
void num_print(struct num n, struct text *to);
