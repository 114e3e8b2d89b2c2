/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ALL_BITS  128
#define V4_OFFSET 96 /* bits of the prefix under which an IPv4 address is mapped */

_Static_assert(IP_TEXT_MAX == INET6_ADDRSTRLEN, "the longest address has room");

struct ip ip_of_v4(const void *four_bytes)
{
    struct ip a = {{[10] = 0xff, [11] = 0xff}};
    memcpy(a.bytes + 12, four_bytes, 4);
    return a;
}

static bool parse(const char *text, struct ip *ret, unsigned *ret_offset)
{
    uint8_t four[4];
    if (inet_pton(AF_INET, text, four) == 1) {
        *ret = ip_of_v4(four);
        *ret_offset = V4_OFFSET;
        return true;
    }
    *ret_offset = 0;
    return inet_pton(AF_INET6, text, ret->bytes) == 1;
}

bool ip_parse(const char *text, struct ip *ret)
{
    unsigned offset;
    return parse(text, ret, &offset);
}

bool ip_network_parse(const char *text, struct ip_network *ret)
{
    char address[IP_TEXT_MAX];
    struct ip_network n = {.bits = ALL_BITS};
    size_t len = strcspn(text, "/");
    unsigned offset;
    if (len >= sizeof(address)) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    if (!parse(address, &n.address, &offset)) {
        return false;
    }
    if (text[len] == '/') {
        const char *bits = text + len + 1;
        size_t digits = strspn(bits, "0123456789");
        if (digits == 0 || digits > 3 || bits[digits] != '\0') {
            return false;
        }
        n.bits = offset + (unsigned)strtoul(bits, NULL, 10);
    }
    /* "::ffff:10.0.0.0/8" is a network that its own address is not in: meant was another. */
    bool is_nowhere = n.bits < V4_OFFSET && ip_is_v4(&n.address);
    if (n.bits > ALL_BITS || is_nowhere) {
        return false;
    }
    *ret = n;
    return true;
}

bool ip_of_sockaddr(const struct sockaddr *sa, struct ip *ret)
{
    if (sa->sa_family == AF_INET) {
        *ret = ip_of_v4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(ret->bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
               sizeof(ret->bytes));
        return true;
    }
    return false;
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00U >> rest);
    return memcmp(a, b, bits / 8) == 0 && (rest == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

bool ip_is_v4(const struct ip *a)
{
    const struct ip zero = ip_of_v4((const uint8_t[4]){0});
    return bits_equal(a->bytes, zero.bytes, V4_OFFSET);
}

bool ip_network_has(const struct ip_network *n, const struct ip *a)
{
    return (n->bits >= V4_OFFSET || !ip_is_v4(a)) &&
           bits_equal(n->address.bytes, a->bytes, n->bits);
}

void ip_format(const struct ip *a, char ret[IP_TEXT_MAX])
{
    if (ip_is_v4(a)) {
        inet_ntop(AF_INET, a->bytes + 12, ret, IP_TEXT_MAX);
    } else {
        inet_ntop(AF_INET6, a->bytes, ret, IP_TEXT_MAX);
    }
}
