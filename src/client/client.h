#pragma once
/*
 * client - HTTP requests to elsewhere, on the loop's thread (libcurl's multi interface).
 *
 * Where a request may go is decided on the address that a name was resolved to, just before it is
 * connected to, on each redirect anew: loopback, private, link-local (cloud metadata), multicast,
 * and other addresses that are not public (RFC 6890) are refused unless allowed; so are URLs of
 * other schemes than http and https.  Environment variables for proxies are not looked at.
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
    unsigned connections_max; /* at one time; further requests wait */
};

struct client_request {
    const char *method; /* "PUT" */
    const char *url;
    const char *const *headers; /* "Name: value", NULL-ended */
    const void *body;           /* copied */
    size_t body_len;
    uint64_t timeout_ms; /* for all of it */
    unsigned redirects_max;
};

/* status 0: there was no answer, and e says why (ERR_DENIED: refused by the rules above); the
 * answer's body is not kept. */
typedef void client_done_fn(void *ctx, unsigned status, uint64_t retry_after_s,
                            const struct err *e);

/* ERR_INVALID names a bad entry of `allow`. */
int client_new(struct loop *loop, const struct client_config *config, const struct log *log,
               struct client **ret, struct err *e);
void client_free(struct client *c); /* what is under way is dropped without a word; NULL is fine */
/* Never calls fn from inside. */
struct client_call *client_send(struct client *c, const struct client_request *r,
                                client_done_fn *fn, void *ctx);
void client_cancel(struct client_call *call); /* NULL is fine */
