/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round: what may be waited for is put together, waited for, and done.  When the box has used
 * up what it may move, only its end and that moment are waited for: what the program sends then
 * waits in the device, and what comes for it in the sockets.
 */
#include "egress/stack.h"

#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/egress_config.h"
#include "egress/frame.h"
#include "egress/guard.h"
#include "egress/meter.h"
#include "egress/policy.h"
#include "egress/reach.h"
#include "egress/resolver.h"
#include "egress/routes.h"

#define DNS_PORT       53
#define FRAMES_AT_ONCE 32
#define POLLED_MAX     (2 + RESOLVER_ASKED_MAX + EGRESS_CONNECTIONS_MAX)
/* It never asks for more time, even when it has no use for it. */
#define SLIRP_IDLE_MS    1000
#define SLIRP_CONFIG_OUR 4 /* the newest that we know */

enum { POLL_LIFE, POLL_TAP, POLL_FIRST };

struct stack {
    Slirp *slirp;
    int tap, life;
    struct reach reach;
    struct resolver resolver;
    struct meter meter;
    struct ip gateway, gateway6, guest, guest6, name_server;
    uint64_t now_ns;
    bool over;
    struct pollfd polled[POLLED_MAX];
    size_t polled_count;
};

/* --- frames --------------------------------------------------------------------------------- */

static void to_box(struct stack *s, const uint8_t *data, size_t len)
{
    meter_spend(&s->meter, len);
    /* A full queue: it is lost, as on any wire. */
    if (write(s->tap, data, len) < 0 && errno != EAGAIN && errno != EINTR && errno != EINVAL) {
        s->over = true;
    }
}

/* TCP or UDP. */
static void route_from_box(struct stack *s, const struct frame *f)
{
    uint8_t answer[FRAME_BYTES];
    size_t len = 0;
    if (memcmp(&f->from, f->v6 ? &s->guest6 : &s->guest, sizeof(f->from)) != 0) {
        return; /* nobody else is there */
    }
    bool is_name_server = memcmp(&f->to, &s->name_server, sizeof(f->to)) == 0;
    if (is_name_server && f->kind == FRAME_UDP && f->to_port == DNS_PORT) {
        len = resolver_ask(&s->resolver, f, s->now_ns, answer);
    } else if (reach_allows(&s->reach, &f->to, s->now_ns)) {
        slirp_input(s->slirp, f->data, (int)f->len);
    } else {
        len = frame_prohibited(f, f->v6 ? &s->gateway6 : &s->gateway, answer);
    }
    if (len > 0) {
        to_box(s, answer, len);
    }
}

static void from_box(struct stack *s, const uint8_t *data, size_t len)
{
    struct frame f;
    meter_spend(&s->meter, len);
    if (!frame_parse(data, len, &f)) {
        return;
    }
    switch (f.kind) {
    case FRAME_ARP:
    case FRAME_NEIGHBOUR:
        slirp_input(s->slirp, f.data, (int)f.len);
        break;
    case FRAME_TCP:
    case FRAME_UDP:
        route_from_box(s, &f);
        break;
    case FRAME_UNREACHABLE:
    case FRAME_FRAGMENT: /* where it goes is known, how it goes on is not */
        break;
    }
}

static void tap_read(struct stack *s)
{
    uint8_t data[FRAME_BYTES + 64];
    for (unsigned i = 0; i < FRAMES_AT_ONCE && !s->over; i++) {
        ssize_t n = read(s->tap, data, sizeof(data));
        if (n < 0) {
            s->over = errno != EAGAIN && errno != EINTR;
            return;
        }
        from_box(s, data, (size_t)n);
    }
}

/* --- what libslirp asks of us ---------------------------------------------------------------- */

