#pragma once
/*
 * clock - where time comes from; tests put their own in.  Nanoseconds.
 */
#include <stdint.h>
#include <sys/time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

struct clock {
    uint64_t (*mono_ns)(void *ctx); /* CLOCK_MONOTONIC */
    uint64_t (*wall_ns)(void *ctx); /* CLOCK_REALTIME since the epoch */
    void *ctx;
};

extern const struct clock clock_system;
uint64_t clock_timeval_ns(struct timeval t);
uint64_t clock_mono_ns(const struct clock *c);
uint64_t clock_wall_ns(const struct clock *c);
