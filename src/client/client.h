#pragma once
/*
 * client - HTTP requests to elsewhere, on the loop's thread (libcurl's multi interface; names are
 * looked up on threads of libcurl's).
 *
 * Where a request may go is decided on the address that a name was resolved to, just before it is
 * connected to, on each redirect anew: loopback, private, link-local (cloud metadata), multicast,
 * and other addresses that are not public (RFC 6890) are refused unless allowed.  URLs are http or
 * https.  Environment variables for proxies are not looked at.  No connection is used twice.
 * Nothing is set up before the first request.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct client_call;
struct err;
struct log;
struct loop;

struct client_config {
    const char *const *allow; /* "10.1.0.0/16", "127.0.0.1", "::1/128", "hooks.internal" (a name, at
                                 whatever address), "*"; NULL-ended */
    unsigned connections_max; /* at one time, a quarter of them to one host; further requests wait:
                                 those to one host in order, the hosts by turns */
};

struct client_request {
    const char *method; /* "PUT" */
    const char *url;
    const char *const *headers; /* "Name: value", NULL-ended */
    const void *body;           /* not copied: stays until fn is called or the call cancelled */
    size_t body_len;
    uint64_t timeout_ms;    /* for all of it, from its turn on */
    unsigned redirects_max; /* 301, 302, 307 and 308 keep method and body, 303 makes it a GET */
};

/* status 0: there was no answer, and e says why (ERR_DENIED: refused by the rules above,
 * ERR_INVALID: the request is wrong, else ERR_IO); what it says never holds more of the URL than
 * its host.  The answer's body is not kept. */
typedef void client_done_fn(void *ctx, unsigned status, uint64_t retry_after_s,
                            const struct err *e);

/* ERR_INVALID names a bad entry of `allow`.  Ignores SIGPIPE from then on. */
int client_new(struct loop *loop, const struct client_config *config, const struct log *log,
               struct client **ret, struct err *e);
void client_free(struct client *c); /* what is under way is dropped without a word; NULL is fine */
/* Never calls fn from inside.  The call ends with fn; fn may do anything, also free the client. */
struct client_call *client_send(struct client *c, const struct client_request *r,
                                client_done_fn *fn, void *ctx);
void client_cancel(struct client_call *call); /* NULL is fine */

/* The host of a URL, for logs: the whole may hold secrets.  "" when it has none; malloc'd. */
char *client_host_of(const char *url);
