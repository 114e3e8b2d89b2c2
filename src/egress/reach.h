#pragma once
/*
 * reach - the one answer to "may this address be spoken to?": the policy's, and the kernel's that
 * it is not this host.  Answers are kept for a second.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct policy;

#define REACH_KEPT 256

struct reach {
    struct policy *policy;
    int routes; /* routes.h */
    struct reach_kept {
        struct ip address;
        uint64_t until_ns; /* 0: empty */
        bool allowed;
    } kept[REACH_KEPT];
};

bool reach_allows(struct reach *r, const struct ip *a, uint64_t now_ns);
/* policy_pin, and what was answered before counts no more. */
void reach_pin(struct reach *r, const struct ip *a);
