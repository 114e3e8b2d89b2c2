/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/egress_config.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip_special.h"
#include "base/log.h"

#define NAME_CHARS  "abcdefghijklmnopqrstuvwxyz0123456789-_."
#define RESOLV_WORD "nameserver"

/* --- from the operator's words -------------------------------------------------------------- */

static int network_add(struct ip_network *list, uint32_t *count, const struct ip_network *n,
                       const char *option, struct err *e)
{
    if (*count == EGRESS_NETWORKS_MAX) {
        return err_set(e, ERR_LIMIT, "%s: at most %d networks", option, EGRESS_NETWORKS_MAX);
    }
    list[(*count)++] = *n;
    return 0;
}

/* Nothing that a list says opens the way to the host itself or to the wire that it is on. */
static int allow_network(struct egress_config *config, const char *entry,
                         const struct ip_network *n, struct err *e)
{
    struct ip a = ip_unwrap(&n->address);
    struct ip_special special;
    if (ip_special_find(&a, &special) && special.never && n->bits >= special.network.bits) {
        return err_set(e, ERR_INVALID,
                       "network.allow: '%.60s' is %s address, which no program may reach", entry,
                       special.kind);
    }
    return network_add(config->allow, &config->allow_count, n, "network.allow", e);
}

/* Labels of 1 to 63 characters; not one that looks like a number: "10.1" is a mistyped network. */
static bool name_is_good(const char *name)
{
    const char *last = name;
    for (const char *label = name;; label++) {
        size_t len = strcspn(label, ".");
        if (len == 0 || len > 63) {
            return false;
        }
        last = label;
        label += len;
        if (*label == '\0') {
            break;
        }
    }
    return strspn(name, NAME_CHARS) == strlen(name) && last[strspn(last, "0123456789")] != '\0';
}

static int allow_name(struct egress_config *config, const char *entry, struct err *e)
{
    char name[EGRESS_NAME_BYTES];
    size_t len = strlen(entry);
    if (len >= sizeof(name)) {
        return err_set(e, ERR_INVALID, "network.allow: '%.40s...' is too long for a name", entry);
    }
    for (size_t i = 0; i <= len; i++) {
        name[i] = (char)tolower((unsigned char)entry[i]);
    }
    if (!name_is_good(strncmp(name, "*.", 2) == 0 ? name + 2 : name)) {
        return err_set(e, ERR_INVALID,
                       "network.allow: '%.60s' is neither an address (203.0.113.7), nor a network "
                       "(10.1.0.0/16), nor a name (example.org, *.example.org), nor *",
                       entry);
    }
    if (config->name_count == EGRESS_NAMES_MAX) {
        return err_set(e, ERR_LIMIT, "network.allow: at most %d names", EGRESS_NAMES_MAX);
    }
    memcpy(config->names[config->name_count++], name, len + 1);
    return 0;
}

int egress_config_allow(struct egress_config *config, const char *entry, struct err *e)
{
    struct ip_network n;
    if (strcmp(entry, "*") == 0) {
        config->everything = 1;
        return 0;
    }
    return ip_network_parse(entry, &n) ? allow_network(config, entry, &n, e)
                                       : allow_name(config, entry, e);
}

int egress_config_deny(struct egress_config *config, const char *entry, struct err *e)
{
    struct ip_network n;
    if (!ip_network_parse(entry, &n)) {
        return err_set(e, ERR_INVALID,
                       "network.deny: '%.60s' is neither an address (203.0.113.7) nor a network "
                       "(203.0.113.0/24)",
                       entry);
    }
    return network_add(config->deny, &config->deny_count, &n, "network.deny", e);
}

int egress_config_resolver(struct egress_config *config, const char *entry, struct err *e)
{
    struct ip a;
    if (!ip_parse(entry, &a)) {
        return err_set(e, ERR_INVALID, "network.resolvers: '%.60s' is no address", entry);
    }
    if (config->resolver_count == EGRESS_RESOLVERS_MAX) {
        return err_set(e, ERR_LIMIT, "network.resolvers: at most %d addresses",
                       EGRESS_RESOLVERS_MAX);
    }
    config->resolvers[config->resolver_count++] = a;
    return 0;
}

void egress_config_resolv_conf(struct egress_config *config, const char *text)
{
    for (const char *line = text; *line; line += *line == '\n') {
        size_t len = strcspn(line, "\n");
        char address[IP_TEXT_MAX];
        struct err ignored; /* a scope ("fe80::1%eth0") or more of them than the resolver reads */
        if (strncmp(line, RESOLV_WORD, strlen(RESOLV_WORD)) == 0 &&
            sscanf(line + strlen(RESOLV_WORD), " %45[0-9a-fA-F:.%%]", address) == 1) {
            (void)egress_config_resolver(config, address, &ignored);
        }
        line += len;
    }
}

/* --- in belljar-egress ---------------------------------------------------------------------- */

static const struct range {
    const char *name;
    size_t offset;
    uint32_t min, max;
} ranges[] = {
#define RANGE(field, min, max)                                                                     \
    {                                                                                              \
#field, offsetof(struct egress_config, field), min, max                                    \
    }
    RANGE(version, EGRESS_CONFIG_VERSION, EGRESS_CONFIG_VERSION),
    RANGE(uid, 0, UINT32_MAX - 1),
    RANGE(gid, 0, UINT32_MAX - 1),
    RANGE(log_level, LOG_LEVEL_DEBUG, LOG_LEVEL_NONE),
    RANGE(connections, 1, EGRESS_CONNECTIONS_MAX),
    RANGE(everything, 0, 1),
    RANGE(allow_count, 0, EGRESS_NETWORKS_MAX),
    RANGE(deny_count, 0, EGRESS_NETWORKS_MAX),
    RANGE(name_count, 0, EGRESS_NAMES_MAX),
    RANGE(resolver_count, 0, EGRESS_RESOLVERS_MAX),
#undef RANGE
};

int egress_config_check(const struct egress_config *config, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        const struct range *r = &ranges[i];
        uint32_t value;
        memcpy(&value, (const char *)config + r->offset, sizeof(value));
        if (value < r->min || value > r->max) {
            return err_set(e, ERR_INVALID,
                           "egress' config: %s is %" PRIu32 ", not %" PRIu32 " to %" PRIu32,
                           r->name, value, r->min, r->max);
        }
    }
    for (uint32_t i = 0; i < config->name_count; i++) {
        if (!memchr(config->names[i], '\0', EGRESS_NAME_BYTES)) {
            return err_set(e, ERR_INVALID, "egress' config: name %" PRIu32 " has no end", i);
        }
    }
    if (config->bandwidth == 0 || config->bandwidth > EGRESS_BANDWIDTH_MAX) {
        return err_set(e, ERR_INVALID, "egress' config: a bandwidth of %" PRIu64,
                       config->bandwidth);
    }
    return 0;
}

int egress_config_read(int fd, struct egress_config *ret, struct err *e)
{
    const int want = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "egress' config (descriptor %d)", fd);
    }
    if ((seals & want) != want || st.st_size != sizeof(*ret)) {
        return err_set(e, ERR_INVALID, "egress' config is not sealed, or not %zu bytes",
                       sizeof(*ret));
    }
    if (pread(fd, ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret)) {
        return err_sys(e, "reading egress' config");
    }
    return egress_config_check(ret, e);
}
