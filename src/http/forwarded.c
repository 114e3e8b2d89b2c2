/* SPDX-License-Identifier: Apache-2.0 */
#include "http/forwarded.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define HOP_MAX 64 /* "[address]:port" */

int forwarded_proxies_parse(const char *const *list, struct forwarded_proxies *ret, struct err *e)
{
    struct forwarded_proxies p = {0};
    for (; list != NULL && *list != NULL; list++) {
        struct ip_network n;
        if (!ip_network_parse(*list, &n)) {
            forwarded_proxies_done(&p);
            return err_set(e, ERR_INVALID,
                           "server.trusted_proxies: '%.60s' is neither an address (10.1.2.3, ::1) "
                           "nor a network (10.0.0.0/8)",
                           *list);
        }
        p.networks = xreallocarray(p.networks, p.count + 1, sizeof(n));
        p.networks[p.count++] = n;
    }
    *ret = p;
    return 0;
}

void forwarded_proxies_done(struct forwarded_proxies *p)
{
    free(p->networks);
    *p = (struct forwarded_proxies){0};
}

bool forwarded_trusts(const struct forwarded_proxies *p, const struct ip *a)
{
    for (size_t i = 0; i < p->count; i++) {
        if (ip_network_has(&p->networks[i], a)) {
            return true;
        }
    }
    return false;
}

/* An address as proxies write it: some add the port, and brackets around IPv6. */
static bool hop_parse(const char *text, size_t len, struct ip *ret)
{
    char hop[HOP_MAX], *host = hop;
    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        len--;
    }
    if (len >= sizeof(hop)) {
        return false;
    }
    memcpy(hop, text, len);
    hop[len] = '\0';
    char *colon = strchr(hop, ':'), *bracket = strchr(hop, ']');
    if (hop[0] == '[' && bracket != NULL && (bracket[1] == '\0' || bracket[1] == ':')) {
        *bracket = '\0';
        host++;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        *colon = '\0';
    }
    return ip_parse(host, ret);
}

bool forwarded_client(const struct forwarded_proxies *p, const char *forwarded_for,
                      const char *real_ip, struct ip *ret)
{
    const char *end = forwarded_for != NULL ? forwarded_for + strlen(forwarded_for) : NULL;
    bool found = false;
    while (end != NULL) {
        const char *start = end;
        struct ip hop;
        while (start > forwarded_for && start[-1] != ',') {
            start--;
        }
        /* What stands before something unreadable was written by who knows whom. */
        if (!hop_parse(start, (size_t)(end - start), &hop)) {
            break;
        }
        *ret = hop;
        found = true;
        if (!forwarded_trusts(p, &hop)) {
            break;
        }
        end = start > forwarded_for ? start - 1 : NULL;
    }
    return found || (real_ip != NULL && hop_parse(real_ip, strlen(real_ip), ret));
}