/* Also whom a datagram comes from must be one that the program could have asked. */
static ssize_t on_packet(const void *data, size_t len, void *ctx)
{
    struct stack *s = ctx;
    struct frame f;
    if (!frame_parse(data, len, &f)) {
        return (ssize_t)len; /* IPv6's announcements: the box knows its way */
    }
    bool is_own = f.kind == FRAME_ARP || f.kind == FRAME_NEIGHBOUR || f.kind == FRAME_UNREACHABLE;
    if (is_own || reach_allows(&s->reach, &f.from, s->now_ns)) {
        to_box(s, f.data, f.len);
    }
    return (ssize_t)len;
}

static void on_guest_error(const char *message, void *ctx)
{
    (void)message; /* of a program's making */
    (void)ctx;
}

static int64_t on_clock(void *ctx)
{
    (void)ctx;
    return (int64_t)clock_mono_ns(&clock_system);
}

/* Its one timer announces IPv6's network, which the box knows: it never fires. */
static void *on_timer_new(SlirpTimerCb fn, void *fn_ctx, void *ctx)
{
    (void)fn, (void)fn_ctx;
    return ctx;
}

static void on_timer_free(void *timer, void *ctx)
{
    (void)timer, (void)ctx;
}

static void on_timer_mod(void *timer, int64_t at_ms, void *ctx)
{
    (void)timer, (void)at_ms, (void)ctx;
}

/* Sockets are put together anew in each round. */
static void on_poll_fd(int fd, void *ctx)
{
    (void)fd, (void)ctx;
}

static void on_notify(void *ctx)
{
    (void)ctx;
}

static const SlirpCb callbacks = {
    .send_packet = on_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_poll_fd,
    .unregister_poll_fd = on_poll_fd,
    .notify = on_notify,
};

/* --- waiting -------------------------------------------------------------------------------- */

static const struct {
    int slirp;
    short poll;
} events[] = {
    {SLIRP_POLL_IN, POLLIN},   {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR}, {SLIRP_POLL_HUP, POLLHUP},
};

static int on_add_poll(int fd, int wanted, void *ctx)
{
    struct stack *s = ctx;
    if (s->polled_count == POLLED_MAX) {
        return -1;
    }
    struct pollfd *p = &s->polled[s->polled_count];
    *p = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        p->events = (short)(p->events | ((wanted & events[i].slirp) != 0 ? events[i].poll : 0));
    }
    return (int)s->polled_count++;
}

static int on_get_revents(int index, void *ctx)
{
    const struct stack *s = ctx;
    int happened = 0;
    for (size_t i = 0; index >= 0 && i < ARRAY_LEN(events); i++) {
        happened |= (s->polled[index].revents & events[i].poll) != 0 ? events[i].slirp : 0;
    }
    return happened;
}

/* Puts together what is waited for; gives for how long at most. */
static uint64_t wait_prepare(struct stack *s)
{
    uint64_t debt_ns = meter_wait_ns(&s->meter, s->now_ns);
    s->polled[POLL_LIFE] = (struct pollfd){.fd = s->life, .events = POLLIN};
    s->polled[POLL_TAP] = (struct pollfd){.fd = s->tap, .events = POLLIN};
    s->polled_count = POLL_FIRST;
    if (debt_ns > 0) {
        s->polled_count = POLL_TAP;
        return debt_ns;
    }
    s->polled_count += resolver_poll(&s->resolver, s->now_ns, &s->polled[POLL_FIRST]);
    size_t others = s->polled_count;
    uint32_t wait_ms = UINT32_MAX;
    slirp_pollfds_fill(s->slirp, &wait_ms, on_add_poll, s);
    if (wait_ms >= SLIRP_IDLE_MS && s->polled_count == others) {
        wait_ms = UINT32_MAX; /* it has no connection, and nothing to do */
    }
    uint64_t next_ns = resolver_next_ns(&s->resolver);
    uint64_t wait_ns = wait_ms == UINT32_MAX ? UINT64_MAX : wait_ms * NS_PER_MS;
    uint64_t dns_ns = next_ns == UINT64_MAX ? UINT64_MAX : next_ns - s->now_ns;
    return wait_ns < dns_ns ? wait_ns : dns_ns;
}

