#pragma once
/*
 * ws_handshake - the opening handshake of a WebSocket client on a connection of libcurl's.
 * Blocking, with a deadline.
 */
#include <curl/curl.h>

struct buf;
struct err;
struct remote;

/* curl: connected (CURLOPT_CONNECT_ONLY).  *ret_early: what came behind the answer's head. */
int ws_handshake(CURL *curl, const struct remote *remote, const char *url, struct buf *ret_early,
                 struct err *e);
