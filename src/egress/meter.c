/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/meter.h"

#include "base/clock.h"

/* What may be moved at once after a time of silence: that of 50 ms, and some full frames. */
#define BURST_PER_S 20
#define BURST_MIN   (64 << 10)
/* A small frame costs time too: it counts as this many bytes. */
#define FRAME_MIN 512

static int64_t burst_of(const struct meter *m)
{
    uint64_t burst = m->rate / BURST_PER_S;
    return burst < BURST_MIN ? BURST_MIN : (int64_t)burst;
}

struct meter meter_start(uint64_t rate, uint64_t now_ns)
{
    struct meter m = {.rate = rate, .at_ns = now_ns};
    m.tokens = burst_of(&m);
    return m;
}

void meter_spend(struct meter *m, size_t bytes)
{
    m->tokens -= (int64_t)(bytes < FRAME_MIN ? FRAME_MIN : bytes);
}

/* What is less than a byte's time is kept for the next call. */
static void earn(struct meter *m, uint64_t now_ns)
{
    uint64_t passed = now_ns - m->at_ns;
    int64_t most = burst_of(m);
    if (passed >= NS_PER_S) {
        m->tokens += (int64_t)(m->rate * (passed / NS_PER_S));
        m->at_ns += passed / NS_PER_S * NS_PER_S;
        passed %= NS_PER_S;
    }
    uint64_t bytes = passed * m->rate / NS_PER_S;
    m->tokens += (int64_t)bytes;
    m->at_ns += bytes * NS_PER_S / m->rate;
    m->tokens = m->tokens > most ? most : m->tokens;
}

uint64_t meter_wait_ns(struct meter *m, uint64_t now_ns)
{
    earn(m, now_ns);
    return m->tokens > 0 ? 0 : (uint64_t)(1 - m->tokens) * NS_PER_S / m->rate + 1;
}
