#pragma once
/*
 * response - from an answer to what libmicrohttpd sends.
 */
#include <stdbool.h>

struct buf;
struct http_request;

/* Queues r->answer; false when libmicrohttpd cannot take it. */
bool response_queue(struct http_request *r);
/* r->answer as bytes, for a connection that ends at once. */
void response_write(const struct http_request *r, struct buf *ret);
/* {"message": text} likewise, when there is no request yet. */
void response_raw(unsigned status, const char *text, struct buf *ret);