static int wait_poll(struct stack *s, uint64_t wait_ns)
{
    struct timespec t = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                         .tv_nsec = (long)(wait_ns % NS_PER_S)};
    int r = ppoll(s->polled, s->polled_count, wait_ns == UINT64_MAX ? NULL : &t, NULL);
    s->now_ns = clock_mono_ns(&clock_system);
    s->over = s->over || (r < 0 && errno != EINTR);
    return r;
}

static void round_do(struct stack *s, int polled)
{
    uint8_t answer[FRAME_BYTES];
    size_t len;
    while ((len = resolver_answer(&s->resolver, answer)) > 0) {
        to_box(s, answer, len);
    }
    slirp_pollfds_poll(s->slirp, polled < 0, on_get_revents, s);
    if (s->polled[POLL_TAP].revents != 0) {
        tap_read(s);
    }
}

void stack_run(struct stack *s)
{
    s->now_ns = clock_mono_ns(&clock_system);
    while (!s->over) {
        uint64_t wait_ns = wait_prepare(s);
        bool paused = s->polled_count == POLL_TAP;
        int polled = wait_poll(s, wait_ns);
        if (polled > 0 && s->polled[POLL_LIFE].revents != 0) {
            return;
        }
        if (!paused && !s->over) {
            round_do(s, polled);
        }
    }
}

/* --- the beginning -------------------------------------------------------------------------- */

static struct in_addr in4(const char *text)
{
    struct in_addr a = {0};
    (void)inet_pton(AF_INET, text, &a);
    return a;
}

static struct in6_addr in6(const char *text)
{
    struct in6_addr a = {0};
    (void)inet_pton(AF_INET6, text, &a);
    return a;
}

static Slirp *slirp_start(struct stack *s)
{
    const SlirpConfig config = {
        .version = SLIRP_CONFIG_OUR,
        .in_enabled = true,
        .vnetwork = in4(EGRESS_NETWORK),
        .vnetmask = {htonl(UINT32_MAX << (32 - EGRESS_BITS))},
        .vhost = in4(EGRESS_GATEWAY),
        .vnameserver = in4(EGRESS_RESOLVER),
        .vdhcp_start = in4(EGRESS_GUEST),
        .in6_enabled = true,
        .vprefix_addr6 = in6(EGRESS_NETWORK6),
        .vprefix_len = EGRESS_BITS6,
        .vhost6 = in6(EGRESS_GATEWAY6),
        .vnameserver6 = in6(EGRESS_RESOLVER6),
        .if_mtu = FRAME_MTU,
        .if_mru = FRAME_MTU,
        .disable_host_loopback = true,
        .disable_dns = true,
        .disable_dhcp = true,
    };
    return slirp_new(&config, &callbacks, s);
}

int stack_new(const struct egress_config *config, int tap, int life, struct stack **ret,
              struct err *e)
{
    struct stack *s = xcalloc(1, sizeof(*s)); /* as long as this process */
    s->tap = tap;
    s->life = life;
    int r = routes_open(&s->reach.routes, e);
    if (r < 0) {
        free(s);
        return r;
    }
    (void)ip_parse(EGRESS_GATEWAY, &s->gateway);
    (void)ip_parse(EGRESS_GATEWAY6, &s->gateway6);
    (void)ip_parse(EGRESS_GUEST, &s->guest);
    (void)ip_parse(EGRESS_GUEST6, &s->guest6);
    (void)ip_parse(EGRESS_RESOLVER, &s->name_server);
    s->reach.policy = policy_new(config);
    resolver_init(&s->resolver, config, &s->reach);
    s->now_ns = clock_mono_ns(&clock_system);
    s->meter = meter_start(config->bandwidth, s->now_ns);
    s->slirp = slirp_start(s);
    guard_begin(&s->reach);
    *ret = s;
    return 0;
}
