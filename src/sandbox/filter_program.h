#pragma once
/*
 * filter_program - what all filters here have in common: a program of libseccomp and its bytes.
 */
#include <seccomp.h>
#include <stdint.h>

struct buf;
struct err;

/* (argument & mask) == value */
#define FILTER_TEST(number, mask, value)                                                           \
    {                                                                                              \
        number, SCMP_CMP_MASKED_EQ, mask, value                                                    \
    }
#define FILTER_COUNT(...)                                                                          \
    (sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp))
#define FILTER_TESTS_MAX 3

void filter_program_freep(scmp_filter_ctx *ctx); /* for AUTO */
int filter_program_failed(int r, const char *what, struct err *e);
/* A balanced tree.  `foreign`: the action for other architectures, x32 among them. */
int filter_program_new(uint32_t otherwise, uint32_t foreign, scmp_filter_ctx *ret, struct err *e);
/* Its struct sock_filter[], appended. */
int filter_program_bytes(scmp_filter_ctx ctx, struct buf *ret, struct err *e);
