/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/rand.h"
#include "boxproto/egress_config.h"
#include "egress/guard.h"
#include "egress/policy.h"
#include "egress/reach.h"

#define DNS_PORT     53
#define PATIENCE_NS  (10 * NS_PER_S)
#define ANSWER_BYTES 4096
#define PINS_AT_ONCE 64

void resolver_init(struct resolver *r, const struct egress_config *config, struct reach *reach)
{
    *r = (struct resolver){.config = config, .reach = reach};
    for (size_t i = 0; i < RESOLVER_ASKED_MAX; i++) {
        r->asked[i].fd = -1;
    }
}

/* An empty place, or that of the oldest. */
static struct resolver_asked *place_find(struct resolver *r)
{
    struct resolver_asked *oldest = &r->asked[0];
    for (size_t i = 0; i < RESOLVER_ASKED_MAX && oldest->fd >= 0; i++) {
        struct resolver_asked *a = &r->asked[i];
        if (a->fd < 0 || a->until_ns < oldest->until_ns) {
            oldest = a;
        }
    }
    fd_closep(&oldest->fd);
    return oldest;
}

static socklen_t upstream(const struct resolver *r, struct sockaddr_storage *ret)
{
    const struct ip *a = &r->config->resolvers[r->current % r->config->resolver_count];
    memset(ret, 0, sizeof(*ret));
    if (ip_is_v4(a)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(DNS_PORT);
        memcpy(&v4->sin_addr, a->bytes + 12, sizeof(v4->sin_addr));
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(DNS_PORT);
    memcpy(&v6->sin6_addr, a->bytes, sizeof(v6->sin6_addr));
    return sizeof(*v6);
}

/* Asks the resolver of now, and if that cannot be, the next ones; false: there is none left. */
static bool asked_send(struct resolver *r, struct resolver_asked *a)
{
    fd_closep(&a->fd);
    while (a->tries++ < r->config->resolver_count) {
        struct sockaddr_storage address;
        socklen_t len = upstream(r, &address);
        AUTO(fd_closep)
        int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && guard_connect(fd, (struct sockaddr *)&address, len) == 0 &&
            send(fd, a->query, a->len, MSG_NOSIGNAL) >= 0) {
            a->fd = TAKE(&fd, -1);
            return true;
        }
        r->current++;
    }
    return false;
}

static bool pass_on(struct resolver *r, const struct frame *f, const struct dns_question *q,
                    uint64_t now_ns)
{
    struct resolver_asked *a = place_find(r);
    *a = (struct resolver_asked){.fd = -1,
                                 .until_ns = now_ns + PATIENCE_NS,
                                 .id = q->id,
                                 .question = *q,
                                 .way = frame_way_back(f)};
    rand_bytes(&a->question.id, sizeof(a->question.id));
    a->len = dns_query_put(f->payload, f->payload_len, q, a->query);
    dns_set_id(a->query, a->question.id);
    return asked_send(r, a);
}

size_t resolver_ask(struct resolver *r, const struct frame *f, uint64_t now_ns,
                    uint8_t ret[FRAME_BYTES])
{
    struct dns_question q;
    uint8_t refusal[RESOLVER_QUERY_MAX];
    if (f->payload_len > sizeof(refusal) || !dns_query_parse(f->payload, f->payload_len, &q)) {
        return 0;
    }
    bool allowed = policy_allows_name(r->reach->policy, q.name);
    if (allowed && pass_on(r, f, &q, now_ns)) {
        return 0;
    }
    dns_refuse(f->payload, &q, allowed ? DNS_FAILED : DNS_REFUSED, refusal);
    struct frame_way way = frame_way_back(f);
    return frame_udp(&way, refusal, q.end, ret);
}

/* `packet`: the question as it went out, or came back. */
static size_t refuse(const struct resolver_asked *a, uint8_t *packet, enum dns_refusal why,
                     uint8_t ret[FRAME_BYTES])
{
    uint8_t refusal[DNS_HEADER_BYTES + DNS_NAME_BYTES + 4];
    dns_set_id(packet, a->id);
    dns_refuse(packet, &a->question, why, refusal);
    return frame_udp(&a->way, refusal, a->question.end, ret);
}

/* An answer that does not fit into a frame is told as one that was cut. */
static size_t pass_back(struct resolver *r, struct resolver_asked *a, uint8_t *answer, size_t len,
                        uint8_t ret[FRAME_BYTES])
{
    struct ip found[PINS_AT_ONCE];
    size_t count = r->config->everything ? 0 : dns_addresses(answer, len, found, PINS_AT_ONCE);
    for (size_t i = 0; i < count; i++) {
        reach_pin(r->reach, &found[i]);
    }
    dns_set_id(answer, a->id);
    fd_closep(&a->fd);
    if (len <= FRAME_UDP_MAX) {
        return frame_udp(&a->way, answer, len, ret);
    }
    return refuse(a, answer, DNS_TRUNCATED, ret);
}

size_t resolver_answer(struct resolver *r, uint8_t ret[FRAME_BYTES])
{
    uint8_t answer[ANSWER_BYTES];
    for (size_t i = 0; i < RESOLVER_ASKED_MAX; i++) {
        struct resolver_asked *a = &r->asked[i];
        ssize_t n = a->fd < 0 ? 0 : recv(a->fd, answer, sizeof(answer), MSG_DONTWAIT);
        if (n > 0 && dns_is_answer(answer, (size_t)n, &a->question)) {
            return pass_back(r, a, answer, (size_t)n, ret);
        }
        if (n < 0 && errno != EAGAIN) { /* nobody is at that port */
            r->current++;
            if (!asked_send(r, a)) {
                return refuse(a, a->query, DNS_FAILED, ret);
            }
        }
    }
    return 0;
}

size_t resolver_poll(struct resolver *r, uint64_t now_ns, struct pollfd *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < RESOLVER_ASKED_MAX; i++) {
        struct resolver_asked *a = &r->asked[i];
        if (a->fd >= 0 && a->until_ns <= now_ns) {
            fd_closep(&a->fd);
            r->current++;
        } else if (a->fd >= 0) {
            ret[count++] = (struct pollfd){.fd = a->fd, .events = POLLIN};
        }
    }
    return count;
}

uint64_t resolver_next_ns(const struct resolver *r)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < RESOLVER_ASKED_MAX; i++) {
        const struct resolver_asked *a = &r->asked[i];
        next = a->fd >= 0 && a->until_ns < next ? a->until_ns : next;
    }
    return next;
}
