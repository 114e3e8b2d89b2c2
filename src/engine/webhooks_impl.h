#pragma once
/*
 * webhooks_impl - what webhooks.c shares with its tests.
 */
#include <stdint.h>

#include "base/list.h"

struct client;
struct clock;
struct log;
struct loop;

struct webhooks {
    struct loop *loop;
    struct client *client;
    const struct log *log;
    const struct clock *clock; /* of webhook-timestamp */
    uint64_t base_ns;          /* of the pauses */
    struct list calls;
};

/* Before the next of `tries` + 1: a random part of what doubles with each (a minute at most),
 * behind the Retry-After that was asked for, so that all who were told the same do not come at
 * once. */
uint64_t webhook_pause_ns(uint64_t base_ns, unsigned tries, uint64_t retry_after_s,
                          uint64_t random);
