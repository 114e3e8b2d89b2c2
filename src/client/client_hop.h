#pragma once
/*
 * client_hop - one request to one URL and the head of its answer; a redirect is not followed.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct client_hop;
struct client_multi;
struct client_policy;
struct client_url;

struct client_hop_request { /* nothing is copied: all of it stays until the hop is freed */
    const struct client_url *url;
    const char *method;
    char *const *headers; /* NULL-ended; NULL: none */
    const void *body;
    size_t body_len;
    uint64_t timeout_ms;
};

struct client_hop_answer {
    unsigned status; /* 0: none, and `err` says why */
    uint64_t retry_after_s;
    const char *redirect; /* URL or NULL; belongs to the hop */
    struct err err;
};

/* Never called from inside client_hop_new; the hop may be freed in it. */
typedef void client_hop_fn(void *ctx, const struct client_hop_answer *answer);

int client_hop_new(struct client_multi *multi, const struct client_policy *policy,
                   const struct client_hop_request *r, client_hop_fn *fn, void *ctx,
                   struct client_hop **ret, struct err *e);
void client_hop_free(struct client_hop *h); /* also under way; NULL is fine */
