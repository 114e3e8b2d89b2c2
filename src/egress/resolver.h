#pragma once
/*
 * resolver - the name server of a box: passes the questions that the policy allows on to the
 * operator's resolvers, and what they answer back.
 *
 * The addresses of an answer are reachable from then on (reach_pin).  A question goes out from a
 * port and with a number that the program cannot know, so that nobody it works with outside can
 * answer in the resolver's place.
 */
#include <poll.h>
#include <stdint.h>

#include "egress/dns.h"
#include "egress/frame.h"

struct egress_config;
struct reach;

#define RESOLVER_ASKED_MAX 16 /* at one time; the oldest gives way */
#define RESOLVER_QUERY_MAX 512

struct resolver_asked {
    int fd; /* -1: empty */
    uint64_t until_ns;
    uint16_t id; /* the program's own */
    struct dns_question question;
    struct frame_way way;
    unsigned tries; /* resolvers that were asked */
    size_t len;
    uint8_t query[DNS_HEADER_BYTES + DNS_NAME_BYTES + 4 + DNS_EDNS_BYTES];
};

struct resolver {
    const struct egress_config *config;
    struct reach *reach;
    unsigned current; /* which of the resolvers; the next one when it does not answer */
    struct resolver_asked asked[RESOLVER_ASKED_MAX];
};

void resolver_init(struct resolver *r, const struct egress_config *config, struct reach *reach);
/* A frame to port 53 of the name server.  Gives the length of an answer that can be given at once,
 * or 0. */
size_t resolver_ask(struct resolver *r, const struct frame *f, uint64_t now_ns,
                    uint8_t ret[FRAME_BYTES]);
/* The next answer that has come, as a frame; 0: there is no more. */
size_t resolver_answer(struct resolver *r, uint8_t ret[FRAME_BYTES]);
/* Fills in what to wait for, RESOLVER_ASKED_MAX at most, and gives up what has waited too long. */
size_t resolver_poll(struct resolver *r, uint64_t now_ns, struct pollfd *ret);
/* When the first one is given up; UINT64_MAX: none waits. */
uint64_t resolver_next_ns(const struct resolver *r);
