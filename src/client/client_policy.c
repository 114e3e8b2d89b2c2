/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/ip_special.h"
#include "base/mem.h"
#include "base/strv.h"

#define NAME_MAX_LEN 253

struct client_policy {
    bool everything;
    struct ip_network *networks;
    size_t network_count;
    char **names;
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
    struct ip a = ip_unwrap(asked);
    struct ip_special special;
    if (!ip_special_find(&a, &special) || is_allowed(p, &a)) {
        return 0;
    }
    ip_format(&a, text);
    return err_set(e, ERR_DENIED, "%s is %s address, which is refused unless it is allowed", text,
                   special.kind);
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
