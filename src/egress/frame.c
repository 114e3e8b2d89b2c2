/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/frame.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"

/* Where in a frame what stands. */
enum {
    ETHER_TO = 0,
    ETHER_FROM = 6,
    ETHER_TYPE = 12,
    ETHER_BYTES = 14,
    IP4_BYTES = 20, /* without options */
    IP6_BYTES = 40,
    PORTS_BYTES = 4,
    UDP_BYTES = 8,
    TCP_BYTES = 20,
    ICMP_BYTES = 8,
};

enum { ETHER_IP4 = 0x0800, ETHER_ARP = 0x0806, ETHER_IP6 = 0x86dd };
enum { ARP_BYTES = 28 };

#define IP4_PLAIN         0x45 /* version 4, a header of five words */
#define IP4_DONT_FRAGMENT 0x4000
#define HOPS              64
#define HOPS_NEIGHBOUR    255 /* it was sent on this wire */

enum { ICMP4_UNREACHABLE = 3, ICMP4_PROHIBITED = 13 };
enum { ICMP6_UNREACHABLE = 1, ICMP6_PROHIBITED = 1, ICMP6_SOLICIT = 135, ICMP6_ADVERTISE = 136 };

static uint16_t get16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static void put16(uint8_t *data, size_t value)
{
    data[0] = (uint8_t)(value >> 8);
    data[1] = (uint8_t)value;
}

/* --- reading -------------------------------------------------------------------------------- */

/* `body`: what follows the header of IP. */
static bool transport_parse(const uint8_t *body, size_t len, unsigned protocol, struct frame *ret)
{
    if (protocol == IPPROTO_TCP && len >= TCP_BYTES) {
        ret->kind = FRAME_TCP;
    } else if (protocol == IPPROTO_UDP && len >= UDP_BYTES && get16(body + 4) >= UDP_BYTES &&
               get16(body + 4) <= len) {
        ret->kind = FRAME_UDP;
        ret->payload = body + UDP_BYTES;
        ret->payload_len = (size_t)get16(body + 4) - UDP_BYTES;
    } else {
        return false;
    }
    ret->from_port = get16(body);
    ret->to_port = get16(body + 2);
    return true;
}

static bool ip4_parse(const uint8_t *packet, size_t len, struct frame *ret)
{
    if (len < IP4_BYTES || packet[0] != IP4_PLAIN) {
        return false;
    }
    size_t total = get16(packet + 2);
    if (total < IP4_BYTES || total > len) {
        return false;
    }
    ret->len = ETHER_BYTES + total;
    ret->from = ip_of_v4(packet + 12);
    ret->to = ip_of_v4(packet + 16);
    if ((get16(packet + 6) & ~IP4_DONT_FRAGMENT) != 0) {
        ret->kind = FRAME_FRAGMENT;
        return true;
    }
    const uint8_t *body = packet + IP4_BYTES;
    if (packet[9] == IPPROTO_ICMP) {
        ret->kind = FRAME_UNREACHABLE;
        return total >= IP4_BYTES + ICMP_BYTES && body[0] == ICMP4_UNREACHABLE;
    }
    return transport_parse(body, total - IP4_BYTES, packet[9], ret);
}

static bool icmp6_parse(const uint8_t *packet, size_t len, struct frame *ret)
{
    if (len < IP6_BYTES + ICMP_BYTES) {
        return false;
    }
    unsigned type = packet[IP6_BYTES];
    ret->kind = type == ICMP6_UNREACHABLE ? FRAME_UNREACHABLE : FRAME_NEIGHBOUR;
    bool neighbour = type == ICMP6_SOLICIT || type == ICMP6_ADVERTISE;
    return type == ICMP6_UNREACHABLE || (neighbour && packet[7] == HOPS_NEIGHBOUR);
}

static bool ip6_parse(const uint8_t *packet, size_t len, struct frame *ret)
{
    if (len < IP6_BYTES || packet[0] >> 4 != 6) {
        return false;
    }
    size_t total = IP6_BYTES + (size_t)get16(packet + 4);
    if (total > len) {
        return false;
    }
    ret->v6 = true;
    ret->len = ETHER_BYTES + total;
    memcpy(ret->from.bytes, packet + 8, sizeof(ret->from.bytes));
    memcpy(ret->to.bytes, packet + 24, sizeof(ret->to.bytes));
    /* IPv4 in IPv6's clothes: nobody sends that over a wire. */
    if (ip_is_v4(&ret->from) || ip_is_v4(&ret->to)) {
        return false;
    }
    if (packet[6] == IPPROTO_FRAGMENT) {
        ret->kind = FRAME_FRAGMENT;
        return true;
    }
    if (packet[6] == IPPROTO_ICMPV6) {
        return icmp6_parse(packet, total, ret);
    }
    return transport_parse(packet + IP6_BYTES, total - IP6_BYTES, packet[6], ret);
}

