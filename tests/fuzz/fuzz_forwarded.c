/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X-Forwarded-For in the first line, X-Real-IP in the second: whatever a client writes in front of
 * what proxies say changes nothing; and an address or a network, read back, is the same.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "fuzz.h"
#include "http/forwarded.h"

static void try_address(const char *text)
{
    struct ip a, again;
    struct ip_network n;
    char shown[IP_TEXT_MAX];
    if (ip_parse(text, &a)) {
        ip_format(&a, shown);
        REQUIRE(ip_parse(shown, &again) && memcmp(&a, &again, sizeof(a)) == 0);
    }
    if (ip_network_parse(text, &n)) {
        REQUIRE(n.bits <= 128);
        REQUIRE(ip_network_has(&n, &n.address));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const trusted[] = {"10.0.0.0/8", "::1", NULL};
    AUTO(forwarded_proxies_done) struct forwarded_proxies proxies = {0};
    AUTO(mem_freep) char *text = xmemdup(data, size);
    struct ip client, again;
    struct err e = {0};
    REQUIRE(forwarded_proxies_parse(trusted, &proxies, &e) == 0);
    char *real = strchr(text, '\n');
    if (real != NULL) {
        *real++ = '\0';
        try_address(real);
    }
    try_address(text);
    if (forwarded_client(&proxies, text, real, &client) && !forwarded_trusts(&proxies, &client) &&
        forwarded_client(&proxies, text, NULL, &again)) {
        AUTO(mem_freep) char *lie = xasprintf("203.0.113.9, %s", text);
        REQUIRE(forwarded_client(&proxies, lie, real, &again));
        REQUIRE(memcmp(&client, &again, sizeof(client)) == 0);
    }
    return 0;
}
