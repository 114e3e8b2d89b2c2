/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip_special.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * RFC 6890 and IANA's registries of special addresses; the first row that matches counts.  NULL: it
 * is public.  Only 2000::/3 is given out to hosts.  64:ff9b:1::/48 (RFC 8215) ends in the general
 * refusal: where in it the IPv4 address stands is known to that network alone.  168.63.129.16 is
 * public by number, and on Azure the way to the host of the virtual machine.
 */
static const struct {
    const char *network, *kind;
    bool never;
} rows[] = {
    {"0.0.0.0/8", "an unspecified", true},
    {"10.0.0.0/8", "a private", false},
    {"100.64.0.0/10", "a provider's internal", false},
    {"127.0.0.0/8", "a loopback", true},
    {"168.63.129.16/32", "a cloud's internal", false},
    {"169.254.0.0/16", "a link-local", true},
    {"172.16.0.0/12", "a private", false},
    {"192.0.0.0/24", "a reserved", false},
    {"192.0.2.0/24", "a documentation", false},
    {"192.88.99.0/24", "a relay", false},
    {"192.168.0.0/16", "a private", false},
    {"198.18.0.0/15", "a benchmark", false},
    {"198.51.100.0/24", "a documentation", false},
    {"203.0.113.0/24", "a documentation", false},
    {"224.0.0.0/4", "a multicast", true},
    {"255.255.255.255/32", "the broadcast", true},
    {"240.0.0.0/4", "a reserved", true},
    {"0.0.0.0/0", NULL, false},
    {"2001:1::1/128", NULL, false},   /* port control */
    {"2001:1::2/128", NULL, false},   /* TURN */
    {"2001:1::3/128", NULL, false},   /* DNS-SD */
    {"2001:3::/32", NULL, false},     /* AMT */
    {"2001:4:112::/48", NULL, false}, /* AS112 */
    {"2001:20::/28", NULL, false},    /* ORCHIDv2 */
    {"2001:30::/28", NULL, false},    /* drones */
    {"2001::/23", "a reserved", false},
    {"2001:db8::/32", "a documentation", false},
    {"3fff::/20", "a documentation", false},
    {"2000::/3", NULL, false},
    {"::/128", "an unspecified", true},
    {"::1/128", "a loopback", true},
    {"fc00::/7", "a private", false},
    {"fe80::/10", "a link-local", true},
    {"fec0::/10", "a private", false},
    {"ff00::/8", "a multicast", true},
    {"::/0", "a reserved", false},
};

struct ip ip_unwrap(const struct ip *a)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t six_to_four[2] = {0x20, 0x02};
    if (memcmp(a->bytes, nat64, sizeof(nat64)) == 0) {
        return ip_of_v4(a->bytes + 12);
    }
    if (memcmp(a->bytes, six_to_four, sizeof(six_to_four)) == 0) {
        return ip_of_v4(a->bytes + 2);
    }
    return *a;
}

bool ip_special_find(const struct ip *a, struct ip_special *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip_special found = {.kind = rows[i].kind, .never = rows[i].never};
        if (!ip_network_parse(rows[i].network, &found.network) ||
            !ip_network_has(&found.network, a)) {
            continue;
        }
        if (found.kind) {
            *ret = found;
        }
        return found.kind != NULL;
    }
    return false; /* the last rows leave nothing */
}
