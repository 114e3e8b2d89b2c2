/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/strv.h"

#define NAME_MAX_LEN 253

struct client_policy {
    bool everything;
    struct ip_network *networks;
    size_t network_count;
    char **names;
};

/*
 * RFC 6890 and IANA's registries of special addresses; the first row that matches counts.  NULL: it
 * is public.  Only 2000::/3 is given out to hosts.  64:ff9b:1::/48 (RFC 8215) ends in the general
 * refusal: where in it the IPv4 address stands is known to that network alone.  168.63.129.16 is
 * public by number, and on Azure the way to the host of the virtual machine.
 */
static const struct {
    const char *network, *kind;
} rules[] = {
    {"0.0.0.0/8", "an unspecified"},
    {"10.0.0.0/8", "a private"},
    {"100.64.0.0/10", "a provider's internal"},
    {"127.0.0.0/8", "a loopback"},
    {"168.63.129.16/32", "a cloud's internal"},
    {"169.254.0.0/16", "a link-local"},
    {"172.16.0.0/12", "a private"},
    {"192.0.0.0/24", "a reserved"},
    {"192.0.2.0/24", "a documentation"},
    {"192.88.99.0/24", "a relay"},
    {"192.168.0.0/16", "a private"},
    {"198.18.0.0/15", "a benchmark"},
    {"198.51.100.0/24", "a documentation"},
    {"203.0.113.0/24", "a documentation"},
    {"224.0.0.0/4", "a multicast"},
    {"255.255.255.255/32", "the broadcast"},
    {"240.0.0.0/4", "a reserved"},
    {"0.0.0.0/0", NULL},
    {"2001:1::1/128", NULL},   /* port control */
    {"2001:1::2/128", NULL},   /* TURN */
    {"2001:1::3/128", NULL},   /* DNS-SD */
    {"2001:3::/32", NULL},     /* AMT */
    {"2001:4:112::/48", NULL}, /* AS112 */
    {"2001:20::/28", NULL},    /* ORCHIDv2 */
    {"2001:30::/28", NULL},    /* drones */
    {"2001::/23", "a reserved"},
    {"2001:db8::/32", "a documentation"},
    {"3fff::/20", "a documentation"},
    {"2000::/3", NULL},
    {"::/128", "an unspecified"},
    {"::1/128", "a loopback"},
    {"fc00::/7", "a private"},
    {"fe80::/10", "a link-local"},
    {"fec0::/10", "a private"},
    {"ff00::/8", "a multicast"},
    {"::/0", "a reserved"},
};

/* Not one that looks like a number: "10.1" is a mistyped network. */
static bool name_is_good(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN && name[strspn(name, "0123456789.")] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == len;
}

static int entry_add(struct client_policy *p, const char *entry, struct err *e)
{
    struct ip_network network;
    if (strcmp(entry, "*") == 0) {
        p->everything = true;
    } else if (ip_network_parse(entry, &network)) {
        p->networks = xreallocarray(p->networks, p->network_count + 1, sizeof(network));
        p->networks[p->network_count++] = network;
    } else if (name_is_good(entry)) {
        strv_add(&p->names, entry);
    } else {
        return err_set(e, ERR_INVALID,
                       "'%.100s' cannot be allowed: write an address (10.1.2.3, ::1), a network "
                       "(10.1.0.0/16), the whole name of a host, or *",
                       entry);
    }
    return 0;
}

static void policy_freep(struct client_policy **p)
{
    client_policy_free(*p);
    *p = NULL;
}

int client_policy_new(const char *const *allow, struct client_policy **ret, struct err *e)
{
    AUTO(policy_freep) struct client_policy *p = xcalloc(1, sizeof(*p));
    for (; allow && *allow; allow++) {
        int r = entry_add(p, *allow, e);
        if (r < 0) {
            return r;
        }
    }
    *ret = TAKE(&p, NULL);
    return 0;
}

void client_policy_free(struct client_policy *p)
{
    if (!p) {
        return;
    }
    free(p->networks);
    strv_free(p->names);
    free(p);
}

bool client_policy_allows_name(const struct client_policy *p, const char *host)
{
    for (char *const *name = p->names; name && *name; name++) {
        if (strcasecmp(*name, host) == 0) {
            return true;
        }
    }
    return p->everything;
}

/* What stands for an IPv4 address, as that address. */
static struct ip unwrap(const struct ip *a)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t six_to_four[2] = {0x20, 0x02};
    if (memcmp(a->bytes, nat64, sizeof(nat64)) == 0) {
        return ip_of_v4(a->bytes + 12);
    }
    if (memcmp(a->bytes, six_to_four, sizeof(six_to_four)) == 0) {
        return ip_of_v4(a->bytes + 2);
    }
    return *a;
}

static const char *kind_of(const struct ip *a)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct ip_network network;
        if (ip_network_parse(rules[i].network, &network) && ip_network_has(&network, a)) {
            return rules[i].kind;
        }
    }
    return "a reserved"; /* the last rules leave nothing */
}

static bool is_allowed(const struct client_policy *p, const struct ip *a)
{
    for (size_t i = 0; i < p->network_count; i++) {
        if (ip_network_has(&p->networks[i], a)) {
            return true;
        }
    }
    return p->everything;
}

int client_policy_check_ip(const struct client_policy *p, const struct ip *asked, struct err *e)
{
    char text[IP_TEXT_MAX];
    struct ip a = unwrap(asked);
    const char *kind = kind_of(&a);
    if (!kind || is_allowed(p, &a)) {
        return 0;
    }
    ip_format(&a, text);
    return err_set(e, ERR_DENIED, "%s is %s address, which is refused unless it is allowed", text,
                   kind);
}

int client_policy_check(const struct client_policy *p, const struct sockaddr *sa, struct err *e)
{
    struct ip a;
    if (!ip_of_sockaddr(sa, &a)) {
        return err_set(e, ERR_DENIED, "an address of family %d is refused", sa->sa_family);
    }
    return client_policy_check_ip(p, &a, e);
}

static bool is_localhost(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0;
}

int client_policy_check_host(const struct client_policy *p, const char *host, struct err *e)
{
    char text[IP_TEXT_MAX];
    size_t len = strlen(host);
    struct ip a, other;
    if (client_policy_allows_name(p, host)) {
        return 0;
    }
    if (is_localhost(host)) {
        bool may = ip_parse("::1", &other) && is_allowed(p, &other);
        return may || !ip_parse("127.0.0.1", &a) ? 0 : client_policy_check_ip(p, &a, e);
    }
    bool boxed = len > 2 && len < sizeof(text) + 2 && host[0] == '[';
    if (boxed) {
        memcpy(text, host + 1, len - 2);
        text[len - 2] = '\0';
    }
    return ip_parse(boxed ? text : host, &a) ? client_policy_check_ip(p, &a, e) : 0;
}
