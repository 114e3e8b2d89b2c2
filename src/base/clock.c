/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t system_mono_ns(void *ctx)
{
    (void)ctx;
    return read_ns(CLOCK_MONOTONIC);
}

static uint64_t system_wall_ns(void *ctx)
{
    (void)ctx;
    return read_ns(CLOCK_REALTIME);
}

const struct clock clock_system = {system_mono_ns, system_wall_ns, NULL};

uint64_t clock_mono_ns(const struct clock *c)
{
    return c->mono_ns(c->ctx);
}

uint64_t clock_wall_ns(const struct clock *c)
{
    return c->wall_ns(c->ctx);
}

uint64_t clock_timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * 1000;
}
