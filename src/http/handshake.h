#pragma once
/*
 * handshake - how a request becomes a WebSocket (RFC 6455, 4.2).
 */
#include <stdbool.h>

struct http_request;

/* Adds the fields of the answer (101); false when it was refused, and answered. */
bool handshake_pass(struct http_request *r, const char *protocol);
/* Whether one more stream may be there; false: it was refused, and answered. */
bool handshake_has_room(struct http_request *r);
