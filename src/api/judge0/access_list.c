/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/access_list.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/strv.h"

typedef bool match_fn(const char *entry, const char *subject);

/* One of `list` that is not in `other` too.  subject NULL: whether there is such an entry at all.
 */
static bool is_in(char *const *list, char *const *other, match_fn *match, const char *subject)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (!strv_has(other, list[i]) && (subject == NULL || match(list[i], subject))) {
            return true;
        }
    }
    return false;
}

static bool passes(char *const *allow, char *const *disallow, match_fn *match, const char *subject)
{
    bool only = is_in(allow, disallow, match, NULL);
    return (!only || is_in(allow, disallow, match, subject)) &&
           !is_in(disallow, allow, match, subject);
}

/* --- addresses --------------------------------------------------------------------------- */

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

bool ip_passes(char *const *allow, char *const *disallow, const char *client)
{
    return passes(allow, disallow, ip_matches, client);
}

/* --- origins ----------------------------------------------------------------------------- */

static bool origin_matches(const char *entry, const char *origin)
{
    const char *host = strstr(origin, "://");
    return strcmp(entry, "*") == 0 || strcasecmp(entry, origin) == 0 ||
           (host != NULL && strcasecmp(entry, host + 3) == 0);
}

enum origin_pass origin_passes(char *const *allow, char *const *disallow, const char *origin)
{
    bool only = is_in(allow, disallow, origin_matches, NULL) && !strv_has(allow, "*");
    if (!only && !is_in(disallow, allow, origin_matches, NULL)) {
        return ORIGIN_ANY;
    }
    return passes(allow, disallow, origin_matches, origin) ? ORIGIN_NAMED : ORIGIN_NONE;
}
