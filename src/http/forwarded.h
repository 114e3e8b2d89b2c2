#pragma once
/*
 * forwarded - who a request is from when proxies stand in between.
 *
 * Each proxy adds the address that it was asked from behind what X-Forwarded-For says already, and
 * whatever a client wrote there itself stands in front.  So it is read from its end: the first
 * address that is no trusted proxy's is the client.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"

struct err;

struct forwarded_proxies {
    struct ip_network *networks;
    size_t count;
};

/* `list` is NULL-ended, or NULL; ERR_INVALID names what is neither an address nor a network. */
int forwarded_proxies_parse(const char *const *list, struct forwarded_proxies *ret, struct err *e);
void forwarded_proxies_done(struct forwarded_proxies *p);
bool forwarded_trusts(const struct forwarded_proxies *p, const struct ip *a);
/*
 * The client of a request that came from a trusted proxy, by its X-Forwarded-For (all fields,
 * joined by commas) and X-Real-IP; NULL: none.  False when they do not say: it is the proxy itself.
 */
bool forwarded_client(const struct forwarded_proxies *p, const char *forwarded_for,
                      const char *real_ip, struct ip *ret);
