/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ip_special.h"
#include "base/mem.h"

/* The oldest give way: a program that asks for more names than this asks for them again. */
#define PINS_MAX 512
/* Of addresses that no registry knows, a listed network of at least so many bits is meant. */
#define UNKNOWN_BITS 32

struct policy {
    const struct egress_config *config;
    struct ip_network own[2]; /* that between us and the box */
    struct ip pins[PINS_MAX];
    size_t pinned; /* so many ever */
};

struct policy *policy_new(const struct egress_config *config)
{
    struct policy *p = xcalloc(1, sizeof(*p));
    p->config = config;
    (void)ip_parse(EGRESS_NETWORK, &p->own[0].address);
    (void)ip_parse(EGRESS_NETWORK6, &p->own[1].address);
    p->own[0].bits = 96 + EGRESS_BITS;
    p->own[1].bits = EGRESS_BITS6;
    return p;
}

void policy_free(struct policy *p)
{
    free(p);
}

static bool list_has(const struct ip_network *list, uint32_t count, const struct ip *a)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ip_network_has(&list[i], a)) {
            return true;
        }
    }
    return false;
}

/* 10.1.0.0/16 means private addresses; 0.0.0.0/0 has them in it, and means the public ones. */
static bool means(const struct ip_network *listed, const struct ip_special *special)
{
    unsigned least = special->network.bits > 0 ? special->network.bits : UNKNOWN_BITS;
    return listed->bits >= least && ip_network_has(&special->network, &listed->address);
}

/* In its own spelling: who lists an address of IPv4 says nothing of what NAT64 makes of it.
 * `special`: NULL for a public address. */
static bool is_listed(const struct egress_config *c, const struct ip *asked,
                      const struct ip_special *special)
{
    for (uint32_t i = 0; i < c->allow_count; i++) {
        const struct ip_network *n = &c->allow[i];
        if (ip_network_has(n, asked) && (!special || means(n, special))) {
            return true;
        }
    }
    return false;
}

static bool is_pinned(const struct policy *p, const struct ip *a)
{
    size_t count = p->pinned < PINS_MAX ? p->pinned : PINS_MAX;
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&p->pins[i], a, sizeof(*a)) == 0) {
            return true;
        }
    }
    return false;
}

bool policy_allows(const struct policy *p, const struct ip *asked)
{
    const struct egress_config *c = p->config;
    struct ip a = ip_unwrap(asked);
    struct ip_special special;
    bool is_special = ip_special_find(&a, &special);
    if ((is_special && special.never) || list_has(p->own, 2, asked) || list_has(p->own, 2, &a) ||
        list_has(c->deny, c->deny_count, asked) || list_has(c->deny, c->deny_count, &a)) {
        return false;
    }
    if (is_listed(c, asked, is_special ? &special : NULL)) {
        return true;
    }
    return !is_special && (c->everything || is_pinned(p, asked));
}

static bool name_matches(const char *listed, const char *name)
{
    if (listed[0] != '*') {
        return strcasecmp(listed, name) == 0;
    }
    const char *ending = listed + 1; /* ".example.org" */
    size_t len = strlen(name), end = strlen(ending);
    return len > end && strcasecmp(name + len - end, ending) == 0;
}

bool policy_allows_name(const struct policy *p, const char *name)
{
    const struct egress_config *c = p->config;
    for (uint32_t i = 0; i < c->name_count; i++) {
        if (name_matches(c->names[i], name)) {
            return true;
        }
    }
    return c->everything != 0;
}

void policy_pin(struct policy *p, const struct ip *a)
{
    if (!is_pinned(p, a)) {
        p->pins[p->pinned++ % PINS_MAX] = *a;
    }
}
