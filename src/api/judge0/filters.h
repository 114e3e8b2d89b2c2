#pragma once
/*
 * filters - what a request must pass before it is looked at, in Judge0's order (contract section
 * 1): address and token, and of those below what it names, in this order.
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/judge0/fields.h"

struct http_request;
struct judge0;

enum filter {
    FILTER_AUTHZ = 1 << 0,
    FILTER_MAINTENANCE = 1 << 1,
    FILTER_WAIT = 1 << 2,  /* wait=true must be allowed */
    FILTER_BATCH = 1 << 3, /* batches must be allowed */
    FILTER_ROOM =
        1 << 4, /* in the queue: for all elements of the parameter "submissions", or one */
    FILTER_FIELDS = 1 << 5,
};

struct asked {
    json_t *params;
    bool base64;       /* base64_encoded is "true" */
    field_mask fields; /* with FILTER_FIELDS */
};
void asked_done(struct asked *a); /* fits AUTO */

/* False: it was refused, and is answered; *ret is empty then. */
bool filters_pass(struct http_request *r, const struct judge0 *j, unsigned filters,
                  struct asked *ret);
/* Whether the caller's share of the queue has room for so many more: asked again when they are
 * submitted, as others may have been meanwhile. */
bool filters_share_passes(struct http_request *r, const struct judge0 *j, size_t count);
