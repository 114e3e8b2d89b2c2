#pragma once
/*
 * webhooks - tells somebody's server of a result, until it has answered with 2xx.
 *
 * What was not delivered (no connection, timeout, 5xx, 408, 429) is tried again: after a random
 * part of base * 2^n, or after the Retry-After that was asked for, a few times.  Other answers and
 * refused addresses end it; each end without delivery is one line in the log.  With a secret it is
 * signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature: "v1," and the
 * base64 of HMAC-SHA256 over "id.timestamp.body"); webhook-id is there always: the same for all
 * tries.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct err;
struct log;
struct loop;
struct webhooks;
struct webhook_call;

struct webhook {
    char id[40];        /* of the execution */
    const char *method; /* "PUT": fixed text */
    char *url, *secret; /* secret NULL or "": not signed */
    char *content_type;
    char *body;
    size_t body_len;
    unsigned tries_max;
    uint64_t timeout_ms; /* of one try */
};
void webhook_done(struct webhook *w); /* frees what it holds */

/* What a secret must be: with "whsec_" in front base64 of the key, else the key itself. ERR_INVALID
 * is for the start: webhooks that cannot be signed are given up and never sent unsigned. */
int webhooks_check_secret(const char *secret, struct err *e);

/* ERR_INVALID, ERR_DENIED: no webhook can go there.  `allow`: client_config.allow; whatever address
 * the name of a host turns out to have is judged at the connection. */
int webhooks_check_url(const char *url, char *const *allow, struct err *e);

/* The client outlives it. */
struct webhooks *webhooks_new(struct loop *loop, struct client *client, const struct log *log);
void webhooks_free(struct webhooks *w); /* what is under way is dropped; NULL is fine */
/* Takes what `webhook` holds.  fn: once, `delivered` or given up; never from inside. */
struct webhook_call *webhooks_send(struct webhooks *w, struct webhook *webhook,
                                   void (*fn)(void *ctx, bool delivered), void *ctx);
void webhooks_cancel(struct webhook_call *call); /* NULL is fine */
