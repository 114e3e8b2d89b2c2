/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/access_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/strv.h"

typedef bool match_fn(const char *entry, const char *subject);

/* One of `list` that is not in `other` too.  subject NULL: whether there is such an entry at all.
 */
static bool is_in(char *const *list, char *const *other, match_fn *match, const char *subject)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (!strv_has(other, list[i]) && (subject == NULL || match(list[i], subject))) {
            return true;
        }
    }
    return false;
}

static bool passes(char *const *allow, char *const *disallow, match_fn *match, const char *subject)
{
    bool only = is_in(allow, disallow, match, NULL);
    return (!only || is_in(allow, disallow, match, subject)) &&
           !is_in(disallow, allow, match, subject);
}

/* --- addresses --------------------------------------------------------------------------- */

#define HOST_BITS 128

/* IPv4 as the IPv6 addresses that the kernel maps it to. */
static bool address_parse_mapped(const char *text, struct in6_addr *ret, unsigned *ret_spare)
{
    struct in_addr v4;
    *ret_spare = 0;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *ret = (struct in6_addr){0};
        ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
        memcpy(&ret->s6_addr[12], &v4, sizeof(v4));
        *ret_spare = HOST_BITS - 32;
        return true;
    }
    return inet_pton(AF_INET6, text, ret) == 1;
}

static bool network_parse(const char *text, struct in6_addr *ret, unsigned *ret_bits)
{
    char address[INET6_ADDRSTRLEN];
    unsigned spare;
    size_t len = strcspn(text, "/");
    if (len >= sizeof(address)) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    if (!address_parse_mapped(address, ret, &spare)) {
        return false;
    }
    *ret_bits = HOST_BITS;
    if (text[len] == '\0') {
        return true;
    }
    const char *bits = text + len + 1;
    size_t digits = strspn(bits, "0123456789");
    if (digits == 0 || digits > 3 || bits[digits] != '\0') {
        return false;
    }
    *ret_bits = spare + (unsigned)strtoul(bits, NULL, 10);
    return *ret_bits <= HOST_BITS;
}

static bool ip_matches(const char *entry, const char *client)
{
    struct in6_addr network, address;
    unsigned bits, spare;
    if (!network_parse(entry, &network, &bits) || !address_parse_mapped(client, &address, &spare)) {
        return false;
    }
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(network.s6_addr, address.s6_addr, whole) != 0) {
        return false;
    }
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return rest == 0 || ((network.s6_addr[whole] ^ address.s6_addr[whole]) & mask) == 0;
}

int ip_list_check(char *const *list, const char *key, struct err *e)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        struct in6_addr network;
        unsigned bits;
        if (!network_parse(list[i], &network, &bits)) {
            return err_set(e, ERR_INVALID,
                           "%s: '%.60s' is neither an address (10.1.2.3) nor a network "
                           "(10.0.0.0/8)",
                           key, list[i]);
        }
    }
    return 0;
}

bool ip_passes(char *const *allow, char *const *disallow, const char *client)
{
    return passes(allow, disallow, ip_matches, client);
}

/* --- origins ----------------------------------------------------------------------------- */

static bool origin_matches(const char *entry, const char *origin)
{
    const char *host = strstr(origin, "://");
    return strcmp(entry, "*") == 0 || strcasecmp(entry, origin) == 0 ||
           (host != NULL && strcasecmp(entry, host + 3) == 0);
}

enum origin_pass origin_passes(char *const *allow, char *const *disallow, const char *origin)
{
    bool only = is_in(allow, disallow, origin_matches, NULL) && !strv_has(allow, "*");
    if (!only && !is_in(disallow, allow, origin_matches, NULL)) {
        return ORIGIN_ANY;
    }
    return passes(allow, disallow, origin_matches, origin) ? ORIGIN_NAMED : ORIGIN_NONE;
}
