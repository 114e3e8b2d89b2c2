/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of network.allow, network.deny or network.resolvers, or a resolv.conf, by the first byte:
 * what is taken is within the tables of belljar-egress, and a listed network never lies within the
 * host's own addresses.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip_special.h"
#include "base/mem.h"
#include "boxproto/egress_config.h"
#include "fuzz.h"

static void check_allowed(const struct egress_config *c)
{
    struct ip_special special;
    for (uint32_t i = 0; i < c->allow_count; i++) {
        struct ip a = ip_unwrap(&c->allow[i].address);
        REQUIRE(!ip_special_find(&a, &special) || !special.never ||
                c->allow[i].bits < special.network.bits);
    }
    for (uint32_t i = 0; i < c->name_count; i++) {
        const char *name = c->names[i];
        REQUIRE(name[0] != '\0' && memchr(name, '\0', EGRESS_NAME_BYTES) != NULL);
        REQUIRE(strpbrk(name, " /:@ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
        REQUIRE(strchr(name, '*') == NULL ||
                (strncmp(name, "*.", 2) == 0 && strchr(name + 1, '*') == NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const adds[])(struct egress_config * config, const char *entry, struct err *e) = {
        egress_config_allow, egress_config_deny, egress_config_resolver};
    static struct egress_config c;
    if (size == 0) {
        return 0;
    }
    AUTO(mem_freep) char *text = xmemdup(data + 1, size - 1);
    struct err e = {0};
    memset(&c, 0, sizeof(c));
    c.version = EGRESS_CONFIG_VERSION;
    c.bandwidth = c.connections = 1;
    if (data[0] % 4 == 3) {
        egress_config_resolv_conf(&c, text);
    } else if (adds[data[0] % 4](&c, text, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && c.allow_count + c.deny_count + c.name_count == 0);
    }
    REQUIRE(egress_config_check(&c, &e) == 0);
    check_allowed(&c);
    return 0;
}