bool frame_parse(const uint8_t *data, size_t len, struct frame *ret)
{
    *ret = (struct frame){.data = data, .len = len};
    if (len < ETHER_BYTES) {
        return false;
    }
    switch (get16(data + ETHER_TYPE)) {
    case ETHER_ARP:
        ret->kind = FRAME_ARP;
        return len >= ETHER_BYTES + ARP_BYTES;
    case ETHER_IP4:
        return ip4_parse(data + ETHER_BYTES, len - ETHER_BYTES, ret);
    case ETHER_IP6:
        return ip6_parse(data + ETHER_BYTES, len - ETHER_BYTES, ret);
    default:
        return false;
    }
}

/* --- writing -------------------------------------------------------------------------------- */

/* The Internet checksum, going on from `sum`. */
static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += get16(data + i);
    }
    return len % 2 ? sum + ((uint32_t)data[len - 1] << 8) : sum;
}

static uint16_t sum_end(uint32_t sum)
{
    while (sum > UINT16_MAX) {
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void ether_put(uint8_t *frame, const uint8_t *from, const uint8_t *to, uint16_t type)
{
    memcpy(frame + ETHER_FROM, from, FRAME_MAC);
    memcpy(frame + ETHER_TO, to, FRAME_MAC);
    put16(frame + ETHER_TYPE, type);
}

static void ip4_put(uint8_t *packet, size_t body, uint8_t protocol, const struct ip *from,
                    const struct ip *to)
{
    memset(packet, 0, IP4_BYTES);
    packet[0] = IP4_PLAIN;
    put16(packet + 2, IP4_BYTES + body);
    put16(packet + 6, IP4_DONT_FRAGMENT);
    packet[8] = HOPS;
    packet[9] = protocol;
    memcpy(packet + 12, from->bytes + 12, 4);
    memcpy(packet + 16, to->bytes + 12, 4);
    put16(packet + 10, sum_end(sum_add(0, packet, IP4_BYTES)));
}

static void ip6_put(uint8_t *packet, size_t body, uint8_t protocol, const struct ip *from,
                    const struct ip *to)
{
    memset(packet, 0, IP6_BYTES);
    packet[0] = 6 << 4;
    put16(packet + 4, body);
    packet[6] = protocol;
    packet[7] = HOPS;
    memcpy(packet + 8, from->bytes, sizeof(from->bytes));
    memcpy(packet + 24, to->bytes, sizeof(to->bytes));
}

struct frame_way frame_way_back(const struct frame *f)
{
    struct frame_way way = {
        .from = f->to, .to = f->from, .from_port = f->to_port, .to_port = f->from_port};
    memcpy(way.from_mac, f->data + ETHER_TO, FRAME_MAC);
    memcpy(way.to_mac, f->data + ETHER_FROM, FRAME_MAC);
    return way;
}

size_t frame_udp(const struct frame_way *way, const void *payload, size_t len,
                 uint8_t ret[FRAME_BYTES])
{
    ether_put(ret, way->from_mac, way->to_mac, ETHER_IP4);
    ip4_put(ret + ETHER_BYTES, UDP_BYTES + len, IPPROTO_UDP, &way->from, &way->to);
    uint8_t *udp = ret + ETHER_BYTES + IP4_BYTES;
    put16(udp, way->from_port);
    put16(udp + 2, way->to_port);
    put16(udp + 4, UDP_BYTES + len);
    put16(udp + 6, 0); /* no checksum: it has no way to go on which it could be damaged */
    memcpy(udp + UDP_BYTES, payload, len);
    return ETHER_BYTES + IP4_BYTES + UDP_BYTES + len;
}

/* The checksum of ICMPv6 is over a head that is not in the packet, too. */
static uint32_t sum_of_head(const uint8_t *packet, size_t body)
{
    return sum_add((uint32_t)body + IPPROTO_ICMPV6, packet + 8, 32);
}

size_t frame_prohibited(const struct frame *f, const struct ip *gateway, uint8_t ret[FRAME_BYTES])
{
    /* The header of what was refused, and its ports and a little more. */
    size_t head = f->v6 ? IP6_BYTES : IP4_BYTES, quoted = head + (size_t)2 * PORTS_BYTES;
    size_t body = ICMP_BYTES + quoted;
    uint8_t *packet = ret + ETHER_BYTES, *icmp = packet + head;
    ether_put(ret, f->data + ETHER_TO, f->data + ETHER_FROM, f->v6 ? ETHER_IP6 : ETHER_IP4);
    memset(icmp, 0, ICMP_BYTES);
    memcpy(icmp + ICMP_BYTES, f->data + ETHER_BYTES, quoted);
    uint32_t sum = 0;
    if (f->v6) {
        ip6_put(packet, body, IPPROTO_ICMPV6, gateway, &f->from);
        icmp[0] = ICMP6_UNREACHABLE;
        icmp[1] = ICMP6_PROHIBITED;
        sum = sum_of_head(packet, body);
    } else {
        ip4_put(packet, body, IPPROTO_ICMP, gateway, &f->from);
        icmp[0] = ICMP4_UNREACHABLE;
        icmp[1] = ICMP4_PROHIBITED;
    }
    put16(icmp + 2, sum_end(sum_add(sum, icmp, body)));
    return ETHER_BYTES + head + body;
}
