/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/reach.h"

#include <string.h>

#include "base/clock.h"
#include "base/ip_special.h"
#include "egress/policy.h"
#include "egress/routes.h"

#define KEPT_NS NS_PER_S

static struct reach_kept *place_of(struct reach *r, const struct ip *a)
{
    unsigned hash = 0;
    for (size_t i = 0; i < sizeof(a->bytes); i++) {
        hash = hash * 31 + a->bytes[i];
    }
    return &r->kept[hash % REACH_KEPT];
}

/* Nor may it stand for this host (NAT64, 6to4), which would be reached from outside.  That there is
 * no way to what it stands for is usual where all is IPv6. */
static bool leads_out(const struct reach *r, const struct ip *a)
{
    struct ip meant = ip_unwrap(a);
    return routes_ask(r->routes, a) == ROUTE_OUT &&
           (memcmp(&meant, a, sizeof(meant)) == 0 || routes_ask(r->routes, &meant) != ROUTE_HERE);
}

bool reach_allows(struct reach *r, const struct ip *a, uint64_t now_ns)
{
    struct reach_kept *kept = place_of(r, a);
    if (now_ns < kept->until_ns && memcmp(&kept->address, a, sizeof(*a)) == 0) {
        return kept->allowed;
    }
    *kept = (struct reach_kept){.address = *a, .until_ns = now_ns + KEPT_NS};
    kept->allowed = policy_allows(r->policy, a) && leads_out(r, a);
    return kept->allowed;
}

void reach_pin(struct reach *r, const struct ip *a)
{
    policy_pin(r->policy, a);
    memset(r->kept, 0, sizeof(r->kept));
}
