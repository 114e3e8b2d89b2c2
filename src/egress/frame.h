#pragma once
/*
 * frame - Ethernet frames as far as they have to be understood.  Pure functions of foreign bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define FRAME_MTU   1500
#define FRAME_BYTES (14 + FRAME_MTU)
#define FRAME_MAC   6

enum frame_kind {
    FRAME_ARP,
    FRAME_NEIGHBOUR, /* IPv6's way to ask for a hardware address, and the answer */
    FRAME_TCP,
    FRAME_UDP,
    FRAME_UNREACHABLE, /* an ICMP error */
    FRAME_FRAGMENT,    /* of a packet; its ports are not known */
};

struct frame {
    enum frame_kind kind;
    bool v6;
    const uint8_t *data; /* all of it, without padding */
    size_t len;
    struct ip from, to;          /* but of ARP */
    uint16_t from_port, to_port; /* of TCP and UDP */
    const uint8_t *payload;      /* of UDP */
    size_t payload_len;
};

/*
 * False for everything else: other protocols, options and extension headers (which could name
 * another way to go), lengths that do not fit.
 */
bool frame_parse(const uint8_t *data, size_t len, struct frame *ret);

/* Where an answer to a frame goes; IPv4. */
struct frame_way {
    uint8_t from_mac[FRAME_MAC], to_mac[FRAME_MAC];
    struct ip from, to;
    uint16_t from_port, to_port;
};
struct frame_way frame_way_back(const struct frame *f);
#define FRAME_UDP_MAX ((size_t)FRAME_MTU - 28) /* payload */
/* Gives its length. */
size_t frame_udp(const struct frame_way *way, const void *payload, size_t len,
                 uint8_t ret[FRAME_BYTES]);
/* "Administratively prohibited", said by `gateway` to who sent the TCP or UDP frame f: what waits
 * for an answer hears of it at once. */
size_t frame_prohibited(const struct frame *f, const struct ip *gateway, uint8_t ret[FRAME_BYTES]);
