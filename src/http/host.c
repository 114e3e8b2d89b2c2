/* SPDX-License-Identifier: Apache-2.0 */
#include "http/host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

static bool port_parse(const char *text, unsigned *ret_port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits > 5 || text[digits] != '\0') {
        return false;
    }
    *ret_port = (unsigned)strtoul(text, NULL, 10);
    return *ret_port <= UINT16_MAX;
}

/* The length of the host in `text`, and where the rest (":80" or nothing) begins; 0 if there is
 * none. */
static size_t host_span(const char **text, const char **ret_rest)
{
    if (**text != '[') {
        size_t len = strcspn(*text, ":");
        *ret_rest = *text + len;
        return len;
    }
    const char *end = strchr(*text, ']');
    if (end == NULL) {
        return 0;
    }
    ++*text;
    *ret_rest = end + 1;
    return (size_t)(end - *text);
}

bool host_parse(const char *text, char ret_host[HOST_MAX], unsigned *ret_port)
{
    const char *rest = NULL;
    bool bracketed = text[0] == '[';
    size_t len = host_span(&text, &rest);
    if (len == 0 || len >= HOST_MAX || (rest[0] != '\0' && rest[0] != ':')) {
        return false;
    }
    unsigned port = 0;
    if (rest[0] == ':' && !port_parse(rest + 1, &port)) {
        return false;
    }
    char host[HOST_MAX];
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool good = bracketed ? isxdigit(c) || c == ':' || c == '.'
                              : isalnum(c) || strchr("._-", c) != NULL;
        if (!good || c == '\0') {
            return false;
        }
        host[i] = (char)tolower(c);
    }
    if (len > 1 && host[len - 1] == '.') {
        len--;
    }
    host[len] = '\0';
    memcpy(ret_host, host, len + 1);
    *ret_port = port;
    return true;
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcmp(host, "localhost") == 0 || str_ends(host, ".localhost");
}

static bool same_address(const char *a, const char *b)
{
    struct in6_addr x, y;
    return strcmp(a, b) == 0 || (inet_pton(AF_INET6, a, &x) == 1 &&
                                 inet_pton(AF_INET6, b, &y) == 1 && IN6_ARE_ADDR_EQUAL(&x, &y));
}

static bool is_listed(const char *host, const struct host_policy *policy)
{
    for (size_t i = 0; policy->allowed != NULL && policy->allowed[i] != NULL; i++) {
        char name[HOST_MAX];
        unsigned port;
        if (strcmp(policy->allowed[i], "*") == 0 ||
            (host_parse(policy->allowed[i], name, &port) && strcmp(name, host) == 0)) {
            return true;
        }
    }
    for (size_t i = 0; policy->addresses != NULL && policy->addresses[i] != NULL; i++) {
        if (same_address(policy->addresses[i], host)) {
            return true;
        }
    }
    return is_loopback(host);
}

bool host_allowed(const char *host_field, const struct host_policy *policy)
{
    char host[HOST_MAX];
    unsigned port;
    if (!host_parse(host_field, host, &port)) {
        return false;
    }
    /* A rebound name is never numeric: whoever sends an address as Host was told that address. */
    return is_listed(host, policy) || (policy->any_address && is_address(host));
}

bool origin_allowed(const char *origin, const char *host_field, const struct host_policy *policy)
{
    const char *text = NULL;
    unsigned default_port = 0;
    if (str_starts(origin, "http://")) {
        text = origin + strlen("http://");
        default_port = 80;
    } else if (str_starts(origin, "https://")) {
        text = origin + strlen("https://");
        default_port = 443;
    }
    char host[HOST_MAX], own[HOST_MAX];
    unsigned port = 0, own_port = 0;
    if (text == NULL || !host_parse(text, host, &port)) {
        return policy->allowed != NULL && strv_has((char *const *)(uintptr_t)policy->allowed, "*");
    }
    if (is_listed(host, policy)) {
        return true;
    }
    port = port != 0 ? port : default_port;
    return host_field != NULL && host_parse(host_field, own, &own_port) && strcmp(host, own) == 0 &&
           port == (own_port != 0 ? own_port : default_port);
}
