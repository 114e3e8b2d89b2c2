#pragma once
/*
 * egress_config - what belljar-egress is told once, by the parent that starts it: never by the
 * server.  It is what the operator's network.* options say.
 *
 * belljar-egress starts with these descriptors open and no arguments:
 *   EGRESS_FD_BOXD    the socket to boxd: one struct egress_attach for each box that has a network
 *   EGRESS_FD_CONFIG  a sealed memfd with one struct egress_config
 */
#include <stdint.h>

#include "base/ip.h"

enum { EGRESS_FD_BOXD = 3, EGRESS_FD_CONFIG = 4 };
#define EGRESS_CONFIG_VERSION  1
#define EGRESS_NETWORKS_MAX    256
#define EGRESS_NAMES_MAX       256
#define EGRESS_NAME_BYTES      256 /* a whole name of the DNS, and its NUL */
#define EGRESS_RESOLVERS_MAX   3
#define EGRESS_CONNECTIONS_MAX 4096
#define EGRESS_BANDWIDTH_MAX   (UINT64_C(10) << 30)

/* The network of a box with BOX_NETWORK_EGRESS; nothing of it is ever seen outside.  IPv4's is one
 * of those kept for documentation, so that it can hide no network of anybody's. */
#define EGRESS_NETWORK   "192.0.2.0"
#define EGRESS_BITS      24
#define EGRESS_GATEWAY   "192.0.2.1"
#define EGRESS_GUEST     "192.0.2.2"
#define EGRESS_RESOLVER  "192.0.2.3"
#define EGRESS_NETWORK6  "fd62:656c:6c6a:6172::"
#define EGRESS_BITS6     64
#define EGRESS_GATEWAY6  "fd62:656c:6c6a:6172::1"
#define EGRESS_GUEST6    "fd62:656c:6c6a:6172::2"
#define EGRESS_RESOLVER6 "fd62:656c:6c6a:6172::3" /* nobody is there */

struct egress_config {
    uint32_t version;
    uint32_t uid, gid; /* whom it becomes */
    uint32_t log_level;
    uint64_t bandwidth;   /* bytes a second of one box, both ways together */
    uint32_t connections; /* of one box */
    uint32_t everything;  /* all that is public, and every name; else only what is listed */
    uint32_t allow_count, deny_count, name_count, resolver_count;
    struct ip_network allow[EGRESS_NETWORKS_MAX], deny[EGRESS_NETWORKS_MAX];
    struct ip resolvers[EGRESS_RESOLVERS_MAX];
    char names[EGRESS_NAMES_MAX]
              [EGRESS_NAME_BYTES]; /* "example.org", "*.example.org": lower case */
};

/*
 * With two descriptors: the tap device of the box, and the end of a pipe whose other end boxd
 * closes when the box is gone: the tap is let go then.
 */
struct egress_attach {
    uint32_t box;
    uint32_t reserved;
};

struct err;

/* An entry of network.allow: an address, a network, a name, "*.name", or "*". */
int egress_config_allow(struct egress_config *config, const char *entry, struct err *e);
/* An entry of network.deny: an address or a network. */
int egress_config_deny(struct egress_config *config, const char *entry, struct err *e);
/* An address of network.resolvers. */
int egress_config_resolver(struct egress_config *config, const char *entry, struct err *e);
/* The "nameserver" lines of a resolv.conf; what is no address is left out. */
void egress_config_resolv_conf(struct egress_config *config, const char *text);

/* 0 when every field is within its range. */
int egress_config_check(const struct egress_config *config, struct err *e);
/* From a memfd that nobody can change any more; checked. */
int egress_config_read(int fd, struct egress_config *ret, struct err *e);
