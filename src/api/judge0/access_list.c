/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/access_list.h"

#include <string.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/strv.h"

static bool ip_matches(const char *entry, const char *client)
{
    struct ip_network network;
    struct ip address;
    return ip_network_parse(entry, &network) && ip_parse(client, &address) &&
           ip_network_has(&network, &address);
}

int ip_list_check(char *const *list, const char *key, struct err *e)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        struct ip_network network;
        if (!ip_network_parse(list[i], &network)) {
            return err_set(e, ERR_INVALID,
                           "%s: '%.60s' is neither an address (10.1.2.3) nor a network "
                           "(10.0.0.0/8)",
                           key, list[i]);
        }
    }
    return 0;
}

/* One of `list` that is not in `other` too.  client NULL: whether there is such an entry at all. */
static bool is_in(char *const *list, char *const *other, const char *client)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (!strv_has(other, list[i]) && (client == NULL || ip_matches(list[i], client))) {
            return true;
        }
    }
    return false;
}

bool ip_passes(char *const *allow, char *const *disallow, const char *client)
{
    bool only = is_in(allow, disallow, NULL);
    return (!only || is_in(allow, disallow, client)) && !is_in(disallow, allow, client);
}
