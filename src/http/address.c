/* SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const struct sockaddr_in *v4_of(const struct address *a)
{
    return (const struct sockaddr_in *)(const void *)&a->sa;
}

static const struct sockaddr_in6 *v6_of(const struct address *a)
{
    return (const struct sockaddr_in6 *)(const void *)&a->sa;
}

static bool host_fill(const char *host, bool bracketed, uint16_t port, struct address *ret)
{
    struct address a = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&a.sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&a.sa;
    if (strcmp(host, "localhost") == 0) {
        host = "127.0.0.1";
    } else if (host[0] == '\0' || strcmp(host, "*") == 0) {
        host = "0.0.0.0";
    }
    if (!bracketed && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        a.len = sizeof(*v4);
    } else if (bracketed && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        a.len = sizeof(*v6);
    } else {
        return false;
    }
    *ret = a;
    return true;
}

static bool port_parse(const char *text, uint16_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0') {
        return false;
    }
    unsigned long port = strtoul(text, NULL, 10);
    *ret = (uint16_t)port;
    return port <= UINT16_MAX;
}

int address_parse(const char *text, struct address *ret, struct err *e)
{
    char host[ADDRESS_TEXT_MAX];
    uint16_t port;
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (colon == NULL || len >= sizeof(host) || !port_parse(colon + 1, &port)) {
        return err_set(e, ERR_INVALID,
                       "'%s' is no address to listen on: write ADDRESS:PORT, such as "
                       "127.0.0.1:2358 or [::1]:2358",
                       text);
    }
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    size_t skip = bracketed ? 1 : 0;
    memcpy(host, text + skip, len - 2 * skip);
    host[len - 2 * skip] = '\0';
    if (!host_fill(host, bracketed, port, ret)) {
        return err_set(e, ERR_INVALID,
                       "'%s' is no address to listen on: '%s' is neither a numeric address "
                       "(IPv6 in brackets) nor localhost",
                       text, host);
    }
    return 0;
}

void address_format_host(const struct address *a, char ret[ADDRESS_TEXT_MAX])
{
    const void *bytes = a->sa.ss_family == AF_INET6 ? (const void *)&v6_of(a)->sin6_addr
                                                    : (const void *)&v4_of(a)->sin_addr;
    if ((a->sa.ss_family != AF_INET && a->sa.ss_family != AF_INET6) ||
        inet_ntop(a->sa.ss_family, bytes, ret, ADDRESS_TEXT_MAX) == NULL) {
        snprintf(ret, ADDRESS_TEXT_MAX, "unknown");
    }
}

void address_format(const struct address *a, char ret[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN + 1], text[ADDRESS_TEXT_MAX];
    address_format_host(a, text);
    snprintf(host, sizeof(host), "%.*s", (int)sizeof(host) - 1, text);
    if (a->sa.ss_family == AF_INET6) {
        snprintf(ret, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6_of(a)->sin6_port));
    } else {
        snprintf(ret, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(v4_of(a)->sin_port));
    }
}

bool address_is_any(const struct address *a)
{
    if (a->sa.ss_family == AF_INET6) {
        return IN6_IS_ADDR_UNSPECIFIED(&v6_of(a)->sin6_addr);
    }
    return a->sa.ss_family == AF_INET && v4_of(a)->sin_addr.s_addr == htonl(INADDR_ANY);
}
