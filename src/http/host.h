#pragma once
/*
 * host - whose requests a server without keys takes.
 *
 * Any web page can send requests to a server on the reader's own machine, or rebind its own
 * name to that address.  So the Host must be a loopback name, an address that is
 * listened on, or a name that was allowed; an Origin must be one of these, or the page's own host.
 * Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

#define HOST_MAX 256

struct host_policy {
    const char *const *allowed;   /* NULL-ended; "*" is any */
    const char *const *addresses; /* listened on: "127.0.0.1", "::1"; NULL-ended */
    bool any_address; /* listens on 0.0.0.0 or ::, so each numeric address may be ours */
};

/* "name", "name:80", "[::1]:80": the name in lower case, without brackets, port and a last dot. */
bool host_parse(const char *text, char ret_host[HOST_MAX], unsigned *ret_port);
bool host_allowed(const char *host_field, const struct host_policy *policy);
/* `host_field` may be NULL. */
bool origin_allowed(const char *origin, const char *host_field, const struct host_policy *policy);
