#pragma once
/*
 * socket - what both WebSockets of the native API say alike.
 *
 * The last message is `finished` or `error`; the close code is 1000, 1001 when the server stops, or
 * 4000 and the HTTP status that a request would have got.
 */
#include <jansson.h>

struct err;

#define SOCKET_PROTOCOL "belljar" /* beside it, a page offers its key */

static inline unsigned socket_code(unsigned status)
{
    return 4000 + status;
}

unsigned socket_status(const struct err *e);
/* {"type": "error", "status", "message", "errors"}; `errors` (may be NULL) is taken. */
json_t *socket_error(unsigned status, const char *message, json_t *errors);
/* {"type": type, ...}; takes `more`. */
json_t *socket_message(const char *type, json_t *more);
